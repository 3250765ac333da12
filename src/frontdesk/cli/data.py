"""Look after the project's training files: check, split, convert and migrate them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.cli.options import add_files, add_project, layout_of, named, say_ignored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontdesk.formats.project import Project
    from frontdesk.training.findings import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.set_defaults(run=lambda _: _help(parser))
    tasks = parser.add_subparsers(metavar="TASK")
    check = _task(tasks, "validate", "find mistakes in the domain, the training files and the rules")
    _validate_arguments(check)
    check.set_defaults(run=_validate)
    _split_parsers(
        _task(tasks, "split", "divide examples or stories into those to learn from and to test on")
    )
    _convert_parsers(_task(tasks, "convert", "write NLU files in another format"))
    move = _task(
        tasks, "migrate", "bring a domain from Rasa 2 to Rasa 3, and list Python code written for Rasa"
    )
    add_project(move)
    _path(move, "-d", "--domain", "the domain, a file or a folder (domain.yml)")
    _path(move, "--out", None, "write the new domain here and change nothing (in place, with a backup)")
    move.set_defaults(run=_migrate)


def execute(options: argparse.Namespace) -> int:
    """Run one task."""
    code: int = options.run(options)
    return code


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 0


def _task(
    tasks: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    parser = tasks.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(run=lambda _: _help(parser))
    return parser


def _path(parser: argparse.ArgumentParser, short: str, long: str | None, text: str) -> None:
    names = [short, long] if long else [short]
    parser.add_argument(*names, type=Path, default=None, metavar="PATH", help=text)


def _validate_arguments(parser: argparse.ArgumentParser) -> None:
    add_project(parser)
    parser.add_argument(
        "what", nargs="?", choices=["stories"], help="only find stories that contradict each other"
    )
    text = "how many turns a policy looks back (the whole conversation)"
    parser.add_argument("--max-history", type=_positive, default=None, metavar="N", help=text)
    text = "also fail (exit code 1) where there are warnings but no errors"
    parser.add_argument("--fail-on-warnings", action="store_true", help=text)
    add_files(parser, "config", "domain", "data")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a positive whole number")
    return number


def _fraction(text: str) -> float:
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def _split_parsers(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(metavar="WHAT")
    for name, text, run in (
        ("nlu", "divide NLU examples, each intent by itself", _split_nlu),
        ("stories", "divide the stories of each file", _split_stories),
    ):
        kind = _task(kinds, name, text)
        add_project(kind)
        _path(kind, "-u", "--nlu", "the file or folder to divide (data)")
        text = "how much is to be learnt from (0.8)"
        kind.add_argument("--training-fraction", type=_fraction, default=0.8, metavar="F", help=text)
        text = "the same number gives the same division"
        kind.add_argument("--random-seed", type=int, default=None, metavar="N", help=text)
        _path(kind, "--out", None, "the folder to write to (train_test_split)")
        kind.set_defaults(run=run)


def _convert_parsers(parser: argparse.ArgumentParser) -> None:
    kind = _task(parser.add_subparsers(metavar="WHAT"), "nlu", "write NLU examples as YAML or as Rasa's JSON")
    add_project(kind)
    text = "the format to write (yaml)"
    kind.add_argument("-f", "--format", choices=["json", "yaml"], default="yaml", help=text)
    add_files(kind, "data")
    _path(kind, "--out", None, "the file or folder to write (converted_data)")
    kind.add_argument("-l", "--language", default="en", help=argparse.SUPPRESS)
    kind.set_defaults(run=_convert)


def _in(options: argparse.Namespace, given: Path | None, default: str) -> Path:
    """Return a path that was given, or the one of the project."""
    if given is not None and default == "data":
        return named(options, "nlu") or given
    return given if given is not None else options.project / default


def _read(options: argparse.Namespace) -> Project:
    from frontdesk.formats.project import read_laid_out

    return read_laid_out(layout_of(options), names=False)


def _validate(options: argparse.Namespace) -> int:
    from frontdesk.formats.complaints import ProjectError
    from frontdesk.training.findings import Finding
    from frontdesk.training.validate import failed, validate

    try:
        project = _read(options)
    except ProjectError as error:
        _show([Finding("error", c.what, c.where, c.hint) for c in error.complaints])
        return 1
    findings = validate(project, max_history=options.max_history, stories_only=options.what == "stories")
    _show(findings)
    return 1 if failed(findings, fail_on_warnings=options.fail_on_warnings) else 0


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        print(f"{finding.severity:8} {finding}")
    counts = []
    for severity in ("error", "warning", "note"):
        number = sum(finding.severity == severity for finding in findings)
        if number:
            counts.append(f"{number} {severity}{'s' if number > 1 else ''}")
    print(("\n" + ", ".join(counts) + ".") if counts else "Nothing wrong was found.")


def _split_nlu(options: argparse.Namespace) -> int:
    from frontdesk.formats.nlu import write
    from frontdesk.formats.project import read_training
    from frontdesk.training.split import split_examples

    nlu = read_training(_in(options, options.nlu, "data"), strict=False).nlu
    learn, test = split_examples(nlu, options.training_fraction, options.random_seed)
    out = _in(options, options.out, "train_test_split")
    out.mkdir(parents=True, exist_ok=True)
    for part, name in ((learn, "training_data.yml"), (test, "test_data.yml")):
        (out / name).write_text(write(part), "utf-8")
        print(f"{out / name}: {len(part.examples)} examples")
    return 0


def _split_stories(options: argparse.Namespace) -> int:
    from frontdesk.training.split import split_story_files

    out = _in(options, options.out, "train_test_split")
    source = _in(options, options.nlu, "data")
    for file, count in split_story_files(source, out, options.training_fraction, options.random_seed):
        print(f"{file}: {count} stories")
    return 0


def _convert(options: argparse.Namespace) -> int:
    from frontdesk.formats.nlu import merge
    from frontdesk.formats.nlu import write as write_yaml
    from frontdesk.formats.rasa_json import read_any
    from frontdesk.formats.rasa_json import write as write_json

    if options.language != "en":
        say_ignored(options, {"language": "it is only of use for formats that are not read."})
    sources = layout_of(options).data or (options.project / "data",)
    read = [read_any(path, options.format) for path in sources]
    nlu = read[0][0] if len(read) == 1 else merge([found for found, _ in read])
    left_out = list(dict.fromkeys(sentence for _, sentences in read for sentence in sentences))
    out = _in(options, options.out, "converted_data")
    if not out.suffix:
        out = out / ("nlu.json" if options.format == "json" else "nlu.yml")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(write_json(nlu) if options.format == "json" else write_yaml(nlu), "utf-8")
    print(f"{out}: {len(nlu.examples)} examples")
    for sentence in left_out:
        print(f"note     {sentence}")
    return 0


def _migrate(options: argparse.Namespace) -> int:
    from frontdesk.training.foreign_code import find_foreign_code, report
    from frontdesk.training.migrate import migrate

    folder = options.project.resolve()
    done = migrate(folder, named(options, "domain"), options.out)
    print(done.text)
    lines = report(find_foreign_code(folder))
    if lines:
        print("\n" + "\n".join(lines))
    return 0

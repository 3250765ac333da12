"""Train a model from the project's files; what did not change since the last time is not trained again."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.cli.options import add_files, add_project, layout_of, named, progress, quiet, say_ignored
from frontdesk.cli.serving import add_remote_storage

if TYPE_CHECKING:
    from frontdesk.core.ports import Progress
    from frontdesk.formats.project import Project
    from frontdesk.formats.project_layout import Layout
    from frontdesk.training.findings import Finding
    from frontdesk.training.train import Kind

SHOWN = 10
"""So many doubtful places are told; `frontdesk data validate` tells them all."""
NEEDED, FORCED = 1, 8
"""Exit codes of a dry run, as Rasa's: training is needed; training was ordered."""
LATEST = ""
"""What --finetune stands for without a path."""
_NOT_TRAINED = "Not trained: see above (--skip-validation trains all the same)."
_NO_EFFECT = {
    "augmentation": "policies learn from the stories as they are, and glue none together.",
    "debug_plots": "'frontdesk visualize' draws the stories.",
    "num_threads": "training uses as many threads as it gains from.",
    "epoch_fraction": "linear models learn until they are done.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    text = "nlu: only the understanding; core: only the dialogue (both)"
    parser.add_argument("what", nargs="?", choices=["nlu", "core"], help=text)
    add_project(parser)
    _add_sources(parser)
    out = "where the model is written (models)"
    parser.add_argument("--out", type=Path, default=None, metavar="FOLDER", help=out)
    name = "name of the model (a date and time)"
    parser.add_argument("--fixed-model-name", default=None, metavar="NAME", help=name)
    parser.add_argument("--force", action="store_true", help="train everything anew")
    add_remote_storage(parser, "send the model there, too")
    text = "say whether training is needed: exit code 0 if not, 1 if so, 8 with --force"
    parser.add_argument("--dry-run", action="store_true", help=text)
    text = "go on without components and policies that cannot be had"
    parser.add_argument("--lenient", action="store_true", help=text)
    text = "keep the NLU examples in the model, as nlu_training_data.yml"
    parser.add_argument("--persist-nlu-data", action="store_true", help=text)
    text = "go on from a model (the newest one): refused where more than examples of known labels changed"
    parser.add_argument("--finetune", nargs="?", const=LATEST, default=None, metavar="MODEL", help=text)
    _add_validation(parser)
    _add_comparison(parser)
    group = parser.add_argument_group("taken from Rasa, without effect here")
    group.add_argument("--augmentation", type=int, default=None, metavar="N", help=argparse.SUPPRESS)
    group.add_argument("--debug-plots", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("--num-threads", type=int, default=None, metavar="N", help=argparse.SUPPRESS)
    group.add_argument("--epoch-fraction", type=float, default=None, metavar="F", help=argparse.SUPPRESS)
    group.description = ", ".join(f"--{name.replace('_', '-')}" for name in _NO_EFFECT)


def _add_sources(parser: argparse.ArgumentParser) -> None:
    text = "another config file (config.yml); several with 'core': one model for each, to be compared"
    parser.add_argument("-c", "--config", type=Path, nargs="+", default=[], metavar="FILE", help=text)
    add_files(parser, "domain", "data", "endpoints")
    text = "training examples for 'nlu' (data)"
    parser.add_argument("-u", "--nlu", type=Path, default=None, metavar="PATH", help=text)
    text = "stories and rules for 'core' (data)"
    parser.add_argument("-s", "--stories", type=Path, default=None, metavar="PATH", help=text)


def _add_validation(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("validation before training")
    group.add_argument(
        "--skip-validation", action="store_true", help="train without a look at the files first"
    )
    text = "do not train where 'frontdesk data validate' has warnings"
    group.add_argument("--fail-on-validation-warnings", action="store_true", help=text)
    text = "how many turns are looked at to find stories that contradict each other (all)"
    group.add_argument("--validation-max-history", type=int, default=None, metavar="N", help=text)


def _add_comparison(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("comparing several configs ('core' with --config A B)")
    text = "how many percent of the stories are left out (0 25 50 75)"
    group.add_argument("--percentages", type=int, nargs="*", default=[0, 25, 50, 75], metavar="P", help=text)
    group.add_argument("--runs", type=int, default=3, metavar="N", help="how often each is trained (3)")


def execute(options: argparse.Namespace) -> int:
    """Train, and say what came out."""
    from frontdesk.formats.settings_files import read_endpoints
    from frontdesk.graph.package import newest
    from frontdesk.training.train import is_current

    say_ignored(options, _NO_EFFECT)
    if len(options.config) > 1:
        return _compare(options)
    options.config = options.config[0] if options.config else None
    layout = _layout(options)
    out = options.out or layout.folder / "models"
    only = _only(options.what, layout)
    if options.dry_run:
        if options.force:
            print("Training was ordered (--force).")
            return FORCED
        endpoints = read_endpoints(layout.folder, layout.endpoints, secrets=False)
        current = is_current(layout.folder, endpoints, out, layout, only)
        if not current and only is None and newest(out) is not None:
            # Maybe there is something to learn for one half only; then training leaves the other one out.
            half = _learnable(_read(layout, only), only)
            current = half is not None and is_current(layout.folder, endpoints, out, layout, half)
        print("Nothing changed since the newest model was trained." if current else "Training is needed.")
        return 0 if current else NEEDED
    show = progress(quiet(options))
    show("reading the project")
    project = _read(layout, only)
    if not _good(options, project, only):
        return 1
    return _train(options, project, layout, out, _learnable(project, only), show)


def _layout(options: argparse.Namespace) -> Layout:
    """Return the files to train from; `train nlu --nlu` and `train core --stories` name the data, too."""
    layout = layout_of(options)
    for what, kind in (("nlu", "nlu"), ("core", "stories")):
        if options.what == what and (given := named(options, kind)) is not None:
            return replace(layout, data=(given,))
    return layout


def _only(what: str | None, layout: Layout) -> Kind | None:
    """Return which half is trained: without a domain there is only the understanding, as in Rasa."""
    if what == "nlu":
        return "nlu"
    if what == "core":
        return "core"
    if layout.domain or any((layout.folder / n).exists() for n in ("domain.yml", "domain.yaml", "domain")):
        return None
    if not (layout.config or layout.folder / "config.yml").exists():
        return None  # not a project at all: all that is missing is named
    from frontdesk.formats.importers import brings_more
    from frontdesk.formats.settings_files import read_config

    if brings_more(read_config(layout.folder, layout.config)):
        return None
    print("There is no domain: only the understanding (NLU) is trained.", file=sys.stderr)
    return "nlu"


def _read(layout: Layout, only: Kind | None) -> Project:
    from frontdesk.formats.project import read_laid_out

    return read_laid_out(layout, names=only != "nlu", domain_needed=only != "nlu")


def _learnable(project: Project, only: Kind | None) -> Kind | None:
    """Return which half there is something to learn for. Raises TrainingError where there is nothing at all."""
    from frontdesk.errors import TrainingError

    training = project.training
    examples = bool(training.nlu.examples or training.nlu.sentiment)
    stories = bool(training.stories or training.rules)
    if not (examples if only == "nlu" else stories if only == "core" else examples or stories):
        what = {"nlu": "NLU examples", "core": "stories or rules"}.get(only or "", "training data")
        raise TrainingError(
            f"There are no {what}.", hint="Name files or folders that hold some: --data PATH."
        )
    if only is None and not stories:
        print("There are no stories or rules: only the understanding (NLU) is trained.", file=sys.stderr)
        return "nlu"
    if only is None and not examples:
        print("There are no NLU examples: only the dialogue (core) is trained.", file=sys.stderr)
        return "core"
    return only


def _good(options: argparse.Namespace, project: Project, only: Kind | None) -> bool:
    """Show what is doubtful; tell whether training may go on."""
    if options.skip_validation:
        return True
    if options.fail_on_validation_warnings or options.validation_max_history is not None:
        return _valid(options, project)
    errors = [] if only == "nlu" else _errors(project)
    for finding in errors:
        print(f"error    {finding}", file=sys.stderr)
    if errors:
        print(_NOT_TRAINED, file=sys.stderr)
        return False
    for doubt in project.doubts[:SHOWN]:
        print(f"Please check: {doubt}", file=sys.stderr)
    if len(project.doubts) > SHOWN:
        more = len(project.doubts) - SHOWN
        print(f"... and {more} more; see them all: frontdesk data validate", file=sys.stderr)
    return True


def _valid(options: argparse.Namespace, project: Project) -> bool:
    from frontdesk.training.validate import failed, validate

    findings = validate(project, max_history=options.validation_max_history)
    worth = [finding for finding in findings if finding.severity != "note"]
    for finding in worth:
        print(f"{finding.severity:8} {finding}", file=sys.stderr)
    if not failed(worth, fail_on_warnings=options.fail_on_validation_warnings):
        return True
    print(_NOT_TRAINED, file=sys.stderr)
    return False


def _errors(project: Project) -> list[Finding]:
    """Return what Rasa does not train with, either, but for what training itself finds."""
    from frontdesk.training.checks import everything
    from frontdesk.training.validate import doubts

    found = dict.fromkeys([*doubts(project), *everything(project)])
    return [finding for finding in found if finding.severity == "error"]


def _train(
    options: argparse.Namespace,
    project: Project,
    layout: Layout,
    out: Path,
    only: Kind | None,
    show: Progress,
) -> int:
    from frontdesk.stores.model_storage import ModelStorage
    from frontdesk.training.finetune import base_model
    from frontdesk.training.train import train

    storage = ModelStorage.named(options.remote_storage) if options.remote_storage else None
    base = None
    if options.finetune is not None:
        base = base_model(out if options.finetune == LATEST else Path(options.finetune))
        show(f"going on from {base.name}: what changed is trained anew from all examples, the rest is reused")
    report = train(
        project,
        out,
        show,
        name=options.fixed_model_name,
        force=options.force,
        lenient=options.lenient,
        only=only,
        layout=layout,
        base=base,
        keep_examples=options.persist_nlu_data,
    )
    size = report.archive.stat().st_size / 1e6
    parts = f"{report.trained} parts trained, {report.reused} reused"
    print(f"Your model is in {report.archive} ({size:.0f} MB; {parts}).")
    if storage is not None:
        print(f"It is also in {storage.upload(report.archive)}.")
    return 0


def _compare(options: argparse.Namespace) -> int:
    from frontdesk.errors import ConfigError
    from frontdesk.training.comparison import train_for_comparison

    if options.what != "core":
        hint = "Several configs are compared by 'train core --config A B' or 'test nlu --config A B'."
        raise ConfigError("Only one config file can be trained.", hint=hint)
    configs, options.config = options.config, None
    layout = _layout(options)
    out = options.out or layout.folder / "models"
    show = progress(quiet(options))
    counts = train_for_comparison(layout, configs, out, options.runs, options.percentages, show)
    print(f"{len(counts) * len(configs) * options.runs} models are in {out}.")
    print(f"Compare them: frontdesk test core --evaluate-model-directory --model {out}")
    return 0

"""Run the project's test conversations and test stories, and measure its NLU."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.cli.options import (
    add_files,
    add_project,
    layout_of,
    named,
    progress,
    quiet,
    say_ignored,
    settings_of,
    start_logging,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontdesk.core.domain import Domain
    from frontdesk.evaluation.conversations import ConversationResult
    from frontdesk.evaluation.nlu_files import Measured
    from frontdesk.evaluation.stories import StoryResult
    from frontdesk.formats.project_layout import Layout
    from frontdesk.formats.test_stories import TestSuite

_NO_EFFECT = {
    "url": "tests are read from files.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    text = "core: conversations and stories; nlu: intents, entities and responses (both, if not given)"
    parser.add_argument("what", nargs="?", choices=["core", "nlu"], help=text)
    add_project(parser)
    add_files(parser, "domain", "endpoints")
    text = (
        "a model, or a folder of them whose newest is used (models); several: how many stories each follows"
    )
    parser.add_argument("-m", "--model", nargs="+", default=[], metavar="PATH", help=text)
    text = "where the reports are written (results)"
    parser.add_argument("--out", type=Path, default=None, metavar="FOLDER", help=text)
    text = "draw no pictures (PNG, PDF)"
    parser.add_argument("--no-plot", action="store_true", help=text)
    parser.add_argument("--successes", action="store_true", help="write down what was right, too")
    parser.add_argument("--no-errors", action="store_true", help="do not write down what was wrong")
    parser.add_argument("--no-warnings", action="store_true", help="write no stories_with_warnings.yml")
    parser.add_argument("--errors", action="store_true", help=argparse.SUPPRESS)
    _add_core(parser)
    _add_nlu(parser)


def _add_core(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("conversations and stories")
    text = "tests to run, a file or a folder (tests)"
    group.add_argument("-s", "--stories", type=Path, default=None, metavar="PATH", help=text)
    text = "only conversations whose name contains this, and no NLU"
    group.add_argument("-k", dest="only", default="", metavar="WORDS", help=text)
    group.add_argument("--max-stories", type=int, default=None, metavar="N", help="only the first ones")
    text = "exit code 1 also where a test story fails (a conversation that fails always says so)"
    group.add_argument("--fail-on-prediction-errors", action="store_true", help=text)
    text = "compare the models that 'train core --config A B' made (--model FOLDER)"
    group.add_argument("--evaluate-model-directory", action="store_true", help=text)
    group.add_argument("--e2e", "--end-to-end", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("--url", default=None, help=argparse.SUPPRESS)


def _add_nlu(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("NLU")
    text = "examples to measure the NLU on (those of data/, from which it learnt)"
    group.add_argument("-u", "--nlu", type=Path, default=None, metavar="PATH", help=text)
    text = "the config of a cross-validation (config.yml); several, or a folder: they are compared"
    group.add_argument("-c", "--config", type=Path, nargs="+", default=[], metavar="FILE", help=text)
    text = "train on a part of the examples and measure on the rest, in folds"
    group.add_argument("--cross-validation", action="store_true", help=text)
    group.add_argument("-f", "--folds", type=int, default=5, metavar="N", help="how many folds (5)")
    group.add_argument("-r", "--runs", type=int, default=3, metavar="N", help="runs of a comparison (3)")
    text = "how many percent of the examples are left out in a comparison (0 25 50 75)"
    group.add_argument(
        "-p", "--percentages", type=int, nargs="+", default=[0, 25, 50, 75], metavar="P", help=text
    )


def execute(options: argparse.Namespace) -> int:
    """Run the tests, print what failed, write the reports; the exit code is 1 if a conversation failed."""
    from frontdesk.cli import measure
    from frontdesk.errors import ConfigError
    from frontdesk.evaluation.report import write_reports

    say_ignored(options, _NO_EFFECT)
    configs, options.config = measure.configs(options.config), None
    start_logging(options, settings_of(options, "WARNING"))
    layout = layout_of(options)
    out: Path = options.out or layout.folder / "results"
    models = [Path(name) for given in options.model for name in given.split(",") if name]
    if len(configs) > 1:
        return measure.compare(options, layout, out, configs)
    if options.what != "nlu" and (len(models) > 1 or options.evaluate_model_directory):
        return _compare(options, layout, out, models)
    model = models[0] if models else None
    conversations: list[ConversationResult] = []
    stories: list[StoryResult] = []
    measured: list[Measured] = []
    report = None
    if options.what != "nlu":
        conversations, stories = asyncio.run(_core(options, layout, model))
        measured += _story_files(options, out, stories)
    if options.what == "nlu" or (options.what is None and not options.only):
        report, found = measure.nlu(options, layout, model, configs, out)
        measured += found
    _draw(options, out, measured)
    page = write_reports(out, conversations, stories, report, measured)
    if options.what != "nlu" and not (conversations or stories):
        if options.only:
            raise ConfigError(f"No test has '{options.only}' in its name.")
        print(f"There are no tests in '{options.stories or 'tests'}'.", file=sys.stderr)
    print(f"Report: {page}", file=sys.stderr)
    return _told(options, conversations, stories)


def _told(
    options: argparse.Namespace, conversations: Sequence[ConversationResult], stories: Sequence[StoryResult]
) -> int:
    failed = sum(not r.passed for r in conversations)
    wrong = sum(not r.passed for r in stories)
    if conversations or stories:
        print(f"{len(conversations) + len(stories) - failed - wrong} passed, {failed + wrong} failed")
    if wrong and not failed and not options.fail_on_prediction_errors:
        print("As in Rasa, test stories that fail end with exit code 0 (--fail-on-prediction-errors: 1).")
    return 1 if failed or (wrong and options.fail_on_prediction_errors) else 0


def _story_files(options: argparse.Namespace, out: Path, stories: Sequence[StoryResult]) -> list[Measured]:
    if not stories:
        return []
    from frontdesk.evaluation.story_files import StoriesWanted, write_stories

    wanted = StoriesWanted(options.successes, not options.no_errors, not options.no_warnings)
    return write_stories(out, stories, wanted)


def _draw(options: argparse.Namespace, out: Path, measured: Sequence[Measured]) -> None:
    from frontdesk.evaluation import plots

    if options.no_plot or not measured:
        return
    if plots.can_draw():
        plots.draw(out, measured)
    else:
        print(plots.MISSING, file=sys.stderr)


def _tests(options: argparse.Namespace, layout: Layout, known: Domain | None) -> TestSuite:
    """Read the tests that were asked for: of a folder that holds no file of tests, all stories."""
    from frontdesk.formats.project import read_tests, read_training
    from frontdesk.formats.test_stories import TestSuite

    path = named(options, "stories")
    if path is None:
        path = layout.folder / "tests"
        return read_tests(path, known, base=layout.folder, strict=False)
    found = read_tests(path, known, strict=False)
    if path.is_dir() and not (found.conversations or found.stories):
        return TestSuite(stories=read_training(path, strict=False).stories)
    return found


async def _core(
    options: argparse.Namespace, layout: Layout, model: Path | None
) -> tuple[list[ConversationResult], list[StoryResult]]:
    from frontdesk.evaluation.conversations import Run
    from frontdesk.evaluation.environment import load_environment
    from frontdesk.evaluation.report import failure_text
    from frontdesk.evaluation.stories import StoryTest, run_stories
    from frontdesk.runtime.assembly import assemble
    from frontdesk.stores.memory import MemoryTrackerStore

    store = MemoryTrackerStore({})
    settings = settings_of(options, "WARNING")
    agent = assemble(layout.folder, model, settings, store=store, llm=False, layout=layout)

    def show(result: ConversationResult) -> None:
        print(f"ok      {result.name}" if result.passed else failure_text(result), flush=True)

    try:
        processor = agent.processor
        tests = _tests(options, layout, processor.domain)
        words, most = options.only.lower(), options.max_stories
        wanted = [c for c in tests.conversations if words in c.name.lower()][:most]
        conversations = await Run(agent, load_environment(layout.folder), show).all(wanted)
        test = StoryTest(processor.loop, processor.understanding.process, processor.domain)
        stories = run_stories(test, [s for s in tests.stories if words in s.name.lower()][:most])
    finally:
        await agent.close()
    for story in stories:
        print(
            "\n".join([f"FAILED  {story.name}", *story.failures])
            if story.failures
            else f"ok      {story.name}"
        )
    return conversations, stories


def _compare(options: argparse.Namespace, layout: Layout, out: Path, models: Sequence[Path]) -> int:
    """Count how many test stories each model follows, and write `results.json`."""
    from frontdesk.cli.measure import loaded, write_curve
    from frontdesk.errors import ConfigError
    from frontdesk.evaluation.models import compare_folder, compare_models
    from frontdesk.evaluation.nlu_files import dump
    from frontdesk.evaluation.stories import StoryTest, run_stories
    from frontdesk.runtime.assembly import make_loop

    def count(archive: Path) -> int:
        model = loaded(layout, archive)
        loop = make_loop(model, settings_of(options))
        test = StoryTest(loop, model.pipeline.process, model.domain)
        stories = _tests(options, layout, model.domain).stories[: options.max_stories]
        return sum(result.passed for result in run_stories(test, stories))

    show = progress(quiet(options))
    if not _tests(options, layout, None).stories:
        hint = "Name some: --stories PATH."
        raise ConfigError("There are no test stories to compare models by.", hint=hint)
    out.mkdir(parents=True, exist_ok=True)
    if options.evaluate_model_directory:
        given = models[0] if models else layout.folder / "models"
        folder = given.parent if given.is_file() else given
        runs = compare_folder(folder, count, show)
        dump(out / "results.json", runs)
        write_curve(options, out / "core_model_comparison_graph.pdf", runs, folder / "num_stories.json")
        lines = {name: " / ".join(map(str, numbers)) for name, numbers in runs.items()}
    else:
        results = compare_models(models, count, show)
        dump(out / "results.json", results)
        lines = {name: str(numbers[0]) for name, numbers in results.items()}
    for name, line in lines.items():
        print(f"{name}: {line} test stories followed")
    print(f"Results: {out / 'results.json'}", file=sys.stderr)
    return 0

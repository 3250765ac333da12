"""Run the project's test conversations and test stories, or measure its NLU."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.cli.options import add_model, add_project, progress

if TYPE_CHECKING:
    from frontdesk.evaluation.conversations import ConversationResult
    from frontdesk.evaluation.nlu import NluReport
    from frontdesk.evaluation.stories import StoryResult
    from frontdesk.formats.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    text = "core: conversations and stories; nlu: intents and entities (all that is there, if not given)"
    parser.add_argument("what", nargs="?", choices=["core", "nlu"], help=text)
    add_project(parser)
    add_model(parser)
    parser.add_argument(
        "-s", "--stories", type=Path, default=None, metavar="PATH", help="tests to run (tests/test_*.yml)"
    )
    parser.add_argument(
        "-k", dest="only", default="", metavar="WORDS", help="only conversations whose name contains this"
    )
    parser.add_argument(
        "-u", "--nlu", type=Path, default=None, metavar="PATH", help="examples to measure the NLU on"
    )
    parser.add_argument(
        "--cross-validation", action="store_true", help="measure the NLU on its own examples, in folds"
    )
    parser.add_argument("-f", "--folds", type=int, default=5, help="how many folds (5)")
    parser.add_argument(
        "--out", type=Path, default=None, metavar="FOLDER", help="where the reports are written (results)"
    )


def execute(options: argparse.Namespace) -> int:
    """Run the tests, print what failed, write the reports; the exit code is 1 if a test failed."""
    from frontdesk.errors import ConfigError
    from frontdesk.evaluation.report import nlu_text, write_reports
    from frontdesk.formats.project import read_project
    from frontdesk.settings import Settings
    from frontdesk.telemetry import configure_logging

    configure_logging(Settings(log_level="WARNING"))
    folder = options.project.resolve()
    project = read_project(folder, strict=False)
    conversations: list[ConversationResult] = []
    stories: list[StoryResult] = []
    report: NluReport | None = None
    if options.what != "nlu":
        conversations, stories = asyncio.run(_core(options, project))
    if options.what == "nlu" or options.nlu or options.cross_validation:
        report = _nlu(options, project)
        print(nlu_text(report, "Cross-validation" if options.cross_validation else "NLU"))
    page = write_reports(options.out or folder / "results", conversations, stories, report)
    failed = sum(not r.passed for r in conversations) + sum(not r.passed for r in stories)
    if conversations or stories:
        print(f"{len(conversations) + len(stories) - failed} passed, {failed} failed")
    elif options.only and options.what != "nlu":
        raise ConfigError(f"No test has '{options.only}' in its name.")
    print(f"Report: {page}", file=sys.stderr)
    return 1 if failed else 0


async def _core(
    options: argparse.Namespace, project: Project
) -> tuple[list[ConversationResult], list[StoryResult]]:
    from frontdesk.evaluation.conversations import Run
    from frontdesk.evaluation.environment import load_environment
    from frontdesk.evaluation.report import failure_text
    from frontdesk.evaluation.stories import StoryTest, run_stories
    from frontdesk.formats.project import read_tests
    from frontdesk.runtime.assembly import assemble
    from frontdesk.settings import read_settings
    from frontdesk.stores.memory import MemoryTrackerStore

    tests = read_tests(options.stories, project.domain) if options.stories else project.tests
    store = MemoryTrackerStore({})
    agent = assemble(project.folder, options.model, read_settings(), store=store, llm=False)

    def show(result: ConversationResult) -> None:
        print(f"ok      {result.name}" if result.passed else failure_text(result), flush=True)

    try:
        wanted = [c for c in tests.conversations if options.only.lower() in c.name.lower()]
        conversations = await Run(agent, load_environment(project.folder), show).all(wanted)
        processor = agent.processor
        test = StoryTest(processor.loop, processor.understanding.process, processor.domain)
        stories = run_stories(test, [s for s in tests.stories if options.only.lower() in s.name.lower()])
    finally:
        await agent.close()
    for story in stories:
        print(
            "\n".join([f"FAILED  {story.name}", *story.failures])
            if story.failures
            else f"ok      {story.name}"
        )
    return conversations, stories


def _nlu(options: argparse.Namespace, project: Project) -> NluReport:
    from frontdesk.core.ports import TrainContext
    from frontdesk.evaluation.nlu import cross_validate, evaluate
    from frontdesk.formats.project import read_training
    from frontdesk.nlu.pipeline import Pipeline
    from frontdesk.runtime.assembly import trusted_model
    from frontdesk.training.train import recipe_of

    folder = project.folder
    model = trusted_model(folder, options.model or folder / "models")
    if options.cross_validation:
        recipe = recipe_of(project)
        context = TrainContext(language=recipe.language, embedder=model.embedder)
        examples = read_training(options.nlu).nlu if options.nlu else project.training.nlu
        show = progress()
        return cross_validate(
            lambda: Pipeline([p.make() for p in recipe.pipeline]), examples, context, options.folds, show
        )
    examples = read_training(options.nlu).nlu if options.nlu else project.training.nlu
    return evaluate(model.pipeline.process, examples.examples)

"""Write how test stories went into Rasa's report files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.core.training import Story
from frontdesk.evaluation.classification import figures
from frontdesk.evaluation.nlu_files import Measured, dump
from frontdesk.evaluation.stories import StoryResult
from frontdesk.formats.stories import written_step
from frontdesk.formats.writer import dump as dump_yaml

FAILED = "failed_test_stories.yml"
SUCCESSFUL = "successful_test_stories.yml"
WARNED = "stories_with_warnings.yml"
REPORT = "story_report.json"


@dataclass(frozen=True, slots=True)
class StoriesWanted:
    """Which files are written beside the report."""

    successes: bool = False
    errors: bool = True
    warnings: bool = True


def write_stories(out: Path, results: Sequence[StoryResult], wanted: StoriesWanted) -> list[Measured]:
    """Write the files; returns what was measured of the actions, for plots and pages."""
    out.mkdir(parents=True, exist_ok=True)
    checks = [check for result in results for check in result.checks]
    report: dict[str, Any] = dict(figures([(c.expected, c.found) for c in checks], confused=False).report)
    correct = sum(result.passed for result in results)
    if results:
        report["conversation_accuracy"] = {
            "accuracy": correct / len(results),
            "correct": correct,
            "with_warnings": 0,
            "total": len(results),
        }
    dump(out / REPORT, report)
    if wanted.errors:
        failed = [result for result in results if not result.passed]
        (out / FAILED).write_text(_file(failed, "None of the test stories failed."), "utf-8")
    if wanted.successes:
        passed = [result for result in results if result.passed]
        (out / SUCCESSFUL).write_text(_file(passed, "None of the test stories passed."), "utf-8")
    if wanted.warnings:
        # UnexpecTEDIntentPolicy, which alone warns in Rasa, is not trained here.
        (out / WARNED).write_text("# No test story has a warning.\n", "utf-8")
    actions = [(c.expected, c.found) for c in checks if c.kind == "action"]
    if not actions:
        return []
    return [Measured("story", "Actions of test stories", actions, figures(actions), sure=False)]


def _file(results: Sequence[StoryResult], none: str) -> str:
    """Return stories as a file, each wrong step with what was predicted as a comment."""
    if not results:
        return f"# {none}\n"
    lines = ['version: "3.1"', "stories:"]
    for result in results:
        if result.story is not None:
            lines += _story(result, result.story)
    return "\n".join(lines) + "\n"


def _story(result: StoryResult, story: Story) -> list[str]:
    source = f" ({story.place.file})" if story.place else ""
    lines = dump_yaml([{"story": f"{story.name}{source}"}]).splitlines()
    lines.append("  steps:")
    for step in story.steps:
        written = dump_yaml([written_step(step)]).splitlines()
        wrong = [check for check in result.checks if check.step is step and not check.good]
        if wrong:
            predicted = ", ".join(check.found for check in wrong)
            marked = _line_of(written)
            written[marked] += f"  # predicted: {' '.join(predicted.split())}"
        lines += [f"  {line}" for line in written]
    return lines


def _line_of(written: Sequence[str]) -> int:
    """Return the line that a comment may follow: that of the intent or the action, never one of a text block."""
    starts = ("intent:", "action:", "- intent:", "- action:")
    return next((n for n, line in enumerate(written) if line.strip().startswith(starts)), 0)

"""Rasa's report files on test stories."""

from __future__ import annotations

import json
from pathlib import Path

from frontdesk.core.training import ActionStep, Place, SlotStep, Story, UserStep
from frontdesk.evaluation.stories import Check, StoryResult
from frontdesk.evaluation.story_files import StoriesWanted, write_stories
from frontdesk.formats.project import read_tests

SAID = UserStep("greet", "hello: # you\nthere", place=Place("t.yml", 3))
GREET, BYE = ActionStep("utter_greet"), ActionStep("utter_bye")
GOOD = Story("good", (UserStep("greet", "hi"), GREET), place=Place("t.yml", 1))
BAD = Story("bad: a name", (SAID, SlotStep("city", "Rome"), GREET, BYE), place=Place("t.yml", 9))
RESULTS = [
    StoryResult("good", "t.yml:1", (), 1, (Check("action", "utter_greet", "utter_greet", GREET),), GOOD),
    StoryResult(
        "bad: a name",
        "t.yml:9",
        ("t.yml:12: predicted ...",),
        2,
        (
            Check("intent", "greet", "bye", SAID),
            Check("entity", "None", "[Rome](city)", SAID),
            Check("action", "utter_greet", "utter_greet", GREET),
            Check("action", "utter_bye", "None", BYE),
        ),
        BAD,
    ),
]


def test_all_of_them(tmp_path: Path) -> None:
    [measured] = write_stories(tmp_path, RESULTS, StoriesWanted(successes=True))
    assert measured.pairs == [("utter_greet", "utter_greet")] * 2 + [("utter_bye", "None")]
    report = json.loads((tmp_path / "story_report.json").read_text())
    assert report["conversation_accuracy"] == {"accuracy": 0.5, "correct": 1, "with_warnings": 0, "total": 2}
    assert report["utter_greet"] == {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 2}
    assert report["greet"]["recall"] == 0.0
    failed = (tmp_path / "failed_test_stories.yml").read_text("utf-8")
    assert "intent: greet  # predicted: bye, [Rome](city)" in failed
    assert "- action: utter_bye  # predicted: None" in failed
    [story] = read_tests(tmp_path / "failed_test_stories.yml", base=tmp_path).stories
    assert (story.name, story.steps) == ("bad: a name (t.yml)", BAD.steps)
    [story] = read_tests(tmp_path / "successful_test_stories.yml", base=tmp_path).stories
    assert story.steps == GOOD.steps
    assert (tmp_path / "stories_with_warnings.yml").read_text().startswith("# ")


def test_when_all_went_well(tmp_path: Path) -> None:
    write_stories(tmp_path, RESULTS[:1], StoriesWanted(warnings=False))
    assert (tmp_path / "failed_test_stories.yml").read_text() == "# None of the test stories failed.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "failed_test_stories.yml",
        "story_report.json",
    ]

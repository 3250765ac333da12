"""Test stories unrolled: alternatives and checkpoints."""

from __future__ import annotations

from frontdesk.core.training import ActionStep, CheckpointStep, OrStep, SlotStep, Step, Story, UserStep
from frontdesk.evaluation.ways import ways

HI, BYE, OK = UserStep("hi"), UserStep("bye"), UserStep("ok")
GREET, PART = ActionStep("utter_greet"), ActionStep("utter_part")


def told(*stories: tuple[str, list[Step]]) -> list[tuple[str, list[Step]]]:
    found = ways([Story(name, tuple(steps)) for name, steps in stories])
    return [(story.name, list(story.steps)) for story in found]


def test_a_story_without_either_stays_as_it_is() -> None:
    story = Story("a", (HI, GREET))
    assert ways([story])[0] is story
    assert ways([Story("nothing", ())]) == [Story("nothing", ())]


def test_every_choice_is_a_story_of_its_own() -> None:
    either = OrStep((HI, OK))
    assert told(("a", [either, GREET, OrStep((SlotStep("s", 1), SlotStep("s", 2))), PART])) == [
        ("a", [HI, GREET, SlotStep("s", 1), PART]),
        ("a", [HI, GREET, SlotStep("s", 2), PART]),
        ("a", [OK, GREET, SlotStep("s", 1), PART]),
        ("a", [OK, GREET, SlotStep("s", 2), PART]),
    ]


def test_stories_go_on_at_checkpoints() -> None:
    here = CheckpointStep("here")
    assert told(("a", [HI, GREET, here]), ("b", [here, BYE, PART]), ("c", [here, OK])) == [
        ("a > b", [HI, GREET, BYE, PART]),
        ("a > c", [HI, GREET, OK]),
    ]
    assert told(("a", [HI, here, OK])) == [("a", [HI, OK])]
    assert told(("a", [HI, here])) == [("a", [HI])]


def test_a_circle_of_checkpoints_ends() -> None:
    one, two = CheckpointStep("one"), CheckpointStep("two")
    found = told(("a", [HI, one]), ("b", [one, OK, two]), ("c", [two, BYE, one]))
    assert found == [("a > b > c", [HI, OK, BYE])]

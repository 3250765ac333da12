"""Rasa's test stories: what counts as a failure, and how the story goes on after one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from frontdesk.actions.catalog import action_for
from frontdesk.core.domain import Domain, EntityType, Form, Intent, Response
from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.prediction import Prediction
from frontdesk.core.slots import Slot, SlotMapping
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.core.training import ActionStep, LoopStep, Place, SlotStep, Step, Story, UserStep
from frontdesk.evaluation.stories import StoryTest, run_stories
from frontdesk.policies.ensemble import choose
from frontdesk.runtime.loop import Loop


def mapped(role: str | None = None, **options: Any) -> tuple[SlotMapping, ...]:
    return (SlotMapping("from_entity", {"entity": "city", **({"role": role} if role else {}), **options}),)


DOMAIN = Domain(
    intents={"greet": Intent("greet"), "bye": Intent("bye"), "tell": Intent("tell"), "faq": Intent("faq")},
    entities={"city": EntityType("city", roles=("to", "from"))},
    slots={
        "to": Slot("to", mappings=mapped("to")),
        "start": Slot("start", mappings=mapped("from")),
        "any_city": Slot("any_city", mappings=mapped()),
        "asked": Slot(
            "asked", mappings=(SlotMapping("from_entity", {"entity": "city"}, ({"active_loop": "a_form"},)),)
        ),
        "by_bye": Slot("by_bye", mappings=mapped(intent=["bye"])),
        "all": Slot("all", "list", mappings=mapped("to")),
    },
    responses={f"utter_{n}": (Response(n),) for n in ("greet", "bye", "more")},
    forms={"a_form": Form("a_form")},
    actions=("action_look",),
)
SENTENCES = {
    "hello": Message("hello", intent=IntentScore("greet", 0.9)),
    "so long": Message("so long", intent=IntentScore("greet", 0.9)),
    "to Rome": Message(
        "to Rome", intent=IntentScore("tell", 0.9), entities=(Entity("city", "Rome", 3, 7, "to"),)
    ),
    "what is there": Message(
        "what is there",
        intent=IntentScore("faq", 0.9),
        extra={
            "response_selector": {
                "all_retrieval_intents": ["faq"],
                "default": {"response": {"intent_response_key": "faq/menu"}},
            }
        },
    ),
    "how late is it": Message("how late is it", intent=IntentScore("faq", 0.9)),
}


class ByIntent:
    """Answers an intent with the response of its name, goes on with a form, and listens else."""

    options: dict[str, Any] = {}

    def __init__(self, twice: bool = False) -> None:
        self.twice = twice

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction:
        intent = tracker.latest_message.intent if tracker.latest_message else None
        if tracker.latest_action == LISTEN:
            loop = tracker.active_loop
            if loop is not None and not loop.rejected:
                return Prediction(loop.name, 1.0, "Test", no_user_prediction=True)
            return Prediction(f"utter_{intent}", 1.0, "Test")
        if self.twice and tracker.latest_action == "utter_greet":
            return Prediction("utter_more", 1.0, "Test")
        return Prediction(LISTEN, 1.0, "Test")


class Watching(ByIntent):
    """Remembers the trackers that it was asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tracker] = []

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction:
        self.seen.append(tracker)
        return super().predict(tracker, domain)


def process(texts: Sequence[str]) -> list[Message]:
    return [SENTENCES[text] for text in texts]


def run(*steps: Step, policy: ByIntent | None = None) -> Any:
    loop = Loop([policy or ByIntent()], choose, action_for, lambda _: False)  # type: ignore[list-item]
    test = StoryTest(loop, process, DOMAIN)
    [result] = run_stories(test, [Story("a story", steps, place=Place("t.yml", 1))])
    return result


def user(text: str | None, intent: str | None, line: int = 1, *entities: Entity) -> UserStep:
    return UserStep(intent, text, entities, Place("t.yml", line))


def does(name: str, line: int = 2) -> ActionStep:
    return ActionStep(name, place=Place("t.yml", line))


def test_a_story_that_holds() -> None:
    result = run(user("hello", "greet"), does("utter_greet"), user(None, "bye"), does("utter_bye"))
    assert result.passed
    assert (result.name, result.place, result.predicted) == ("a story", "t.yml:1", 2)


def test_a_wrong_action_is_told_and_the_story_goes_on_as_written() -> None:
    result = run(user("hello", "greet"), does("utter_bye", 2), user(None, "bye", 3), does("utter_bye", 4))
    assert result.failures == ("t.yml:2: predicted 'utter_greet' by Test, expected 'utter_bye'",)


def test_a_sentence_that_is_misunderstood_is_told_once_and_the_story_goes_on_as_written() -> None:
    result = run(user("so long", "bye"), does("utter_bye"))
    assert result.failures == ("t.yml:1: 'so long' was understood as 'greet', expected 'bye'",)


def test_an_entity_that_is_not_found() -> None:
    result = run(user("hello", "greet", 1, Entity("city", "Rome")), does("utter_greet"))
    assert result.failures == ("t.yml:1: in 'hello' was not found: city 'Rome'",)
    assert run(user("to Rome", "tell", 1, Entity("city", "Rome", role="to")), does("utter_tell")).passed
    assert not run(user("to Rome", "tell", 1, Entity("city", "Rome", role="from")), does("utter_tell")).passed


def test_entities_in_the_text_must_be_found_where_they_stand_and_no_others() -> None:
    here = Entity("city", "Rome", 3, 7)
    assert run(user("to Rome", "tell", 1, here), does("utter_tell")).passed
    result = run(user("to Rome", "tell", 1), does("utter_tell"))
    assert result.failures == ("t.yml:1: in 'to Rome' was also found: city 'Rome'",)
    result = run(user("to Rome", "tell", 1, Entity("city", "Rome", 0, 2)), does("utter_tell"))
    assert len(result.failures) == 2


def test_the_conversation_goes_on_with_the_entities_of_the_story() -> None:
    result = run(user("to Rome", "tell", 1), does("utter_tell"), policy=(watching := Watching()))
    assert not result.passed
    assert watching.seen[-1].slots["to"] is None


def test_the_response_of_a_retrieval_intent_must_be_the_one_that_the_story_names() -> None:
    assert run(user("what is there", "faq"), does("utter_faq")).passed
    assert run(user("what is there", "faq/menu"), does("utter_faq")).passed
    result = run(user("what is there", "faq/hours"), does("utter_faq"))
    assert result.failures == ("t.yml:1: 'what is there' was understood as 'faq/menu', expected 'faq/hours'",)


def test_of_a_retrieval_intent_the_base_has_to_be_understood() -> None:
    assert run(user("how late is it", "faq/hours"), does("utter_faq")).passed
    assert not run(user("how late is it", "bye"), does("utter_bye")).passed


def test_an_action_that_the_story_does_not_have_is_told_also_at_its_end() -> None:
    between = run(
        user("hello", "greet"),
        does("utter_greet"),
        user(None, "bye", 3),
        does("utter_bye"),
        policy=ByIntent(True),
    )
    assert between.failures == ("t.yml:3: predicted 'utter_more' by Test, expected 'action_listen'",)
    at_the_end = run(user("hello", "greet"), does("utter_greet"), policy=ByIntent(True))
    assert at_the_end.failures == ("t.yml:2: predicted 'utter_more' by Test, expected 'action_listen'",)


def test_a_story_that_listens_itself() -> None:
    assert run(
        user("hello", "greet"), does("utter_greet"), does(LISTEN), user(None, "bye"), does("utter_bye")
    ).passed
    assert run(SlotStep("to", "Rome"), user("hello", "greet"), does("utter_greet")).passed


def test_a_form_that_refuses_lets_others_answer() -> None:
    steps = [user(None, "greet"), does("a_form"), LoopStep("a_form")]
    assert not run(*steps).passed
    result = run(
        user(None, "tell"), LoopStep("a_form"), does("a_form"), user(None, "greet"), does("utter_greet")
    )
    assert result.passed, result.failures


@pytest.mark.parametrize(
    ("entities", "filled"),
    [
        ((), {}),
        ((Entity("city", "Rome", role="to"),), {"to": "Rome", "all": ["Rome"]}),
        ((Entity("city", "Rome", role="to"), Entity("city", "Oslo", role="from")),
         {"to": "Rome", "all": ["Rome"], "start": "Oslo"}),
        ((Entity("city", "Rome"),), {"any_city": "Rome", "by_bye": "Rome"}),
        ((Entity("city", "Rome", role="to"), Entity("city", "Oslo", role="to")), {"to": "Oslo", "all": ["Rome", "Oslo"]}),
    ],
)  # fmt: skip
def test_slots_are_filled_from_entities_by_role_whatever_the_intent_and_without_conditions(
    entities: tuple[Entity, ...], filled: dict[str, Any]
) -> None:
    watching = Watching()
    assert run(user(None, "tell", 1, *entities), does("utter_tell"), policy=watching).passed
    assert {name: value for name, value in watching.seen[-1].slots.items() if value is not None} == filled

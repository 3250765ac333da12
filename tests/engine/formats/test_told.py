"""A conversation's events as a story."""

from __future__ import annotations

from frontdesk.core import events as ev
from frontdesk.core.domain import Domain, EntityType, Form, Intent
from frontdesk.core.message import Entity
from frontdesk.core.slots import Slot
from frontdesk.core.training import ActionStep, LoopStep, SlotStep, Step, UserStep
from frontdesk.formats.told import story_of

DOMAIN = Domain(
    intents={name: Intent(name) for name in ("greet", "fly", "faq")},
    entities={"city": EntityType("city", roles=("to",))},
    slots={"city": Slot("city", "text"), "note": Slot("note", "text", influence_conversation=False)},
    forms={"trip": Form("trip", ("city",))},
)
BEGIN = [
    ev.ActionExecuted("action_session_start"), ev.SessionStarted(), ev.ActionExecuted("action_listen"),
]  # fmt: skip
ROME = Entity("city", "Rome", 7, 11, role="to", extractor="CRFEntityExtractor", confidence=0.9)


def heard(
    intent: str | None, text: str = "", *entities: Entity, by_text: bool | None = None
) -> ev.UserUttered:
    parsed = {"intent": {"name": intent}}
    return ev.UserUttered(text, parsed, entities, use_text_for_featurization=by_text)


def steps(*events: ev.Event, e2e: bool = False) -> tuple[Step, ...]:
    return story_of("s", [*BEGIN, *events], DOMAIN, e2e=e2e).steps


def test_what_is_said_done_and_remembered() -> None:
    told = steps(
        heard("fly", "fly to Rome", ROME, ROME, Entity("other", "x", 0, 1)),
        ev.SlotSet("city", "Rome"),
        ev.SlotSet("note", "x"),
        ev.SlotSet("unknown", "x"),
        ev.ActionExecuted("utter_fly"),
        ev.BotUttered("We fly."),
        ev.ActionExecuted(action_text="Have a good time"),
        ev.ActionExecuted("action_listen"),
    )
    assert told == (
        UserStep("fly", None, (Entity("city", "Rome", role="to"),)),
        SlotStep("city", "Rome"),
        ActionStep("utter_fly"),
        ActionStep(text="Have a good time"),
    )


def test_words_stand_beside_the_intent_end_to_end() -> None:
    placed = Entity("city", "Rome", 7, 11, role="to")
    assert steps(heard("fly", "fly to Rome", ROME), e2e=True) == (UserStep("fly", "fly to Rome", (placed,)),)
    assert steps(heard("fly", "fly to Rome", ROME, by_text=True)) == (
        UserStep(None, "fly to Rome", (placed,)),
    )
    assert steps(heard("greet", "/greet"), e2e=True) == (UserStep("greet"),)


def test_retrieval_intents_go_by_their_first_name_and_nothing_understood_is_a_fallback() -> None:
    assert steps(heard("faq/hours", "when?"), heard(None, "?")) == (UserStep("faq"), UserStep("nlu_fallback"))


def test_what_was_taken_back_or_repeats_a_form_is_left_out() -> None:
    told = steps(
        heard("greet"),
        ev.ActionExecuted("utter_wrong"),
        ev.ActionReverted(),
        ev.ActionExecuted("trip"),
        ev.ActiveLoop("trip"),
        ev.SlotSet("requested_slot", "city"),
        ev.ActionExecuted("action_listen"),
        heard("fly", "Rome"),
        ev.SlotSet("city", "Rome"),
        ev.ActionExecuted("trip"),
        ev.ActiveLoop(None),
        ev.ActionExecuted("action_listen"),
    )
    assert told == (
        UserStep("greet"), ActionStep("trip"), LoopStep("trip"), SlotStep("city", "Rome"), LoopStep(None),
    )  # fmt: skip


def test_slots_that_are_emptied_together_are_named() -> None:
    told = steps(heard("greet"), ev.SlotSet("city", "Rome"), ev.AllSlotsReset(), ev.ActionExecuted("utter_x"))
    assert told[-2:] == (SlotStep("city", None), ActionStep("utter_x"))

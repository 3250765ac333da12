"""Golden tests of forms: each says what Rasa 3.6 does, in which order it logs it."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.actions.catalog import action_for
from frontdesk.actions.slots import ExtractSlots
from frontdesk.core.domain import REQUESTED_SLOT
from frontdesk.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    FollowupAction,
    LoopInterrupted,
    SlotSet,
    UnknownEvent,
)
from frontdesk.core.ports import ActionResult
from frontdesk.errors import ActionError, ActionRejected

LISTEN = ActionExecuted("action_listen")


def asked(slot: str | None) -> SlotSet:
    return SlotSet(REQUESTED_SLOT, slot)


def slot_event(name: str, value: object) -> dict[str, object]:
    return {"event": "slot", "name": name, "value": value, "timestamp": None}


def in_form(build, slot: str, form: str = "f"):
    return build.mapping("from_text", [{"active_loop": form, "requested_slot": slot}])


@pytest.fixture
def two_texts(build):
    """A form of two texts, each filled only when asked for."""
    return build.domain(
        build.slot("a", in_form(build, "a")),
        build.slot("b", in_form(build, "b")),
        forms={"f": ["a", "b"]},
        responses={"utter_ask_a": "a?", "utter_ask_b": "b?"},
    )


class Talk:
    """A conversation with forms, run as the processor runs it: extract slots, run the form, log what happened."""

    def __init__(self, build: Any, domain: Any, server: Any = None) -> None:
        self.build, self.domain, self.server = build, domain, server
        self.tracker = build.tracker(domain)

    async def say(self, text: str, intent: str | None = "inform", *entities: Any) -> None:
        self.tracker = self.build.said(self.tracker, text, intent, *entities)
        self.tracker = self.tracker.extend(await ExtractSlots().run(self._turn()))

    async def act(self, name: str) -> list[Any]:
        try:
            events = list(await action_for(name, self.domain).run(self._turn()))
        except ActionRejected:
            self.tracker = self.tracker.append(ActionExecutionRejected(name))
            raise
        self.tracker = self.tracker.extend([ActionExecuted(name), *events])
        return events

    def _turn(self) -> Any:
        return self.build.turn(self.tracker, self.domain, self.server)


async def test_a_form_from_start_to_end(build, two_texts) -> None:
    talk = Talk(build, two_texts)
    await talk.say("begin", "start")
    events = await talk.act("f")
    assert events[:2] == [ActiveLoop("f"), asked("a")]
    assert [e.text for e in events[2:]] == ["a?"]
    await talk.say("first")
    events = await talk.act("f")
    assert events[0] == asked("b")
    assert [e.text for e in events[1:]] == ["b?"]
    await talk.say("second")
    assert await talk.act("f") == [asked(None), ActiveLoop(None)]
    assert (talk.tracker.slots["a"], talk.tracker.slots["b"]) == ("first", "second")
    assert talk.tracker.active_loop is None


async def test_the_message_that_starts_the_form_fills_no_slot_that_was_not_asked_for(
    build, two_texts
) -> None:
    """Rasa's issues 10219 and 10231: texts are taken too greedily."""
    talk = Talk(build, two_texts)
    await talk.say("hi", "greet")
    await talk.act("f")
    assert talk.tracker.slots["a"] is None
    await talk.say("first")
    await talk.act("f")
    assert (talk.tracker.slots["a"], talk.tracker.slots["b"]) == ("first", None)


async def test_a_text_without_conditions_fills_every_slot_and_the_form_is_done(build) -> None:
    """The same issues, from the other side: a mapping without conditions means any message (Rasa 3.6 keeps it so)."""
    domain = build.domain(
        build.slot("a", build.mapping("from_text")),
        build.slot("b", build.mapping("from_text")),
        forms={"f": ["a", "b"]},
    )
    talk = Talk(build, domain)
    await talk.say("hi", "greet")
    events = await talk.act("f")
    assert events == [ActiveLoop("f"), SlotSet("a", "hi"), SlotSet("b", "hi"), asked(None), ActiveLoop(None)]


async def test_a_filled_slot_is_not_filled_again_by_a_later_answer(build, two_texts) -> None:
    """Rasa's issue 10219, second half."""
    talk = Talk(build, two_texts)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("first")
    await talk.act("f")
    await talk.say("second")
    await talk.act("f")
    assert talk.tracker.slots["a"] == "first"


async def test_switching_to_another_form_forgets_what_the_first_one_asked_for(build) -> None:
    """Rasa's issue 10248: the second form must neither reject nor take the first one's requested slot."""
    cities = [{"active_loop": "f", "requested_slot": "x"}, {"active_loop": "g", "requested_slot": "x"}]
    domain = build.domain(
        build.slot("first", in_form(build, "first")),
        build.slot("x", build.mapping("from_entity", cities, entity="city")),
        forms={"f": ["first", "x"], "g": ["x"]},
        responses={"utter_ask_first": "first?", "utter_ask_x": "x?", "utter_ask_g_x": "g x?"},
    )
    talk = Talk(build, domain)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("text that answers", "other")
    await talk.act("f")
    await talk.say("something else", "other")
    with pytest.raises(ActionRejected):
        await talk.act("f")
    events = await talk.act("g")
    assert events[:2] == [ActiveLoop("g"), asked("x")]
    assert [e.text for e in events[2:]] == ["g x?"]
    await talk.say("Bonn", "inform", ("city", "Bonn"))
    assert await talk.act("g") == [asked(None), ActiveLoop(None)]
    assert talk.tracker.slots["x"] == "Bonn"


async def test_a_slot_that_no_form_requires_is_filled_while_one_is_active(build) -> None:
    """Rasa's issue 10540."""
    domain = build.domain(
        build.slot("a", in_form(build, "a")),
        build.slot("extra", build.mapping("from_entity", entity="city")),
        forms={"f": ["a"]},
    )
    talk = Talk(build, domain)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("in Bonn", "inform", ("city", "Bonn"))
    await talk.act("f")
    assert talk.tracker.slots["extra"] == "Bonn"


async def test_nothing_filled_rejects_and_the_form_goes_on_after_the_question(build) -> None:
    domain = build.domain(
        build.slot("size", build.mapping("from_entity", entity="size")),
        forms={"f": ["size"]},
        responses={"utter_ask_size": "size?", "utter_help": "help"},
    )
    talk = Talk(build, domain)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("what sizes are there?", "other")
    with pytest.raises(ActionRejected):
        await talk.act("f")
    assert talk.tracker.active_loop is not None
    assert talk.tracker.active_loop.rejected
    await talk.act("utter_help")
    talk.tracker = talk.tracker.append(LoopInterrupted(True))
    events = await talk.act("f")  # comes back: no validation, the same question again
    assert events[0] == asked("size")
    assert events[1].text == "size?"
    await talk.say("L", "inform", ("size", "L"))
    assert await talk.act("f") == [asked(None), ActiveLoop(None)]


async def test_coming_back_right_after_listening_does_not_validate_an_interrupted_form(
    build, two_texts
) -> None:
    talk = Talk(build, two_texts)
    await talk.say("begin", "start")
    await talk.act("f")
    talk.tracker = build.said(talk.tracker, "a question", "other").append(LoopInterrupted(True))
    events = await talk.act("f")
    assert events[0] == asked("a")


async def test_slots_filled_before_are_not_asked_for(build, two_texts) -> None:
    talk = Talk(build, two_texts)
    talk.tracker = talk.tracker.append(SlotSet("a", "known"))
    await talk.say("begin", "start")
    events = await talk.act("f")
    assert events[:2] == [ActiveLoop("f"), asked("b")]


async def test_all_filled_before_ends_at_once(build, two_texts) -> None:
    talk = Talk(build, two_texts)
    talk.tracker = talk.tracker.extend([SlotSet("a", "x"), SlotSet("b", "y")])
    await talk.say("begin", "start")
    assert await talk.act("f") == [ActiveLoop("f"), asked(None), ActiveLoop(None)]


async def test_false_is_an_answer(build) -> None:
    domain = build.domain(
        build.slot("ok", build.mapping("from_intent", intent="deny", value=False), type="bool"),
        forms={"f": ["ok"]},
    )
    talk = Talk(build, domain)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("no", "deny")
    assert await talk.act("f") == [asked(None), ActiveLoop(None)]
    assert talk.tracker.slots["ok"] is False


async def test_a_trigger_intent_fills_at_activation(build) -> None:
    trigger = build.mapping("from_trigger_intent", [{"active_loop": "f"}], intent="start", value="by start")
    domain = build.domain(
        build.slot("a", trigger), build.slot("b", in_form(build, "b")), forms={"f": ["a", "b"]}
    )
    talk = Talk(build, domain)
    await talk.say("begin", "start")
    assert await talk.act("f") == [ActiveLoop("f"), SlotSet("a", "by start"), asked("b")]


async def test_an_entity_with_conditions_on_the_form_is_taken_from_the_message_that_starts_it(build) -> None:
    """Rasa's pull request 11149: slots are extracted once more at activation."""
    domain = build.domain(
        build.slot("city", build.mapping("from_entity", [{"active_loop": "f"}], entity="city")),
        forms={"f": ["city"]},
    )
    talk = Talk(build, domain)
    await talk.say("to Bonn", "start", ("city", "Bonn"))
    assert talk.tracker.slots["city"] is None
    assert await talk.act("f") == [ActiveLoop("f"), SlotSet("city", "Bonn"), asked(None), ActiveLoop(None)]


@pytest.mark.parametrize(
    ("names", "spoken"),
    [
        (["action_ask_f_a", "utter_ask_f_a", "action_ask_a", "utter_ask_a"], "action_ask_f_a"),
        (["utter_ask_f_a", "action_ask_a", "utter_ask_a"], "utter_ask_f_a"),
        (["action_ask_a", "utter_ask_a"], "action_ask_a"),
        (["utter_ask_a"], "utter_ask_a"),
        ([], None),
    ],
)
async def test_who_asks(build, names, spoken) -> None:
    actions = [name for name in names if name.startswith("action_")]
    domain = build.domain(
        build.slot("a", in_form(build, "a")),
        forms={"f": ["a"]},
        actions=actions,
        responses={name: name for name in names if name.startswith("utter_")},
    )
    server = build.server(**{name: ActionResult(responses=[{"text": name}]) for name in actions})
    talk = Talk(build, domain, server)
    await talk.say("begin", "start")
    events = await talk.act("f")
    assert [e.text for e in events if isinstance(e, BotUttered)] == ([spoken] if spoken else [])
    assert asked("a") in events


async def test_asking_sees_what_is_asked_for_and_what_was_filled(build, two_texts) -> None:
    seen = []

    def ask(tracker):
        seen.append((tracker.slots["a"], tracker.slots["b"], tracker.active_loop_name))
        return []

    domain = build.domain(*two_texts.slots.values(), forms={"f": ["a", "b"]}, actions=["action_ask_b"])
    talk = Talk(build, domain, build.server(action_ask_b=ask))
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("first")
    await talk.act("f")
    assert seen == [("first", None, "f")]


# Validation.


@pytest.fixture
def validated(build, two_texts):
    def make(**script):
        domain = build.domain(
            *two_texts.slots.values(),
            forms={"f": ["a", "b"]},
            actions=["validate_f", *(name for name in script if name != "validate_f")],
            responses={"utter_ask_a": "a?", "utter_ask_b": "b?"},
        )
        return Talk(build, domain, build.server(**script))

    return make


async def test_validation_refuses_a_value_and_asks_again(validated) -> None:
    def validate(tracker):
        return (
            [slot_event("a", None)]
            if tracker.slots["a"] == "bad"
            else [slot_event("a", "GOOD")]
            if tracker.slots["a"]
            else []
        )

    talk = validated(validate_f=validate)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("bad")
    events = await talk.act("f")
    assert events[:2] == [SlotSet("a", None), asked("a")]
    assert events[2].text == "a?"
    await talk.say("good")
    events = await talk.act("f")
    assert events[:2] == [SlotSet("a", "GOOD"), asked("b")]


async def test_validation_sees_only_new_slots_after_the_forms_own_action(validated) -> None:
    seen = []

    def validate(tracker):
        events = tracker.events()
        last = max(i for i, e in enumerate(events) if isinstance(e, ActionExecuted))
        seen.append((events[last - 1], events[last].name, events[last + 1 :]))
        return []

    talk = validated(validate_f=validate)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("first")
    await talk.act("f")
    assert seen[-1] == (asked("a"), "f", [SlotSet("a", "first")])
    assert seen[0][0] == asked(None)


async def test_prefilled_slots_are_validated_at_activation(validated) -> None:
    def validate(tracker):
        return [slot_event("a", None)] if tracker.slots["a"] == "bad" else []

    talk = validated(validate_f=validate)
    talk.tracker = talk.tracker.append(SlotSet("a", "bad"))
    await talk.say("begin", "start")
    events = await talk.act("f")
    assert events[:3] == [ActiveLoop("f"), SlotSet("a", None), asked("a")]


async def test_validation_chooses_the_next_slot(validated) -> None:
    """What FormValidationAction does when required_slots is overridden."""
    talk = validated(validate_f=lambda _: [slot_event(REQUESTED_SLOT, "b")])
    await talk.say("begin", "start")
    events = await talk.act("f")
    assert events[:2] == [ActiveLoop("f"), asked("b")]
    assert [e.text for e in events[2:]] == ["b?"]


@pytest.mark.parametrize("end", [slot_event(REQUESTED_SLOT, None), {"event": "active_loop", "name": None}])
async def test_validation_ends_the_form(validated, end) -> None:
    ends: list[dict[str, object]] = []
    talk = validated(validate_f=lambda _: list(ends))
    await talk.say("begin", "start")
    await talk.act("f")
    ends.append(end)
    await talk.say("enough")
    events = await talk.act("f")
    assert events[-1] == ActiveLoop(None)
    assert talk.tracker.active_loop is None


async def test_validation_rejects_by_event_and_slots_are_kept(validated) -> None:
    rejected = {"event": "action_execution_rejected", "name": "f", "policy": None, "confidence": None}
    answers: list[list[dict[str, object]]] = [[], [], [slot_event("b", "kept"), rejected]]
    talk = validated(validate_f=lambda _: answers.pop(0))
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("x")
    events = await talk.act("f")
    assert events == [SlotSet("b", "kept"), ActionExecutionRejected("f")]


async def test_validation_that_refuses_to_run_rejects_the_form(validated) -> None:
    answers: list[object] = [[], [], ActionRejected("validate_f")]
    talk = validated(validate_f=lambda _: answers.pop(0))
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("x")
    with pytest.raises(ActionRejected):
        await talk.act("f")


async def test_slots_that_only_validation_fills_are_enough(build) -> None:
    domain = build.domain(build.slot("a"), build.slot("b"), forms={"f": ["a", "b"]}, actions=["validate_f"])
    answers: list[list[dict[str, object]]] = [[], [], [slot_event("b", "extracted")]]
    talk = Talk(build, domain, build.server(validate_f=lambda _: answers.pop(0)))
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("x")
    assert await talk.act("f") == [SlotSet("b", "extracted"), asked("a")]


async def test_validation_after_a_question_in_between_gets_no_candidates(validated) -> None:
    seen = []

    def validate(tracker):
        seen.append(isinstance(tracker.event, ActionExecuted))
        return []

    talk = validated(validate_f=validate)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("a question", "other")
    talk.tracker = talk.tracker.append(LoopInterrupted(True))
    seen.clear()
    await talk.act("f")
    assert seen == [True]


async def test_every_call_within_a_form_has_its_own_key(validated) -> None:
    talk = validated(validate_f=lambda _: [], action_ask_a=lambda _: [])
    await talk.say("begin", "start")
    await talk.act("f")
    keys = [call.idempotency_key for _, _, call in talk.server.calls]
    assert talk.server.asked == ["validate_f", "validate_f", "action_ask_a"]
    assert len(set(keys)) == len(keys) == 3


# Failures.


async def test_a_failing_validation_is_told_and_the_form_stays(validated) -> None:
    answers: list[object] = [[], [], ActionError("database is gone", where="actions/x.py:3")]
    talk = validated(validate_f=lambda _: answers.pop(0))
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("x")
    events = await talk.act("f")
    assert [type(e) for e in events] == [BotUttered, UnknownEvent, FollowupAction]
    assert events[1].wire == {
        "event": "action_failed",
        "name": "f",
        "reason": "ActionError at actions/x.py:3",
    }
    assert events[2].name == "action_listen"
    assert talk.tracker.active_loop_name == "f"
    assert talk.tracker.slots[REQUESTED_SLOT] == "a"


async def test_a_form_whose_validation_fails_at_activation_does_not_begin(validated) -> None:
    talk = validated(validate_f=ActionError("no"))
    await talk.say("begin", "start")
    events = await talk.act("f")
    assert ActiveLoop("f") not in events
    assert talk.tracker.state.followup_action == "action_listen"


async def test_a_failing_question_is_told(validated) -> None:
    talk = validated(validate_f=lambda _: [], action_ask_a=ActionError("no"))
    await talk.say("begin", "start")
    events = await talk.act("f")
    assert events[:2] == [ActiveLoop("f"), asked("a")]
    assert isinstance(events[2], BotUttered)
    assert events[3].wire["name"] == "action_ask_a"


async def test_the_active_form_is_left_by_the_default_action(build, two_texts) -> None:
    talk = Talk(build, two_texts)
    await talk.say("begin", "start")
    await talk.act("f")
    await talk.say("stop", "other")
    assert await talk.act("action_deactivate_loop") == [ActiveLoop(None), asked(None)]
    assert talk.tracker.active_loop is None

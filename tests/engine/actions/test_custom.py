from __future__ import annotations

import logging

import pytest

from frontdesk.actions.custom import CustomAction, inner_call
from frontdesk.core.domain import Response
from frontdesk.core.events import (
    BotUttered,
    FollowupAction,
    HandoffRequested,
    ReminderScheduled,
    SlotSet,
    UnknownEvent,
    UserUttered,
)
from frontdesk.core.message import Button
from frontdesk.core.ports import ActionCall, ActionResult
from frontdesk.errors import ActionError, ActionRejected, ActionTimeout


async def run(build, result, domain=None):
    domain = domain or build.domain(build.slot("name"), responses={"utter_hi": "Hi {name} {day}"})
    tracker = build.said(build.tracker(domain, SlotSet("name", "Ann")))
    return list(
        await CustomAction("action_x").run(build.turn(tracker, domain, build.server(action_x=result)))
    )


async def test_what_is_said_comes_before_what_is_done(build) -> None:
    result = ActionResult(
        events=[{"event": "slot", "name": "name", "value": 1}], responses=[{"text": "done"}]
    )
    events = await run(build, result)
    assert [type(e) for e in events] == [BotUttered, SlotSet]


async def test_the_parts_of_a_message_of_the_sdk(build) -> None:
    response = {
        "text": "look", "buttons": [{"title": "A", "payload": "/a"}], "elements": [{"title": "E"}],
        "custom": {"k": 1}, "template": None, "response": None, "image": "i.png", "attachment": None, "mood": "calm",
    }  # fmt: skip
    (event,) = await run(build, ActionResult(responses=[response]))
    assert event.text == "look"
    assert event.data == {
        "elements": [{"title": "E"}], "quick_replies": None, "buttons": [{"title": "A", "payload": "/a"}],
        "attachment": "i.png", "image": "i.png", "custom": {"k": 1},
    }  # fmt: skip
    assert event.metadata == {"mood": "calm"}


async def test_a_named_response_takes_arguments_and_more_buttons(build) -> None:
    domain = build.domain(
        build.slot("name"),
        responses={"utter_hi": [Response("Hi {name} {day}", buttons=(Button("A", "/a"),))]},
    )
    response = {
        "response": "utter_hi", "template": "utter_hi", "text": None, "buttons": [{"title": "B", "payload": "/b"}],
        "elements": [], "custom": {}, "image": None, "attachment": None, "day": "today", "name": "Bob",
    }  # fmt: skip
    (event,) = await run(build, ActionResult(responses=[response]), domain)
    assert event.text == "Hi Bob today"
    assert event.data["buttons"] == [{"title": "A", "payload": "/a"}, {"title": "B", "payload": "/b"}]
    assert event.metadata == {"utter_action": "utter_hi", "day": "today", "name": "Bob"}


async def test_a_response_that_the_domain_lacks_is_logged_and_the_rest_is_said(build, caplog) -> None:
    lacking = {"response": "utter_none", "text": "in its place", "buttons": [{"title": "A", "payload": "/a"}]}
    result = ActionResult(responses=[lacking, {"text": "x"}])
    events = await run(build, result)
    assert [e.text for e in events] == ["x"]
    assert "utter_none" in caplog.text


async def test_events_of_the_sdk_are_read(build) -> None:
    wires = [
        {"event": "reminder", "timestamp": None, "intent": "x", "entities": None, "date_time": "2030-01-01T00:00:00", "name": "n", "kill_on_user_msg": False},
        {"event": "followup", "timestamp": None, "name": "action_y"},
        {"event": "user", "timestamp": None, "text": "/hi", "parse_data": {"intent": {"name": "hi"}}, "input_channel": None},
        {"event": "handoff", "reason": "wish", "ticket": "T-1", "summary": "s", "timestamp": None},
        {"event": "something_new", "x": 1},
    ]  # fmt: skip
    events = await run(build, ActionResult(events=wires))
    kinds = [ReminderScheduled, FollowupAction, UserUttered, HandoffRequested, UnknownEvent]
    assert [type(e) for e in events] == kinds
    assert events[2].intent == "hi"
    assert events[3].ticket == "T-1"


async def test_a_list_slot_holds_a_list(build) -> None:
    domain = build.domain(build.slot("many", type="list"), build.slot("name"))
    wires = [
        {"event": "slot", "name": name, "value": value}
        for name, value in (("many", "x"), ("many", ["x"]), ("many", None), ("name", "x"))
    ]
    events = await run(build, ActionResult(events=wires), domain)
    assert [event.value for event in events] == [["x"], ["x"], None, "x"]


@pytest.mark.parametrize("error", [ActionError("no", where="actions/x.py:7"), ActionTimeout("late")])
async def test_a_failure_is_an_apology_an_event_and_the_end_of_the_turn(build, caplog, error) -> None:
    with caplog.at_level(logging.ERROR):
        said, kept, then = await run(build, error)
    assert said.text
    assert said.metadata == {"utter_action": "utter_action_failed"}
    assert kept.wire["event"] == "action_failed"
    assert kept.wire["name"] == "action_x"
    assert type(error).__name__ in kept.wire["reason"]
    assert then == FollowupAction("action_listen")
    assert "action_x" in caplog.text


async def test_the_apology_is_the_domains_own_where_it_has_one(build) -> None:
    domain = build.domain(build.slot("name"), responses={"utter_action_failed": "Oh dear, {action}."})
    said, _, _ = await run(build, ActionError("no"), domain)
    assert said.text == "Oh dear, action_x."


async def test_what_an_exception_says_is_not_kept_in_the_conversation(build) -> None:
    error = ActionError("raised OperationalError: password=hunter2")
    error.__cause__ = RuntimeError("password=hunter2")
    events = await run(build, error)
    assert "hunter2" not in str(events)
    assert events[1].wire["reason"] == "RuntimeError"


async def test_a_refusal_is_for_the_policies(build) -> None:
    with pytest.raises(ActionRejected):
        await run(build, ActionRejected("action_x"))


@pytest.mark.parametrize(
    "wire", [{"event": "slot", "timestamp": "noon"}, {"event": "entities", "entities": ["x"]}]
)
async def test_an_unreadable_event_is_a_failure(build, wire) -> None:
    events = await run(build, ActionResult(events=[wire]))
    assert events[1].wire["event"] == "action_failed"


def test_the_key_of_an_inner_call_is_stable_and_its_own(build) -> None:
    domain = build.domain()
    tracker = build.said(build.tracker(domain))
    turn = build.turn(tracker, domain, call=ActionCall(message_id="m1"))
    key = inner_call(turn, "f", "validate_f").idempotency_key
    assert key == inner_call(turn, "f", "validate_f").idempotency_key
    again = build.turn(tracker, domain, call=ActionCall(message_id="m1", nth=1))
    assert (
        len(
            {
                key,
                inner_call(turn, "f", "validate_f", 1).idempotency_key,
                inner_call(again, "f", "validate_f").idempotency_key,
            }
        )
        == 3
    )

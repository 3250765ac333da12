"""What counts of a conversation is what Rasa counts: form turns, reverts, restarts, sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.core import events as ev
from frontdesk.core.codec import from_wire
from frontdesk.core.domain import Domain
from frontdesk.core.slots import Slot
from frontdesk.core.states import RuleOnly, newest_seen, newest_views, seen
from frontdesk.core.tracker import UNSET, State, Tracker, apply, loop_name

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded_applied.json").read_text("utf-8"))
INITIAL = {"s": None}
DOMAIN = Domain(slots={"s": Slot("s", "text")})
LISTEN = ev.ActionExecuted("action_listen")


def user(intent: str = "x") -> ev.UserUttered:
    return ev.UserUttered("hi", parse_data={"intent": {"name": intent}})


def do(name: str, **more: Any) -> ev.ActionExecuted:
    return ev.ActionExecuted(name, **more)


@pytest.mark.parametrize("case", RECORDED["cases"])
def test_as_recorded_from_rasa(case: dict[str, Any]) -> None:
    events = [from_wire(wire) for wire in case["events"]]
    tracker = Tracker.start("x", INITIAL, events)
    assert [next(i for i, e in enumerate(events) if e is a) for a in tracker.applied_events()] == case[
        "applied"
    ]
    loop = tracker.active_loop
    assert tracker.slots["s"] == case["slot"]
    assert tracker.latest_action == case["action"]
    assert ([loop.name, loop.is_interrupted, loop.rejected] if loop else None) == case["loop"]
    assert tracker.state.followup_action == case["followup"]
    assert (tracker.latest_message.intent if tracker.latest_message else None) == case["intent"]


def applied(*events: ev.Event) -> list[ev.Event]:
    return Tracker.start("x", INITIAL, events).applied_events()


def test_happy_turns_of_a_form_do_not_count_but_their_slots_do() -> None:
    start = [LISTEN, user("start"), do("form"), ev.ActiveLoop("form")]
    inner = [LISTEN, user("inform"), ev.SlotSet("s", "v"), do("form")]
    assert applied(*start, *inner) == [*start, ev.SlotSet("s", "v")]


def test_a_question_in_between_counts() -> None:
    events = [
        LISTEN, user("start"), do("form"), ev.ActiveLoop("form"),
        LISTEN, user("ask"), ev.ActionExecutionRejected("form"), do("answer"), do("form"),
        LISTEN, user("inform"),
    ]  # fmt: skip
    assert applied(*events) == events


def test_a_form_that_was_left_starts_anew() -> None:
    events = [
        LISTEN,
        user(),
        do("form"),
        ev.ActiveLoop("form"),
        ev.ActiveLoop(None),
        LISTEN,
        user(),
        do("form"),
    ]
    assert applied(*events) == events


def test_inner_turns_before_the_first_activation_do_not_count_either() -> None:
    events = [LISTEN, user(), do("form"), LISTEN, user(), do("form"), ev.ActiveLoop("form")]
    assert applied(*events) == [*events[:3], ev.ActiveLoop("form")]


def test_reverting_a_message_takes_back_what_it_led_to() -> None:
    tracker = Tracker.start(
        "x", INITIAL, [LISTEN, user("one"), do("a"), LISTEN, user("two"), ev.SlotSet("s", "v"), do("b")]
    )
    back = tracker.append(ev.UserUtteranceReverted())
    assert back.applied_events() == [LISTEN, user("one"), do("a")]
    assert back.slots["s"] is None
    assert back.latest_message is not None
    assert back.latest_message.intent == "one"


def test_reverting_more_than_there_is_gives_a_fresh_conversation() -> None:
    tracker = Tracker.start(
        "x", INITIAL, [LISTEN, user(), *[ev.UserUtteranceReverted()] * 3, ev.ActionReverted()]
    )
    assert tracker.applied_events() == []
    assert tracker.state == State(slots=INITIAL)


@pytest.mark.parametrize(
    ("event", "followup"), [(ev.Restarted(), "action_session_start"), (ev.SessionStarted(), "action_listen")]
)
def test_a_restart_and_a_session_begin_from_nothing(event: ev.Event, followup: str) -> None:
    tracker = Tracker.start(
        "x", INITIAL, [LISTEN, user(), ev.SlotSet("s", "v"), ev.ActiveLoop("form"), event]
    )
    assert tracker.applied_events() == []
    assert tracker.slots["s"] is None
    assert tracker.active_loop is None
    assert tracker.state.followup_action == followup


def test_a_demand_for_no_form_is_no_form() -> None:
    tracker = Tracker.start("x", INITIAL, [ev.ActiveLoop(UNSET)])
    assert tracker.active_loop_name is None
    assert loop_name(tracker.state) is None


EVENTS = st.lists(
    st.sampled_from([
        LISTEN, user("a"), user("b"), do("form"), do("act"), do("act", hide_rule_turn=True), ev.ActiveLoop("form"),
        ev.ActiveLoop(None), ev.SlotSet("s", "v"), ev.SlotSet("s", None), ev.ActionExecutionRejected("form"),
        ev.ActionReverted(), ev.UserUtteranceReverted(), ev.FollowupAction("act"), ev.AllSlotsReset(),
    ]),
    max_size=25,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_each_applied_cell_knows_the_state_that_replaying_gives(events: list[ev.Event]) -> None:
    tracker = Tracker.start("x", INITIAL, events)
    state = State(slots=INITIAL)
    for event in tracker.applied_events():
        state = apply(state, event, INITIAL)
    if tracker.applied:
        assert tracker.applied.state == state


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_what_is_seen_is_the_same_whether_it_was_looked_at_before_or_not(events: list[ev.Event]) -> None:
    only = RuleOnly()
    watched = Tracker.start("x", INITIAL)
    for event in events:
        watched = watched.append(event)
        newest_seen(watched, DOMAIN, only)
        list(newest_views(watched, DOMAIN))
    fresh = Tracker.start("x", INITIAL, events)
    assert list(newest_views(watched, DOMAIN)) == list(newest_views(fresh, DOMAIN))
    moments = [(state, action is not None and action.hide_rule_turn) for state, _, action in fresh.prior()][
        ::-1
    ]
    chains = []
    for node in (
        newest_seen(watched, DOMAIN, only),
        newest_seen(fresh, DOMAIN, only),
        seen(moments, DOMAIN, only),
    ):
        chain = []
        while node is not None:
            chain.append(node.view)
            node = node.previous
        chains.append(chain)
    assert chains[0] == chains[1] == chains[2]

"""The tracker against a naive one, which replays everything from the start after each event."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core import events as ev
from frontdesk.core import tracker as module
from frontdesk.core.message import Entity
from frontdesk.core.tracker import LISTEN, SESSION_START, UNSET, Tracker

INITIAL = {"size": None, "color": "red"}


@dataclass
class Naive:
    """Keeps a list of events; whatever is asked is worked out from all of them, step by step as Rasa documents it."""

    events: list[ev.Event] = field(default_factory=list)
    slots: dict[str, Any] = field(default_factory=dict)
    message: ev.UserUttered | None = None
    said: ev.BotUttered | None = None
    action: str | None = None
    followup: str | None = LISTEN
    paused: bool = False
    loop: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.slots, self.message, self.said = dict(INITIAL), None, None
        self.action, self.followup, self.paused, self.loop = None, LISTEN, False, None

    def add(self, event: ev.Event) -> None:
        self.events.append(event)
        if isinstance(event, ev.ActionReverted | ev.UserUtteranceReverted):
            self.reset()
            for applied in self.applied():
                self.apply(applied)
        else:
            self.apply(event)

    def apply(self, event: ev.Event) -> None:
        match event:
            case ev.UserUttered():
                self.message, self.followup = event, None
            case ev.BotUttered():
                self.said = event
            case ev.SlotSet(name=name) if name in self.slots:
                self.slots[name] = event.value
            case ev.AllSlotsReset():
                self.slots = dict(INITIAL)
            case ev.Restarted():
                self.reset()
                self.followup = SESSION_START
            case ev.SessionStarted():
                self.reset()
            case ev.FollowupAction():
                self.followup = event.name
            case ev.ConversationPaused() | ev.ConversationResumed():
                self.paused = isinstance(event, ev.ConversationPaused)
            case ev.ActionExecuted():
                self.action, self.followup = event.name or event.action_text, None
                if self.loop and self.loop["name"] != UNSET:
                    self.loop["is_interrupted"] = False
                if self.loop and event.name == self.loop["name"]:
                    self.loop["rejected"] = False
            case ev.ActiveLoop():
                trigger = self.message.parse_data if self.message else None
                made = {
                    "name": event.name,
                    "is_interrupted": False,
                    "rejected": False,
                    "trigger_message": trigger,
                }
                self.loop = made if event.name else None
            case ev.LoopInterrupted() if self.loop:
                self.loop["is_interrupted"] = event.is_interrupted
            case ev.ActionExecutionRejected() if self.loop and event.name == self.loop["name"]:
                self.loop["rejected"] = True

    def applied(self) -> list[ev.Event]:
        loops = {e.name for e in self.events if isinstance(e, ev.ActiveLoop) and e.name}
        kept: list[ev.Event] = []
        for event in self.events:
            if isinstance(event, ev.Restarted | ev.SessionStarted):
                kept = []
            elif isinstance(event, ev.ActionReverted):
                undo(kept, ev.ActionExecuted)
            elif isinstance(event, ev.UserUtteranceReverted):
                undo(kept, ev.UserUttered)
                undo(kept, ev.ActionExecuted)
            elif isinstance(event, ev.ActionExecuted) and event.name in loops and inner(kept, event.name):
                last = max(
                    n for n, e in enumerate(kept) if isinstance(e, ev.ActionExecuted) and e.name == event.name
                )
                turn = ev.ActionExecuted | ev.UserUttered | ev.UserFeaturized
                kept = kept[: last + 1] + [e for e in kept[last + 1 :] if not isinstance(e, turn)]
            else:
                kept.append(event)
        return kept


def undo(kept: list[ev.Event], kind: type[ev.Event]) -> None:
    while kept and not isinstance(kept.pop(), kind):
        pass


def inner(kept: Sequence[ev.Event], loop: str | None) -> bool:
    after: str | None = None
    for event in reversed(kept):
        if isinstance(event, ev.ActiveLoop) and event.name is None:
            return False
        if isinstance(event, ev.ActionExecutionRejected) and event.name == loop:
            return False
        if isinstance(event, ev.UserUttered) and after is not None and after != loop:
            return False
        if isinstance(event, ev.ActionExecuted):
            if event.name == loop:
                return True
            after = event.name
    return False


actions = st.sampled_from([LISTEN, "utter_a", "form_a", "form_b"]).map(ev.ActionExecuted)
loops = st.sampled_from(["form_a", "form_b"])
plain = [
    st.integers(0, 3).map(lambda n: ev.UserUttered(f"said {n}", {"intent": {"name": f"i{n}"}})),
    st.integers(0, 3).map(lambda n: ev.BotUttered(f"told {n}")),
    st.builds(ev.SlotSet, st.sampled_from([*INITIAL, "nowhere"]), st.sampled_from([None, "XL", 1, [2]])),
    actions,
    actions,
    actions,
    (loops | st.none()).map(ev.ActiveLoop),
    loops.map(ev.ActionExecutionRejected),
    st.booleans().map(ev.LoopInterrupted),
    st.sampled_from(["utter_a", "form_a"]).map(ev.FollowupAction),
    st.sampled_from(
        [
            ev.AllSlotsReset(),
            ev.ConversationPaused(),
            ev.ConversationResumed(),
            ev.UnknownEvent({"event": "x"}),
        ]
    ),
]
rare = st.sampled_from([ev.Restarted(), ev.SessionStarted()])
reverts = st.sampled_from([ev.ActionReverted(), ev.UserUtteranceReverted()])
histories = st.lists(st.one_of(*plain, *plain, reverts, reverts, rare), max_size=40)


def same(tracker: Tracker, naive: Naive) -> None:
    state = tracker.state
    assert dict(tracker.slots) == naive.slots
    assert (state.latest_message, state.latest_bot) == (naive.message, naive.said)
    assert (state.latest_action, state.followup_action, state.paused) == (
        naive.action,
        naive.followup,
        naive.paused,
    )
    loop = state.active_loop
    told = loop and {
        "name": loop.name,
        "is_interrupted": loop.is_interrupted,
        "rejected": loop.rejected,
        "trigger_message": loop.trigger_message,
    }
    assert told == naive.loop
    assert tracker.applied_events() == naive.applied()
    assert tracker.events() == naive.events


@given(histories)
def test_any_history_gives_what_replaying_it_gives(history: list[ev.Event]) -> None:
    tracker, naive = Tracker.start("ann", INITIAL), Naive()
    for event in history:
        tracker = tracker.append(event)
        naive.add(event)
        same(tracker, naive)


@given(histories)
def test_every_cell_of_the_applied_history_knows_the_state_after_it(history: list[ev.Event]) -> None:
    tracker = Tracker.start("ann", INITIAL, history)
    naive = Naive()
    for event in tracker.applied_events():
        naive.apply(event)
    if tracker.applied is not None:
        assert dict(tracker.applied.state.slots) == naive.slots
        assert tracker.applied.state.latest_action == naive.action
        assert tracker.applied.state.latest_message == naive.message


@given(histories, st.integers(0, 45))
def test_parts_of_a_history(history: list[ev.Event], length: int) -> None:
    tracker = Tracker.start("ann", INITIAL, history)
    assert tracker.since(length) == history[length:]
    assert list(tracker.newest_first()) == history[::-1]
    restarts = [n for n, event in enumerate(history) if isinstance(event, ev.Restarted)]
    assert tracker.events_after_restart() == history[restarts[-1] + 1 if restarts else 0 :]
    assert len(tracker) == len(history)


@given(histories, st.sampled_from(["utter_a", "form_a"]), st.integers(0, 2))
def test_the_last_actions(history: list[ev.Event], name: str, skip: int) -> None:
    tracker = Tracker.start("ann", INITIAL, history)
    ran = [e.name for e in tracker.applied_events() if isinstance(e, ev.ActionExecuted) and e.name != LISTEN]
    assert tracker.last_executed(name, skip) == (len(ran) > skip and ran[-1 - skip] == name)
    before = [action for _, _, action in tracker.prior()]
    expected = [e for e in tracker.applied_events() if isinstance(e, ev.ActionExecuted)]
    assert before == [None, *expected[::-1]]


def test_appending_leaves_the_tracker_before_as_it_was() -> None:
    first = Tracker.start("ann", INITIAL, [ev.UserUttered("hi")], offset=7)
    one, other = first.append(ev.SlotSet("size", 1)), first.append(ev.Restarted())
    assert (first.slots["size"], one.slots["size"], other.slots["size"]) == (None, 1, None)
    assert (len(first), len(one), len(other)) == (1, 2, 2)
    assert one.offset == other.offset == 7
    assert one.sender_id == "ann"
    assert first.latest_message == ev.UserUttered("hi")
    assert other.latest_message is None


def test_since_more_than_there_is() -> None:
    assert Tracker.start("ann", {}, [ev.Restarted()]).since(5) == []


def test_the_channel_of_the_last_message() -> None:
    said = ev.UserUttered("hi", input_channel="rest")
    assert Tracker.start("ann", {}, [said, ev.UserUtteranceReverted()]).latest_channel == "rest"
    assert Tracker.start("ann", {}).latest_channel is None


def test_entities_and_featurization_of_a_policy_count_only_right_after_the_user_spoke() -> None:
    size, color = Entity("size", "XL"), Entity("color", "red")
    heard = [ev.ActionExecuted(LISTEN), ev.UserUttered("XL", entities=(size,))]
    tracker = Tracker.start("ann", {}, [*heard, ev.EntitiesAdded((size, color)), ev.UserFeaturized(True)])
    assert tracker.latest_message is not None
    assert tracker.latest_message.entities == (size, color)
    assert tracker.latest_message.use_text_for_featurization is True
    late = Tracker.start("ann", {}, [*heard, ev.ActionExecuted("utter_a"), ev.EntitiesAdded((color,))])
    assert late.latest_message is not None
    assert late.latest_message.entities == (size,)


def test_a_loop_that_must_not_be_active_has_no_name() -> None:
    tracker = Tracker.start("ann", {}, [ev.ActiveLoop(UNSET)])
    assert tracker.active_loop is not None
    assert tracker.active_loop_name is None


TURN = [
    ev.UserUttered("hi", {"intent": {"name": "greet"}}),
    ev.UserFeaturized(False),
    ev.SlotSet("size", "XL"),
    ev.ActionExecuted("utter_a"),
    ev.BotUttered("hello"),
    ev.ActionExecuted(LISTEN),
]


def long_conversation(length: int) -> Iterator[ev.Event]:
    for number in range(length):
        yield TURN[number % len(TURN)]


@pytest.mark.parametrize(
    "event", [*TURN, ev.UserUtteranceReverted(), ev.ActionReverted(), ev.FollowupAction("utter_a")]
)
def test_an_event_costs_the_same_after_ten_and_after_twenty_thousand(event: ev.Event) -> None:
    work = []
    for length in (12, 20_004):
        tracker = Tracker.start("ann", INITIAL, long_conversation(length))
        work.append(lines_run(tracker, event))
    assert work[0] == work[1]


def test_a_turn_of_a_form_costs_the_same_after_many() -> None:
    turn = [
        ev.UserUttered("x"),
        ev.ActionExecuted("form_a"),
        ev.SlotSet("size", 1),
        ev.ActionExecuted(LISTEN),
    ]
    work = []
    for rounds in (3, 3_000):
        tracker = Tracker.start("ann", INITIAL, [ev.ActionExecuted("form_a"), ev.ActiveLoop("form_a")])
        for number in range(rounds):
            # what was asked in between ends in a slot of its own, which a form keeps; nothing else may add up
            tracker = tracker.extend(
                event for event in turn if number == 0 or not isinstance(event, ev.SlotSet)
            )
        work.append(sum(lines_run(tracker.extend(turn[:n]), event) for n, event in enumerate(turn)))
    assert work[0] == work[1]


def lines_run(tracker: Tracker, event: ev.Event) -> int:
    """Return how many lines of the tracker's module an append executes."""
    count = 0

    def trace(frame: Any, kind: str, _: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename != module.__file__:
            return None
        count += kind == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        tracker.append(event)
    finally:
        sys.settrace(before)
    return count


def test_a_very_long_conversation_can_be_let_go_of() -> None:
    tracker: Tracker | None = Tracker.start("ann", INITIAL, long_conversation(50_000))
    assert tracker is not None
    assert len(tracker) == 50_000
    tracker = None
    gc.collect()

"""A conversation: its events, and the state that follows from them.

A `Tracker` is an immutable node (parent, event, state), so appending or undoing costs the same at event 10 and at event
20,000. Two folds run side by side, as in Rasa:

- the *live* state is what every event does to the state before it;
- the *applied* history leaves out what was reverted, restarted or is an inner turn of a form, and is what policies
  learn from and look at. Each of its cells knows the state that replaying up to it gives, so a revert is a step back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from frontdesk.core import events as ev

LISTEN = "action_listen"
SESSION_START = "action_session_start"
UNSET = "should_not_be_set"
"""Value of a slot, or name of a loop, in a rule that demands emptiness."""


@dataclass(frozen=True, slots=True)
class Loop:
    """The active form; `trigger_message` is the parse data of the message that started it."""

    name: str
    is_interrupted: bool = False
    rejected: bool = False
    trigger_message: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What is known at one point of a conversation."""

    slots: Mapping[str, Any] = field(default_factory=dict)
    filled: frozenset[str] = frozenset()
    latest_message: ev.UserUttered | None = None
    latest_bot: ev.BotUttered | None = None
    latest_action: str | None = None
    latest_action_text: str | None = None
    followup_action: str | None = LISTEN
    paused: bool = False
    active_loop: Loop | None = None


def apply(state: State, event: ev.Event, initial: Mapping[str, Any]) -> State:
    """Return the state after an event; reverts and restarts are the tracker's own affair."""
    if isinstance(event, ev.UserUttered):
        return dataclasses.replace(state, latest_message=event, followup_action=None)
    if isinstance(event, ev.BotUttered):
        return dataclasses.replace(state, latest_bot=event)
    if isinstance(event, ev.SlotSet):
        if event.name not in initial:
            return state
        slots = {**state.slots, event.name: event.value}
        return dataclasses.replace(state, slots=slots, filled=state.filled | {event.name})
    if isinstance(event, ev.ActionExecuted):
        return _after_action(state, event)
    if isinstance(event, ev.ActiveLoop):
        trigger = state.latest_message.parse_data if state.latest_message else None
        loop = Loop(event.name, trigger_message=trigger) if event.name else None
        return dataclasses.replace(state, active_loop=loop)
    return _after_rare(state, event, initial)


def _after_action(state: State, event: ev.ActionExecuted) -> State:
    loop = state.active_loop
    if loop is not None:
        rejected = loop.rejected and event.name != loop.name
        loop = dataclasses.replace(loop, is_interrupted=False, rejected=rejected)
    return dataclasses.replace(
        state,
        latest_action=event.name or event.action_text,
        latest_action_text=event.action_text if not event.name else None,
        followup_action=None,
        active_loop=loop,
    )


def _after_rare(state: State, event: ev.Event, initial: Mapping[str, Any]) -> State:
    message, loop = state.latest_message, state.active_loop
    if isinstance(event, ev.FollowupAction):
        return dataclasses.replace(state, followup_action=event.name)
    if isinstance(event, ev.AllSlotsReset):
        return dataclasses.replace(state, slots=initial, filled=frozenset())
    if isinstance(event, ev.LoopInterrupted) and loop:
        return dataclasses.replace(
            state, active_loop=dataclasses.replace(loop, is_interrupted=event.is_interrupted)
        )
    if isinstance(event, ev.ActionExecutionRejected) and loop and loop.name == event.name:
        return dataclasses.replace(state, active_loop=dataclasses.replace(loop, rejected=True))
    if isinstance(event, ev.ConversationPaused | ev.ConversationResumed):
        return dataclasses.replace(state, paused=isinstance(event, ev.ConversationPaused))
    if state.latest_action == LISTEN and message is not None:
        if isinstance(event, ev.EntitiesAdded):
            new = tuple(e for e in event.entities if e not in message.entities)
            message = dataclasses.replace(message, entities=message.entities + new)
            return dataclasses.replace(state, latest_message=message)
        if isinstance(event, ev.UserFeaturized):
            use_text = event.use_text_for_featurization
            message = dataclasses.replace(message, use_text_for_featurization=use_text)
            return dataclasses.replace(state, latest_message=message)
    return state


class Applied:
    """A cell of the applied history: an event, the cell before it, and the state after it."""

    __slots__ = ("cache", "event", "previous", "state", "story")

    def __init__(self, previous: Applied | None, event: ev.Event, state: State) -> None:
        self.previous = previous
        self.event = event
        self.state = state
        self.cache: Any = None
        """Room for one derived value (the featurized state), since cells are shared by all later trackers."""
        self.story: Any = None
        """Room for what policies that learn from stories have seen before this cell (see `core.states`)."""

    def back(self) -> Iterator[Applied]:
        """Yield this cell and all before it, newest first."""
        cell: Applied | None = self
        while cell is not None:
            yield cell
            cell = cell.previous


class Tracker:
    """A conversation up to one event.

    >>> tracker = Tracker.start("ann", {"size": None}).append(ev.SlotSet("size", "XL"))
    >>> tracker.slots["size"], len(tracker)
    ('XL', 1)

    `initial` holds the slots that exist, with their initial values; a `SlotSet` of any other slot changes nothing.
    `offset` counts stored events that were not loaded, because they belong to earlier sessions.
    """

    __slots__ = ("applied", "event", "initial", "length", "loops", "offset", "parent", "sender_id", "state")

    def __init__(self, sender_id: str, initial: Mapping[str, Any], offset: int = 0) -> None:
        self.sender_id = sender_id
        self.initial = initial
        self.offset = offset
        self.parent: Tracker | None = None
        self.event: ev.Event | None = None
        self.length = 0
        self.loops: frozenset[str] = frozenset()
        self.state = State(slots=initial)
        self.applied: Applied | None = None

    @classmethod
    def start(
        cls, sender_id: str, initial: Mapping[str, Any], events: Iterable[ev.Event] = (), *, offset: int = 0
    ) -> Tracker:
        """Return a tracker with these events."""
        return cls(sender_id, initial, offset).extend(events)

    def append(self, event: ev.Event) -> Tracker:
        """Return the conversation with one more event."""
        node = Tracker.__new__(Tracker)
        node.sender_id, node.initial, node.offset = self.sender_id, self.initial, self.offset
        node.parent, node.event, node.length = self, event, self.length + 1
        node.loops = self.loops
        if isinstance(event, ev.ActiveLoop) and event.name:
            node.loops = self.loops | {event.name}
        node.applied, node.state = self._fold(event)
        if isinstance(event, ev.ActiveLoop) and node.loops != self.loops and self._ran_before(event.name):
            # as in Rasa, inner turns of a form count as such also before it was first activated
            node.applied = self._replayed(node.loops, event)
        return node

    def extend(self, events: Iterable[ev.Event]) -> Tracker:
        """Return the conversation with more events."""
        tracker = self
        for event in events:
            tracker = tracker.append(event)
        return tracker

    def _fold(self, event: ev.Event) -> tuple[Applied | None, State]:
        fresh = State(slots=self.initial)
        if isinstance(event, ev.Restarted):
            return None, dataclasses.replace(fresh, followup_action=SESSION_START)
        if isinstance(event, ev.SessionStarted):
            return None, fresh
        if isinstance(event, ev.ActionReverted | ev.UserUtteranceReverted):
            cell = self.applied
            if isinstance(event, ev.UserUtteranceReverted):
                cell = _before(cell, ev.UserUttered)
            cell = _before(cell, ev.ActionExecuted)
            return cell, cell.state if cell else fresh
        live = apply(self.state, event, self.initial)
        if isinstance(event, ev.ActionExecuted) and event.name in self.loops and self._goes_on(event.name):
            return self._without_inner_turn(event.name), live
        before = self.applied.state if self.applied else fresh
        # Most of the time nothing was left out yet, and what counts is what happened.
        after = live if before is self.state else apply(before, event, self.initial)
        return Applied(self.applied, event, after), live

    def _ran_before(self, loop: str | None) -> bool:
        runs = 0
        for event in self.newest_first():
            if isinstance(event, ev.Restarted | ev.SessionStarted):
                break
            runs += isinstance(event, ev.ActionExecuted) and event.name == loop
        return runs > 1

    def _replayed(self, loops: frozenset[str], event: ev.Event) -> Applied | None:
        again = Tracker(self.sender_id, self.initial)
        again.loops = loops
        return again.extend([*self.events(), event]).applied

    def _goes_on(self, loop: str | None) -> bool:
        """Tell whether the loop ran before in this stretch and was not left for an unhappy path."""
        later: str | None = None
        for cell in self.applied.back() if self.applied else ():
            event = cell.event
            if isinstance(event, ev.ActiveLoop) and event.name is None:
                return False
            if isinstance(event, ev.ActionExecutionRejected) and event.name == loop:
                return False
            if isinstance(event, ev.UserUttered) and later is not None and later != loop:
                return False
            if isinstance(event, ev.ActionExecuted):
                if event.name == loop:
                    return True
                later = event.name
        return False

    def _without_inner_turn(self, loop: str | None) -> Applied | None:
        kept: list[ev.Event] = []
        cell = self.applied
        for cell in self.applied.back() if self.applied else ():
            if isinstance(cell.event, ev.ActionExecuted) and cell.event.name == loop:
                break
            if not isinstance(cell.event, ev.ActionExecuted | ev.UserUttered | ev.UserFeaturized):
                kept.append(cell.event)
        for event in reversed(kept):
            before = cell.state if cell else State(slots=self.initial)
            cell = Applied(cell, event, apply(before, event, self.initial))
        return cell

    # What a reader asks of a conversation.

    def __len__(self) -> int:
        return self.length

    def __repr__(self) -> str:
        return f"Tracker({self.sender_id!r}, {self.length} events)"

    @property
    def slots(self) -> Mapping[str, Any]:
        """The value of every slot."""
        return self.state.slots

    @property
    def latest_message(self) -> ev.UserUttered | None:
        """The last thing the user said."""
        return self.state.latest_message

    @property
    def active_loop(self) -> Loop | None:
        """The form that is being filled."""
        return self.state.active_loop

    @property
    def active_loop_name(self) -> str | None:
        """The name of the form that is being filled."""
        return loop_name(self.state)

    @property
    def latest_action(self) -> str | None:
        """The name of the last action, or the text of an end-to-end one."""
        return self.state.latest_action

    @property
    def latest_channel(self) -> str | None:
        """The channel of the last user message."""
        for event in self.newest_first():
            if isinstance(event, ev.UserUttered):
                return event.input_channel
        return None

    def newest_first(self) -> Iterator[ev.Event]:
        """Yield all events, the last one first."""
        node: Tracker | None = self
        while node is not None and node.event is not None:
            yield node.event
            node = node.parent

    def events(self) -> list[ev.Event]:
        """Return all events in order."""
        return list(self.newest_first())[::-1]

    def since(self, length: int) -> list[ev.Event]:
        """Return the events after the first `length` ones."""
        return list(islice(self.newest_first(), max(0, self.length - length)))[::-1]

    def applied_events(self) -> list[ev.Event]:
        """Return the events that count: not reverted, not before a restart, no inner turns of a form."""
        return [cell.event for cell in self.applied.back()][::-1] if self.applied else []

    def events_after_restart(self) -> list[ev.Event]:
        """Return the events since the last restart."""
        found: list[ev.Event] = []
        for event in self.newest_first():
            if isinstance(event, ev.Restarted):
                break
            found.append(event)
        return found[::-1]

    def prior(self) -> Iterator[tuple[State, Applied | None, ev.ActionExecuted | None]]:
        """Yield the state now (with None), then the state before each applied action, newest first."""
        fresh = State(slots=self.initial)
        yield (self.applied.state if self.applied else fresh), self.applied, None
        for cell in self.applied.back() if self.applied else ():
            if isinstance(cell.event, ev.ActionExecuted):
                before = cell.previous
                yield (before.state if before else fresh), before, cell.event

    def last_executed(self, name: str, skip: int = 0) -> bool:
        """Tell whether the last applied action but `action_listen` (and but `skip` more) had this name."""
        for cell in self.applied.back() if self.applied else ():
            if isinstance(cell.event, ev.ActionExecuted) and cell.event.name != LISTEN:
                if skip == 0:
                    return cell.event.name == name
                skip -= 1
        return False


def loop_name(state: State) -> str | None:
    """Return the name of the active form; a rule that demands that there is none counts as none."""
    loop = state.active_loop
    return loop.name if loop is not None and loop.name != UNSET else None


def _before(cell: Applied | None, kind: type[ev.Event]) -> Applied | None:
    """Return the cell before the last event of a kind, or None where there is none."""
    while cell is not None and not isinstance(cell.event, kind):
        cell = cell.previous
    return cell.previous if cell is not None else None

"""Stories and rules as pieces: stretches of events between checkpoints.

A story is cut at its checkpoints and after each `or`; every alternative of an `or` is a piece of its own. What the
files leave out is written in: `action_listen` before a user speaks and at an end, and the slots that entities fill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from frontdesk.core import events as ev
from frontdesk.core import training as tr
from frontdesk.core.domain import Domain
from frontdesk.core.message import Entity
from frontdesk.core.slots import Slot
from frontdesk.core.tracker import LISTEN, UNSET

ELLIPSIS = "..."
"""The action that stands for "anything" in a rule."""
START = "STORY_START"
PLACE = "place"
"""The key in the metadata of an action or a user message under which the place of its step stands."""

Warn = Callable[[str], None]

_EVENT_NAMES: Mapping[str, type[ev.Event]] = {
    "restart": ev.Restarted,
    "rewind": ev.UserUtteranceReverted,
    "undo": ev.ActionReverted,
    "reset_slots": ev.AllSlotsReset,
    "pause": ev.ConversationPaused,
    "resume": ev.ConversationResumed,
    "session_started": ev.SessionStarted,
}
"""Steps that are written like actions and mean events, as in Rasa's stories."""

_FILLED: Mapping[str, Any] = {"text": "filled", "list": ["filled"]}
"""What a slot that is named without a value holds; only these types look the same for any value."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A checkpoint where a piece begins, and the values that slots must have there."""

    name: str
    conditions: tuple[tr.SlotStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a story. `first` is the action that nothing precedes, so that nobody can predict it."""

    name: str
    place: tr.Place | None
    starts: tuple[Gate, ...]
    events: tuple[ev.Event, ...]
    ends: tuple[str, ...]
    first: ev.ActionExecuted | None
    is_rule: bool


def cut(part: tr.Story | tr.Rule, domain: Domain, number: int, warn: Warn) -> list[Piece]:
    """Return the pieces of a story or rule; `number` tells apart those of the same name."""
    cutter = _Cutter(part, domain, number, warn)
    for event in cutter.frame_before():
        cutter.add(event)
    for step in part.steps:
        cutter.step(step)
    for event in cutter.frame_after():
        cutter.add(event)
    cutter.close(())
    return cutter.pieces


@dataclass
class _Cutter:
    part: tr.Story | tr.Rule
    domain: Domain
    number: int
    warn: Warn
    pieces: list[Piece] = field(default_factory=list)
    starts: list[Gate] = field(default_factory=list)
    events: list[ev.Event] = field(default_factory=list)
    forks: int = 0

    @property
    def is_rule(self) -> bool:
        return isinstance(self.part, tr.Rule)

    def frame_before(self) -> Iterator[ev.Event]:
        """Yield what stands before the first step of a rule: conditions, and "anything may have happened"."""
        if isinstance(self.part, tr.Rule):
            for condition in self.part.conditions:
                yield self.fact(condition)
            if not self.part.conversation_start:
                yield ev.ActionExecuted(ELLIPSIS)

    def frame_after(self) -> Iterator[ev.Event]:
        """Yield what stands after the last step of a rule that does not say what comes then."""
        if isinstance(self.part, tr.Rule) and not self.part.wait_for_user_input:
            yield ev.ActionExecuted(ELLIPSIS)

    def add(self, event: ev.Event) -> None:
        self.events.append(event)

    def step(self, step: tr.Step) -> None:
        if isinstance(step, tr.UserStep):
            self.add(_user(step))
        elif isinstance(step, tr.ActionStep):
            kind = _EVENT_NAMES.get(step.name or "")
            at = {PLACE: step.place} if step.place else {}
            self.add(kind() if kind else ev.ActionExecuted(step.name, action_text=step.text, metadata=at))
        elif isinstance(step, tr.EllipsisStep):
            if self.is_rule:
                self.add(ev.ActionExecuted(ELLIPSIS))
        elif isinstance(step, tr.SlotStep | tr.LoopStep):
            self.add(self.fact(step))
        elif isinstance(step, tr.CheckpointStep):
            self.checkpoint(step)
        else:
            self.fork([_user(o) if isinstance(o, tr.UserStep) else self.fact(o) for o in step.options])

    def fact(self, step: tr.SlotStep | tr.LoopStep) -> ev.Event:
        """Return the event of a slot or loop step; in a rule, emptiness is demanded rather than just there."""
        if isinstance(step, tr.LoopStep):
            return ev.ActiveLoop(UNSET if self.is_rule and step.name is None else step.name)
        value = step.value if step.has_value else self.any_value(step)
        return ev.SlotSet(step.name, UNSET if self.is_rule and value is None else value)

    def any_value(self, step: tr.SlotStep) -> Any:
        slot = self.domain.slots.get(step.name, Slot(step.name))
        if slot.influence_conversation and slot.type in ("bool", "float", "categorical"):
            where = step.place or self.part.place or self.part.name
            self.warn(
                f"{where}: the {slot.type} slot '{step.name}' is named without a value, which counts as empty. "
                "Write the value that it must have."
            )
            return None
        return _FILLED.get(slot.type, True if "." in slot.type else None)

    def checkpoint(self, step: tr.CheckpointStep) -> None:
        if not self.pieces and not self.events:
            self.starts.append(Gate(step.name, step.slots))
            return
        if step.slots:
            where = step.place or self.part.place or self.part.name
            self.warn(f"{where}: slots are looked at only where a checkpoint begins a story; ignored here.")
        if self.events:
            self.close((step.name,))
        else:
            self.also_ends_at(step.name)
        self.starts.append(Gate(step.name))

    def also_ends_at(self, name: str) -> None:
        """Let the last pieces end at one more checkpoint: two of them stand in a row."""
        here = {gate.name for gate in self.starts}
        for at, piece in enumerate(self.pieces):
            if here.intersection(piece.ends) and name not in piece.ends:
                self.pieces[at] = replace(piece, ends=(*piece.ends, name))

    def fork(self, options: Sequence[ev.Event]) -> None:
        if len(options) < 2:
            self.events += options
            return
        self.forks += 1
        meeting = f"or {self.number}.{self.forks}"
        starts, events = list(self.starts), list(self.events)
        for option in options:
            self.starts, self.events = list(starts), [*events, option]
            self.close((meeting,))
        self.starts = [Gate(meeting)]

    def close(self, ends: tuple[str, ...]) -> None:
        """End a piece here; the next one begins where it ends."""
        if self.events:
            starts = tuple(self.starts) or (Gate(START),)
            explicit = tuple(self.explicit(listen_at_end=not ends))
            first = self.unpredictable() if starts[0].name == START else None
            part = self.part
            self.pieces.append(Piece(part.name, part.place, starts, explicit, ends, first, self.is_rule))
        self.starts, self.events = [], []

    def unpredictable(self) -> ev.ActionExecuted | None:
        for event in self.events:
            if isinstance(event, ev.UserUttered):
                return None
            if isinstance(event, ev.ActionExecuted):
                return event
        return None

    def explicit(self, *, listen_at_end: bool) -> Iterator[ev.Event]:
        """Yield the events with those that the files leave out."""
        listening = False
        for event in self.events:
            if isinstance(event, ev.UserUttered):
                if not listening:
                    yield ev.ActionExecuted(LISTEN)
                yield event
                yield from slots_of(event.entities, self.domain)
                listening = False
            else:
                yield event
                listening = isinstance(event, ev.ActionExecuted) and event.name == LISTEN
        if listen_at_end and not listening:
            yield ev.ActionExecuted(LISTEN)


def _user(step: tr.UserStep) -> ev.UserUttered:
    intent = {"name": step.intent.split("/")[0], "confidence": 1.0} if step.intent else {"name": None}
    at = {PLACE: step.place} if step.place else {}
    parsed = {"text": step.text, "intent": intent}
    return ev.UserUttered(step.text, parse_data=parsed, entities=step.entities, metadata=at)


def slots_of(entities: Sequence[Entity], domain: Domain) -> Iterator[ev.SlotSet]:
    """Yield the slots that entities fill wherever they are said (mappings for one form only are left out)."""
    if not domain.store_entities_as_slots or not entities:
        return
    for slot in domain.slots.values():
        found: list[Any] = []
        for mapping in slot.mappings:
            if mapping.type != "from_entity":
                continue
            if mapping.conditions and mapping.conditions[0].get("active_loop") is not None:
                continue
            wanted = tuple(mapping.options.get(key) for key in ("entity", "role", "group"))
            found += [
                "" if e.value is None else e.value for e in entities if (e.entity, e.role, e.group) == wanted
            ]
        if found:
            yield ev.SlotSet(slot.name, found if slot.type == "list" else found[-1])

"""Translate between Rasa's wire form and the frozen values of `core`.

`to_wire` and `from_wire` of events are inverse to each other; an event of an unknown kind, and unknown keys
of a known kind, are kept word for word.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from frontdesk.core import events as ev
from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.tracker import Loop, Tracker

EVENT_TYPES: dict[str, type[ev.Event]] = {
    cls.type_name: cls
    for cls in (
        ev.UserUttered, ev.UserFeaturized, ev.EntitiesAdded, ev.BotUttered, ev.SlotSet, ev.Restarted,
        ev.UserUtteranceReverted, ev.AllSlotsReset, ev.ReminderScheduled, ev.ReminderCancelled, ev.ActionReverted,
        ev.StoryExported, ev.FollowupAction, ev.ConversationPaused, ev.ConversationResumed, ev.ActionExecuted,
        ev.AgentUttered, ev.ActiveLoop, ev.LoopInterrupted, ev.ActionExecutionRejected, ev.SessionStarted,
        ev.HandoffRequested,
    )
}  # fmt: skip

_COMMON = frozenset(
    {"timestamp", "metadata", "extra"}
)  # fields of every event, which are not keys of its own


def entity_to_wire(entity: Entity) -> dict[str, Any]:
    """Return an entity as Rasa writes it: optional keys only where they say something."""
    wire: dict[str, Any] = {"entity": entity.entity}
    if entity.start is not None:
        wire["start"] = entity.start
    if entity.end is not None:
        wire["end"] = entity.end
    if entity.confidence is not None:
        wire["confidence_entity"] = entity.confidence
    if entity.role is not None:
        wire["role"] = entity.role
    if entity.group is not None:
        wire["group"] = entity.group
    wire["value"] = entity.value
    if entity.extractor is not None:
        wire["extractor"] = entity.extractor
    if entity.processors:
        wire["processors"] = list(entity.processors)
    return {**wire, **entity.extra}


_ENTITY_KEYS = frozenset(
    {"entity", "value", "start", "end", "role", "group", "confidence_entity", "extractor", "processors"}
)


def entity_from_wire(wire: Mapping[str, Any]) -> Entity:
    """Read an entity from Rasa's wire form."""
    return Entity(
        entity=str(wire.get("entity", "")),
        value=wire.get("value"),
        start=wire.get("start"),
        end=wire.get("end"),
        role=wire.get("role"),
        group=wire.get("group"),
        confidence=wire.get("confidence_entity"),
        extractor=wire.get("extractor"),
        processors=tuple(wire.get("processors") or ()),
        extra={k: v for k, v in wire.items() if k not in _ENTITY_KEYS},
    )


def score_to_wire(score: IntentScore | None) -> dict[str, Any]:
    """Return an intent as Rasa writes it."""
    if score is None:
        return {"name": None, "confidence": 0.0}
    return {"name": score.name, "confidence": score.confidence}


def message_to_wire(message: Message) -> dict[str, Any]:
    """Return what was understood of a message as Rasa's `/model/parse` answers it (plus `sentiment`)."""
    wire: dict[str, Any] = {
        "text": message.text,
        "intent": score_to_wire(message.intent),
        "entities": [entity_to_wire(e) for e in message.entities],
        "text_tokens": [[t.start, t.end] for t in message.tokens],
        "intent_ranking": [score_to_wire(s) for s in message.ranking],
    }
    if message.sentiment is not None:
        wire["sentiment"] = score_to_wire(message.sentiment)
    found = {**wire, **message.extra}
    topic = _topic(message)
    return found if topic is None else {**found, "intent": {**found["intent"], FULL_RETRIEVAL_INTENT: topic}}


FULL_RETRIEVAL_INTENT = "full_retrieval_intent_name"


def _topic(message: Message) -> str | None:
    """Return the whole name of a retrieval intent (`faq/hours`), where a response selector found its topic."""
    selectors = message.extra.get("response_selector")
    if message.intent is None or not isinstance(selectors, Mapping):
        return None
    if message.intent.name not in (selectors.get("all_retrieval_intents") or ()):
        return None
    chosen = selectors.get(message.intent.name)
    response = chosen.get("response") if isinstance(chosen, Mapping) else None
    key = response.get("intent_response_key") if isinstance(response, Mapping) else None
    return str(key) if key else None


def to_wire(event: ev.Event) -> dict[str, Any]:
    """Return an event as a JSON-ready dict in Rasa's form."""
    if isinstance(event, ev.UnknownEvent):
        return {**event.wire, "timestamp": event.wire.get("timestamp") or event.timestamp or None}
    wire: dict[str, Any] = {"event": event.type_name, "timestamp": event.timestamp or None}
    if event.metadata or isinstance(event, ev.UserUttered | ev.BotUttered):
        wire["metadata"] = dict(event.metadata)
    if isinstance(event, ev.UserUttered):
        wire.update(
            text=event.text,
            parse_data={**_parsed(event), "entities": [entity_to_wire(e) for e in event.entities]},
            input_channel=event.input_channel,
            message_id=event.message_id,
        )
    elif isinstance(event, ev.EntitiesAdded):
        wire["entities"] = [entity_to_wire(e) for e in event.entities]
    else:
        for name in _own_keys(type(event)):
            value = getattr(event, name)
            wire[name] = dict(value) if isinstance(value, Mapping) else value
    # What is known wins: nothing unknown may turn an event into another one.
    return {**(event.extra or {}), **wire}


def _parsed(event: ev.UserUttered) -> dict[str, Any]:
    """Return what was understood, with the keys that it always has in Rasa."""
    always = {
        "intent": {},
        "text": event.text,
        "message_id": event.message_id,
        "metadata": dict(event.metadata),
    }
    return {**always, **event.parse_data}


def _own_keys(cls: type[ev.Event]) -> list[str]:
    return [item.name for item in dataclasses.fields(cls) if item.name not in _COMMON]


def from_wire(wire: Mapping[str, Any]) -> ev.Event:
    """Read an event from Rasa's wire form; a kind that is not known becomes an UnknownEvent.

    Raises ValueError, TypeError or AttributeError where an event of a known kind is not of its shape.
    """
    kind = wire.get("event")
    cls = _OLD_NAMES.get(str(kind)) or EVENT_TYPES.get(str(kind))
    if cls is None:
        return ev.UnknownEvent(dict(wire), timestamp=_number(wire.get("timestamp")))
    own = _own_keys(cls)
    if cls is ev.UserUttered:
        own = ["text", "parse_data", "input_channel", "message_id"]
    values: dict[str, Any] = {name: wire[name] for name in own if name in wire}
    unknown = {k: v for k, v in wire.items() if k not in {*own, "event", "timestamp", "metadata"}}
    if cls is ev.UserUttered:
        values["parse_data"] = dict(wire.get("parse_data") or {})
        values["entities"] = _entities(values["parse_data"].get("entities"))
    elif cls is ev.EntitiesAdded:
        values["entities"] = _entities(wire.get("entities"))
    elif cls in (ev.BotUttered, ev.AgentUttered):
        values["data"] = dict(wire.get("data") or {})
    elif kind == "form_validation":
        values["is_interrupted"] = not unknown.pop("validate", True)
    return cls(
        timestamp=float(wire.get("timestamp") or 0.0),
        metadata=dict(wire.get("metadata") or {}),
        extra=unknown or None,
        **values,
    )


_OLD_NAMES: dict[str, type[ev.Event]] = {"form": ev.ActiveLoop, "form_validation": ev.LoopInterrupted}


def _entities(wires: Iterable[Mapping[str, Any]] | None) -> tuple[Entity, ...]:
    return tuple(entity_from_wire(wire) for wire in wires or ())


def _number(value: Any) -> float:
    """Return a timestamp as a number; of an event that is kept word for word it may be anything."""
    return float(value) if isinstance(value, int | float) else 0.0


def events_from_wire(wires: Iterable[Mapping[str, Any]]) -> list[ev.Event]:
    """Read a list of events."""
    return [from_wire(wire) for wire in wires]


class Verbosity(StrEnum):
    """Which events of a conversation are written."""

    NONE = "NONE"
    APPLIED = "APPLIED"
    AFTER_RESTART = "AFTER_RESTART"
    ALL = "ALL"


def tracker_to_wire(
    tracker: Tracker, verbosity: Verbosity = Verbosity.ALL, max_events: int | None = None
) -> dict[str, Any]:
    """Return a conversation as Rasa's tracker API and action servers know it.

    `max_events` keeps only the last so many events. Values of slots and events are shared with the tracker:
    copy what you change.
    """
    state, last = tracker.state, tracker.event
    latest_action: dict[str, Any] = {}
    if state.latest_action is not None:
        latest_action = {"action_text" if state.latest_action_text else "action_name": state.latest_action}
    return {
        "sender_id": tracker.sender_id,
        "slots": dict(tracker.slots),
        "latest_message": _latest_message_to_wire(state.latest_message),
        "latest_event_time": (last.timestamp or None) if last is not None else None,
        "followup_action": state.followup_action,
        "paused": state.paused,
        "events": _events_to_wire(tracker, verbosity, max_events),
        "latest_input_channel": tracker.latest_channel,
        "active_loop": _own_fields(state.active_loop) if state.active_loop else {},
        "latest_action": latest_action,
        "latest_action_name": state.latest_action,
    }


def _own_fields(loop: Loop) -> dict[str, Any]:
    return {item.name: getattr(loop, item.name) for item in dataclasses.fields(loop)}


def _latest_message_to_wire(message: ev.UserUttered | None) -> dict[str, Any]:
    if message is None:
        return {"intent": {}, "entities": [], "text": None, "message_id": None, "metadata": {}}
    return {**_parsed(message), "entities": [entity_to_wire(e) for e in message.entities]}


def _events_to_wire(
    tracker: Tracker, verbosity: Verbosity, max_events: int | None
) -> list[dict[str, Any]] | None:
    if verbosity is Verbosity.NONE:
        return None
    if verbosity is Verbosity.APPLIED:
        events = tracker.applied_events()
    elif verbosity is Verbosity.AFTER_RESTART:
        events = tracker.events_after_restart()
    elif max_events is not None:
        events = tracker.since(max(0, len(tracker) - max_events))
    else:
        events = tracker.events()
    kept = events if max_events is None else events[max(0, len(events) - max_events) :]
    return [to_wire(event) for event in kept]

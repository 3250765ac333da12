"""Read what a request to the API brings: JSON bodies, events, entities, and which events are asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from sanic import Request

from frontdesk.channels.http import LONGEST_ID, Refusal, text_field
from frontdesk.core.codec import EVENT_TYPES, Verbosity, entity_from_wire, from_wire
from frontdesk.core.events import ActionExecuted, Event, SessionStarted
from frontdesk.core.message import Entity
from frontdesk.core.reminders import named, seconds
from frontdesk.core.tracker import SESSION_START
from frontdesk.server.api_context import Call, bad_parameter

KINDS = (*EVENT_TYPES, "form", "form_validation")
"""What may stand under `event`; the last two are what Rasa once called a loop."""

MOST_EVENTS = 10_000
DEEPEST = 60
_LARGEST = 1e300

_TYPES: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("metadata", "parse_data", "data"), (dict, "an object")),
    **dict.fromkeys(
        ("name", "text", "input_channel", "message_id", "policy", "action_text"), (str, "a text")
    ),
    **dict.fromkeys(("intent", "date_time", "path", "reason", "ticket", "summary"), (str, "a text")),
    **dict.fromkeys(("hide_rule_turn", "kill_on_user_msg", "is_interrupted"), (bool, "true or false")),
    **dict.fromkeys(("validate", "use_text_for_featurization"), (bool, "true or false")),
}
"""What must stand under a key of an event, where it is not null."""


def json_body(request: Request) -> Any:
    """Return the JSON of a request. Raises Refusal (400) where it is none, or could not be stored again."""
    try:
        found = json.loads(request.body, parse_constant=_no_constant)
        _check_plain(found)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "BadRequest", f"The body is not valid JSON: {error}.") from error
    return found


def json_object(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raises Refusal (400)."""
    found = json_body(request)
    if not isinstance(found, dict):
        raise Refusal(400, "BadRequest", "The body must be a JSON object.")
    return found


def required_text(found: Mapping[str, Any], name: str, missing: str) -> str:
    """Return a text of the body. Raises Refusal (400) with the sentence `missing` where there is none."""
    value = text_field(found, name)
    if not value:
        raise bad_parameter(name, "body", missing)
    return value


def verbosity(call: Call) -> Verbosity:
    """Return which events the caller wants (`include_events`): AFTER_RESTART if not said. Raises Refusal (400)."""
    name = (call.text("include_events") or Verbosity.AFTER_RESTART.value).upper()
    try:
        return Verbosity[name]
    except KeyError as error:
        message = "Invalid parameter value for 'include_events'. "
        message += f"Should be one of {', '.join(v.name for v in Verbosity)}"
        raise bad_parameter("include_events", "query", message) from error


def events_in(request: Request) -> list[Event]:
    """Return the events in a body, which is one event or a list. Raises Refusal (400) naming the bad one."""
    found = json_body(request)
    wires: Sequence[Any] = found if isinstance(found, list) else [found]
    if len(wires) > MOST_EVENTS:
        raise _bad(f"There are {len(wires):,} events; at most {MOST_EVENTS:,} are taken at once.")
    return [_event(wire, number) for number, wire in enumerate(wires)]


def _event(wire: Any, number: int) -> Event:
    if not isinstance(wire, dict):
        raise _bad(f"Event {number} is not an object.")
    _check_event(wire, number)
    try:
        return named(from_wire(wire))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise _bad(f"Event {number} does not have the shape of the kind '{wire['event']}'.") from error


def _check_event(wire: Mapping[str, Any], number: int) -> None:
    kind = wire.get("event")
    if kind not in KINDS:
        raise _bad(f"Event {number}: 'event' must be one of {', '.join(KINDS)}.")
    stamp = wire.get("timestamp")
    if stamp is not None and (not _is_number(stamp) or not 0 <= stamp < 1e11):
        raise _bad(f"Event {number}: 'timestamp' must be a number of seconds since 1970, or null.")
    for name, (wanted, words) in _TYPES.items():
        if wire.get(name) is not None and not isinstance(wire[name], wanted):
            raise _bad(f"Event {number}: '{name}' must be {words}.")
    if wire.get("confidence") is not None and not _is_number(wire["confidence"]):
        raise _bad(f"Event {number}: 'confidence' must be a number.")
    if kind == "slot" and ("value" not in wire or not isinstance(wire.get("name"), str)):
        raise _bad(f"Event {number}: a slot needs a 'name' (a text) and a 'value'.")
    if kind == "user":
        _check_parse_data(wire.get("parse_data") or {}, number)
    if kind in ("bot", "agent"):
        _check_said(wire, number)
    if kind == "reminder" and (not wire.get("intent") or seconds(wire.get("date_time")) is None):
        raise _bad(f"Event {number}: a reminder needs an 'intent' and a 'date_time' in ISO 8601.")
    if kind == "entities":
        entities_in(wire.get("entities"), f"Event {number}: ")


def _check_said(wire: Mapping[str, Any], number: int) -> None:
    """Refuse what no channel could show: a history that cannot be shown any more is worse than an error now."""
    content = wire.get("data") or {}
    for name in ("buttons", "quick_replies", "elements"):
        parts = content.get(name) or []
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise _bad(f"Event {number}: '{name}' must be a list of objects.")
    for element in content.get("elements") or ():
        buttons = element.get("buttons") or []
        if not isinstance(buttons, list) or not all(isinstance(part, dict) for part in buttons):
            raise _bad(f"Event {number}: 'buttons' of an element must be a list of objects.")
    if not isinstance((wire.get("metadata") or {}).get("sources") or [], list):
        raise _bad(f"Event {number}: 'sources' must be a list.")


def _check_parse_data(parsed: Mapping[str, Any], number: int) -> None:
    intent = parsed.get("intent")
    if intent is not None:
        good = isinstance(intent, dict) and isinstance(intent.get("name"), str | None)
        if not good or not (intent.get("confidence") is None or _is_number(intent["confidence"])):
            raise _bad(f"Event {number}: 'intent' must be an object with 'name' and 'confidence'.")
    if parsed.get("entities") is not None:
        entities_in(parsed["entities"], f"Event {number}: ")


def entities_in(found: Any, where: str = "") -> tuple[Entity, ...]:
    """Return entities: a list of objects with `entity` and `value`, or Rasa's short form {entity: value}.

    Raises Refusal (400).
    """
    if isinstance(found, dict):
        found = [{"entity": name, "value": value} for name, value in found.items()]
    if found is None:
        return ()
    if not isinstance(found, list):
        raise _bad(f"{where}'entities' must be a list or an object.")
    for wire in found:
        if not isinstance(wire, dict) or not isinstance(wire.get("entity"), str) or "value" not in wire:
            raise _bad(f"{where}each entity needs 'entity' (a text) and 'value'.")
        for name in ("start", "end"):
            if wire.get(name) is not None and (not _is_number(wire[name]) or wire[name] != int(wire[name])):
                raise _bad(f"{where}'{name}' of an entity must be a whole number.")
        for name in ("role", "group", "extractor"):
            if not isinstance(wire.get(name), str | None):
                raise _bad(f"{where}'{name}' of an entity must be a text.")
        if not isinstance(wire.get("processors"), list | None):
            raise _bad(f"{where}'processors' of an entity must be a list.")
        if wire.get("confidence_entity") is not None and not _is_number(wire["confidence_entity"]):
            raise _bad(f"{where}'confidence_entity' of an entity must be a number.")
    return tuple(entity_from_wire(wire) for wire in found)


def begin_a_session(events: Sequence[Event]) -> bool:
    """Tell whether events begin with a session start, so that none has to be made."""
    return (
        len(events) > 1
        and isinstance(events[0], ActionExecuted)
        and events[0].name == SESSION_START
        and isinstance(events[1], SessionStarted)
    )


def check_conversation_id(conversation_id: str) -> None:
    """Raise Refusal (400) where this can be no conversation's id."""
    if len(conversation_id) > LONGEST_ID:
        message = f"The conversation's id has more than {LONGEST_ID} characters."
        raise bad_parameter("conversation_id", "path", message)
    if not conversation_id.strip() or "\x00" in conversation_id:
        raise bad_parameter("conversation_id", "path", "This can be no conversation's id.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _bad(message: str) -> Refusal:
    return bad_parameter("", "body", f"Failed to validate the events format. {message}")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _check_plain(value: Any, depth: int = 0) -> None:
    """Raise ValueError for what no store could keep: texts that are not Unicode, endless numbers, too deep nesting."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a text holds a null character")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError("a text holds characters that are not valid Unicode") from error
    elif isinstance(value, int | float) and not abs(value) < _LARGEST:
        raise ValueError("a number is too large")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_plain(key, depth + 1)
            _check_plain(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(inner, depth + 1)

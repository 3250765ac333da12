"""Events, messages and replies as the JSON that stores keep, and back again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from frontdesk.core.codec import from_wire, to_wire
from frontdesk.core.events import ActionExecuted, Event, SessionStarted, stamped
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.core.reminders import Reminder
from frontdesk.core.tracker import SESSION_START
from frontdesk.errors import StoreError

NAME_LENGTH = 255
"""The width of the columns that hold names and ids, as in Rasa's table."""

T = TypeVar("T")


def event_row(event: Event, now: float) -> dict[str, Any]:
    """Return the columns of Rasa's `events` table for an event, without `id` and `sender_id`.

    An event that has no timestamp gets `now`. As in Rasa, `action_name` holds the `name` of any event that
    has one, so it is the slot's name for a slot. Raises StoreError where a value is not JSON.
    """
    event = stamped(event, now)
    wire = to_wire(event)
    kind = wire.get("event")
    parsed = wire.get("parse_data")
    intent = parsed.get("intent") if isinstance(parsed, Mapping) else None
    return {
        "type_name": _name(kind) or event.type_name,
        "timestamp": event.timestamp,
        "intent_name": _name(intent.get("name")) if isinstance(intent, Mapping) else None,
        "action_name": _name(wire.get("name")),
        "data": to_json(wire, f"An event of the kind '{kind}'"),
    }


def _name(value: object) -> str | None:
    # Cut to the column's width: these columns serve reports, the whole value is in `data`.
    return value[:NAME_LENGTH] if isinstance(value, str) else None


def event_from_json(text: object) -> Event:
    """Read an event. Raises ValueError where the text is not a JSON object or not of an event's shape."""
    wire = _object(text)
    try:
        return from_wire(wire)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        # Without the error's own words, which may quote what a user said.
        raise ValueError("not of the shape of an event") from error


def message_to_json(message: UserMessage) -> str:
    """Return a user message as JSON."""
    fields = {
        "text": message.text,
        "sender_id": message.sender_id,
        "channel": message.channel,
        "message_id": message.message_id,
        "metadata": message.metadata,
        "authenticated": message.authenticated,
    }
    return to_json(fields, "A message")


def message_from_json(text: object) -> UserMessage:
    """Read a user message. Raises ValueError where the text is not one."""
    fields = _object(text)
    try:
        return UserMessage(
            text=str(fields["text"]),
            sender_id=str(fields["sender_id"]),
            channel=str(fields["channel"]),
            message_id=fields.get("message_id"),
            metadata=dict(fields.get("metadata") or {}),
            authenticated=fields.get("authenticated") is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("not of the shape of a message") from error


def reminder_to_json(reminder: Reminder) -> str:
    """Return a reminder as JSON."""
    return to_json(dataclasses.asdict(reminder), "A reminder")


def reminder_from_json(text: object) -> Reminder:
    """Read a reminder. Raises ValueError where the text is not one."""
    try:
        return Reminder(**_object(text))
    except TypeError as error:
        raise ValueError("not of the shape of a reminder") from error


def replies_to_json(replies: Sequence[Mapping[str, Any]]) -> str:
    """Return replies as JSON."""
    return to_json(list(replies), "A reply")


def replies_from_json(text: object) -> list[Mapping[str, Any]]:
    """Read replies; what cannot be read counts as no reply, since the turn itself is finished."""
    try:
        replies = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        replies = None
    return [reply for reply in replies if isinstance(reply, dict)] if isinstance(replies, list) else []


def to_json(value: Any, what: str) -> str:
    """Return JSON in plain ASCII. Raises StoreError, naming `what`, where a value has no JSON form."""
    try:
        return _ENCODE(value)
    except (TypeError, ValueError, RecursionError) as error:
        hint = "Keep only text, numbers, true, false, null, lists and dicts in events, metadata and replies."
        raise StoreError(f"{what} holds a value that is not JSON ({error}).", hint=hint) from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_ENCODE = json.JSONEncoder(default=_plain).encode
"""As `json.dumps`, which makes an encoder for each call."""


def _object(text: object) -> dict[str, Any]:
    if not isinstance(text, str):
        raise ValueError("not a text")
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found


def readable(
    rows: Iterable[tuple[int, object]],
    read: Callable[[object], T],
    complain: Callable[[int, ValueError], None],
) -> list[T]:
    """Read (id, text) rows, passing over those that cannot be read after a complaint about each."""
    found: list[T] = []
    for number, text in rows:
        try:
            found.append(read(text))
        except ValueError as error:
            complain(number, error)
    return found


def session_start(events: Sequence[Event]) -> int | None:
    """Return the position at which the latest session begins, or None where no session starts in these.

    A session begins with its `session_started`, or with the `action_session_start` right before it.
    """
    for position in range(len(events) - 1, -1, -1):
        if isinstance(events[position], SessionStarted):
            before = events[position - 1] if position else None
            own = isinstance(before, ActionExecuted) and before.name == SESSION_START
            return position - 1 if own else position
    return None


def check_sender(sender_id: str) -> None:
    """Raise StoreError where a conversation's id cannot be kept."""
    _check("conversation id", sender_id)


def check_delivery(delivery: Delivery) -> None:
    """Raise StoreError where one of the three values that name a delivery cannot be kept."""
    _check("channel", delivery.channel)
    _check("conversation id", delivery.sender_id)
    _check("message id", delivery.message_id)


def _check(what: str, value: str) -> None:
    if len(value) > NAME_LENGTH:
        raise StoreError(
            f"A {what} has {len(value):,} characters.", hint=f"At most {NAME_LENGTH} can be kept."
        )
    if "\0" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
        raise StoreError(
            f"A {what} holds a character that cannot be stored.", hint="Send valid text without NUL."
        )

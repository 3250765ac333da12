"""What happens outside of a conversation and is to be answered in it: triggered intents, and reminders that are due."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from frontdesk.core.codec import entity_from_wire, entity_to_wire
from frontdesk.core.domain import SessionConfig
from frontdesk.core.events import Event, ReminderScheduled, UserUttered
from frontdesk.core.message import Entity
from frontdesk.core.reminders import Reminder
from frontdesk.core.tracker import Tracker
from frontdesk.core.vouching import AUTHENTICATED, guarded
from frontdesk.runtime.session import lapsed

log = logging.getLogger("frontdesk.reminders")

EXTERNAL = "EXTERNAL: "
IS_EXTERNAL = {"is_external": True}
LATE = 5.0
"""Seconds after which a reminder is late, and says so."""

T = TypeVar("T", bound=Event)


def external(
    tracker: Tracker,
    intent: str,
    entities: Sequence[Entity],
    *,
    message_id: str,
    now: float,
    metadata: Mapping[str, Any] = IS_EXTERNAL,
) -> UserUttered:
    """Return an intent as Rasa logs it where no user expressed it.

    The channel is that of the user's last message, and a conversation that is closed to strangers stays so.
    """
    text = f"{EXTERNAL}{intent}"
    heard = UserUttered(
        text=text,
        parse_data={
            "text": text,
            "intent": {"name": intent},
            "entities": [entity_to_wire(entity) for entity in entities],
            "message_id": message_id,
            "metadata": dict(metadata),
        },
        entities=tuple(entities),
        input_channel=tracker.latest_channel,
        message_id=message_id,
        timestamp=now,
        metadata=dict(metadata),
    )
    [closed] = kept_closed(tracker, [heard])
    return closed


def kept_closed(tracker: Tracker, events: Sequence[T]) -> list[T]:
    """Mark what a user said in a conversation that is closed to strangers; else it would open it to them."""
    if not guarded(tracker):
        return list(events)
    return [
        dataclasses.replace(event, metadata={**event.metadata, **AUTHENTICATED})
        if isinstance(event, UserUttered)
        else event
        for event in events
    ]


def reminded(reminder: Reminder, tracker: Tracker, now: float) -> UserUttered:
    """Return the intent of a reminder as it is logged; where it comes late, the metadata say by how many seconds."""
    late = now - reminder.due
    metadata = {**IS_EXTERNAL, "late_seconds": round(late, 1)} if late >= LATE else IS_EXTERNAL
    return external(
        tracker,
        reminder.intent,
        entities_of(reminder.entities),
        message_id=reminder.message_id,
        now=now,
        metadata=metadata,
    )


def entities_of(found: Any) -> tuple[Entity, ...]:
    """Return entities as an action gives them: a list of objects, or Rasa's short form {entity: value}."""
    if isinstance(found, Mapping):
        found = [{"entity": name, "value": value} for name, value in found.items()]
    if not found:
        return ()
    if not isinstance(found, list) or not all(isinstance(wire, Mapping) for wire in found):
        log.warning("The entities of a reminder are neither a list of objects nor an object; there are none.")
        return ()
    return tuple(entity_from_wire(wire) for wire in found)


def outdated(reminder: Reminder, tracker: Tracker, session: SessionConfig) -> str | None:
    """Return why a reminder is not to be fired any more, or None.

    As in Rasa, it belongs to the session that it was scheduled in. Whether that had ended is judged at the time that it
    was due: a server that was down does not make it void.
    """
    if lapsed(tracker, session, reminder.due):
        return f"its session had ended (session_expiration_time: {session.expiration_minutes:g} minutes)"
    applied = tracker.applied.back() if tracker.applied else ()
    if not any(_is_it(cell.event, reminder) for cell in applied):
        return "what scheduled it was undone, or is part of an earlier session"
    if reminder.kill_on_user_msg and _spoke_since(tracker, reminder):
        return "the user has written since"
    return None


def _is_it(event: Event, reminder: Reminder) -> bool:
    return isinstance(event, ReminderScheduled) and event.name == reminder.name


def _spoke_since(tracker: Tracker, reminder: Reminder) -> bool:
    for event in tracker.newest_first():
        if _is_it(event, reminder):
            return False
        if isinstance(event, UserUttered) and event.text:
            return True
    return True

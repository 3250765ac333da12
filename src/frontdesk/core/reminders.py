"""Reminders: intents that are to be triggered later, and what a conversation's events change about them."""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frontdesk.core.events import ActionExecuted, Event, ReminderCancelled, ReminderScheduled

log = logging.getLogger("frontdesk.reminders")

LONGEST_NAME = 255
TOO_LATE = 60.0
"""Seconds; what is scheduled for a time further back is not meant, and could go on for ever."""


OWED = "frontdesk.owed"
"""Stands in the place of an intent where a reminder is for the server: replies that a vendor may not have yet."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """An intent that is to be triggered in a conversation at `due`, in seconds since the epoch.

    `id` tells this scheduling from every other one, also of the same name. `channel` is where the conversation was when
    it was scheduled, `authenticated` whether that channel vouched for the user.
    """

    id: str
    sender_id: str
    name: str
    intent: str
    due: float
    entities: Any = None
    kill_on_user_msg: bool = True
    channel: str = ""
    authenticated: bool = False

    @property
    def message_id(self) -> str:
        """The id under which its turn is known, however often that is begun."""
        return f"reminder-{self.id}"


Change = Reminder | ReminderCancelled
"""What a commit changes: a reminder that is added (in place of one of the same name), or reminders called off."""


def named(event: Event) -> Event:
    """Return the event with a name of its own where it schedules a reminder without one, as Rasa does."""
    if isinstance(event, ReminderScheduled) and not event.name:
        return dataclasses.replace(event, name=str(uuid.uuid4()))
    return event


def changes(
    events: Iterable[Event], sender_id: str, now: float, *, channel: str = "", authenticated: bool = False
) -> list[Change]:
    """Return what events change about a conversation's reminders, in the order in which it takes effect.

    Of what one action returns, Rasa does the scheduling first and then the calling off, whatever their order.
    """
    found: list[Change] = []
    cancelled: list[Change] = []
    for event in events:
        if isinstance(event, ActionExecuted):
            found, cancelled = [*found, *cancelled], []
        elif isinstance(event, ReminderCancelled):
            cancelled.append(event)
        elif isinstance(event, ReminderScheduled):
            reminder = _reminder(event, sender_id, now)
            if reminder is not None:
                found.append(dataclasses.replace(reminder, channel=channel, authenticated=authenticated))
    return [*found, *cancelled]


def _reminder(event: ReminderScheduled, sender_id: str, now: float) -> Reminder | None:
    due, name = seconds(event.date_time), event.name or ""
    if due is None:
        log.error("A reminder is not scheduled: its date_time is not a time in ISO 8601.")
    elif not event.intent or not isinstance(event.intent, str) or event.intent == OWED:
        log.error("A reminder is not scheduled: it names no intent.")
    elif not name or len(name) > LONGEST_NAME or not name.isprintable():
        log.error("A reminder is not scheduled: its name is empty, too long, or not to be printed.")
    elif due < now - TOO_LATE:
        log.warning(
            "The reminder of '%s' is not scheduled: its time was %.0f s ago. (A time without a zone is local time.)",
            event.intent,
            now - due,
        )
    else:
        kill = event.kill_on_user_msg
        return Reminder(uuid.uuid4().hex, sender_id, name, event.intent, due, event.entities, kill)
    return None


def seconds(date_time: object) -> float | None:
    """Return a time in ISO 8601 as seconds since the epoch; without a zone it is local time, as in Rasa.

    None where it is not such a time.
    """
    try:
        return datetime.fromisoformat(str(date_time)).timestamp()
    except (ValueError, OverflowError, OSError):  # the last two: a year that no clock of this machine knows
        return None


def after(pending: Sequence[Reminder], made: Sequence[Change]) -> tuple[list[Reminder], list[Reminder]]:
    """Return which of a conversation's pending reminders are gone after these changes, and which are new."""
    kept, new = list(pending), list[Reminder]()
    for change in made:
        if isinstance(change, Reminder):
            kept = [reminder for reminder in kept if reminder.name != change.name]
            new = [*(reminder for reminder in new if reminder.name != change.name), change]
        else:
            kept = [reminder for reminder in kept if not _calls_off(change, reminder)]
            new = [reminder for reminder in new if not _calls_off(change, reminder)]
    return [reminder for reminder in pending if reminder not in kept], new


def _calls_off(event: ReminderCancelled, reminder: Reminder) -> bool:
    """Tell whether a reminder is meant; what the event leaves empty fits every one of the assistant's."""
    if reminder.intent == OWED:
        return event.name == reminder.name
    return (
        (not event.name or event.name == reminder.name)
        and (not event.intent or event.intent == reminder.intent)
        and (not event.entities or event.entities == reminder.entities)
    )

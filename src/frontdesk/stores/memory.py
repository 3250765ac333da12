"""Conversations kept in memory: gone when the process ends."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from frontdesk.core.events import Event
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Conversation, Delivery, Outgoing
from frontdesk.core.reminders import Reminder, after
from frontdesk.errors import LockLost
from frontdesk.stores import rows
from frontdesk.stores.recent import unnoticed
from frontdesk.stores.refusals import answered, closed, stale
from frontdesk.stores.sections import days

PRUNE_EVERY = 3600.0
"""Seconds between two looks for inbox rows that are past their retention."""


@dataclass(slots=True)
class _Kept:
    events: list[Event] = field(default_factory=list)
    start: int = 0


@dataclass(slots=True)
class _Waiting:
    reminder: Reminder
    free: float


@dataclass(slots=True)
class _Received:
    message: UserMessage | None
    begun: float
    finished: float | None = None
    replies: str = "[]"
    tries: int = 0


class MemoryTrackerStore:
    """Keeps conversations while the process lives: for trying out, tests and other short-lived use.

    >>> store = MemoryTrackerStore()
    >>> await store.save(Commit("ann", [SlotSet("size", "XL")], expected=0))

    What goes in is put through JSON, so it behaves as a database would. Option: `inbox_retention_days` (7),
    how long the replies to a message are kept for a repeat of it.
    """

    local = True

    def __init__(
        self, options: Mapping[str, Any] | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.options = dict(options or {})
        self._clock = clock
        self._retention = days(self.options, "inbox_retention_days", 7)
        self._kept: dict[str, _Kept] = {}
        self._outbox: dict[str, Outgoing] = {}
        self._numbers = 0
        self._leader = ("", 0.0)
        self._inbox: dict[Delivery, _Received] = {}
        self._reminders: dict[str, _Waiting] = {}
        self._fences: dict[str, int] = {}
        self._prune_at = 0.0
        self._closed = False
        self.nothing_of: Callable[[str], None] = unnoticed

    async def load(self, sender_id: str, *, whole: bool = False) -> Conversation:
        """Return the latest session (all events where `whole`); an unknown conversation is empty."""
        self._check_open()
        rows.check_sender(sender_id)
        kept = self._kept.get(sender_id)
        if kept is None:
            return Conversation()
        start = 0 if whole else kept.start
        return Conversation(tuple(kept.events[start:]), start)

    async def save(self, commit: Commit) -> None:
        """Add events, all or none. Raises StaleConversation, and LockLost where a higher fence is known."""
        self._check_open()
        rows.check_sender(commit.sender_id)
        now = self._clock()
        texts = [str(rows.event_row(event, now)["data"]) for event in commit.events]
        added = [rows.event_from_json(text) for text in texts]
        kept = self._kept.get(commit.sender_id) or _Kept()
        fence = self._fences.get(commit.sender_id, 0)
        if 0 < commit.fence < fence:
            raise LockLost(fence)
        if len(kept.events) != commit.expected:
            raise stale(commit.expected, len(kept.events))
        gone, new = self._changed(commit)
        self._finish(commit, now)
        if commit.announced and texts:
            self._numbers += 1
            number = str(self._numbers)
            self._outbox[number] = Outgoing(number, commit.sender_id, [json.loads(text) for text in texts])
        for reminder in gone:
            del self._reminders[reminder.id]
        self._reminders |= {reminder.id: _Waiting(reminder, reminder.due) for reminder in new}
        if added:
            # One event back, since a session's first event may have come with the commit before.
            tail = [*kept.events[-1:], *added]
            start = rows.session_start(tail)
            if start is not None:
                kept.start = len(kept.events) - len(kept.events[-1:]) + start
            kept.events.extend(added)
            self._kept.pop(commit.sender_id, None)  # the newest last
            self._kept[commit.sender_id] = kept
            if commit.fence:
                self._fences[commit.sender_id] = commit.fence

    async def admit(self, sender_id: str, fence: int) -> None:
        """Refuse from now on what writers with a lower fence commit to a conversation."""
        self._check_open()
        rows.check_sender(sender_id)
        self._fences[sender_id] = max(fence, self._fences.get(sender_id, 0))

    def _changed(self, commit: Commit) -> tuple[list[Reminder], list[Reminder]]:
        """Return the reminders that go with a commit, and those that it brings."""
        firing = commit.firing.id if commit.firing else None
        own = [w.reminder for w in self._reminders.values() if w.reminder.sender_id == commit.sender_id]
        gone, new = after([r for r in own if r.id != firing], commit.reminders)
        done = [r for r in own if r.id == firing] if commit.delivery is not None else []
        return [*gone, *done], [rows.reminder_from_json(rows.reminder_to_json(r)) for r in new]

    def _finish(self, commit: Commit, now: float) -> None:
        if commit.delivery is None:
            return
        rows.check_delivery(commit.delivery)
        replies = rows.replies_to_json(commit.replies)
        received = self._inbox.setdefault(commit.delivery, _Received(None, now))
        if received.finished is not None:
            raise answered()
        received.finished, received.replies = now, replies

    async def begin(self, delivery: Delivery, message: UserMessage) -> Sequence[Mapping[str, Any]] | None:
        """Write a message into the inbox, or return the stored replies where it was already answered."""
        self._check_open()
        rows.check_delivery(delivery)
        if delivery.sender_id not in self._kept:
            self.nothing_of(delivery.sender_id)
        received = self._inbox.get(delivery)
        if received is None:
            text = rows.message_to_json(message)
            self._prune()
            self._inbox[delivery] = _Received(rows.message_from_json(text), self._clock())
            return None
        return rows.replies_from_json(received.replies) if received.finished is not None else None

    def _prune(self) -> None:
        now = self._clock()
        if now < self._prune_at:
            return
        self._prune_at = now + PRUNE_EVERY
        limit = now - self._retention
        self._inbox = {d: r for d, r in self._inbox.items() if r.finished is None or r.finished >= limit}

    async def unfinished(
        self, older_than: float, sender_id: str | None = None
    ) -> list[tuple[Delivery, UserMessage]]:
        """Return messages (of one conversation) that began so many seconds ago and were not answered, oldest first."""
        self._check_open()
        limit = self._clock() - older_than
        return [
            (delivery, received.message)
            for delivery, received in self._inbox.items()
            if received.finished is None
            and received.begun <= limit
            and received.message is not None
            and sender_id in (None, delivery.sender_id)
        ]

    async def tried(self, delivery: Delivery) -> int:
        """Count one more try to finish an unanswered message, and return how many there were."""
        self._check_open()
        received = self._inbox.get(delivery)
        if received is None or received.finished is not None:
            return 0
        received.tries += 1
        return received.tries

    async def reopen(self, delivery: Delivery) -> bool:
        """Take an answered message as one that was not; False where there is no such one."""
        self._check_open()
        received = self._inbox.get(delivery)
        if received is None or received.finished is None or received.message is None:
            return False
        received.finished, received.replies, received.tries = None, "[]", 0
        return True

    async def next_reminder(self) -> float | None:
        """Return when a reminder can next be leased; None where there is none."""
        self._check_open()
        return min((waiting.free for waiting in self._reminders.values()), default=None)

    async def lease_reminders(
        self, now: float, until: float, most: int, *, taken: bool = False
    ) -> list[Reminder]:
        """Return reminders that are due, and give them to nobody else until a time."""
        self._check_open()
        free = [w for w in self._reminders.values() if (w.reminder.due if taken else w.free) <= now]
        leased = sorted(free, key=lambda w: w.reminder.due)[:most]
        for waiting in leased:
            waiting.free = until
        return [waiting.reminder for waiting in leased]

    async def keep_reminder(self, reminder: Reminder, until: float) -> bool:
        """Let a lease end at another time; False where the reminder is gone."""
        self._check_open()
        waiting = self._reminders.get(reminder.id)
        if waiting is not None:
            waiting.free = until
        return waiting is not None

    async def pending_reminders(self, sender_id: str) -> list[Reminder]:
        """Return a conversation's reminders, leased or not, first those due first."""
        self._check_open()
        own = (w.reminder for w in self._reminders.values() if w.reminder.sender_id == sender_id)
        return sorted(own, key=lambda reminder: reminder.due)

    async def lead(self, holder: str, now: float, until: float) -> bool:
        """Become, or stay until a time, the only one who sends what is announced."""
        self._check_open()
        if self._leader[0] != holder and self._leader[1] > now:
            return False
        self._leader = (holder, until)
        return True

    async def outgoing(self, most: int) -> list[Outgoing]:
        """Return what an event broker is still to be told, oldest first."""
        self._check_open()
        return list(self._outbox.values())[:most]

    async def depth(self) -> int:
        """Return how many commits wait for an event broker."""
        self._check_open()
        return len(self._outbox)

    async def sent(self, numbers: Sequence[str]) -> None:
        """Forget what an event broker has by now."""
        self._check_open()
        for number in numbers:
            self._outbox.pop(number, None)

    async def erase(self, sender_id: str) -> bool:
        """Take away all that is kept of a conversation; False where there was nothing."""
        self._check_open()
        rows.check_sender(sender_id)
        messages = [delivery for delivery in self._inbox if delivery.sender_id == sender_id]
        kept = [number for number, one in self._outbox.items() if one.sender_id == sender_id]
        later = [key for key, one in self._reminders.items() if one.reminder.sender_id == sender_id]
        for delivery in messages:
            del self._inbox[delivery]
        for number in kept:
            del self._outbox[number]
        for key in later:
            del self._reminders[key]
        known = [self._kept.pop(sender_id, None), self._fences.pop(sender_id, None)]
        return bool(messages or kept or later) or known != [None, None]

    async def senders(self) -> AsyncIterator[str]:
        """Yield the ids of all conversations, in order."""
        self._check_open()
        for sender_id in sorted(self._kept):
            yield sender_id

    async def newest(self, most: int) -> list[str]:
        """Return the ids of the conversations that went on last, newest first."""
        self._check_open()
        return list(reversed(self._kept))[:most]

    async def close(self) -> None:
        """Let go of everything; what was kept is gone."""
        self._closed = True
        self._kept.clear()
        self._inbox.clear()
        self._reminders.clear()

    def _check_open(self) -> None:
        if self._closed:
            raise closed()

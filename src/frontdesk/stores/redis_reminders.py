"""Reminders in Redis, for the tracker store there."""

from __future__ import annotations

from collections.abc import Iterable

from frontdesk.core.reminders import Reminder
from frontdesk.stores import redis_tracker_scripts as scripts
from frontdesk.stores import rows
from frontdesk.stores.redis_outbox import RedisPart


class RedisReminders(RedisPart):
    """The part of a tracker store in Redis that has reminders: by when they are due, and by their conversation."""

    def _complain(self, what: str, why: ValueError) -> None:
        raise NotImplementedError

    async def next_reminder(self) -> float | None:
        """Return when a reminder can next be leased; None where there is none."""
        client = self._opened()
        found = await self._patiently(lambda: client.zrange(f"{self._at.prefix}free", 0, 0, withscores=True))
        return float(found[0][1]) if found else None

    async def lease_reminders(
        self, now: float, until: float, most: int, *, taken: bool = False
    ) -> list[Reminder]:
        """Return reminders that are due, and give them to nobody else until a time."""
        return self._reminders(await self._run(scripts.LEASE, repr(now), repr(until), most, int(taken)))

    async def keep_reminder(self, reminder: Reminder, until: float) -> bool:
        """Let a lease end at another time; False where the reminder is gone."""
        return bool(await self._run(scripts.KEEP, reminder.id, repr(until)))

    async def pending_reminders(self, sender_id: str) -> list[Reminder]:
        """Return a conversation's reminders, leased or not, first those due first."""
        _, found = await self._run(scripts.REMINDERS, sender_id)
        return sorted(self._reminders(found), key=lambda reminder: reminder.due)

    def _reminders(self, found: Iterable[object]) -> list[Reminder]:
        return rows.readable(
            enumerate(found), rows.reminder_from_json, lambda _, why: self._complain("a reminder", why)
        )

"""Counting attempts: how many within a window, and a lock once there were too many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from actions.commerce import schema

KEPT = timedelta(days=2)  # counters that are older say nothing any more
EPOCH_KEY_LENGTH = 80


@dataclass(frozen=True)
class Standing:
    """How many attempts are left, and until when there is a lock."""

    left: int
    locked_until: datetime | None = None


@dataclass(frozen=True)
class Throttle:
    """A limit on attempts under one key.

    >>> throttle = Throttle("identity.email", limit=5, window=timedelta(hours=1), lock=timedelta(minutes=30))
    >>> throttle.standing(connection, key, now).left

    It is called within a writing transaction and locks the counter's row, so that two callers can't both take
    the last attempt.
    """

    scope: str
    limit: int
    window: timedelta
    lock: timedelta

    def standing(self, connection: Connection, key: str, now: datetime) -> Standing:
        """Tell where a key stands, without counting."""
        row = self._row(connection, key, now)
        if row["count"] >= self.limit and now < row["last_at"] + self.lock:
            return Standing(0, row["last_at"] + self.lock)
        return Standing(self.limit - (0 if self._is_over(row, now) else row["count"]))

    def hit(self, connection: Connection, key: str, now: datetime) -> Standing:
        """Count an attempt and tell where the key stands now."""
        row = self._row(connection, key, now)
        fresh = self._is_over(row, now)
        count = 1 if fresh else row["count"] + 1
        table = schema.throttles
        connection.execute(
            update(table)
            .where(table.c.scope == self.scope, table.c.key == key[:EPOCH_KEY_LENGTH])
            .values(count=count, since=now if fresh else row["since"], last_at=now)
        )
        return Standing(max(self.limit - count, 0), now + self.lock if count >= self.limit else None)

    def _is_over(self, row: RowMapping, now: datetime) -> bool:
        """Tell whether counting starts afresh: after the lock, or after the window."""
        if row["count"] >= self.limit:
            return bool(now >= row["last_at"] + self.lock)
        return bool(now - row["since"] > self.window)

    def _row(self, connection: Connection, key: str, now: datetime) -> RowMapping:
        """Read the counter's row, locked; make it first when there is none."""
        table = schema.throttles
        key = key[:EPOCH_KEY_LENGTH]
        query: Any = select(table).where(table.c.scope == self.scope, table.c.key == key).with_for_update()
        row = connection.execute(query).mappings().first()
        if row is None:
            try:
                with connection.begin_nested():
                    values = {"scope": self.scope, "key": key, "count": 0, "since": now, "last_at": now}
                    connection.execute(insert(table), values)
            except IntegrityError:
                pass  # another transaction made it in the meantime
            row = connection.execute(query).mappings().one()
        return row


def prune(connection: Connection, now: datetime) -> None:
    """Drop the counters that nobody has used for long."""
    connection.execute(delete(schema.throttles).where(schema.throttles.c.last_at < now - KEPT))

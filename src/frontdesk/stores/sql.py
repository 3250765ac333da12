"""Conversations kept in a SQL database: a SQLite file, PostgreSQL, MySQL or MariaDB."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Conversation, Delivery, Outgoing
from frontdesk.core.reminders import Reminder
from frontdesk.stores import erasure, outbox, reminders, rows, statements
from frontdesk.stores.databases import Database
from frontdesk.stores.mysql import MysqlDatabase
from frontdesk.stores.options import SqlOptions, read_options
from frontdesk.stores.postgresql import PostgresDatabase
from frontdesk.stores.recent import RecentSessions, unnoticed
from frontdesk.stores.sqlite import SqliteDatabase

log = logging.getLogger("frontdesk.stores")

PRUNE_EVERY = 3600.0
"""Seconds between two looks for inbox rows that are past their retention."""
PRUNE_MOST = 500
"""Rows deleted at once, so that nobody waits for a great cleaning."""
PAGE = 500


class SqlTrackerStore:
    """Keeps conversations in Rasa's `events` table, with side tables for what Rasa does not keep.

    >>> store = SqlTrackerStore({"db": ".frontdesk/conversations.db"})
    >>> store = SqlTrackerStore({"dialect": "postgresql", "url": "localhost", "db": "chat", "username": "me"})

    Options as in Rasa's endpoints.yml: `dialect` (sqlite, postgresql, mysql), `url` or `host` (a host, or a whole
    database URL), `port`, `username`, `password`, `db`, `login_db`, `query`; also `schema`, `timeout`
    (seconds to wait for a locked or absent database, 4.5), `pool_size` (connections for writing, and as many
    for reading, 5), `inbox_retention_days` (7).

    Nothing is opened before the first use. Raises ConfigError at once for options that cannot be meant, and
    StoreError where the database cannot be used. A row that cannot be read is passed over with a logged
    error.
    """

    local = False

    def __init__(
        self, options: Mapping[str, Any] | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.options = dict(options or {})
        found = self._options = read_options(self.options)
        self._database: Database = _database(found)
        self._clock = clock
        self._recent = RecentSessions()
        self._prune_at = 0.0
        self._complained: set[tuple[str, int]] = set()
        self.nothing_of: Callable[[str], None] = unnoticed

    async def load(self, sender_id: str, *, whole: bool = False) -> Conversation:
        """Return the latest session (all events where `whole`); an unknown conversation is empty."""
        rows.check_sender(sender_id)
        if whole:
            return await self._database.read(lambda c: statements.load_whole(c, sender_id, self._complain))
        return await self._database.read(
            lambda c: statements.load(c, sender_id, self._complain, self._recent)
        )

    async def save(self, commit: Commit) -> None:
        """Add events, all or none. Raises StaleConversation, and LockLost where a higher fence is known."""
        rows.check_sender(commit.sender_id)
        if commit.delivery is not None:
            rows.check_delivery(commit.delivery)
        now = self._clock()
        new = [rows.event_row(event, now) for event in commit.events]
        replies = rows.replies_to_json(commit.replies)

        def work(connection: Connection) -> None:
            statements.save(connection, commit, new, replies, now)
            reminders.change(connection, commit, self._complain)
            outbox.add(connection, commit, new)

        await self._database.write(work)

    async def admit(self, sender_id: str, fence: int) -> None:
        """Refuse from now on what writers with a lower fence commit to a conversation."""
        rows.check_sender(sender_id)
        await self._database.write(lambda c: statements.admit(c, sender_id, fence))

    async def begin(self, delivery: Delivery, message: UserMessage) -> Sequence[Mapping[str, Any]] | None:
        """Write a message into the inbox, or return the stored replies where it was already answered."""
        rows.check_delivery(delivery)
        received = rows.message_to_json(message)
        known, stored = await self._database.write(lambda c: self._begin(c, delivery, received))
        if not known:
            self.nothing_of(delivery.sender_id)
        return stored

    def _begin(
        self, connection: Connection, delivery: Delivery, message: str
    ) -> tuple[bool, list[Mapping[str, Any]] | None]:
        now = self._clock()
        if now >= self._prune_at:
            deleted = statements.prune(connection, now - self._options.retention, PRUNE_MOST)
            self._prune_at = now + (PRUNE_EVERY if deleted < PRUNE_MOST else 0.0)
        return statements.begin(connection, delivery, message, now)

    async def unfinished(
        self, older_than: float, sender_id: str | None = None
    ) -> list[tuple[Delivery, UserMessage]]:
        """Return messages (of one conversation) that began so many seconds ago and were not answered, oldest first."""
        until = self._clock() - older_than
        return await self._database.read(lambda c: statements.unfinished(c, until, sender_id, self._complain))

    async def tried(self, delivery: Delivery) -> int:
        """Count one more try to finish an unanswered message, and return how many there were."""
        return await self._database.write(lambda c: statements.tried(c, delivery))

    async def reopen(self, delivery: Delivery) -> bool:
        """Take an answered message as one that was not; False where there is no such one."""
        return await self._database.write(lambda c: statements.reopen(c, delivery))

    async def next_reminder(self) -> float | None:
        """Return when a reminder can next be leased; None where there is none."""
        return await self._database.read(reminders.next_free)

    async def lease_reminders(
        self, now: float, until: float, most: int, *, taken: bool = False
    ) -> list[Reminder]:
        """Return reminders that are due, and give them to nobody else until a time."""
        return await self._database.write(
            lambda c: reminders.lease(c, now, until, most, self._complain, taken=taken)
        )

    async def keep_reminder(self, reminder: Reminder, until: float) -> bool:
        """Let a lease end at another time; False where the reminder is gone."""
        return await self._database.write(lambda c: reminders.keep(c, reminder, until))

    async def pending_reminders(self, sender_id: str) -> list[Reminder]:
        """Return a conversation's reminders, leased or not, first those due first."""
        return await self._database.read(lambda c: reminders.pending(c, sender_id, self._complain))

    async def lead(self, holder: str, now: float, until: float) -> bool:
        """Become, or stay until a time, the only one who sends what is announced."""
        return await self._database.write(lambda c: outbox.lead(c, holder, now, until))

    async def outgoing(self, most: int) -> list[Outgoing]:
        """Return what an event broker is still to be told, oldest first."""
        return await self._database.read(partial(outbox.waiting, most=most))

    async def depth(self) -> int:
        """Return how many commits wait for an event broker, at most 100,000."""
        return await self._database.read(outbox.depth)

    async def sent(self, numbers: Sequence[str]) -> None:
        """Forget what an event broker has by now."""
        await self._database.write(lambda c: outbox.forget(c, numbers))

    async def erase(self, sender_id: str) -> bool:
        """Take away all that is kept of a conversation; False where there was nothing."""
        rows.check_sender(sender_id)
        gone = await self._database.write(lambda c: erasure.erase(c, sender_id))
        self._recent.drop(sender_id)
        if isinstance(self._database, SqliteDatabase):
            await self._database.forget()
        return gone

    async def senders(self) -> AsyncIterator[str]:
        """Yield the ids of all conversations, in the database's order."""
        after = ""
        while True:
            page = await self._database.read(partial(statements.senders, after=after, most=PAGE))
            for sender_id in page:
                yield sender_id
            if len(page) < PAGE:
                return
            after = page[-1]

    async def newest(self, most: int) -> list[str]:
        """Return the ids of the conversations that went on last, newest first, out of the newest events."""
        return await self._database.read(partial(statements.newest, most=most))

    async def close(self) -> None:
        """Finish what waits, and let go of connections."""
        await self._database.close()

    def _complain(self, table: str, number: int, why: ValueError) -> None:
        if (table, number) in self._complained:
            return
        if len(self._complained) < 10_000:  # each row is told of once, as long as that costs little
            self._complained.add((table, number))
        place = self._options.place
        log.error("%s: row %s of table %s cannot be read (%s); it is passed over.", place, number, table, why)


def _database(options: SqlOptions) -> Database:
    if options.sqlite:
        return SqliteDatabase(options)
    return MysqlDatabase(options) if options.mysql else PostgresDatabase(options)

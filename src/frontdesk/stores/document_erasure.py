"""Take away all that a tracker store in a database of documents keeps of a conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from frontdesk.stores import documents as docs
from frontdesk.stores import rows
from frontdesk.stores.document_lists import Patience, walk
from frontdesk.stores.documents import DocumentTable, Head, Item, Received, Step
from frontdesk.stores.recent import RecentSessions


class DocumentErasure:
    """The part of the store that forgets a conversation."""

    _table: DocumentTable
    _recent: RecentSessions
    _timeout: float

    def _complain(self, what: str, why: ValueError) -> None:
        raise NotImplementedError

    async def erase(self, sender_id: str) -> bool:
        """Take away all that is kept of a conversation, also what Rasa kept of it; False where there was nothing.

        The head goes last, if nobody wrote since it was read: who erases again after a crash finds what is left.
        """
        rows.check_sender(sender_id)
        self._recent.drop(sender_id)
        of = docs.conversation(sender_id)
        patience = Patience(self._timeout, self._table.place)
        gone = await self._table.forget(sender_id)
        while True:
            found = await self._table.get(of, docs.HEAD)
            entries = await self._entries(sender_id)
            await asyncio.gather(*(self._table.write([step]) for step in entries))
            gone = await self._table.clear(of, docs.HEAD) or bool(entries) or gone
            if found is None:
                return gone
            stamp = Head.read(found).stamp
            if await self._table.write(
                [Step(of, docs.HEAD, seen=found.rev), docs.listed("newest", sender_id, stamp)]
            ):
                return True
            await patience.wait()

    async def _entries(self, sender_id: str) -> list[Step]:
        """Return the steps that take a conversation's entries from all lists but that of the newest."""
        of = docs.conversation(sender_id)
        messages, reminders = await asyncio.gather(
            self._table.find(of, *docs.MESSAGES), self._table.find(of, *docs.REMINDERS)
        )
        own = rows.readable(_texts(reminders), rows.reminder_from_json, self._unreadable)
        received = [one for one in map(Received.read, messages) if one is not None]
        outbox = docs.shard("outbox", sender_id)
        waits = [
            Step(item.of, item.key)
            async for item in walk(self._table, outbox)
            if json.loads(item.text)[0] == sender_id
        ]
        return [
            *(one.waits_no_more() for one in received if not one.finished),
            *map(docs.due_step, own),
            *waits,
        ]

    def _unreadable(self, _: int, why: ValueError) -> None:
        self._complain("a reminder", why)


def _texts(items: Sequence[Item]) -> list[tuple[int, object]]:
    return [(number, item.text) for number, item in enumerate(items)]

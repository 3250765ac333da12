"""Take away all that a tracker store in a database of documents keeps of a conversation."""

from __future__ import annotations

import asyncio
import json

from frontdesk.stores import documents as docs
from frontdesk.stores import rows
from frontdesk.stores.document_lists import walk
from frontdesk.stores.documents import DocumentTable, Head, Received, Step


class DocumentErasure:
    """The part of the store that forgets a conversation.

    That is many steps. The head goes last: so what a server that ended began is done by whoever erases again.
    """

    _table: DocumentTable

    async def erase(self, sender_id: str) -> bool:
        """Take away all that is kept of a conversation, also what Rasa kept of it; False where there was nothing.

        All messages of all conversations are looked through for its own.
        """
        rows.check_sender(sender_id)
        of = docs.conversation(sender_id)
        head = Head.read(await self._table.get(of, docs.HEAD))
        entries = [*await self._waiting(sender_id), *await self._reminders(of)]
        if head.count:
            entries.append(docs.listed("newest", sender_id, head.stamp))
        await asyncio.gather(*(self._table.write([entry]) for entry in entries))
        gone = [bool(entries), await self._messages(sender_id), await self._table.forget(sender_id)]
        return any([*gone, await self._table.erase(of)])

    async def _waiting(self, sender_id: str) -> list[Step]:
        """Return the steps that take away what an event broker is still to be told."""
        found = walk(self._table, docs.shard("outbox", sender_id))
        return [Step(item.of, item.key) async for item in found if json.loads(item.text)[0] == sender_id]

    async def _reminders(self, of: str) -> list[Step]:
        """Return the steps that take a conversation's reminders from those that are due some day."""
        items = enumerate(await self._table.find(of, *docs.REMINDERS))
        found = rows.readable(
            ((number, item.text) for number, item in items), rows.reminder_from_json, lambda *_: None
        )
        return [docs.due_step(reminder) for reminder in found]

    async def _messages(self, sender_id: str) -> bool:
        """Take away a conversation's messages, answered or not; False where there was none."""
        gone = False
        for of in await self._table.mentioning(docs.MESSAGE, json.dumps(sender_id)):
            received = Received.read(await self._table.get(of, docs.MESSAGE))
            if received is not None and received.delivery.sender_id == sender_id:
                await self._table.write([received.waits_no_more()])
                gone |= await self._table.erase(of)
        return gone

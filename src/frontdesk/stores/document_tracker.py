"""Conversations kept as documents, in DynamoDB or MongoDB: each commit is one transaction there."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from frontdesk.core.events import ActionExecuted, Event, SessionStarted
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Conversation, Delivery
from frontdesk.core.tracker import SESSION_START
from frontdesk.errors import LockLost, StaleConversation
from frontdesk.stores import documents as docs
from frontdesk.stores import rows
from frontdesk.stores.document_erasure import DocumentErasure
from frontdesk.stores.document_lists import DocumentOutbox, DocumentReminders, Patience, walk
from frontdesk.stores.documents import DocumentTable, Head, Received, Step
from frontdesk.stores.recent import RecentSessions, Session
from frontdesk.stores.refusals import answered, stale

log = logging.getLogger("frontdesk.stores")


class DocumentTrackerStore(DocumentOutbox, DocumentReminders, DocumentErasure):
    """Keeps conversations in a table of documents; DynamoDB's and MongoDB's stores say which.

    A conversation has a head, whose `rev` every commit must have seen, and documents of events, which are only added.
    Beside those are lists over all conversations: messages without an answer, reminders by when they are due, what an
    event broker is still to be told, and conversations by when they went on.
    """

    local = False

    def __init__(
        self, table: DocumentTable, *, timeout: float, retention: float, clock: Callable[[], float]
    ) -> None:
        self._table = table
        self._timeout = timeout
        self._retention = math.ceil(retention)
        self._clock = clock
        self._recent = RecentSessions()
        self._leasing = asyncio.Lock()

    async def load(self, sender_id: str, *, whole: bool = False) -> Conversation:
        """Return the latest session (all events where `whole`); an unknown conversation is empty."""
        rows.check_sender(sender_id)
        head = await self._head(sender_id)
        if not head.count and await self._adopt(sender_id):
            head = await self._head(sender_id)
        if not head.count:
            self._recent.drop(sender_id)
            return Conversation()
        known = None if whole else self._recent.get(sender_id)
        if known is not None and known.born != head.born:
            self._recent.drop(sender_id)  # it was erased, and began anew
            known = None
        first = 0 if whole else head.start
        if known is not None and known.first == first and known.last < head.count:
            events = [*known.events, *await self._events(sender_id, known.last + 1, head, known.last + 1)]
        else:
            events = await self._events(sender_id, 0 if whole else head.piece, head, first)
        if not whole and len(events) == head.count - first:
            read = Session(first, head.count - 1, len(events), tuple(events), head.born)
            self._recent.put(sender_id, read)
        return Conversation(tuple(events), head.count - len(events))

    async def _head(self, sender_id: str) -> Head:
        return Head.read(await self._table.get(docs.conversation(sender_id), docs.HEAD))

    async def _events(self, sender_id: str, piece: int, head: Head, first: int) -> list[Event]:
        """Return the events from `first` on, which is in the document of event `piece`, up to those of a head."""
        if first >= head.count:
            return []
        low, high = docs.event_key(piece), docs.EVENTS[1]
        found = await self._table.find(docs.conversation(sender_id), low, high)
        numbered = (
            (number, line)
            for item in found
            for number, line in enumerate(item.text.split("\n"), int(item.key.removeprefix(docs.EVENTS[0])))
            if first <= number < head.count
        )
        return rows.readable(numbered, rows.event_from_json, lambda n, why: self._complain(f"event {n}", why))

    async def _adopt(self, sender_id: str) -> bool:
        """Begin a conversation with what Rasa kept of it, as far as that can be read; False where there is nothing."""
        try:
            kept = await self._table.kept(sender_id)
        except ValueError as error:
            kept = []
            self._complain("what Rasa kept of a conversation", error)
        if kept is None:
            return False
        wires = [(number, json.dumps(wire, default=str)) for number, wire in enumerate(kept)]
        events = rows.readable(
            wires, rows.event_from_json, lambda n, why: self._complain(f"event {n} of Rasa's", why)
        )
        # Of two servers that come at once, one is told that it is late; then the other has done it.
        try:
            await self.save(Commit(sender_id, events or [SessionStarted(timestamp=self._clock())], 0))
        except StaleConversation:
            log.debug("A conversation was taken over from Rasa by another server.")
        return True

    async def save(self, commit: Commit) -> None:
        """Add events, all or none. Raises StaleConversation, and LockLost where a higher fence is known."""
        rows.check_sender(commit.sender_id)
        if commit.delivery is not None:
            rows.check_delivery(commit.delivery)
        now = self._clock()
        texts = [str(rows.event_row(event, now)["data"]) for event in commit.events]
        patience = Patience(self._timeout, self._table.place)
        while not await self._store(commit, texts, now):
            await patience.wait()  # somebody else came in between: perhaps it is late now, and is told so

    async def _store(self, commit: Commit, texts: Sequence[str], now: float) -> bool:
        head, received = await asyncio.gather(self._head(commit.sender_id), self._received(commit.delivery))
        if 0 < commit.fence < head.fence:
            raise LockLost(head.fence)
        if head.count != commit.expected:
            raise stale(commit.expected, head.count)
        if received is not None and received.finished:
            raise answered()
        steps = await self._changed(commit)  # after the head, whose `rev` tells whether they changed since
        if commit.delivery is not None:
            new = received or Received(commit.delivery, None, int(now * 1e6))
            new = replace(new, finished=True, replies=rows.replies_to_json(commit.replies))
            steps += [new.step(until=math.ceil(now + self._retention)), new.waits_no_more()]
        if texts:
            written, head = _written(commit, texts, head, now)
            steps += written
        if not steps and commit.fence <= head.fence:
            return True
        head = replace(head, fence=max(head.fence, commit.fence))
        return await self._table.write([head.step(commit.sender_id), *steps])

    async def admit(self, sender_id: str, fence: int) -> None:
        """Refuse from now on what writers with a lower fence commit to a conversation."""
        rows.check_sender(sender_id)
        patience = Patience(self._timeout, self._table.place)
        while (head := await self._head(sender_id)).fence < fence:
            if await self._table.write([replace(head, fence=fence).step(sender_id)]):
                return
            await patience.wait()

    async def _received(self, delivery: Delivery | None) -> Received | None:
        if delivery is None:
            return None
        return Received.read(await self._table.get(*docs.place_of(delivery)))

    async def begin(self, delivery: Delivery, message: UserMessage) -> Sequence[Mapping[str, Any]] | None:
        """Write a message into the inbox, or return the stored replies where it was already answered."""
        rows.check_delivery(delivery)
        new = Received(delivery, rows.message_to_json(message), int(self._clock() * 1e6))
        patience = Patience(self._timeout, self._table.place)
        while not await self._table.write([new.step(), new.waits()]):
            found = await self._received(delivery)
            if found is not None:
                return rows.replies_from_json(found.replies) if found.finished else None
            await patience.wait()
        return None

    async def unfinished(
        self, older_than: float, sender_id: str | None = None
    ) -> list[tuple[Delivery, UserMessage]]:
        """Return messages (of one conversation) that began so many seconds ago and were not answered, oldest first."""
        high = f"{max(int((self._clock() - older_than) * 1e6), 0):020d}{docs.ALL[1]}"
        where = docs.shards("open") if sender_id is None else [docs.shard("open", sender_id)]
        lists = await asyncio.gather(*(self._table.find(of, docs.ALL[0], high) for of in where))
        entries = sorted((entry for found in lists for entry in found), key=lambda entry: entry.key)
        items = await asyncio.gather(*(self._table.get(*json.loads(entry.text)) for entry in entries))
        waiting = [one for one in map(Received.read, items) if one is not None and not one.finished]
        found: list[tuple[Delivery, UserMessage]] = []
        for one in waiting:
            if sender_id in (None, one.delivery.sender_id):
                try:
                    found.append((one.delivery, rows.message_from_json(one.message)))
                except ValueError as error:
                    self._complain("a message", error)
        return found

    async def tried(self, delivery: Delivery) -> int:
        """Count one more try to finish an unanswered message, and return how many there were."""
        patience = Patience(self._timeout, self._table.place)
        while (found := await self._received(delivery)) is not None and not found.finished:
            if await self._table.write([replace(found, tries=found.tries + 1).step()]):
                return found.tries + 1
            await patience.wait()
        return 0

    async def reopen(self, delivery: Delivery) -> bool:
        """Take an answered message as one that was not; False where there is no such one."""
        patience = Patience(self._timeout, self._table.place)
        while (found := await self._received(delivery)) is not None and found.finished and found.message:
            anew = replace(found, finished=False, replies="[]", tries=0)
            if await self._table.write([anew.step(), anew.waits()]):
                return True
            await patience.wait()
        return False

    async def senders(self) -> AsyncIterator[str]:
        """Yield the ids of all conversations, also of those that only Rasa knows."""
        seen: set[str] = set()
        for of in docs.shards("newest"):
            async for item in walk(self._table, of):
                if (name := json.loads(item.text)) not in seen:
                    seen.add(name)
                    yield name
        async for name in self._table.names():
            if name not in seen:
                seen.add(name)
                yield name

    async def newest(self, most: int) -> list[str]:
        """Return the ids of the conversations that went on last, newest first."""
        wanted = (self._table.find(of, *docs.ALL, most, backwards=True) for of in docs.shards("newest"))
        lists = await asyncio.gather(*wanted)
        entries = sorted((entry for found in lists for entry in found), key=lambda entry: entry.key)
        names = [str(json.loads(entry.text)) for entry in reversed(entries)]
        return list(dict.fromkeys(names))[:most]

    async def there(self) -> bool:
        """Tell whether the database is there and was used before; nothing is written."""
        return await self._table.there()

    async def close(self) -> None:
        """Let go of connections."""
        await self._table.close()

    def _complain(self, what: str, why: ValueError) -> None:
        log.error("%s: %s cannot be read (%s); it is passed over.", self._table.place, what, why)


def _written(commit: Commit, texts: Sequence[str], head: Head, now: float) -> tuple[list[Step], Head]:
    """Return the steps that add events, and the head after that."""
    name, events = commit.sender_id, commit.events
    found = docs.pieces(texts, head.count)
    stamp = max(int(now * 1e6), head.stamp + 1)
    of = docs.conversation(name)
    steps = [Step(of, docs.event_key(first), "\n".join(lines)) for first, lines in found]
    if head.count:
        steps.append(docs.listed("newest", name, head.stamp))
    steps.append(docs.listed("newest", name, stamp, json.dumps(name)))
    firsts = [first for first, _ in found]
    if commit.announced:
        steps.append(docs.listed("outbox", name, stamp, json.dumps([name, firsts])))
    start, piece = head.start, head.piece
    within = rows.session_start(events)
    if within == 0 and isinstance(events[0], SessionStarted) and head.opens:
        start, piece = head.count - 1, head.last  # it began with the last event of the commit before
    elif within is not None:
        start = head.count + within
        piece = max(first for first in firsts if first <= start)
    last = events[-1]
    return steps, replace(
        head,
        born=head.born or uuid.uuid4().hex,
        count=head.count + len(texts),
        start=start,
        piece=piece,
        last=firsts[-1],
        opens=isinstance(last, ActionExecuted) and last.name == SESSION_START,
        stamp=stamp,
    )

"""What a tracker store in a database of documents keeps for all conversations: reminders, and an outbox."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from random import SystemRandom

from frontdesk.core.ports import Commit, Outgoing
from frontdesk.core.reminders import Reminder, after
from frontdesk.errors import StoreError
from frontdesk.stores import documents as docs
from frontdesk.stores import rows
from frontdesk.stores.documents import DocumentTable, Item, Step, Waiting

PAGE = 100
EVER = docs.ALL[1]
LONGEST_PAUSE = 0.2
"""Seconds between two tries to write what somebody else writes, too."""


class Patience:
    """Lets somebody try again for some seconds, and then says that others were always faster."""

    def __init__(self, seconds: float, place: str) -> None:
        self._seconds, self._place = seconds, place
        self._until = time.monotonic() + seconds
        self._pause = 0.005

    async def wait(self) -> None:
        """Wait a little, longer each time. Raises StoreError when it is over."""
        if time.monotonic() >= self._until:
            what = f"Others wrote the same again and again for {self._seconds:g} s."
            raise StoreError(what, where=self._place, hint="Try again.")
        await asyncio.sleep(SystemRandom().uniform(0, self._pause))
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


class DocumentOutbox:
    """The part of the store that an event broker is told from: entries by time that name documents of events."""

    _table: DocumentTable

    async def lead(self, holder: str, now: float, until: float) -> bool:
        """Become, or stay until a time, the only one who sends what is announced."""
        found = await self._table.get(docs.LEADER, docs.LEADER)
        if found is not None:
            known = json.loads(found.text)
            if known["holder"] != holder and known["until"] > now:
                return False
        text = json.dumps({"holder": holder, "until": until})
        return await self._table.write(
            [Step(docs.LEADER, docs.LEADER, text, found.rev if found is not None else 0)]
        )

    async def outgoing(self, most: int) -> list[Outgoing]:
        """Return what an event broker is still to be told, oldest first."""
        lists = await asyncio.gather(*(self._table.find(of, *docs.ALL, most) for of in docs.shards("outbox")))
        entries = sorted((entry for found in lists for entry in found), key=lambda entry: entry.key)[:most]
        return list(await asyncio.gather(*(self._outgoing(entry) for entry in entries)))

    async def _outgoing(self, entry: Item) -> Outgoing:
        sender_id, firsts = json.loads(entry.text)
        of = docs.conversation(sender_id)
        found = await asyncio.gather(*(self._table.get(of, docs.event_key(first)) for first in firsts))
        events = [json.loads(line) for item in found if item for line in item.text.split("\n")]
        return Outgoing(f"{entry.of} {entry.key}", sender_id, events)

    async def depth(self) -> int:
        """Return how many commits wait for an event broker."""
        return sum(await asyncio.gather(*(self._table.count(of) for of in docs.shards("outbox"))))

    async def sent(self, numbers: Sequence[str]) -> None:
        """Forget what an event broker has by now."""
        places = (number.partition(" ") for number in numbers)
        gone = [Step(of, key) for of, _, key in places]
        await asyncio.gather(*(self._table.write([step]) for step in gone))


class DocumentReminders:
    """The part of the store that keeps reminders: in their conversation, and by when they are due."""

    _table: DocumentTable
    _leasing: asyncio.Lock

    def _complain(self, what: str, why: ValueError) -> None:
        raise NotImplementedError

    async def next_reminder(self) -> float | None:
        """Return when a reminder can next be leased; None where there is none."""
        found = await asyncio.gather(*(self._next(of) for of in docs.shards("due")))
        return min((free for free in found if free is not None), default=None)

    async def _next(self, of: str) -> float | None:
        least: float | None = None
        async for waiting in self._by_due(of, EVER):
            if least is not None and waiting.reminder.due >= least:
                break  # none is free before it is due
            least = waiting.free if least is None else min(least, waiting.free)
        return least

    async def lease_reminders(
        self, now: float, until: float, most: int, *, taken: bool = False
    ) -> list[Reminder]:
        """Return reminders that are due, and give them to nobody else until a time."""
        async with self._leasing:  # others of this process would only try for the same ones
            return await self._lease(now, until, most, taken)

    async def _lease(self, now: float, until: float, most: int, taken: bool) -> list[Reminder]:
        leased: dict[str, Reminder] = {}
        while len(leased) < most:
            lists = await asyncio.gather(
                *(self._free(of, now, most, taken, leased) for of in docs.shards("due"))
            )
            free = sorted((one for found in lists for one in found), key=lambda one: one.reminder.due)
            wanted = free[: most - len(leased)]
            if not wanted:
                break
            steps = [replace(one, free=until).step() for one in wanted]
            won = await asyncio.gather(*(self._table.write([step]) for step in steps))
            leased |= {one.reminder.id: one.reminder for one, mine in zip(wanted, won, strict=True) if mine}
        return sorted(leased.values(), key=lambda reminder: reminder.due)

    async def _free(
        self, of: str, now: float, most: int, taken: bool, leased: dict[str, Reminder]
    ) -> list[Waiting]:
        found: list[Waiting] = []
        async for waiting in self._by_due(of, docs.due_key(now) + EVER):
            at = waiting.reminder.due if taken else waiting.free
            if at <= now and waiting.reminder.id not in leased:
                found.append(waiting)
            if len(found) >= most:
                break
        return found

    async def _by_due(self, of: str, high: str) -> AsyncIterator[Waiting]:
        """Yield what waits, first those due first, up to a key."""
        async for item in walk(self._table, of, high):
            try:
                yield Waiting.read(item)
            except (ValueError, KeyError) as error:
                self._complain("a reminder", ValueError(type(error).__name__))

    async def keep_reminder(self, reminder: Reminder, until: float) -> bool:
        """Let a lease end at another time; False where the reminder is gone."""
        at = docs.due_step(reminder)
        while (found := await self._table.get(at.of, at.key)) is not None:
            if await self._table.write([replace(Waiting.read(found), free=until).step()]):
                return True
            await asyncio.sleep(LONGEST_PAUSE / 10)
        return False

    async def pending_reminders(self, sender_id: str) -> list[Reminder]:
        """Return a conversation's reminders, leased or not, first those due first."""
        items = await self._table.find(docs.conversation(sender_id), *docs.REMINDERS)
        texts = ((number, item.text) for number, item in enumerate(items))
        own = rows.readable(texts, rows.reminder_from_json, lambda _, why: self._complain("a reminder", why))
        return sorted(own, key=lambda reminder: reminder.due)

    async def _changed(self, commit: Commit) -> list[Step]:
        """Return the steps of what a commit changes about its conversation's reminders."""
        firing = commit.firing.id if commit.firing else None
        done = [commit.firing] if commit.firing and commit.delivery is not None else []
        if not commit.reminders and not done:
            return []
        own = await self.pending_reminders(commit.sender_id)
        gone, new = after([one for one in own if one.id != firing], commit.reminders)
        steps: dict[tuple[str, str], Step] = {}
        for reminder in [*gone, *done]:
            for step in (docs.due_step(reminder), docs.own_step(reminder)):
                steps[step.of, step.key] = step
        for reminder in new:
            due = replace(Waiting(reminder, reminder.due).step(), seen=None)
            own_one = replace(docs.own_step(reminder), text=rows.reminder_to_json(reminder))
            steps |= {(due.of, due.key): due, (own_one.of, own_one.key): own_one}
        return list(steps.values())


async def walk(table: DocumentTable, of: str, high: str = EVER) -> AsyncIterator[Item]:
    """Yield the documents of a partition up to a key, page by page."""
    low = docs.ALL[0]
    while True:
        found = await table.find(of, low, high, PAGE)
        for item in found:
            yield item
        if len(found) < PAGE:
            return
        low = found[-1].key + "!"  # no key goes on behind another one

"""A worker of the queue mode: answers what front servers wrote down, and what workers that ended had begun."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.errors import AuthError, FrontdeskError, StoreError
from frontdesk.runtime.agent import TAKE_OVER_AFTER, Agent
from frontdesk.runtime.front import topic
from frontdesk.runtime.line import EVER
from frontdesk.stores.redis_options import end
from frontdesk.stores.redis_queue import RedisQueue, Ticket

log = logging.getLogger("frontdesk.queue")

MOST = 256
"""Messages that a worker is at, at the same time; those of one conversation wait for one another."""
AGAIN_AFTER, LONGEST_PAUSE = 0.5, 5.0
"""Seconds until something is tried again that could not be stored, at first and at most."""


class QueueWorker:
    """Takes messages out of a queue for an agent; the agent's line keeps the order of each conversation.

    >>> worker = QueueWorker(agent, queue)
    >>> task = asyncio.create_task(worker.run())
    >>> worker.stop()
    >>> await task
    >>> await worker.finish(patience=60)

    A message leaves the queue once its replies are committed and told. The inbox decides what is to be answered: what
    is in it and not in the queue is put there, at once where the queue came back with nothing in it. A message that is
    answered with an apology only becomes a dead letter.
    """

    def __init__(self, agent: Agent, queue: RedisQueue, most: int = MOST) -> None:
        self.agent, self.queue, self.most = agent, queue, most
        self.name = uuid.uuid4().hex
        self._turns: dict[str, tuple[Ticket, asyncio.Task[None]]] = {}
        self._free = asyncio.Event()
        self._stopping = asyncio.Event()
        agent.apologised = self._apologised

    async def run(self) -> None:
        """Answer messages until `stop`."""
        beside = asyncio.create_task(self._look_after())
        try:
            while not self._stopping.is_set():
                await self._patiently(self._take)
        finally:
            await end(beside)

    def stop(self) -> None:
        """Take nothing more; `run` ends."""
        self._stopping.set()
        self._free.set()

    async def finish(self, patience: float) -> None:
        """Finish what was taken; others claim what takes longer."""
        keeping = asyncio.create_task(self._look_after(only_keep=True))
        tasks = [task for _, task in self._turns.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience)
            await end(*late)
        await end(keeping)
        try:
            await self.queue.leave(self.name)
        except StoreError as error:
            log.warning("%s", error)

    async def _take(self) -> None:
        room = self.most - len(self._turns)
        if room <= 0:
            self._free.clear()
            await self._free.wait()
            return
        for ticket in await self.queue.take(self.name, room):
            self._begin(ticket, again=False)

    def _begin(self, ticket: Ticket, *, again: bool) -> None:
        if ticket.id not in self._turns:
            task = asyncio.create_task(self._answer(ticket, again=again))
            self._turns[ticket.id] = (ticket, task)
            task.add_done_callback(lambda _: self._ended(ticket))

    def _ended(self, ticket: Ticket) -> None:
        self._turns.pop(ticket.id, None)
        self._free.set()

    async def _answer(self, ticket: Ticket, *, again: bool) -> None:
        """Answer a message, tell the front server that waits, and take it out of the queue."""
        pause = AGAIN_AFTER
        message: UserMessage | None = None
        while True:
            try:
                # Kept for the next try, also if somebody else has answered it by then: the agent owes it no more.
                message = message or await self._waiting(ticket.delivery)
                outcome = await self._outcome(ticket.delivery, message, again=again)
                if ticket.front:
                    content = {"delivery": [*_parts(ticket.delivery)], **outcome}
                    await self.agent.exchange.tell(topic(ticket.front), content)
                await self.queue.done(ticket)
                return
            except FrontdeskError as error:  # the database, Redis or the model is away: it stays in the queue
                log.error("A message is not answered yet: %s", error)
            except Exception:
                log.exception("A message is not answered yet.")
            again = False  # no worker ended over this try
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _outcome(
        self, delivery: Delivery, message: UserMessage | None, *, again: bool
    ) -> Mapping[str, Any]:
        if message is None:  # it was answered with another message, which came later
            return {}
        try:
            return {"replies": list(await self.agent.answer(delivery, message, crashed=again))}
        except AuthError as error:
            return {"refused": error.what}

    async def _waiting(self, delivery: Delivery) -> UserMessage | None:
        """Return a message, where the inbox says that it is not answered."""
        waiting = await self.agent.store.unfinished(-EVER, delivery.sender_id)
        return next((message for other, message in waiting if other == delivery), None)

    async def _apologised(self, delivery: Delivery) -> None:
        log.error("A message was answered with an apology only; see `frontdesk queue`.")
        try:
            await self.queue.bury(delivery)
        except StoreError as error:
            log.error("It could not be noted as a dead letter: %s", error)

    async def _look_after(self, *, only_keep: bool = False) -> None:
        """Give signs of life for what is at work here; take up what nobody gives them for, and what is in no queue."""
        while True:
            await self._patiently(self._keep if only_keep else self._keep_and_take_up)
            await asyncio.sleep(self.queue.lifetime / 3)

    async def _keep(self) -> None:
        await self.queue.keep(self.name, [ticket for ticket, _ in self._turns.values()])

    async def _keep_and_take_up(self) -> None:
        await self._keep()
        for ticket in await self.queue.claim(self.name, max(1, self.most - len(self._turns))):
            self._begin(ticket, again=True)
        if await self.queue.first("refilling", TAKE_OVER_AFTER / 2):
            await self.refill(TAKE_OVER_AFTER)

    async def refill(self, older_than: float = -EVER) -> int:
        """Put messages into the queue that are not answered and not in it; returns how many."""
        waiting = [delivery for delivery, _ in await self.agent.store.unfinished(older_than)]
        missing = await self.queue.missing(waiting)
        for delivery in missing:
            await self.queue.put(delivery)
        if missing:
            log.warning("%d messages that are not answered were put into the queue again.", len(missing))
        return len(missing)

    async def _patiently(self, work: Any) -> None:
        """Do something; where Redis or the database is away, or the queue came back empty, see to that first."""
        try:
            await work()
        except StoreError as error:
            if "NOGROUP" not in str(error):
                log.error("%s", error)
            await asyncio.sleep(AGAIN_AFTER)
            try:
                if await self.queue.prepare():
                    await self.refill()
            except StoreError as also:
                log.error("%s", also)


def _parts(delivery: Delivery) -> Sequence[str]:
    return delivery.channel, delivery.sender_id, delivery.message_id

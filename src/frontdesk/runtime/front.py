"""A front server of the queue mode: takes messages, writes them down, and waits for what the workers answer."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery, Exchange, TrackerStore
from frontdesk.core.tracker import Tracker
from frontdesk.errors import AuthError, Overloaded
from frontdesk.measures import count, stop
from frontdesk.runtime.agent import check_length, identified, not_yours
from frontdesk.runtime.outlets import Outlets
from frontdesk.runtime.processor import guarded
from frontdesk.runtime.recent import RecentTrackers
from frontdesk.runtime.saving import OnReply, Reply, pass_on
from frontdesk.settings import Settings
from frontdesk.stores.redis_queue import RedisQueue

log = logging.getLogger("frontdesk.queue")

LOOK_FIRST, LOOK_EVERY = 2.0, 10.0
"""Seconds until an answer is looked for in the inbox, since what a worker tells may be lost: first, and at most."""


class Front:
    """Takes messages as an agent does, and lets workers answer them.

    >>> front = Front(store, queue, exchange, Settings())
    >>> replies = await front.receive(UserMessage("hello", "ann"))

    Where as many messages wait as may, one more is refused before it is written down. What is written down is answered,
    also if the queue loses it.
    """

    def __init__(
        self,
        store: TrackerStore,
        queue: RedisQueue,
        exchange: Exchange,
        settings: Settings,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.store, self.queue, self.exchange, self.settings = store, queue, exchange, settings
        self.facts = facts or {}
        self.outlets = Outlets()
        self._recent = RecentTrackers()
        self._initial: dict[str, Any] = {}
        self._name = uuid.uuid4().hex
        self._waiting: defaultdict[Delivery, set[asyncio.Future[Sequence[Reply] | None]]] = defaultdict(set)
        exchange.listen(topic(self._name), self._told)

    @stop("message")
    async def receive(self, message: UserMessage, on_reply: OnReply | None = None) -> Sequence[Reply]:
        """Let a worker handle a message and return its replies.

        Raises LimitError where it is too long, Overloaded where too many wait, StoreError where it cannot be written
        down, AuthError where the conversation belongs to an authenticated caller and the message is not.
        """
        delivery, message, stored = await self._write_down(message)
        if stored is not None:
            return await pass_on(stored, on_reply)
        replies = await self._answer(delivery, message)
        brought = self.outlets.answering(message) is not None  # by the worker
        return await pass_on(replies, None if brought else on_reply)

    @stop("message")
    async def accept(self, message: UserMessage, on_reply: OnReply) -> bool:
        """Write a message down and return; a worker brings the replies. False where it was answered before."""
        delivery, message, stored = await self._write_down(message)
        if stored is None:
            await self.queue.put(delivery)
        return stored is None

    @stop("inbox")
    async def _write_down(self, message: UserMessage) -> tuple[Delivery, UserMessage, Sequence[Reply] | None]:
        check_length(message.text, self.settings.max_message)
        message, delivery = identified(message)
        await self.queue.check_room()
        stored = await self.store.begin(delivery, message)
        count("frontdesk_deliveries" if stored is None else "frontdesk_repeats")
        if stored is not None and not message.authenticated and guarded(await self.latest(message.sender_id)):
            raise not_yours()
        return delivery, message, stored

    @stop("turn")
    async def _answer(self, delivery: Delivery, message: UserMessage) -> Sequence[Reply]:
        told: asyncio.Future[Sequence[Reply] | None] = asyncio.get_running_loop().create_future()
        self._waiting[delivery].add(told)
        try:
            await self.queue.put(delivery, self._name)
            return await self._wait(told, delivery, message)
        finally:
            self._waiting[delivery].discard(told)
            if not self._waiting[delivery]:
                del self._waiting[delivery]

    async def _wait(
        self, told: asyncio.Future[Sequence[Reply] | None], delivery: Delivery, message: UserMessage
    ) -> Sequence[Reply]:
        until = time.monotonic() + self.settings.turn_deadline + self.settings.action_deadline
        pause = LOOK_FIRST
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    replies = await asyncio.shield(told)
                    if replies is not None:
                        return replies
            stored = await self.store.begin(delivery, message)
            if stored is not None:
                return stored
            if time.monotonic() > until:
                raise Overloaded(
                    "The message waits longer than usual.", hint="Ask again with its message_id."
                )
            if told.done():  # of something that is to be looked up, and is not there yet
                await asyncio.sleep(pause)
            pause = min(2 * pause, LOOK_EVERY)

    async def _told(self, content: Mapping[str, Any]) -> None:
        """Hear from a worker: the replies, that the caller is refused, or (neither) that there is an answer."""
        for told in self._waiting.get(Delivery(*content["delivery"]), ()):
            if told.done():
                continue
            if "refused" in content:
                told.set_exception(AuthError(content["refused"]))
            else:
                told.set_result(content.get("replies"))

    async def tracker(self, sender_id: str) -> Tracker:
        """Return a conversation with all its events."""
        return await self._recent.load(self.store, sender_id, self._initial, whole=True, alone=False)

    async def latest(self, sender_id: str) -> Tracker:
        """Return a conversation's latest session."""
        return await self._recent.load(self.store, sender_id, self._initial, whole=False, alone=False)

    async def close(self) -> None:
        """Let go of connections."""
        await self.exchange.close()
        await self.queue.close()
        await self.store.close()


def topic(front: str) -> str:
    """Return on which topic of the exchange a front server hears what its clients wait for."""
    return f"front:{front}"

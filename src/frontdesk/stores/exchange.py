"""What processes of one installation tell each other at once: over Redis, or nothing where there is one process."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from frontdesk.core.ports import Exchange, Hear, LockStore
from frontdesk.stores.redis_options import connect, end, failures, read_redis_options

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger("frontdesk.stores")

AGAIN_AFTER = 0.2
"""Seconds until a listener connects again."""
PAUSE = 2.0
"""Seconds for which nothing is told after Redis was away: whoever tells is in the middle of a turn."""
LOOK_EVERY = 10.0


class NoExchange:
    """Of a process that shares its conversations with no other: there is nobody to tell."""

    def listen(self, topic: str, hear: Hear) -> None:
        """Do nothing."""

    async def tell(self, topic: str, content: Mapping[str, Any]) -> None:
        """Do nothing."""

    async def start(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


def exchange_of(locks: LockStore) -> Exchange:
    """Return what the processes that share a lock store tell each other by; it may know no way."""
    make = getattr(locks, "exchange", None)
    found: Exchange = make() if make is not None else NoExchange()
    return found


class RedisExchange:
    """Tells processes that use the same Redis, by its publish and subscribe.

    >>> exchange = RedisExchange({"url": "localhost"})
    >>> exchange.listen("news", hear)
    >>> await exchange.start()
    >>> await exchange.tell("news", {"of": "ann"})

    It takes the options of the lock store, and listens anew where Redis was away. A process does not hear itself.
    """

    def __init__(
        self, options: Mapping[str, Any], *, section: str = "lock_store", more: frozenset[str] = frozenset()
    ) -> None:
        self._at = read_redis_options(options, section, "exchange:", more | {"lifetime"}, database=1)
        self._prefix = self._at.prefix
        self._name = uuid.uuid4().hex
        self._hear: dict[str, Hear] = {}
        self._client: Redis | None = None
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self._quiet_until = 0.0

    def listen(self, topic: str, hear: Hear) -> None:
        """Hear what others tell on a topic; asked for before `start`."""
        self._hear[topic] = hear

    async def tell(self, topic: str, content: Mapping[str, Any]) -> None:
        """Tell all others who listen to a topic, in order; what cannot be told is logged."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            client = self._open()
            await client.publish(f"{self._prefix}{topic}", json.dumps([self._name, content]))
        except failures() as error:
            self._quiet_until = time.monotonic() + PAUSE
            log.error("Other processes could not be told at %s (%s).", self._at.place, type(error).__name__)

    async def start(self) -> None:
        """Begin to listen; returns once it does, or after a moment where Redis is away."""
        if self._hear and self._task is None:
            self._open()
            self._task = asyncio.create_task(self._listen())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._listening.wait(), self._at.timeout)

    def _open(self) -> Redis:
        if self._client is None:
            self._client = connect(self._at, "What several processes tell each other")
            # Redis tells over all of its databases; those who share another one are another installation.
            database = self._client.connection_pool.connection_kwargs.get("db", 0)
            self._prefix = f"{self._at.prefix}{database}:"
        return self._client

    async def _listen(self) -> None:
        away = False
        while True:
            try:
                async with self._open().pubsub(ignore_subscribe_messages=True) as heard:
                    await heard.subscribe(*(f"{self._prefix}{topic}" for topic in self._hear))
                    self._listening.set()
                    away = False
                    while True:
                        message = await heard.get_message(timeout=LOOK_EVERY)
                        if message is not None:
                            await self._pass_on(str(message["channel"]), str(message["data"]))
            except failures() as error:
                if not away:
                    log.warning("Nothing is heard from %s (%s).", self._at.place, type(error).__name__)
                away = True
            await asyncio.sleep(AGAIN_AFTER)

    async def _pass_on(self, channel: str, text: str) -> None:
        hear = self._hear.get(channel.removeprefix(self._prefix))
        try:
            name, content = json.loads(text)
            if name != self._name and hear is not None:
                await hear(content)
        except Exception:  # whatever one listener makes of it; the others have to hear what comes next
            log.exception("Something that another process told was not understood.")

    async def close(self) -> None:
        """Let go of connections."""
        if self._task is not None:
            await end(self._task)
        if self._client is not None:
            await self._client.aclose()
        self._client = self._task = None

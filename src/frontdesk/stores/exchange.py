"""What processes of one installation tell each other at once: over Redis, or nothing where there is one process.

Each topic is a stream in Redis of what was told within the last minute. So whoever loses its connection, also one that
ends without a word, hears afterwards what it missed.
"""

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
KEPT = 60.0
"""Seconds for which what was told is kept, for those who are cut off."""
MOST = 200
"""Things that are read in one go."""
MOST_WAIT = 10.0
"""Seconds until a listener that hears nothing asks again, at most: a connection that is dead shows then."""

NOTHING = "0-0"
"""Comes before every number in a stream."""
PART = "What several processes tell each other"

TELL = """
-- KEYS: a topic. ARGV: what is told, milliseconds to keep it.
redis.call('XADD', KEYS[1], '*', 'told', ARGV[1])
local now = redis.call('TIME')
local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - ARGV[2]
redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f', oldest))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""


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
    """Tells processes that use the same Redis, by streams.

    >>> exchange = RedisExchange({"url": "localhost"})
    >>> exchange.listen("news", hear)
    >>> await exchange.start()
    >>> await exchange.tell("news", {"of": "ann"})

    It takes the options of the lock store. Where a connection broke, or nothing came over it within `socket_timeout`,
    it listens anew from where it was. A process does not hear itself.
    """

    def __init__(
        self, options: Mapping[str, Any], *, section: str = "lock_store", more: frozenset[str] = frozenset()
    ) -> None:
        self._at = read_redis_options(options, section, "exchange:", more | {"lifetime"}, database=1)
        self._name = uuid.uuid4().hex
        self._hear: dict[str, Hear] = {}
        self._client: Redis | None = None
        self._listener: Redis | None = None
        """Of its own: where it is cut off, no other connection that is dead as well is tried next."""
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
            if self._client is None:
                self._client = connect(self._at, PART)
                self._tell = self._client.register_script(TELL)
            await self._tell([self._key(topic)], [json.dumps([self._name, content]), int(1000 * KEPT)])
        except failures() as error:
            self._quiet_until = time.monotonic() + PAUSE
            log.error("Other processes could not be told at %s (%s).", self._at.place, type(error).__name__)
            await self._begin_anew()

    async def _begin_anew(self) -> None:
        """Let go of connections that wait to be used: where one was dead, so are they."""
        if self._client is not None:
            with suppress(*failures()):
                await self._client.connection_pool.disconnect(inuse_connections=False)

    async def start(self) -> None:
        """Begin to listen; returns once it does, or after a moment where Redis is away."""
        if self._hear and self._task is None:
            self._listener = connect(self._at, PART)
            self._task = asyncio.create_task(self._listen(self._listener))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._listening.wait(), self._at.timeout)

    def _key(self, topic: str) -> str:
        return f"{self._at.prefix}{topic}"

    async def _listen(self, client: Redis) -> None:
        topics = {self._key(topic): hear for topic, hear in self._hear.items()}
        wait = int(1000 * min(MOST_WAIT, self._at.arguments["socket_timeout"] / 2))
        heard: dict[Any, Any] = {}  # the number of the last thing, by topic
        away = False
        while True:
            try:
                for key in topics:
                    heard[key] = await self._position(client, key, heard.get(key))
                self._listening.set()
                away = False
                while True:
                    found: Any = await client.xread(heard, count=MOST, block=wait)
                    for key, entries in found or ():
                        for number, entry in entries:
                            heard[key] = number
                            await self._pass_on(topics[key], entry["told"])
            except failures() as error:
                if not away:
                    log.warning("Nothing is heard from %s (%s).", self._at.place, type(error).__name__)
                away = True
            await asyncio.sleep(AGAIN_AFTER)

    async def _position(self, client: Redis, key: str, before: str | None) -> str:
        """Return from where to listen: from now on at first, then from where it was, unless the stream is a new one."""
        newest: Any = await client.xrevrange(key, count=1)
        last = newest[0][0] if newest else NOTHING
        if before is None:
            return last
        return before if _ordinal(before) <= _ordinal(last) else NOTHING

    async def _pass_on(self, hear: Hear, text: str) -> None:
        try:
            name, content = json.loads(text)
            if name != self._name:
                await hear(content)
        except Exception:  # whatever one listener makes of it; the others have to hear what comes next
            log.exception("Something that another process told was not understood.")

    async def close(self) -> None:
        """Let go of connections."""
        if self._task is not None:
            await end(self._task)
        for client in (self._client, self._listener):
            if client is not None:
                await client.aclose()
        self._client = self._listener = self._task = None


def _ordinal(number: str) -> tuple[int, int]:
    moment, _, count = number.partition("-")
    return int(moment), int(count or 0)

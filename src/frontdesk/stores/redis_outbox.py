"""What a tracker store in Redis keeps for an event broker: a stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from frontdesk.core.ports import Outgoing
from frontdesk.stores import redis_tracker_scripts as scripts
from frontdesk.stores.redis_options import RedisOptions

if TYPE_CHECKING:
    from redis.asyncio import Redis


class RedisPart:
    """What the parts of a tracker store in Redis are given by the whole."""

    _at: RedisOptions

    def _opened(self) -> Redis:
        raise NotImplementedError

    async def _run(self, script: str, *arguments: Any) -> Any:
        raise NotImplementedError

    async def _patiently(self, step: Callable[[], Any]) -> Any:
        raise NotImplementedError


class RedisOutbox(RedisPart):
    """The part of a tracker store in Redis that an event broker is told from."""

    async def lead(self, holder: str, now: float, until: float) -> bool:
        """Become, or stay until a time, the only one who sends what is announced."""
        return bool(await self._run(scripts.LEAD, holder, repr(now), repr(until)))

    async def outgoing(self, most: int) -> list[Outgoing]:
        """Return what an event broker is still to be told, oldest first."""
        client = self._opened()
        found = await self._patiently(lambda: client.xrange(f"{self._at.prefix}outbox", count=most))
        return [Outgoing(number, row["sender"], json.loads(row["events"])) for number, row in found]

    async def depth(self) -> int:
        """Return how many commits wait for an event broker."""
        client = self._opened()
        return int(await self._patiently(lambda: client.xlen(f"{self._at.prefix}outbox")))

    async def sent(self, numbers: Sequence[str]) -> None:
        """Forget what an event broker has by now."""
        client = self._opened()
        if numbers:
            await self._patiently(lambda: client.xdel(f"{self._at.prefix}outbox", *numbers))

"""Messages that wait for a worker, on a stream of Redis; the inbox of the tracker store stays the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from frontdesk.core.ports import Delivery
from frontdesk.errors import Overloaded
from frontdesk.stores.redis_options import as_store_error, connect, failures, read_redis_options
from frontdesk.stores.sections import positive

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")

SECTION = "queue"
OURS = frozenset(["limit", "lifetime"])
GROUP = "workers"
MOST_DEAD = 10_000
"""Dead letters that are kept: the oldest go first."""
MOST_WAIT = 1.0
"""Seconds that a worker waits at Redis for something to do, before it looks at other things."""

PUT = """
-- KEYS: stream, known. ARGV: delivery, front. What is in the queue already is not put in once more.
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return 0 end
local id = redis.call('XADD', KEYS[1], '*', 'delivery', ARGV[1], 'front', ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], id)
return 1
"""

DONE = """
-- KEYS: stream, known. ARGV: group, id, delivery
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
if redis.call('HGET', KEYS[2], ARGV[3]) == ARGV[2] then redis.call('HDEL', KEYS[2], ARGV[3]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the queue: a message, and which front server waits for its answer (none where nobody does)."""

    id: str
    delivery: Delivery
    front: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was answered with an apology only; `at` is in seconds since the epoch."""

    id: str
    delivery: Delivery
    at: float


class RedisQueue:
    """Hands each message to one of the workers, and again to another where that one ended.

    >>> queue = RedisQueue({"url": "localhost", "limit": 5000})
    >>> await queue.put(delivery, "front-1")
    >>> [ticket] = await queue.take("worker-1", 1)
    >>> await queue.done(ticket)

    Options: those of the lock store's Redis, and `limit` (messages that may wait or be at work, 10,000). `lifetime`
    (10) is after how many seconds without a sign of life a worker's messages go to others.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = dict(options or {})
        where = f"endpoints.yml: {SECTION}"
        self._at = read_redis_options(self.options, SECTION, "queue:", OURS, database=1)
        self.limit = int(positive(self.options, "limit", 10_000, where))
        self.lifetime = positive(self.options, "lifetime", 10.0, where)
        prefix = self._at.prefix
        self._stream, self._known, self._dead = f"{prefix}stream", f"{prefix}known", f"{prefix}dead"
        self._opened: Redis | None = None

    @property
    def place(self) -> str:
        """Where it is, for messages to people."""
        return self._at.place

    @property
    def _client(self) -> Redis:
        if self._opened is None:
            self._opened = connect(self._at, "A queue in Redis")
        return self._opened

    async def _do(self, what: Callable[[Redis], Awaitable[T]]) -> T:
        """Do something at Redis. Raises StoreError."""
        try:
            return await what(self._client)
        except failures() as error:
            raise as_store_error(error, "The queue", self._at.place, SECTION) from error

    async def check_room(self) -> None:
        """Raise Overloaded where as many messages wait as may."""
        if await self.length() >= self.limit:
            raise Overloaded("Too many messages are waiting.", hint="Try again in a few seconds.")

    async def length(self) -> int:
        """Return how many messages wait or are at work."""
        return int(await self._do(lambda client: client.xlen(self._stream)))

    async def put(self, delivery: Delivery, front: str = "") -> bool:
        """Let a message wait for a worker; False where it does so already."""
        arguments = (self._stream, self._known, _name(delivery), front)
        return bool(await self._do(lambda client: _awaited(client.eval(PUT, 2, *arguments))))

    async def missing(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Return which messages are not in the queue."""
        if not deliveries:
            return []
        names = [_name(delivery) for delivery in deliveries]
        found = await self._do(lambda client: _awaited(client.hmget(self._known, names)))
        return [delivery for delivery, known in zip(deliveries, found, strict=True) if known is None]

    async def prepare(self) -> bool:
        """Make the queue ready for workers; True where it was not, so that nothing in it may be all there was."""
        from redis.exceptions import ResponseError

        async def make(client: Redis) -> bool:
            try:
                await client.xgroup_create(self._stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
                return False
            return True

        return await self._do(make)

    async def take(self, worker: str, most: int) -> list[Ticket]:
        """Return messages for a worker, at most so many; waits a moment for some."""
        wait = int(1000 * min(MOST_WAIT, self._at.arguments["socket_timeout"] / 2))
        streams: dict[Any, Any] = {self._stream: ">"}
        found: Any = await self._do(
            lambda client: client.xreadgroup(GROUP, worker, streams, count=most, block=wait)
        )
        return [_ticket(*entry) for _, entries in found or () for entry in entries]

    async def keep(self, worker: str, tickets: Sequence[Ticket]) -> None:
        """Give a sign of life for messages that a worker is at."""
        if tickets:
            ids: list[Any] = [ticket.id for ticket in tickets]
            await self._do(lambda client: client.xclaim(self._stream, GROUP, worker, 0, ids, justid=True))

    async def claim(self, worker: str, most: int) -> list[Ticket]:
        """Return messages whose workers give no sign of life any more; from now on they are this one's."""
        idle = int(self.lifetime * 1000)
        found: Any = await self._do(
            lambda client: client.xautoclaim(self._stream, GROUP, worker, idle, count=most)
        )
        return [_ticket(*entry) for entry in found[1] if entry[1]]

    async def done(self, ticket: Ticket) -> None:
        """Take a message out: it is answered."""
        arguments = (self._stream, self._known, GROUP, ticket.id, _name(ticket.delivery))
        await self._do(lambda client: _awaited(client.eval(DONE, 2, *arguments)))

    async def bury(self, delivery: Delivery) -> None:
        """Note a message that was answered with an apology only, for people to look at."""
        fields: dict[Any, Any] = {"delivery": _name(delivery), "at": time.time()}
        await self._do(lambda client: client.xadd(self._dead, fields, maxlen=MOST_DEAD, approximate=True))

    async def dead(self) -> list[DeadLetter]:
        """Return what was buried, oldest first."""
        found: Any = await self._do(lambda client: client.xrange(self._dead))
        return [DeadLetter(number, _delivery(told["delivery"]), float(told["at"])) for number, told in found]

    async def forget(self, letter: DeadLetter) -> None:
        """Take a message off the list of dead letters."""
        await self._do(lambda client: client.xdel(self._dead, letter.id))

    async def first(self, what: str, seconds: float) -> bool:
        """Tell whether nobody else has done something for so many seconds; whoever asks does it now."""
        key = f"{self._at.prefix}{what}"
        return bool(await self._do(lambda client: client.set(key, 1, nx=True, px=int(seconds * 1000))))

    async def leave(self, worker: str) -> None:
        """Forget a worker that ends; one that still has messages is kept until others have claimed them."""

        async def go(client: Redis) -> None:
            for found in await client.xinfo_consumers(self._stream, GROUP):
                if not found["pending"] and (found["name"] == worker or found["idle"] > 3_600_000):
                    await client.xgroup_delconsumer(self._stream, GROUP, found["name"])

        await self._do(go)

    async def close(self) -> None:
        """Let go of connections."""
        if self._opened is not None:
            await self._opened.aclose()
            self._opened = None


async def _awaited(found: Any) -> Any:
    """Wait for what a client's method returns, which its types call an answer or something to wait for."""
    return await found


def _ticket(number: str, told: Mapping[str, str]) -> Ticket:
    return Ticket(number, _delivery(told["delivery"]), told["front"])


def _name(delivery: Delivery) -> str:
    return json.dumps([delivery.channel, delivery.sender_id, delivery.message_id])


def _delivery(name: str) -> Delivery:
    return Delivery(*json.loads(name))

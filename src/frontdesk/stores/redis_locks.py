"""One message of a conversation at a time, in the order of arrival, for several servers on one Redis."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import uuid
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from frontdesk.core.ports import Exchange, Hold
from frontdesk.errors import LockLost
from frontdesk.measures import count
from frontdesk.stores import rows
from frontdesk.stores.exchange import RedisExchange
from frontdesk.stores.redis_options import as_store_error, connect, end, failures, read_redis_options
from frontdesk.stores.redis_scripts import BEAT, ENTER, LEAVE
from frontdesk.stores.refusals import closed
from frontdesk.stores.sections import positive

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

log = logging.getLogger("frontdesk.stores")

SECTION = "lock_store"
AGAIN_AFTER = 0.1
"""Seconds until a step is tried again while Redis is away."""


class _Place:
    """Where somebody stands in a conversation's line: waiting, or with its lock."""

    __slots__ = ("hold", "left", "limit", "name", "sender_id", "ticket", "woken")

    def __init__(self, name: str, sender_id: str) -> None:
        self.name = name
        self.sender_id = sender_id
        self.ticket = "0"
        self.hold: Hold | None = None
        self.left = False
        self.woken = asyncio.Event()
        self.limit: asyncio.Timeout | None = None

    @property
    def settled(self) -> bool:
        """Tell whether it need not wait any more."""
        return self.left or self.hold is not None

    def lose(self) -> None:
        """End what is done under the lock."""
        if self.limit is not None and not self.left and not self.limit.expired():
            self.limit.reschedule(asyncio.get_running_loop().time())


class RedisLockStore:
    """Orders the messages of each conversation over all servers that use the same Redis.

    >>> locks = RedisLockStore({"url": "localhost", "port": 6379, "db": 1})
    >>> async with locks.lock("ann") as hold:
    ...     await answer(hold.fence)

    Options as in Rasa's endpoints.yml: `url` or `host` (a host, or a whole address), `port`, `db` (1), `username`,
    `password`, `use_ssl`, `ssl_certfile`, `ssl_keyfile`, `ssl_ca_certs`, `key_prefix`, `socket_timeout`; also
    `lifetime` (seconds after which a server that gives no sign of life has lost its locks, 10) and `timeout` (seconds
    to wait for a Redis that is away, 4.5).

    Whoever comes first goes first. A lock is handed on within Redis, and the next one is woken by a message; a slow
    look beside that finds what messages did not tell. The servers' signs of life keep their locks, however long a turn
    takes. It is for one Redis (or the primary of a replicated one), not for a cluster. One object belongs to one
    event loop.
    """

    local = False

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = dict(options or {})
        self._at = read_redis_options(self.options, SECTION, "lock:", frozenset(["lifetime"]), database=1)
        self.lifetime = positive(self.options, "lifetime", 10.0, f"endpoints.yml: {SECTION}")
        self._look_every = self.lifetime / 5
        self._name = uuid.uuid4().hex
        self._numbers = itertools.count(1)
        self._places: dict[str, _Place] = {}
        self._left: dict[str, str] = {}  # places that are to be given back as soon as Redis answers
        self._tasks: set[asyncio.Task[Any]] = set()
        self._alive_until = 0.0
        self._beating = asyncio.Lock()
        self._client: Redis | None = None
        self._closed = False

    @asynccontextmanager
    async def lock(self, sender_id: str, *, above: int = 0) -> AsyncIterator[Hold]:
        """Wait for the turn; yields a hold whose fence only grows. Raises StoreError, LockLost."""
        rows.check_sender(sender_id)
        self._open()
        place = _Place(f"{self._name}:{next(self._numbers)}", sender_id)
        self._places[place.name] = place
        waiting = self._begin(self._wait(place, above))
        try:
            hold = await asyncio.shield(waiting)
            async with asyncio.timeout(None) as place.limit:
                if place.name not in self._places:  # lost in the meantime
                    place.lose()
                yield hold
        except TimeoutError as error:
            if place.limit is None or not place.limit.expired():
                raise
            raise LockLost from error
        finally:
            place.left = True  # at once: what is over can't be ended by a loss that is heard of now
            await asyncio.shield(self._begin(self._leave(place, waiting)))

    def exchange(self) -> Exchange:
        """Return what processes that use this Redis tell each other by."""
        return RedisExchange(self.options)

    def __len__(self) -> int:
        """Return how many wait or are at work in this process."""
        return len(self._places)

    def _open(self) -> None:
        if self._closed:
            raise closed("lock store")
        if self._client is None:
            self._client = connect(self._at, "A lock store in Redis")
            self._failures = failures()
            make = self._client.register_script
            self._enter_script, self._leave_script, self._beat_script = make(ENTER), make(LEAVE), make(BEAT)
            self._begin(self._keep_alive())
            self._begin(self._listen())

    def _begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, script: AsyncScript, sender_id: str, *arguments: Any) -> Any:
        keys = [self._key("queue", sender_id), self._key("held", sender_id)]
        return await script(keys, [self._at.prefix, *arguments])

    def _key(self, kind: str, name: str) -> str:
        return f"{self._at.prefix}{kind}:{name}"

    async def _wait(self, place: _Place, above: int) -> Hold:
        """Stand in line until it is one's turn. Raises StoreError where Redis was away for too long."""
        away_since: float | None = None
        while not place.settled:
            place.woken.clear()
            try:
                first = place.ticket == "0"
                await self._enter(place, above)
                if first and not place.settled:
                    count("frontdesk_locks_waited")
                away_since = None
            except self._failures as error:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > self._at.timeout:
                    what = "The lock of a conversation"
                    raise as_store_error(error, what, self._at.place, SECTION) from error
            if not place.settled:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_every if away_since is None else AGAIN_AFTER):
                        await place.woken.wait()
        if place.hold is None:
            raise asyncio.CancelledError
        return place.hold

    async def _enter(self, place: _Place, above: int) -> None:
        if time.monotonic() >= self._alive_until:  # a place of a process that seems dead would be passed over
            await self._beat()
        arguments = (place.name, place.ticket, above, self.lifetime)
        place.ticket, fence, clean = await self._run(self._enter_script, place.sender_id, *arguments)
        if fence != "0":
            place.hold = Hold(int(fence), clean == "1")

    async def _leave(self, place: _Place, waiting: asyncio.Task[Hold]) -> None:
        place.woken.set()
        await asyncio.wait(
            [waiting]
        )  # not cancelled: a step that is cut off halfway may leave a place behind
        if not waiting.cancelled():
            waiting.exception()
        self._places.pop(place.name, None)
        await self._give_back(place.name, place.sender_id)

    async def _give_back(self, name: str, sender_id: str) -> None:
        self._left[name] = sender_id  # until it is done: others wait behind it
        with suppress(*self._failures):
            await self._run(self._leave_script, sender_id, name)
            self._left.pop(name, None)

    async def _keep_alive(self) -> None:
        """Say that this process lives, and what it holds; give back what could not be given back at once."""
        while not self._closed:
            try:
                await self._beat()
                for name, sender_id in tuple(self._left.items()):
                    await self._give_back(name, sender_id)
                pause = self.lifetime / 3
            except self._failures as error:
                log.warning(
                    "The lock store cannot reach Redis at %s (%s).", self._at.place, type(error).__name__
                )
                pause = min(0.5, self.lifetime / 10)
                if time.monotonic() >= self._alive_until:  # others may have the locks by now
                    self._lose([place for place in self._places.values() if place.hold is not None])
            await asyncio.sleep(pause)

    async def _beat(self) -> None:
        async with self._beating:
            begun = time.monotonic()
            held = [(place, place.hold) for place in self._places.values() if place.hold is not None]
            keys = [self._key("alive", self._name), *(self._key("held", p.sender_id) for p, _ in held)]
            what = [part for place, hold in held for part in (place.name, hold.fence)]
            lost = await self._beat_script(keys, [int(self.lifetime * 1000), *what])
            self._alive_until = begun + self.lifetime
            self._lose([held[number][0] for number in lost])

    def _lose(self, places: Sequence[_Place]) -> None:
        for place in places:
            if self._places.pop(place.name, None) is not None:
                log.warning("The lock of a conversation was lost; its turn is begun again.")
                place.lose()

    async def _listen(self) -> None:
        """Hear of locks that are handed on to this process."""
        assert self._client is not None
        while not self._closed:
            with suppress(*self._failures):
                async with self._client.pubsub(ignore_subscribe_messages=True) as heard:
                    await heard.subscribe(self._key("wake", self._name))
                    for place in tuple(self._places.values()):  # they may have missed something
                        place.woken.set()
                    while not self._closed:
                        message = await heard.get_message(timeout=self.lifetime)
                        if message is not None:
                            self._told(str(message["data"]))
            await asyncio.sleep(AGAIN_AFTER)

    def _told(self, message: str) -> None:
        name, fence, clean, sender_id = message.split(" ", 3)
        place = self._places.get(name)
        if place is None:
            if name not in self._left:  # it gave up as the lock came to it
                self._begin(self._give_back(name, sender_id))
            return
        if fence != "0" and place.hold is None:
            place.hold = Hold(int(fence), clean == "1")
        place.woken.set()

    async def close(self) -> None:
        """Let go of connections, and of what is held."""
        self._closed = True
        if self._client is None:
            return
        while self._tasks:  # the end of one may begin another
            await end(*self._tasks)
            await asyncio.sleep(0)
        with suppress(*self._failures):
            await self._client.delete(self._key("alive", self._name))
        await self._client.aclose()
        self._client = None

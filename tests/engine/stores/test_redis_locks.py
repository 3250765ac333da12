"""The lock store in Redis: the contract, several servers, a server that dies, a Redis that goes away or comes back empty."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from frontdesk.stores.redis_locks import RedisLockStore
from frontdesk.testing.contracts.lock_store import LockStoreContract
from frontdesk.testing.servers import Server, run_redis

Open = Callable[..., RedisLockStore]


@pytest.fixture
async def open_locks(redis: Server) -> AsyncIterator[Open]:
    """A function that makes lock stores as several servers would have them; Redis is known for long."""
    url, opened = redis.new_database(), list[RedisLockStore]()
    run_redis(url, "FLUSHDB")
    run_redis(url, "SET", "lock:began", "1")

    def open_one(**options: object) -> RedisLockStore:
        opened.append(RedisLockStore({"url": url, **options}))
        return opened[-1]

    yield open_one
    for locks in opened:
        await locks.close()


class TestRedisLockStore(LockStoreContract):
    @pytest.fixture
    def locks(self, open_locks: Open) -> RedisLockStore:
        return open_locks()

    async def pause(self) -> None:
        await asyncio.sleep(0.1)

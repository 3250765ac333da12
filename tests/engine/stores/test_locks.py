"""The lock store in memory."""

from __future__ import annotations

import asyncio
import random

import pytest

from frontdesk.stores.locks import MemoryLockStore
from frontdesk.testing.contracts.lock_store import LockStoreContract


class TestMemoryLockStore(LockStoreContract):
    @pytest.fixture
    def locks(self) -> MemoryLockStore:
        return MemoryLockStore()

    async def test_idle_conversations_take_no_memory(self, locks: MemoryLockStore) -> None:
        for n in range(1000):
            async with locks.lock(f"u{n}"):
                assert len(locks) == 1
        assert len(locks) == 0

    async def test_any_order_of_coming_leaving_and_giving_up_leaves_nothing_behind(
        self, locks: MemoryLockStore
    ) -> None:
        chance = random.Random(7)
        inside: dict[str, int] = {}

        async def work(name: str) -> None:
            async with locks.lock(name):
                assert inside.get(name, 0) == 0
                inside[name] = 1
                try:
                    for _ in range(chance.randrange(3)):
                        await asyncio.sleep(0)
                finally:
                    inside[name] = 0

        tasks = []
        for _ in range(500):
            tasks.append(asyncio.create_task(work(chance.choice("abc"))))
            if chance.random() < 0.4:
                chance.choice(tasks).cancel()
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(r is None or isinstance(r, asyncio.CancelledError) for r in results)
        assert len(locks) == 0

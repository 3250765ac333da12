"""What every lock store does."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

import asyncio

import pytest

from frontdesk.core.ports import LockStore


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


class LockStoreContract:
    """One at a time for each conversation, in the order of arrival; the heir gives a fixture `locks`.

    `pause` is awaited so that waiters get their place in the queue; a store over a network overrides it to
    wait longer.
    """

    pytestmark = pytest.mark.asyncio

    async def pause(self) -> None:
        """Wait until those who asked for a lock stand in its queue."""
        await settle()

    async def test_one_at_a_time(self, locks: LockStore) -> None:
        inside = most = 0

        async def work() -> None:
            nonlocal inside, most
            async with locks.lock("ann"):
                inside += 1
                most = max(most, inside)
                await self.pause()
                inside -= 1

        await asyncio.gather(*(work() for _ in range(20)))
        assert (inside, most) == (0, 1)

    async def test_first_come_first_served(self, locks: LockStore) -> None:
        order: list[int] = []

        async def work(n: int) -> None:
            async with locks.lock("ann"):
                order.append(n)
                await asyncio.sleep(0)

        async with locks.lock("ann"):
            tasks = []
            for n in range(10):
                tasks.append(asyncio.create_task(work(n)))
                await self.pause()
        await asyncio.gather(*tasks)
        assert order == list(range(10))

    async def test_a_newcomer_does_not_overtake(self, locks: LockStore) -> None:
        order: list[str] = []

        async def work(name: str) -> None:
            async with locks.lock("ann"):
                order.append(name)

        async with locks.lock("ann"):
            waiting = asyncio.create_task(work("waiting"))
            await self.pause()
        # The lock was handed on in leaving; the one who has it has not run yet.
        await asyncio.gather(work("newcomer"), waiting)
        assert order == ["waiting", "newcomer"]

    async def test_conversations_do_not_wait_for_each_other(self, locks: LockStore) -> None:
        async with locks.lock("ann"), asyncio.timeout(5), locks.lock("bob"):
            pass

    async def test_fencing_numbers_grow(self, locks: LockStore) -> None:
        fences: list[int] = []

        async def work(name: str) -> None:
            async with locks.lock(name) as hold:
                assert hold.clean
                fences.append(hold.fence)
                await asyncio.sleep(0)

        for _ in range(3):
            await asyncio.gather(*(work("ann") for _ in range(5)))
        assert fences == sorted(set(fences))

    async def test_a_fence_is_above_what_is_asked_for(self, locks: LockStore) -> None:
        async with locks.lock("ann") as hold:
            first = hold.fence
        async with locks.lock("ann", above=first + 1_000_000_000_000) as hold:
            assert hold.fence > first + 1_000_000_000_000

    async def test_an_error_inside_lets_the_next_one_in(self, locks: LockStore) -> None:
        with pytest.raises(ValueError, match="inside"):
            async with locks.lock("ann"):
                raise ValueError("inside")
        async with asyncio.timeout(5), locks.lock("ann"):
            pass

    async def test_one_who_gives_up_waiting_blocks_nobody(self, locks: LockStore) -> None:
        order: list[int] = []

        async def work(n: int) -> None:
            async with locks.lock("ann"):
                order.append(n)

        async with locks.lock("ann"):
            tasks = []
            for n in range(5):
                tasks.append(asyncio.create_task(work(n)))
                await self.pause()
            tasks[0].cancel()
            tasks[3].cancel()
            await self.pause()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [1, 2, 4]
        assert [isinstance(r, asyncio.CancelledError) for r in results] == [True, False, False, True, False]

    async def test_one_who_gives_up_as_the_turn_comes_passes_it_on(self, locks: LockStore) -> None:
        async def work() -> str:
            async with locks.lock("ann"):
                return "in"

        async with locks.lock("ann"):
            first, second = asyncio.create_task(work()), asyncio.create_task(work())
            await self.pause()
        first.cancel()  # it has the lock by now, or is about to get it
        async with asyncio.timeout(5):
            assert await second == "in"
        await asyncio.gather(first, return_exceptions=True)
        async with asyncio.timeout(5), locks.lock("ann"):
            pass

    async def test_cancelling_the_one_inside_lets_the_next_one_in(self, locks: LockStore) -> None:
        entered = asyncio.Event()

        async def hold() -> None:
            async with locks.lock("ann"):
                entered.set()
                await asyncio.Event().wait()

        holder = asyncio.create_task(hold())
        await entered.wait()
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)
        async with asyncio.timeout(5), locks.lock("ann"):
            pass

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest

from frontdesk.actions.threads import ThreadPool
from frontdesk.errors import ActionError, ActionTimeout


@pytest.fixture
async def pools() -> AsyncIterator[Callable[[int], ThreadPool]]:
    made: list[ThreadPool] = []

    def make(size: int) -> ThreadPool:
        made.append(ThreadPool(size))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


async def test_blocking_work_delays_nobody_else(pools) -> None:
    pool = pools(2)
    both = threading.Barrier(2, timeout=5)

    async def work() -> str:
        both.wait()  # blocks its whole thread until the other one is there, too
        return threading.current_thread().name

    assert await asyncio.gather(pool.run(work, 5, "a"), pool.run(work, 5, "b")) == ["actions", "actions"]


async def test_work_has_a_loop_and_the_callers_context(pools) -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return str(asyncio.get_running_loop() is caller)

    caller = asyncio.get_running_loop()
    assert await pools(1).run(work, 5, "a") == "False"


async def test_a_waiting_coroutine_is_cancelled_at_the_deadline(pools) -> None:
    pool, cancelled = pools(1), threading.Event()

    async def work() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ""

    with pytest.raises(ActionTimeout, match="The work took longer"):
        await pool.run(work, 0.05, "The work")
    assert await asyncio.to_thread(cancelled.wait, 5)
    assert await pool.run(quick, 5, "b") == "quick"


async def quick() -> str:
    return "quick"


async def test_a_hanging_thread_is_replaced_and_its_late_result_dropped(pools) -> None:
    pool, go, done = pools(1), threading.Event(), threading.Event()

    async def work() -> str:
        go.wait(10)
        done.set()
        return "late"

    with pytest.raises(ActionTimeout):
        await pool.run(work, 0.05, "a")
    assert await pool.run(quick, 5, "b") == "quick"  # while the first one still hangs
    go.set()
    assert await asyncio.to_thread(done.wait, 5)
    assert await pool.run(quick, 5, "c") == "quick"


async def test_work_that_finds_no_thread_in_time_never_runs(pools) -> None:
    pool, go, ran = pools(1), threading.Event(), threading.Event()

    async def hang() -> str:
        go.wait(10)
        return "first"

    async def late() -> str:
        ran.set()
        return ""

    first = asyncio.create_task(pool.run(hang, 10, "a"))
    await asyncio.sleep(0.02)
    with pytest.raises(ActionTimeout, match="busy"):
        await pool.run(late, 0.05, "b")
    go.set()
    assert await first == "first"
    assert await pool.run(quick, 5, "c") == "quick"
    assert not ran.is_set()


async def test_too_many_hanging_threads_refuse_further_work(pools) -> None:
    pool, go = pools(2), threading.Event()

    async def hang() -> str:
        go.wait(10)
        return ""

    for _ in range(4):
        with pytest.raises(ActionTimeout):
            await pool.run(hang, 0.05, "a")
    with pytest.raises(ActionError, match="4 actions hang"):
        await pool.run(quick, 5, "b")
    go.set()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:  # the hanging threads end, and there is room again
        try:
            assert await pool.run(quick, 5, "c") == "quick"
            return
        except ActionError:
            await asyncio.sleep(0.01)
    pytest.fail("the pool did not recover")


async def test_what_work_raises_reaches_the_caller(pools) -> None:
    async def work() -> str:
        raise ValueError("no")

    pool = pools(1)
    with pytest.raises(ValueError, match="no"):
        await pool.run(work, 5, "a")
    assert await pool.run(quick, 5, "b") == "quick"


async def test_tasks_left_behind_come_to_their_end(pools) -> None:
    pool, done = pools(1), threading.Event()

    async def later() -> None:
        await asyncio.sleep(0.02)
        done.set()

    kept = []

    async def work() -> str:
        kept.append(asyncio.create_task(later()))
        return "first"

    assert await pool.run(work, 5, "a") == "first"
    assert await asyncio.to_thread(done.wait, 5)


async def test_a_caller_that_is_cancelled_gives_its_work_up(pools) -> None:
    pool, started, cancelled = pools(1), threading.Event(), threading.Event()

    async def work() -> str:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ""

    task = asyncio.create_task(pool.run(work, 30, "a"))
    assert await asyncio.to_thread(started.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(cancelled.wait, 5)


async def test_a_closed_pool_runs_nothing(pools) -> None:
    pool = pools(1)
    pool.close()
    with pytest.raises(ActionError, match="closed"):
        await pool.run(quick, 5, "a")

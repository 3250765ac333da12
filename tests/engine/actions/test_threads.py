from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

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
    both = threading.Barrier(2, timeout=60)

    async def work() -> str:
        both.wait()  # blocks its whole thread until the other one is there, too
        return threading.current_thread().name

    assert await asyncio.gather(pool.run(work, 60, "a"), pool.run(work, 60, "b")) == ["actions", "actions"]


async def test_work_has_a_loop_and_the_callers_context(pools) -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return str(asyncio.get_running_loop() is caller)

    caller = asyncio.get_running_loop()
    assert await pools(1).run(work, 60, "a") == "False"


async def test_a_waiting_coroutine_is_cancelled_at_the_deadline(pools) -> None:
    pool, begun, cancelled = pools(1), threading.Event(), threading.Event()

    async def work() -> str:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ""

    await lose(pool, work, begun)
    assert await asyncio.to_thread(cancelled.wait, 60)
    assert await pool.run(quick, 60, "b") == "quick"


async def lose(
    pool: ThreadPool, work: Callable[[], Coroutine[Any, Any, str]], begun: threading.Event
) -> None:
    """Let work that hangs run into its deadline, after it has begun: on a busy machine it may be late for that."""
    begun.clear()
    while not begun.is_set():
        with pytest.raises(ActionTimeout, match="The work took longer"):
            await pool.run(work, 0.05, "The work")


async def quick() -> str:
    return "quick"


async def test_a_hanging_thread_is_replaced_and_its_late_result_dropped(pools) -> None:
    pool, begun, go, done = pools(1), threading.Event(), threading.Event(), threading.Event()

    async def work() -> str:
        begun.set()
        go.wait(60)
        done.set()
        return "late"

    await lose(pool, work, begun)
    assert await pool.run(quick, 60, "b") == "quick"  # while the first one still hangs
    go.set()
    assert await asyncio.to_thread(done.wait, 60)
    assert await pool.run(quick, 60, "c") == "quick"


async def test_work_that_finds_no_thread_in_time_never_runs(pools) -> None:
    pool, begun, go, ran = pools(1), threading.Event(), threading.Event(), threading.Event()

    async def hang() -> str:
        begun.set()
        go.wait(60)
        return "first"

    async def late() -> str:
        ran.set()
        return ""

    first = asyncio.create_task(pool.run(hang, 60, "a"))
    assert await asyncio.to_thread(begun.wait, 60)
    with pytest.raises(ActionTimeout, match="busy"):
        await pool.run(late, 0.05, "b")
    go.set()
    assert await first == "first"
    assert await pool.run(quick, 60, "c") == "quick"
    assert not ran.is_set()


async def test_too_many_hanging_threads_refuse_further_work(pools) -> None:
    pool, begun, go = pools(2), threading.Event(), threading.Event()

    async def hang() -> str:
        begun.set()
        go.wait(60)
        return ""

    for _ in range(4):
        await lose(pool, hang, begun)
    with pytest.raises(ActionError, match="4 actions hang"):
        await pool.run(quick, 60, "b")
    go.set()
    async with asyncio.timeout(60):
        while True:  # the hanging threads end, and there is room again
            try:
                assert await pool.run(quick, 60, "c") == "quick"
                return
            except ActionError:
                await asyncio.sleep(0.01)


async def test_what_work_raises_reaches_the_caller(pools) -> None:
    async def work() -> str:
        raise ValueError("no")

    pool = pools(1)
    with pytest.raises(ValueError, match="no"):
        await pool.run(work, 60, "a")
    assert await pool.run(quick, 60, "b") == "quick"


async def test_tasks_left_behind_come_to_their_end(pools) -> None:
    pool, done = pools(1), threading.Event()

    async def later() -> None:
        await asyncio.sleep(0.02)
        done.set()

    kept = []

    async def work() -> str:
        kept.append(asyncio.create_task(later()))
        return "first"

    assert await pool.run(work, 60, "a") == "first"
    assert await asyncio.to_thread(done.wait, 60)


async def test_how_many_tasks_other_loops_have_does_not_matter(pools, monkeypatch) -> None:
    """A server has some for each open connection, and looking through them took most of its time."""

    def looked(*_: object) -> set[object]:
        raise AssertionError("all tasks of the process were looked through")

    monkeypatch.setattr(asyncio, "all_tasks", looked)
    pool, ended = pools(1), []

    async def late() -> None:
        await asyncio.sleep(0.01)
        ended.append(True)

    async def work() -> str:
        task = asyncio.create_task(late(), name="late")
        return task.get_name()

    assert await pool.run(work, 5, "it") == "late"
    assert await pool.run(work, 5, "it") == "late"
    assert ended, "what the first one left behind came to its end before the second began"


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
    assert await asyncio.to_thread(started.wait, 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(cancelled.wait, 60)


async def test_a_closed_pool_runs_nothing(pools) -> None:
    pool = pools(1)
    pool.close()
    with pytest.raises(ActionError, match="closed"):
        await pool.run(quick, 60, "a")

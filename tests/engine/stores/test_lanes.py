"""Threads that work for the event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from frontdesk.errors import StoreError
from frontdesk.stores.lanes import Job, Lane


def succeed(jobs: list[Job[Any]]) -> None:
    for job in jobs:
        job.succeed(job.work(None))  # type: ignore[arg-type]  # no database here


async def close(lane: Lane) -> None:
    await asyncio.to_thread(lane.close)


async def test_what_gathers_while_the_thread_works_is_one_batch() -> None:
    sizes: list[int] = []
    go_on = threading.Event()

    def run(jobs: list[Job[Any]]) -> None:
        sizes.append(len(jobs))
        go_on.wait(60)
        succeed(jobs)

    lane = Lane("test", run, seconds=60, most=8)
    tasks = [asyncio.create_task(lane.do(lambda _, n=n: n)) for n in range(20)]
    while not sizes:
        await asyncio.sleep(0.001)
    go_on.set()
    assert await asyncio.gather(*tasks) == list(range(20))
    assert sum(sizes) == 20
    assert max(sizes) == 8
    await close(lane)


async def test_an_error_of_the_whole_run_reaches_everybody_and_the_thread_lives() -> None:
    def run(jobs: list[Job[Any]]) -> None:
        jobs[0].succeed("done before")
        if len(jobs) > 1 or jobs[0].work(None) == "bad":  # type: ignore[arg-type]  # no database here
            raise ValueError("broken")

    lane = Lane("test", run, seconds=60)
    assert await lane.do(lambda _: "good") == "done before"
    assert await lane.do(lambda _: "bad") == "done before"  # it was settled before the error
    first, second = await asyncio.gather(lane.do(lambda _: 1), lane.do(lambda _: 2), return_exceptions=True)
    assert first == "done before"
    assert second == "done before" or isinstance(second, ValueError)
    assert await lane.do(lambda _: "good") == "done before"
    await close(lane)


async def test_unsettled_jobs_come_again_until_their_time_is_up() -> None:
    seen: list[int] = []

    def run(jobs: list[Job[Any]]) -> None:
        seen.append(len(jobs))
        for job in jobs:
            if job.overdue and len(seen) > 1:  # on a busy machine it may be so at once
                job.fail(StoreError("too late"))

    lane = Lane("test", run, seconds=0.05)
    with pytest.raises(StoreError, match="too late"):
        await lane.do(lambda _: 1)
    assert len(seen) > 1
    await close(lane)


async def test_cancelled_work_that_has_not_begun_is_not_done() -> None:
    done: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        begun.set()
        go_on.wait(60)

    lane = Lane("test", succeed, seconds=60, most=1)
    first = asyncio.create_task(lane.do(slow))
    await asyncio.to_thread(begun.wait, 60)
    second = asyncio.create_task(lane.do(lambda _: done.append(2)))
    third = asyncio.create_task(lane.do(lambda _: done.append(3)))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, third)
    assert done == [3]
    await close(lane)


async def test_several_threads_work_beside_each_other() -> None:
    meeting = threading.Barrier(3)
    lane = Lane("test", succeed, seconds=60, threads=3, most=1)
    await asyncio.gather(*(lane.do(lambda _: meeting.wait(60)) for _ in range(3)))
    await close(lane)


async def test_after_closing() -> None:
    lane = Lane("test", succeed, seconds=60)
    assert await lane.do(lambda _: 1) == 1
    await close(lane)
    await close(lane)
    with pytest.raises(StoreError, match="closed"):
        await lane.do(lambda _: 1)


def test_results_for_a_loop_that_is_gone_are_dropped() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        begun.set()
        go_on.wait(60)

    lane = Lane("test", succeed, seconds=60)

    async def leave() -> None:
        task = asyncio.create_task(lane.do(slow))
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()

    asyncio.run(leave())
    go_on.set()
    assert asyncio.run(lane.do(lambda _: "still at work")) == "still at work"
    lane.close()

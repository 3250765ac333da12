"""Threads that work on a database, so that the event loop never waits for one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from frontdesk.stores.refusals import closed

T = TypeVar("T")
Work = Callable[[Connection], T]


class Job(Generic[T]):
    """A piece of work that somebody waits for: does it, and remembers how it ended.

    It is settled by `succeed` or `fail` in the lane's thread, and delivered in the loop of the one who waits.
    """

    __slots__ = ("deadline", "error", "future", "loop", "result", "settled", "work")

    def __init__(self, work: Work[T], seconds: float) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.deadline = time.monotonic() + seconds
        self.result: T | None = None
        self.error: BaseException | None = None
        self.settled = False

    @property
    def overdue(self) -> bool:
        """Tell whether it has waited long enough."""
        return time.monotonic() >= self.deadline

    def succeed(self, result: T) -> None:
        """Keep the result."""
        self.result, self.settled = result, True

    def fail(self, error: BaseException) -> None:
        """Keep the error, and forget a result."""
        self.error, self.settled = error, True

    def deliver(self) -> None:
        """Tell the one who waits; runs in the event loop."""
        if self.future.done():
            return  # cancelled in the meantime
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]  # None is a T where the work returns None


Run = Callable[[list[Job[Any]]], None]
"""Works on jobs and settles them; those it leaves unsettled come again, with whatever waits by then."""


class Lane:
    """Hands whatever waits to `run`, in one or several threads.

    No timer: while a thread is at work, jobs gather, and all of them (up to `most`) are its next batch.
    """

    def __init__(self, name: str, run: Run, *, seconds: float, threads: int = 1, most: int = 256) -> None:
        self._name = name
        self._run = run
        self._seconds = seconds
        self._most = most
        self._count = threads
        self._threads: list[threading.Thread] = []
        self._waiting: deque[Job[Any]] = deque()
        self._change = threading.Condition()
        self._closed = False

    async def do(self, work: Work[T]) -> T:
        """Wait until the work is done and committed, and return its result; raises what it raised."""
        job = Job(work, self._seconds)
        with self._change:
            if self._closed:
                raise closed()
            self._waiting.append(job)
            if len(self._threads) < self._count:
                self._start()
            self._change.notify()
        return await job.future

    def _start(self) -> None:
        # Daemons: a program that ends without `close` must not hang. What was not acknowledged is not
        # promised.
        thread = threading.Thread(target=self._work, name=f"frontdesk-{self._name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        left: list[Job[Any]] = []
        while True:
            jobs = left + self._take(len(left))
            if not jobs:
                return
            try:
                self._run(jobs)
            except Exception as error:  # the thread must live; whoever waits hears of it
                for job in jobs:
                    if not job.settled:
                        job.fail(error)
            left = [job for job in jobs if not job.settled]
            _deliver([job for job in jobs if job.settled])

    def _take(self, held: int) -> list[Job[Any]]:
        """Return what waits, without those who gave up; empty means the end.

        Blocks until something waits, unless jobs are held already.
        """
        with self._change:
            while True:
                taken: list[Job[Any]] = []
                while self._waiting and held + len(taken) < self._most:
                    job = self._waiting.popleft()
                    if not job.future.cancelled():
                        taken.append(job)
                if taken or held or self._closed:
                    return taken
                self._change.wait()

    def close(self) -> None:
        """Finish what waits, and end the threads; blocks until then."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()


def _deliver(jobs: list[Job[Any]]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Job[Any]]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, own in by_loop.items():
        try:
            loop.call_soon_threadsafe(_deliver_all, own)
        except RuntimeError:  # that loop is closed: nobody waits any more
            continue


def _deliver_all(jobs: list[Job[Any]]) -> None:
    for job in jobs:
        job.deliver()

"""Threads for code that may block: each has its own event loop, and none holds up the server."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import logging
import queue
import threading
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from frontdesk.errors import ActionError, ActionTimeout

log = logging.getLogger("frontdesk.actions")

Work = Callable[[], Coroutine[Any, Any, str]]


class ThreadPool:
    """Runs coroutines that may block, at most `size` at a time, each to its end on one thread.

    After a deadline the caller goes on and the late result is dropped. A coroutine that waits is cancelled
    then; a thread that blocks cannot be stopped, so another one takes its place, up to twice `size` lost
    threads. Threads are daemons: one that hangs does not hold up the end of the process.
    """

    def __init__(self, size: int = 16, name: str = "actions") -> None:
        self._size = size
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._busy = 0
        self._lost = 0
        self._closed = False

    async def run(self, work: Work, deadline: float, what: str) -> str:
        """Return what the work returns; `deadline` is in seconds and counts from now.

        Raises ActionTimeout after the deadline, ActionError where too many threads hang, and whatever the
        work raises.
        """
        job = _Job(work, deadline)
        self._submit(job, what)
        try:
            async with asyncio.timeout(deadline):
                return await asyncio.wrap_future(job.future)
        except TimeoutError as error:
            hint = "What it does late is dropped." if job.started else "All threads were busy."
            raise ActionTimeout(f"{what} took longer than {deadline:g} s.", hint=hint) from error
        finally:
            if job.give_up():
                self._replace()

    def _submit(self, job: _Job, what: str) -> None:
        with self._lock:
            if self._closed:
                raise ActionError(f"{what} cannot run: the action server was closed.")
            if self._lost >= 2 * self._size:
                hint = "Give every request in an action a timeout, then restart."
                raise ActionError(f"{what} cannot run: {self._lost} actions hang.", hint=hint)
            self._busy += 1
            if self._busy > self._threads and self._threads < self._size:
                self._start()
            self._jobs.put(job)

    def _start(self) -> None:
        self._threads += 1
        threading.Thread(target=self._serve, name=self._name, daemon=True).start()

    def _replace(self) -> None:
        """Count a thread as lost to a job that was given up, and start another where jobs wait."""
        with self._lock:
            self._threads -= 1
            self._busy -= 1
            self._lost += 1
            if self._busy > self._threads and not self._closed:
                self._start()

    def _serve(self) -> None:
        loop = asyncio.new_event_loop()
        # `asyncio.all_tasks` looks through those of all loops of the process: one for each open connection.
        begun: set[asyncio.Task[Any]] = set()

        def task(
            loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **how: Any
        ) -> asyncio.Task[Any]:
            made = asyncio.Task(work, loop=loop, **how)
            begun.add(made)
            made.add_done_callback(begun.discard)
            return made

        loop.set_task_factory(task)  # type: ignore[arg-type]  # the stubs know no context
        try:
            while (job := self._jobs.get()) is not None:
                given_up = job.run(loop, begun)
                with self._lock:
                    if given_up:
                        self._lost -= 1
                        return
                    self._busy -= 1
        finally:
            loop.close()

    def close(self) -> None:
        """Let all threads end when they come free."""
        with self._lock:
            self._closed = True
            for _ in range(self._threads):
                self._jobs.put(None)


class _Job:
    """One piece of work: waiting, then running, then done or given up."""

    def __init__(self, work: Work, deadline: float) -> None:
        self.future: concurrent.futures.Future[str] = concurrent.futures.Future()
        self._work = work
        self._deadline = deadline
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[str]] | None = None
        self._over = False
        self._given_up = False
        self.started = False

    def run(self, loop: asyncio.AbstractEventLoop, begun: Collection[asyncio.Task[Any]]) -> bool:
        """Do the work on this thread; tells whether it was given up in between. `begun` are the loop's open tasks."""
        if not self.future.set_running_or_notify_cancel():
            return False
        with self._lock:
            self.started = True
            task = loop.create_task(self._work(), context=self._context)
            self._running = (loop, task)
        try:
            result = loop.run_until_complete(task)
        except BaseException as error:  # SystemExit of an action must not end the thread silently
            self.future.set_exception(error)
        else:
            self.future.set_result(result)
        with self._lock:
            self._over = True
        _finish_tasks(loop, {task for task in begun if not task.done()}, self._deadline)
        return self._given_up

    def give_up(self) -> bool:
        """Stop waiting for the work; tells whether a thread is still at it."""
        if self.future.done() or self.future.cancel():
            return False
        with self._lock:
            if self._over or self._running is None:
                return False
            self._given_up = True
            loop, task = self._running
            loop.call_soon_threadsafe(task.cancel)
            return True


def _finish_tasks(loop: asyncio.AbstractEventLoop, left: set[asyncio.Task[Any]], deadline: float) -> None:
    """Give tasks that the work left behind their time to end, then cancel them; the result is out already."""
    if left:
        _, pending = loop.run_until_complete(asyncio.wait(left, timeout=deadline))
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.wait(pending, timeout=1.0))
            log.warning("%d background tasks of an action took too long and were cancelled.", len(pending))

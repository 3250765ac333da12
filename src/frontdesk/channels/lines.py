"""Bring replies to somewhere else in order, beside the turns: whoever hangs there holds up one conversation at most."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

log = logging.getLogger("frontdesk.channels")

T = TypeVar("T")
_Waiting = tuple[T, asyncio.Future[None], bool]

MOST_WAITING = 1000  # replies of one conversation that wait for the receiver
PAUSES = (0.5, 2.0)  # seconds before the second and the third try
LONGEST_WAIT = 300.0  # seconds that one reply waits for a receiver that is asked too often


class NotTaken(Exception):
    """Says why something could not be brought; `final` where it would not be taken later, either.

    `after` is for how many seconds the receiver does not want to be asked: that waits, and counts as no try.
    """

    def __init__(self, why: str, *, final: bool = False, after: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.final = final
        self.after = after


class OnTheWay:
    """Tells when things that were put into lines are brought. They are `kept` until then, unless they answer nobody."""

    def __init__(self, *, kept: bool = True) -> None:
        self.kept = kept
        self._things: list[asyncio.Future[None]] = []

    def add(self, thing: asyncio.Future[None]) -> None:
        """Wait for one more."""
        self._things.append(thing)

    async def brought(self) -> bool:
        """Wait until all are brought, or refused for good; False where the lines were ended before."""
        if self._things:  # not `gather`: whoever stops waiting must not end what waits in the lines
            await asyncio.wait(self._things)
        return not any(thing.cancelled() for thing in self._things)


class Lines(Generic[T]):
    """Brings things one after the other, for each conversation in a line of its own.

    `bring` raises NotTaken. What cannot be brought stays in the conversation, and is logged as `describe` names it;
    then comes the next one.
    """

    def __init__(
        self,
        bring: Callable[[T], Awaitable[None]],
        place: str,
        *,
        pauses: Sequence[float] = PAUSES,
        describe: Callable[[T], str] = lambda _: "A reply",
    ) -> None:
        self._bring = bring
        self._place = place
        self._pauses = tuple(pauses)
        self._describe = describe
        self._lines: dict[str, deque[_Waiting[T]]] = {}
        """By conversation: what waits, behind the one that is on its way."""
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, conversation: str, thing: T, *, quiet: bool = False) -> asyncio.Future[None]:
        """Let something take its place in a conversation's line.

        What is returned is done when that is brought or lost, and canceled where the line was ended before. That alarms
        nobody where it is `quiet`: somebody else brings it then, or nobody misses it.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._lines.setdefault(conversation, deque())
        if len(line) >= MOST_WAITING:
            self._lost(thing, f"{len(line)} wait already.")
            done.set_result(None)
            return done
        line.append((thing, done, quiet))
        if len(line) == 1:
            task = asyncio.create_task(self._bring_all(conversation, line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return done

    async def end(self, seconds: float) -> None:
        """Give what waits some time, then log what is left."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _bring_all(self, conversation: str, line: deque[_Waiting[T]]) -> None:
        try:
            while line:
                thing, done, _ = line[0]
                await self._bring_one(thing)
                line.popleft()
                done.set_result(None)
        finally:
            for thing, done, quiet in line:
                done.cancel()
                self._lost(thing, "The server was stopped.", logging.INFO if quiet else logging.ERROR)
            del self._lines[conversation]

    async def _bring_one(self, thing: T) -> None:
        waited, pauses = 0.0, iter(self._pauses)
        while True:
            try:
                await self._bring(thing)
                return
            except NotTaken as trouble:
                why, after = trouble.why, trouble.after
                pause = next(pauses, None) if after is None else after
                waited += after or 0.0
                if trouble.final or pause is None or waited > LONGEST_WAIT:
                    break
            except Exception as error:  # a fault of our own must not end the line
                log.exception("Something could not be brought to %s.", self._place)
                why = f"({type(error).__name__})"
                break
            await asyncio.sleep(pause)
        self._lost(thing, why)

    def _lost(self, thing: T, why: str, level: int = logging.ERROR) -> None:
        log.log(level, "%s could not be posted to %s: %s", self._describe(thing), self._place, why)

"""Turns under way: they go on whether or not somebody waits for them, and are waited for at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Turns:
    """Holds tasks until they are done; event loops keep only weak references to theirs."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """Return how many are under way."""
        return len(self._tasks)

    def begin(self, turn: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin a turn."""
        task = asyncio.create_task(turn)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def current(self) -> set[asyncio.Task[Any]]:
        """Return those under way at this moment."""
        return set(self._tasks)

    async def ended(self) -> None:
        """Wait until none is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def end(self, seconds: float) -> None:
        """Give those under way some time, and cancel what takes longer: the next start takes it up."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()

"""One message of a conversation at a time, in the order of arrival."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from frontdesk.core.ports import Hold
from frontdesk.measures import count


class MemoryLockStore:
    """Orders the messages of each conversation within one process.

    >>> locks = MemoryLockStore()
    >>> async with locks.lock("ann"):
    ...     await answer()

    It is valid for one process and one event loop only. Whoever comes first goes first; a conversation that
    nobody is working on takes no memory. The fencing numbers grow over all conversations. `local` says that whoever
    holds a lock is the only one who writes to the conversation.
    """

    local = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = dict(options or {})
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}
        self._fences = itertools.count(1)

    @asynccontextmanager
    async def lock(self, sender_id: str, *, above: int = 0) -> AsyncIterator[Hold]:
        """Wait for the turn; yields a hold whose fence only grows."""
        await self._enter(sender_id)
        try:
            if above:
                self._fences = itertools.count(max(above + 1, next(self._fences)))
            yield Hold(next(self._fences))
        finally:
            self._leave(sender_id)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    def __len__(self) -> int:
        """Return how many conversations are being worked on."""
        return len(self._queues)

    async def _enter(self, sender_id: str) -> None:
        queue = self._queues.get(sender_id)
        if queue is None:
            self._queues[sender_id] = deque()  # its presence says that somebody holds the turn
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        count("frontdesk_locks_waited")
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(sender_id)  # the turn was handed over in the moment of cancelling: pass it on
            else:
                with suppress(ValueError):  # the one who left may have taken it out already
                    queue.remove(turn)
            raise

    def _leave(self, sender_id: str) -> None:
        queue = self._queues[sender_id]
        while queue:
            turn = queue.popleft()
            if not turn.done():  # else its waiter was cancelled and has yet to hear of it
                turn.set_result(None)
                return
        del self._queues[sender_id]

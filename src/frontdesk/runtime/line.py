"""A conversation's line: one piece of work at a time, and what is to be done before it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import TypeVar

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery, Hold, LockStore, TrackerStore
from frontdesk.errors import AuthError, LockLost, StoreError
from frontdesk.measures import count, passing
from frontdesk.runtime.deliveries import Owed

log = logging.getLogger("frontdesk.agent")

T = TypeVar("T")
Received = tuple[Delivery, UserMessage]

TIMES = 5
"""That a lock is asked for anew, where it was lost in the middle of the work."""
PATIENCE = 3
"""That what came later waits for a message whose answer a store does not take that takes everything else."""
ALONE = Hold(0)
"""Of a process that shares its conversations with no other: nothing need be compared."""


EVER = 1e9
"""Seconds: as long ago as can be, and as far ahead as the clock of another server may be."""


class Line:
    """Lets work wait for its conversation's lock, and begins it again where the lock was lost.

    `owed` are messages of this process whose answers could not be stored.
    """

    def __init__(self, locks: LockStore, store: TrackerStore) -> None:
        self.locks = locks
        self.store = store
        self.local = bool(getattr(locks, "local", False))
        self.owed = Owed()

    async def enter(self, sender_id: str, work: Callable[[Hold], Awaitable[T]]) -> T:
        """Do work while nobody else does anything in this conversation. Raises StoreError."""
        above = 0
        for _ in range(TIMES):
            try:
                async with AsyncExitStack() as stack:
                    with passing("wait"):
                        hold = await stack.enter_async_context(self.locks.lock(sender_id, above=above))
                    if self.local:
                        return await work(ALONE)
                    if not hold.clean:
                        await self.store.admit(sender_id, hold.fence)
                    return await work(hold)
            except LockLost as error:
                log.warning("%s", error.what)
                count("frontdesk_retries", "lock")
                above = max(above, error.fence)
        raise StoreError("The lock of a conversation was lost again and again.")

    async def ahead_of(self, delivery: Delivery) -> tuple[list[Received], bool]:
        """Return what is to be answered before a message whose turn it is, and whether it surely waits itself.

        Where there are other servers, that is whatever came before it: they may owe it, have ended before it was done,
        or have been slower to ask for the lock.
        """
        if self.local:
            return self.owed.before(delivery), False
        waiting = await self.store.unfinished(-EVER, delivery.sender_id)
        own = next((number for number, (other, _) in enumerate(waiting) if other == delivery), None)
        return (waiting[:own], True) if own is not None else ([], False)

    async def answer_before(self, earlier: Received, answer: Callable[[], Awaitable[object]]) -> None:
        """Answer a message before a later one. Raises StoreError where the later one has to wait with it.

        A store that is back at the next moment must not get the later one first. Where it takes everything but this
        one, that stays owed, and what came later is answered.
        """
        try:
            with suppress(AuthError), self.owed.unless_answered(*earlier):
                await answer()
        except LockLost:
            raise
        except StoreError:
            if await self.store.tried(earlier[0]) <= PATIENCE:
                raise
            log.error("A message is passed over: its answer could not be stored %d times.", PATIENCE + 1)

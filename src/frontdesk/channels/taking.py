"""Take messages that a vendor tells, perhaps several times: each is written down once, in its conversation's order."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Gate
from frontdesk.errors import LimitError

REMEMBERED = 1000


class Taking:
    """Lets messages take their places in their conversations' lines."""

    def __init__(self) -> None:
        self._seen: deque[tuple[str, str | None]] = deque(maxlen=REMEMBERED)
        self._taking: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def take(
        self,
        gate: Gate,
        conversation: str,
        read: Callable[[], Awaitable[UserMessage]],
        bring: Callable[[Mapping[str, Any]], Awaitable[None]],
        once: Callable[[], None],
    ) -> None:
        """Write a message down, to be answered in its turn; `read` gives it when all before it are written down.

        `once` is done for one that is new: no reply is in the line yet. A message that is too long need not be told
        again, and its author hears of it once. Raises whatever `accept` and `read` do.
        """
        lock = self._taking.setdefault(conversation, asyncio.Lock())
        async with lock:  # what comes first is first in the conversation's line
            message = await read()
            try:
                new = await gate.accept(message, bring)
            except LimitError as error:
                if self._first(message):
                    await bring({"text": error.sentence})
                return
            if new and self._first(message):
                once()

    def _first(self, message: UserMessage) -> bool:
        """Tell whether a message was not seen here before; what hangs on that does no harm twice."""
        key = (message.sender_id, message.message_id)
        if key in self._seen:
            return False
        self._seen.append(key)
        return True

"""Turn texts into understood messages on one thread; whatever waits when the thread comes free is one batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from frontdesk.core.message import Message
from frontdesk.nlu.pipeline import Passage

Explain = Callable[[str], list[Passage]]
Process = Callable[[Sequence[str]], list[Message]]


class Elsewhere(Protocol):
    """Understands texts on another server."""

    async def parse(self, text: str, message_id: str = "") -> Message:
        """Return what is understood of a text."""

    async def close(self) -> None:
        """Let go of connections."""


LARGEST_BATCH = 32


class Understanding:
    """Feeds the NLU pipeline without a timer: one message alone waits for nobody, many at once share the work.

    `process` is the pipeline's own method; it runs on a single thread, since the encoder gains nothing from two. So is
    `steps`, which tells what each component does to a text. With `elsewhere`, another server understands what users
    say, and the pipeline is there for evaluations only.
    """

    def __init__(
        self, process: Process, steps: Explain = lambda _: [], elsewhere: Elsewhere | None = None
    ) -> None:
        self.process = process
        self.steps = steps
        self.elsewhere = elsewhere
        self._waiting: list[tuple[str, asyncio.Future[Message]]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nlu")
        self._running: asyncio.Task[None] | None = None

    async def parse(self, text: str, message_id: str = "") -> Message:
        """Return what is understood of a text."""
        if self.elsewhere is not None:
            return await self.elsewhere.parse(text, message_id)
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._drain())
        return await future

    async def explain(self, text: str) -> list[Passage]:
        """Return what each component makes of a text; nothing is kept of it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.steps, text)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            try:
                messages = await loop.run_in_executor(self._thread, self.process, [text for text, _ in batch])
                answered = list(zip(batch, messages, strict=True))
            except Exception as error:  # every waiting message has to hear of it, whatever it was
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), message in answered:
                if not future.done():
                    future.set_result(message)

    async def close(self) -> None:
        """Let the thread end, and go of connections."""
        self._thread.shutdown(wait=False)
        if self.elsewhere is not None:
            await self.elsewhere.close()

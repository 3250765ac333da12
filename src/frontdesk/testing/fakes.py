"""Small stand-ins for ports: predictable, without models, servers or files."""

from __future__ import annotations

import hashlib
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.message import BotMessage
from frontdesk.core.ports import ActionCall, ActionResult, Answer, Hold
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionError, LLMError


class FakeEmbedder:
    """Turns texts into unit vectors by their words: the same words, the same vector, on every machine.

    Texts that share words are near each other, so nearest-neighbour code has something to find; meaning it
    knows none.
    """

    def __init__(self, size: int = 32) -> None:
        self.size = size
        self.calls: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> Any:
        """Return a float32 array (len(texts), size) of unit vectors."""
        import numpy as np

        self.calls.append(list(texts))
        rows = [self._vector(text) for text in texts]
        return np.asarray(rows, dtype=np.float32).reshape(len(texts), self.size)

    def embed_tokens(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[Any, list[Any]]:
        """Return the sentence vectors, and for each text an array (len(spans[i]), size)."""
        tokens = [self.embed([text[a:b] for a, b in own]) for text, own in zip(texts, spans, strict=True)]
        return self.embed(texts), tokens

    def _vector(self, text: str) -> list[float]:
        total = [0.0] * self.size
        for word in text.lower().split() or [""]:
            digest = hashlib.shake_128(word.encode("utf-8", "replace")).digest(self.size)
            total = [value + byte / 127.5 - 1.0 for value, byte in zip(total, digest, strict=True)]
        length = math.sqrt(sum(value * value for value in total)) or 1.0
        return [value / length for value in total]


class ScriptedActionServer:
    """Answers custom actions from a table, and remembers who asked.

    >>> server = ScriptedActionServer({"action_time": ActionResult(responses=[{"text": "noon"}])})

    A value may also be an error to raise, or a function of (tracker, domain, call) that returns either. An
    action that is not in the table raises ActionError.
    """

    def __init__(self, table: Mapping[str, Any] | None = None) -> None:
        self.table = dict(table or {})
        self.calls: list[tuple[str, ActionCall]] = []
        self.closed = False

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        """Run one action."""
        self.calls.append((name, call))
        if name not in self.table:
            raise ActionError(f"No custom action is called '{name}'.")
        found = self.table[name]
        if callable(found) and not isinstance(found, type):
            found = found(tracker, domain, call)
        if isinstance(found, BaseException) or (isinstance(found, type) and issubclass(found, BaseException)):
            raise found
        if not isinstance(found, ActionResult):
            raise ActionError(f"The script of '{name}' gave {found!r}, which is not an ActionResult.")
        return found

    async def names(self) -> frozenset[str]:
        """Return the names of the actions in the table."""
        return frozenset(self.table)

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class EchoActionServer:
    """Runs any action by saying its name."""

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        """Return one response: the name of the action."""
        return ActionResult(responses=[{"text": name}])

    async def names(self) -> frozenset[str]:
        """Return nothing, since any name will do."""
        return frozenset()

    async def close(self) -> None:
        """Have nothing to let go of."""


class EchoResponses:
    """Says the name of a response, whatever the domain holds."""

    async def generate(
        self, name: str, tracker: Tracker, channel: str, arguments: Mapping[str, Any] | None = None
    ) -> BotMessage | None:
        """Return the name as text."""
        return BotMessage(name, metadata={"utter_action": name})

    async def close(self) -> None:
        """Have nothing to let go of."""


class RecordingBroker:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Mapping[str, Any]]] = []
        self.closed = False

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        """Keep one event."""
        self.published.append((sender_id, dict(event)))

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class ScriptedLLM:
    """Gives prepared answers in order, and keeps what it was asked; out of answers it raises LLMError."""

    def __init__(self, *answers: str | BaseException) -> None:
        self.answers = list(answers)
        self.asked: list[list[Mapping[str, str]]] = []

    async def complete(self, messages: Sequence[Mapping[str, str]], *, max_tokens: int = 300) -> str:
        """Return the next answer."""
        self.asked.append(list(messages))
        if not self.answers:
            raise LLMError("The script has no more answers.")
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class FixedKnowledge:
    """Knows the questions of a table and says so of no other."""

    def __init__(self, table: Mapping[str, Answer | str]) -> None:
        self.table = dict(table)
        self.asked: list[str] = []

    async def answer(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Return what the table says."""
        self.asked.append(question)
        found = self.table.get(question)
        if found is None:
            return Answer("", known=False)
        return found if isinstance(found, Answer) else Answer(found, confidence=1.0)


class NoLocks:
    """Lets everybody in at once, for tests in which nothing meets."""

    local = False

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.fence = 0

    @asynccontextmanager
    async def lock(self, sender_id: str, *, above: int = 0) -> AsyncIterator[Hold]:
        """Yield the next number, without waiting."""
        self.fence = max(self.fence, above) + 1
        yield Hold(self.fence)

    async def close(self) -> None:
        """Do nothing."""


class FakeClock:
    """Tells the time that it was set to; goes on by `step` seconds with each look.

    >>> clock = FakeClock(1_700_000_000.0)
    >>> clock.forward(60)
    """

    def __init__(self, now: float = 1_700_000_000.0, step: float = 0.0) -> None:
        self.now = now
        self.step = step

    def __call__(self) -> float:
        """Return the time."""
        found = self.now
        self.now += self.step
        return found

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

"""Points at which the engine is measured: what each stop of a message took, what happened how often, how much there is.

Nothing is measured unless somebody listens (`frontdesk.metrics`, `frontdesk.tracing`); a point costs next to nothing
until then. Everything that can be measured stands in the tables here, with every value that a label may have: so
nothing that a user says, and no name that a caller chooses, ever becomes one.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

STOPS = {
    "channel": "a channel reads what came into a message",
    "inbox": "the message is written down, or found to be answered already",
    "wait": "it waits for its conversation's lock",
    "load": "the conversation is loaded",
    "understand": "the NLU understands it, with the time that it waits for a batch",
    "slots": "slots are filled from it",
    "predict": "the policies say what they would do",
    "choose": "one of their predictions is chosen",
    "act": "an action runs",
    "respond": "a response is worded",
    "commit": "events, replies and the delivery are committed",
    "send": "the replies go to whoever waits for them",
}
"""The stops of a message (ARCHITECTURE.md), in their order: the second and the last one have two parts."""

WHOLE = ("message", "turn")
"""What spans hold the stops: `message` is until the client is answered, `turn` what is done for it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is counted, or of which there is an amount; `values` are all that its label may have.

    Of what is `shared`, several processes tell the same amount.
    """

    text: str
    label: str = ""
    values: tuple[str, ...] = ()
    shared: bool = False

    def admitted(self, value: str) -> str:
        """Return a value of the label, and "other" for one that is not foreseen."""
        return value if value in self.values else "other"


COUNTS: Mapping[str, Measure] = {
    "csr_messages_processed": Measure("Messages that were handled.", "status", ("success", "error", "owed")),
    "csr_sentiment_distribution": Measure(
        "Messages by their sentiment.", "sentiment", ("positive", "neutral", "negative")
    ),
    "csr_llm_tokens_used": Measure(
        "Tokens that the language model read and wrote.", "kind", ("input", "output")
    ),
    "frontdesk_deliveries": Measure("Messages that arrived and were written down."),
    "frontdesk_repeats": Measure("Messages that had been answered before, and got the stored replies."),
    "frontdesk_refused": Measure(
        "Requests that were refused.", "why", ("auth", "rate", "size", "unavailable")
    ),
    "frontdesk_cache_lookups": Measure(
        "What was looked for in a cache: a conversation folded before, the vector of a text encoded before.",
        "found",
        ("conversation", "no_conversation", "vector", "no_vector"),
    ),
    "frontdesk_locks_waited": Measure("Messages that found their conversation's lock taken."),
    "frontdesk_retries": Measure(
        "What was done again.", "what", ("conversation", "lock", "endpoint", "broker")
    ),
    "frontdesk_actions_failed": Measure("Custom actions that failed; the user got an apology."),
    "frontdesk_llm_failures": Measure("Answers for which the language model gave nothing usable."),
}
AMOUNTS: Mapping[str, Measure] = {
    "csr_active_concurrent_chats": Measure("Conversations that somebody wrote to in the last five minutes."),
    "frontdesk_turns": Measure("Turns under way or waiting in line."),
    "frontdesk_turns_owed": Measure("Turns whose answer could not be stored yet."),
    "frontdesk_outbox_depth": Measure("Commits whose events wait for the event broker.", shared=True),
    "frontdesk_queue_depth": Measure("Messages that wait in the queue, or are at a worker.", shared=True),
    "frontdesk_ready": Measure("Processes that are ready for messages."),
}
LATENCY = "csr_message_latency_seconds"
"""From the arrival of a message until its replies are committed."""


class Listener(Protocol):
    """Hears of what is measured."""

    def enter(self, stop: str, what: str) -> Any:
        """Hear that a stop begins; what is returned comes back in `leave`. `what` is a name out of the model."""

    def leave(self, stop: str, begun: Any, seconds: float, error: BaseException | None) -> None:
        """Hear that it ended."""

    def count(self, name: str, value: str, amount: float) -> None:
        """Hear that something happened."""

    def set(self, name: str, amount: float) -> None:
        """Hear how much there is of something."""

    def arrive(self, headers: Mapping[str, str]) -> None:
        """Hear that a request begins."""

    def carried(self) -> Mapping[str, str]:
        """Return the headers that go with a call of another server."""
        return {}

    def refresh(self) -> None:
        """Hear that it is time to look at what only changes with time."""


_listeners: tuple[Listener, ...] = ()


def listen(*listeners: Listener) -> None:
    """Let these hear of everything from now on, in place of those before."""
    global _listeners
    _listeners = listeners


def listened() -> bool:
    """Tell whether anybody listens."""
    return bool(_listeners)


def stop(name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Measure each call of a function, also of an async one, as a stop of a message.

    >>> @stop("understand")
    ... async def understand(message): ...
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
                if not _listeners:
                    return await function(*args, **kwargs)
                with _Passage(name):
                    return await function(*args, **kwargs)

            return awaited  # type: ignore[return-value]  # a T that is a coroutine is awaited within one

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            if not _listeners:
                return function(*args, **kwargs)
            with _Passage(name):
                return function(*args, **kwargs)

        return called

    return decorate


def passing(name: str, what: str = "") -> AbstractContextManager[Any]:
    """Measure what is done within as a stop; `what` is what the model calls it, never what a user wrote."""
    return _Passage(name, what) if _listeners else nullcontext()


class _Passage:
    """One message at one stop."""

    __slots__ = ("begun", "heard", "name", "what")

    def __init__(self, name: str, what: str = "") -> None:
        self.name = name
        self.what = what

    def __enter__(self) -> _Passage:
        self.heard = [(listener, listener.enter(self.name, self.what)) for listener in _listeners]
        self.begun = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self.begun
        for listener, begun in reversed(self.heard):
            listener.leave(self.name, begun, seconds, error)


def count(name: str, value: str = "", amount: float = 1) -> None:
    """Say that something of COUNTS happened."""
    for listener in _listeners:
        listener.count(name, value, amount)


def level(name: str, amount: float) -> None:
    """Say how much there is of something of AMOUNTS."""
    for listener in _listeners:
        listener.set(name, amount)


def arrive(headers: Mapping[str, str]) -> None:
    """Say that a request begins."""
    for listener in _listeners:
        listener.arrive(headers)


def carried() -> Mapping[str, str]:
    """Return the headers that go with a call of another server: to which trace it belongs."""
    return {name: value for listener in _listeners for name, value in listener.carried().items()}


def refresh() -> None:
    """Say that it is time to look at what only changes with time."""
    for listener in _listeners:
        listener.refresh()

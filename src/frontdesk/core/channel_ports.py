"""How messages come and go: channels, what they ask of the assistant, and processes that share their clients."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from frontdesk.core.message import UserMessage
from frontdesk.core.tracker import Tracker


class Channel(Protocol):
    """A way in which messages come and go; made with its options in credentials.yml and the installation's secret."""

    name: str

    def mount(self, app: Any, gate: Gate) -> None:
        """Add this channel's routes to the server (a Sanic application)."""


class Gate(Protocol):
    """What a channel may ask of the assistant."""

    async def receive(
        self, message: UserMessage, on_reply: Callable[[Mapping[str, Any]], Awaitable[None]] | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """Handle a message and return its replies; `on_reply` gets each one as soon as it is committed."""

    async def accept(
        self, message: UserMessage, on_reply: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> bool:
        """Write a message down and return; its replies go to `on_reply`. False where it was answered before."""

    async def tracker(self, sender_id: str) -> Tracker:
        """Return a conversation with all its events."""

    async def latest(self, sender_id: str) -> Tracker:
        """Return a conversation's latest session."""


@runtime_checkable
class PushChannel(Protocol):
    """A channel that can send something which answers no message: what a reminder makes the assistant say."""

    name: str

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        """Bring the user a reply, JSON-ready, in Rasa's REST form; it is in the store already."""


@runtime_checkable
class AnsweringChannel(Protocol):
    """A channel whose clients don't wait for an answer: the replies are brought also after a crash (`Gate.accept`)."""

    name: str

    def answering(self, message: UserMessage) -> Callable[[Mapping[str, Any]], Awaitable[None]] | None:
        """Return what brings the replies to a message of this channel; None where they are not to be brought."""


@runtime_checkable
class Bringing(Protocol):
    """Brings replies beside the turn, and tells when they arrived: until then they are kept, for another server."""

    async def __call__(self, reply: Mapping[str, Any]) -> None:
        """Let a reply take its place on the way."""

    async def brought(self) -> bool:
        """Wait until the receiver has all of them, or refused them for good; False where this process ends before."""


@runtime_checkable
class SharedChannel(Protocol):
    """A channel whose clients are connected to one process while others may have something for them."""

    name: str

    def join(self, exchange: Exchange) -> None:
        """Bring also what other processes say to clients that are connected here."""


class Peers(Protocol):
    """The processes that answer at one address with this one; `mark` is what clients bring with them to be known by."""

    @property
    def mark(self) -> str:
        """What clients of this process bring."""

    async def forward(self, request: Any, mark: str) -> Any:
        """Let another process answer a request (of Sanic), also for a web socket; None where there is no such one."""


Hear = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Is told what another process said on a topic."""


class Exchange(Protocol):
    """Tells the other processes of an installation something at once, and keeps nothing.

    Whoever is away at that moment never hears of it. So nothing may depend on it alone.
    """

    def listen(self, topic: str, hear: Hear) -> None:
        """Hear what others tell on a topic; asked for before `start`."""

    async def tell(self, topic: str, content: Mapping[str, Any]) -> None:
        """Tell all others who listen to a topic, in order; what cannot be told is logged."""

    async def start(self) -> None:
        """Begin to listen."""

    async def close(self) -> None:
        """Let go of connections."""

"""What is told to event brokers: the events, where they wait, and who takes them (ports, as on `core/ports.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event in wire form on its way to an event broker; a repeat has the same `id`."""

    id: str
    sender_id: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one commit added to a conversation, waiting to be told to an event broker."""

    number: str
    sender_id: str
    events: Sequence[Mapping[str, Any]]


@runtime_checkable
class Outbox(Protocol):
    """A tracker store that keeps what is announced until an event broker has it.

    Every implementation passes `frontdesk.testing.contracts.outbox`.
    """

    async def lead(self, holder: str, now: float, until: float) -> bool:
        """Become, or stay until a time, the only one who sends; False where somebody else is."""

    async def outgoing(self, most: int) -> list[Outgoing]:
        """Return what waits: that of one conversation in order."""

    async def depth(self) -> int:
        """Return how many commits wait; a great many may be told as fewer."""

    async def sent(self, numbers: Sequence[str]) -> None:
        """Forget what an event broker has by now."""


class EventBroker(Protocol):
    """Tells others what happened.

    Every implementation passes `frontdesk.testing.contracts.event_broker`.
    """

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        """Publish one event in wire form; returns once it is safe there. Raises StoreError."""

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class BatchBroker(EventBroker, Protocol):
    """An event broker that takes many events at once, and can be asked whether it is there."""

    async def publish_all(self, batch: Sequence[Announcement]) -> None:
        """Publish events, those of one conversation in order; returns once all are safe. Raises StoreError."""

    async def check(self) -> None:
        """Raise StoreError where events cannot be published at the moment."""

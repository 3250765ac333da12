"""Messages by their delivery: those that are being answered, and those whose answer could not be committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.errors import StoreError
from frontdesk.measures import count, level


class AtWork:
    """Counts who is at a delivery in this process: it may arrive several times at once."""

    def __init__(self) -> None:
        self._count: Counter[Delivery] = Counter()

    def enter(self, delivery: Delivery) -> None:
        """Count one more."""
        self._count[delivery] += 1

    def leave(self, delivery: Delivery) -> None:
        """Count one less."""
        self._count[delivery] -= 1
        if not self._count[delivery]:
            del self._count[delivery]

    def __contains__(self, delivery: Delivery) -> bool:
        """Tell whether somebody is at a delivery."""
        return delivery in self._count

    @contextmanager
    def at(self, delivery: Delivery) -> Iterator[bool]:
        """Be at a delivery; yields whether nobody else is."""
        alone = delivery not in self._count
        self.enter(delivery)
        try:
            yield alone
        finally:
            self.leave(delivery)


class Owed:
    """Messages that are written down and whose answer could not be committed, by conversation."""

    def __init__(self) -> None:
        self._messages: dict[str, dict[Delivery, UserMessage]] = {}

    def all(self) -> list[tuple[Delivery, UserMessage]]:
        """Return all of them."""
        return [pair for messages in self._messages.values() for pair in messages.items()]

    def before(self, delivery: Delivery) -> list[tuple[Delivery, UserMessage]]:
        """Return those of the same conversation that came before this one."""
        messages = self._messages.get(delivery.sender_id, {})
        return list(takewhile(lambda pair: pair[0] != delivery, messages.items()))

    @contextmanager
    def unless_answered(self, delivery: Delivery, message: UserMessage) -> Iterator[None]:
        """Keep a message where a StoreError ends the work at it; else it is owed no more."""
        sender_id = delivery.sender_id
        try:
            yield
        except StoreError:
            count("csr_messages_processed", "owed")
            self._messages.setdefault(sender_id, {})[delivery] = message
            self._tell()
            raise
        messages = self._messages.get(sender_id, {})
        if messages.pop(delivery, None) is not None:
            self._tell()
        if not messages:
            self._messages.pop(sender_id, None)

    def _tell(self) -> None:
        level("frontdesk_turns_owed", sum(len(messages) for messages in self._messages.values()))

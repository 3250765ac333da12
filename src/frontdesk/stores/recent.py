"""The sessions that were read last, so that a long one is not read anew for each message."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from frontdesk.core.events import Event


@dataclass(frozen=True, slots=True)
class Session:
    """The rows of a session up to one of them, read: from row `first` to row `last`, `rows` of them.

    `events` may be fewer than `rows`, where some could not be read. `born` tells the conversation from an earlier one
    of its name, where a store knows.
    """

    first: int
    last: int
    rows: int
    events: tuple[Event, ...]
    born: str = ""


def unnoticed(_: str) -> None:
    """Take no notice of a conversation of which nothing is stored."""


class RecentSessions:
    """Keeps sessions up to a number of events altogether, and drops those that were not used for longest.

    Rows of events are never changed, so a session that was read stays right; only what came after it is
    missing.
    """

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sender_id: str) -> Session | None:
        """Return what is kept of a conversation."""
        with self._lock:
            found = self._kept.get(sender_id)
            if found is not None:
                self._kept.move_to_end(sender_id)
            return found

    def drop(self, sender_id: str) -> None:
        """Keep nothing of a conversation."""
        with self._lock:
            before = self._kept.pop(sender_id, None)
            self._size -= before.rows if before else 0

    def put(self, sender_id: str, session: Session) -> None:
        """Keep a session, unless it alone is too long."""
        with self._lock:
            before = self._kept.pop(sender_id, None)
            self._size -= before.rows if before else 0
            if session.rows > self._most:
                return
            self._kept[sender_id] = session
            self._size += session.rows
            while self._size > self._most:
                _, dropped = self._kept.popitem(last=False)
                self._size -= dropped.rows

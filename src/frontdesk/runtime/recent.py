"""Conversations that were going on lately, kept folded, so that a message does not pay for the history before it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from frontdesk.core.tracker import Tracker

MOST_EVENTS = 40_000  # some 40 MB


class RecentTrackers:
    """Keeps the last committed tracker of each conversation, up to `limit` events; the longest unused goes first.

    It is right only as long as nobody else writes: a writer who finds its tracker stale has to `drop` it and load anew.
    """

    def __init__(self, limit: int = MOST_EVENTS) -> None:
        self.limit = limit
        self._kept: OrderedDict[str, Tracker] = OrderedDict()
        self._events = 0

    def get(self, sender_id: str, initial: Mapping[str, Any]) -> Tracker | None:
        """Return a conversation that was folded with these initial slots."""
        found = self._kept.get(sender_id)
        if found is None or found.initial is not initial:
            return None
        self._kept.move_to_end(sender_id)
        return found

    def put(self, tracker: Tracker) -> None:
        """Keep a conversation as it was committed."""
        self.drop(tracker.sender_id)
        self._kept[tracker.sender_id] = tracker
        self._events += len(tracker)
        while self._events > self.limit and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._events -= len(oldest)

    def drop(self, sender_id: str) -> None:
        """Forget a conversation."""
        old = self._kept.pop(sender_id, None)
        if old is not None:
            self._events -= len(old)

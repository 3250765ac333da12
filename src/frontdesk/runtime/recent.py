"""Conversations that were going on lately, kept folded, so that a message does not pay for the history before it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from frontdesk.core.events import same
from frontdesk.core.ports import Conversation, Noticing, TrackerStore
from frontdesk.core.tracker import Tracker
from frontdesk.measures import count, stop

MOST_EVENTS = 40_000  # some 40 MB


class RecentTrackers:
    """Keeps the last committed tracker of each conversation, up to `limit` events; the longest unused goes first.

    What is kept is right as it stands only where nobody else writes; else let it be `caught_up` with what is stored. A
    writer who finds its tracker stale has to `drop` it and load anew. What the `store` notices to be erased is dropped.
    """

    def __init__(self, store: object = None, limit: int = MOST_EVENTS) -> None:
        self.limit = limit
        self._kept: OrderedDict[str, Tracker] = OrderedDict()
        self._events = 0
        if isinstance(store, Noticing):
            store.nothing_of = self.drop

    def get(self, sender_id: str, initial: Mapping[str, Any]) -> Tracker | None:
        """Return a conversation that was folded with these initial slots."""
        found = self._kept.get(sender_id)
        if found is None or found.initial is not initial:
            return None
        self._kept.move_to_end(sender_id)
        return found

    def keeps(self, tracker: Tracker) -> bool:
        """Tell whether this very tracker is kept, and was not read anew."""
        return self._kept.get(tracker.sender_id) is tracker

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

    @stop("load")
    async def load(
        self, store: TrackerStore, sender_id: str, initial: Mapping[str, Any], *, whole: bool, alone: bool
    ) -> Tracker:
        """Return a conversation as it is stored, from what is kept as far as that goes.

        Where this process is `alone`, what is kept is what is stored.
        """
        known = self.get(sender_id, initial) if not whole else None
        if known is not None and alone:
            count("frontdesk_cache_lookups", "conversation")
            return known
        found = await store.load(sender_id, whole=whole)
        now = caught_up(known, found) if known is not None else None
        if not whole:
            count("frontdesk_cache_lookups", "no_conversation" if now is None else "conversation")
        return now or Tracker.start(sender_id, initial, found.events, offset=found.offset)


def caught_up(known: Tracker, stored: Conversation) -> Tracker | None:
    """Return a kept conversation with what others added since, or None where it is not the beginning of what is stored.

    Stored events are never changed, so the same number of them, ending in the same one, is the same conversation. One
    that was erased and began anew ends in one that is alike at most.
    """
    length = len(known)
    if known.offset != stored.offset or not 0 < length <= len(stored.events):
        return None
    return known.extend(stored.events[length:]) if same(known.event, stored.events[length - 1]) else None

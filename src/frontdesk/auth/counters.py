"""Counters of rate limits in memory: a storage of the `limits` library, in which every hit costs the same.

The library's own looks through all of its counters at every hit.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque

from limits.aio.storage import SlidingWindowCounterSupport, Storage


class MemoryCounters(Storage, SlidingWindowCounterSupport):
    """Counts hits in windows; a hit forgets at most two windows that are over."""

    STORAGE_SCHEME = None  # it is made here, not named by an address

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, int] = {}
        self._ends: dict[str, float] = {}
        self._order: defaultdict[int, deque[str]] = defaultdict(deque)
        """By the length of a window: those of one length end in the order in which they began."""

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library may wrap; nothing can go wrong here."""
        return ValueError

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a hit, unless the window that ends now, with its share of the one before, is full."""
        now = time.time()
        self._forget(expiry, now)
        window = int(now // expiry)
        here = f"{key}/{window}"
        before = self._counts.get(f"{key}/{window - 1}", 0)
        share = 1.0 - (now / expiry - window)
        count = self._counts.get(here, 0)
        if int(before * share) + count + amount > limit:
            return False
        if here not in self._counts:
            self._order[expiry].append(here)
            self._ends[here] = (window + 2) * expiry
        self._counts[here] = count + amount
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return count and seconds left of the window before, and of the one that ends now."""
        now = time.time()
        window = int(now // expiry)
        left = (window + 1) * expiry - now
        before = self._counts.get(f"{key}/{window - 1}", 0)
        return before, left if before else 0.0, self._counts.get(f"{key}/{window}", 0), left + expiry

    def _forget(self, expiry: int, now: float) -> None:
        order = self._order[expiry]
        for _ in range(2):
            if not order or self._ends[order[0]] > now:
                return
            over = order.popleft()
            del self._counts[over], self._ends[over]

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in a window of its own, which ends so many seconds after the first hit."""
        now = time.time()
        self._forget(-expiry, now)  # apart from those that begin at a full minute
        if self._ends.get(key, 0.0) <= now:
            if key not in self._counts:
                self._order[-expiry].append(key)
            self._counts[key] = 0
            self._ends[key] = now + expiry
        self._counts[key] += amount
        return self._counts[key]

    async def get(self, key: str) -> int:
        """Return a count."""
        return self._counts.get(key, 0) if self._ends.get(key, 0.0) > time.time() else 0

    async def get_expiry(self, key: str) -> float:
        """Return when a window ends."""
        return self._ends.get(key, time.time())

    async def check(self) -> bool:
        """Tell that it works."""
        return True

    async def reset(self) -> int:
        """Forget everything."""
        found = len(self._counts)
        self._counts.clear()
        self._ends.clear()
        self._order.clear()
        return found

    async def clear(self, key: str) -> None:
        """Let a window be over."""
        if key in self._ends:
            self._ends[key] = 0.0

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Let both windows be over."""
        window = int(time.time() // expiry)
        for name in (f"{key}/{window}", f"{key}/{window - 1}"):
            if name in self._counts:
                self._counts[name] = 0

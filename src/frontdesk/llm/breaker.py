"""Leave a failing service alone for a while, so that nobody waits for it in vain."""

from __future__ import annotations

import time
from collections.abc import Callable

from frontdesk.measures import count


class CircuitBreaker:
    """Counts failures in a row; after so many it stays open for `pause` seconds, then lets one call try.

    breaker = CircuitBreaker(failures=3, pause=30)
    if breaker.enter():
        ...               # call, and then breaker.succeeded(), breaker.failed() or breaker.abandoned()
    """

    def __init__(
        self, failures: int = 3, pause: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.failures = failures
        self.pause = pause
        self._clock = clock
        self._count = 0
        self._until = 0.0
        self._trying = False

    @property
    def remaining(self) -> float:
        """Seconds until the next call may try; 0 while all is well."""
        return max(0.0, self._until - self._clock()) if self._count >= self.failures else 0.0

    def enter(self) -> bool:
        """Tell whether a call may go ahead now."""
        if self._count < self.failures:
            return True
        if self._trying or self.remaining > 0:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """Note that a call went well: all is forgotten."""
        self._count = 0
        self._trying = False

    def failed(self) -> None:
        """Note that a call failed."""
        count("frontdesk_llm_failures")
        self._count += 1
        self._trying = False
        if self._count >= self.failures:
            self._until = self._clock() + self.pause

    def abandoned(self) -> None:
        """Note that a call was given up before anything could be learnt from it."""
        self._trying = False

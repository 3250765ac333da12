"""Access tokens by client credentials: fetched when needed, once for all, and kept until they run out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from actions.adapters.answers import within
from actions.adapters.errors import BadAnswer, Denied, Unreachable
from actions.adapters.http import Answer, Budget, System

MARGIN = 60.0  # seconds before its end from which a token isn't used any more
LONGEST = 24 * 3600.0


class Token:
    """A secret with an end, which one caller fetches for all who wait for it."""

    def __init__(self, system: System, fetch: Callable[[Budget], tuple[str, float]]) -> None:
        self._system = system
        self._fetch = fetch
        self._lock = Lock()
        self._value = ""
        self._end = 0.0  # by time.monotonic()

    def get(self, budget: Budget) -> str:
        """Give the token, and fetch one if there is none or it is about to run out."""
        with self._held(budget):
            if time.monotonic() >= self._end:
                value, seconds = self._fetch(budget)
                self._value = value
                self._end = time.monotonic() + max(0.0, min(seconds, LONGEST) - MARGIN)
            return self._value

    def drop(self, value: str) -> None:
        """Forget a token that was refused, unless another one has been fetched since."""
        with self._lock:
            if value == self._value:
                self._end = 0.0

    @contextmanager
    def _held(self, budget: Budget) -> Iterator[None]:
        """Wait for whoever is fetching, but not beyond the deadline."""
        if not self._lock.acquire(timeout=budget.left):
            raise Unreachable(self._system.name, "no access token within the deadline.", unsent=True)
        try:
            yield
        finally:
            self._lock.release()


class OAuthSystem:
    """A system whose calls carry an access token, which is given out at a path for a form.

    A token that is refused (status 401) is fetched anew and the call made once more: what was refused had no
    effect, so this is harmless for every call.
    """

    def __init__(
        self,
        system: System,
        path: str,
        login: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.system = system
        self._path = path
        self._form = urlencode({"grant_type": "client_credentials", **login}).encode()
        self._headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        self._token = Token(system, self._fetch)

    def budget(self) -> Budget:
        """Begin a budget that several calls share."""
        return self.system.budget()

    def close(self) -> None:
        """Close the connections."""
        self.system.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        budget: Budget | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """Make a call as `System.call` does."""
        budget = budget or self.budget()
        token = self._token.get(budget)
        for last in (False, True):
            sent = {**(headers or {}), "Authorization": f"Bearer {token}"}
            try:
                return self.system.call(method, path, budget=budget, headers=sent, **more)
            except Denied as error:
                if last or error.status != 401:
                    raise
                self._token.drop(token)
                token = self._token.get(budget)
        raise AssertionError("the second attempt returns or raises")

    def _fetch(self, budget: Budget) -> tuple[str, float]:
        """Fetch an access token, and how many seconds it lasts, which may come as a text."""
        answer = self.system.call(
            "POST", self._path, content=self._form, headers=self._headers, budget=budget, reads=True
        )
        found = answer.json()
        seconds = str(within(found, "expires_in"))
        if not seconds.isdigit():
            raise BadAnswer(self.system.name, "a token has another form than described.")
        return secret_of(self.system.name, within(found, "access_token")), float(seconds)


def secret_of(system: str, value: Any) -> str:
    """Read a secret that goes out in a header."""
    if not (isinstance(value, str) and value and value.isascii() and value.isprintable()):
        raise BadAnswer(system, "a token has another form than described.")
    return value

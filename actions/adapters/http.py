"""Calls to a system outside: one deadline, careful retries, and leaving alone what is down."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from threading import Lock, Thread
from typing import Any, TypeVar

import httpx
from circuitbreaker import CircuitBreaker
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from actions.adapters.errors import (
    AdapterError,
    BadAnswer,
    Denied,
    Failed,
    Missing,
    RateLimited,
    Rejected,
    Resting,
    Unreachable,
)
from actions.adapters.waiting import quota_wait, retry_after

logger = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(
    logging.WARNING
)  # at INFO it writes down whole addresses, queries included

LARGEST_ANSWER = 10_000_000
LONGEST_REST = 900.0  # seconds; no system is believed to want more
READING = ("GET", "HEAD", "OPTIONS")
IDEMPOTENT = (*READING, "PUT", "DELETE")
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout)
T = TypeVar("T")
Params = Mapping[str, str] | tuple[tuple[str, str], ...]
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}|\d{1,8}")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How patient we are with a system."""

    deadline: float = 5.0  # seconds for a whole call, retries and waiting included
    connect: float = 2.0  # seconds for one connection
    retries: int = 3
    first_wait: float = 0.2  # seconds; doubles, and the real wait is drawn between nothing and that
    failures: int = 5  # in a row, until the system is left alone
    pause: float = 30.0  # seconds that it is left alone


@dataclass(frozen=True)
class Answer:
    """What a system answered."""

    system: str
    status: int
    headers: httpx.Headers
    content: bytes

    def json(self, *, exact: bool = False) -> Any:
        """Read the answer as JSON; `exact` gives decimals, not floats."""
        try:
            return json.loads(self.content, parse_float=Decimal if exact else None)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(self.system, "the answer isn't JSON.") from error


class Budget:
    """The time that is left for a call, or for several that belong together."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left, never below nothing."""
        return max(0.0, self._end - time.monotonic())


class LoopThread:
    """An event loop in a thread of its own, which doesn't keep the process alive."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for what it returns or raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class System:
    """One system outside, at the one address that the configuration names.

    >>> zendesk = System("Zendesk", "https://acme.zendesk.com", auth=("ann@acme.example/token", secret))
    >>> zendesk.call("GET", "/api/v2/tickets/1").json()

    The deadline is kept whatever the other side does, since every call runs in an event loop of its own
    thread. No redirection is followed, no proxy or .netrc is used, no address from an answer is called.
    Calls may come from any thread.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        rules: Rules | None = None,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        advice_header: str = "",
    ) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self.rules = rules or Rules()
        self._auth = auth
        self._headers = {"Accept": "application/json", "User-Agent": "frontdesk", **(headers or {})}
        self._advice_header = advice_header  # where a system says itself whether a retry makes sense
        self._lock = Lock()
        self._loop: LoopThread | None = None
        self._client: httpx.AsyncClient | None = None
        self._not_before = 0.0  # by time.monotonic(); the system wants no request until then
        self._on_trial = False
        self._breaker = CircuitBreaker(
            failure_threshold=self.rules.failures,
            recovery_timeout=self.rules.pause,
            expected_exception=lambda _, error: bool(getattr(error, "counts", False)),
            name=name,
        )

    def budget(self) -> Budget:
        """Begin a budget that several calls share."""
        return Budget(self.rules.deadline)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        budget: Budget | None = None,
        accept: Callable[[int], bool] | None = None,
        repeatable: bool | None = None,
        reads: bool | None = None,
        shown: str = "",
    ) -> Answer:
        """Send a request and return the answer, or raise an AdapterError.

        `key` goes out as Idempotency-Key. Whether the call may be made again is decided by its method and by
        the key, if `repeatable` isn't given; what only `reads` may, and is never `unsure`. `accept` tells
        which statuses are answers rather than errors (2xx, if not said). The log holds `shown` in place of a
        path that is private.
        """
        if reads is None:
            reads = method in READING
        if repeatable is None:
            repeatable = reads or method in IDEMPOTENT or key is not None
        sent = dict(headers or {})
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        # The client merges the query; a path is never made an address of another server.
        request = partial(
            self._request, method, self.url + path, params=params, content=content, headers=sent
        )
        call = partial(
            self._call, method, shown or path, request, budget or self.budget(), repeatable, reads, accept
        )
        return self._opened().run(call())

    def close(self) -> None:
        """Close the connections and end the thread; the next call opens them again."""
        with self._lock:
            loop, client = self._loop, self._client
            self._loop = self._client = None
        if loop is not None and client is not None:
            loop.run(client.aclose())
            loop.close()

    def _opened(self) -> LoopThread:
        """Start the thread at the first call."""
        with self._lock:
            if self._loop is None:
                self._loop = LoopThread(f"adapter {self.name}")
                self._client = self._loop.run(self._made())
            return self._loop

    async def _made(self) -> httpx.AsyncClient:
        """Make the client, in the loop in which it is used."""
        return httpx.AsyncClient(
            auth=self._auth,
            headers=self._headers,
            timeout=httpx.Timeout(None, connect=self.rules.connect),  # each attempt has the call's deadline
            trust_env=False,
            follow_redirects=False,
        )

    async def _call(
        self,
        method: str,
        path: str,
        request: Callable[[], Any],
        budget: Budget,
        repeatable: bool,
        reads: bool,
        accept: Callable[[int], bool] | None,
    ) -> Answer:
        """Make the attempts of one call."""
        jitter = wait_random_exponential(multiplier=self.rules.first_wait, max=2.0)

        def may_retry(error: BaseException) -> bool:
            if not isinstance(error, AdapterError) or not error.passing:
                return False
            return repeatable or error.unsent

        def wait(state: RetryCallState) -> float:
            asked = getattr(state.outcome.exception() if state.outcome else None, "retry_after", None)
            return (asked or 0.0) + jitter(state)

        def enough(state: RetryCallState) -> bool:
            return state.attempt_number > self.rules.retries or state.upcoming_sleep >= budget.left

        def noted(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            logger.warning("%s %s, attempt %d: %s", method, path, state.attempt_number, error)

        retrying = AsyncRetrying(
            retry=retry_if_exception(may_retry), wait=wait, stop=enough, before_sleep=noted, reraise=True
        )
        try:
            return await retrying(self._guarded, request, budget, accept)
        except AdapterError as error:
            gone = isinstance(error, Unreachable) and not error.unsent
            error.unsure = not reads and (gone or isinstance(error, Failed))
            if not isinstance(error, Missing):
                logger.warning("%s %s gave up: %s", method, path, error)
            raise

    async def _guarded(
        self, request: Callable[[], Any], budget: Budget, accept: Callable[[int], bool] | None
    ) -> Answer:
        """Make one attempt, unless the system is to be left alone."""
        rest = self._not_before - time.monotonic()
        if rest > 0:
            raise RateLimited(self.name, rest, unsent=True)
        trial = self._breaker.state == "half_open"
        if self._breaker.opened or (trial and self._on_trial):
            raise Resting(self.name, self._breaker.open_remaining)
        self._on_trial = trial
        try:
            with self._breaker:
                return self._judged(await self._within(request, budget), accept)
        finally:
            if trial:
                self._on_trial = False

    async def _within(self, request: Callable[[], Any], budget: Budget) -> Answer:
        """Send the request once, within what is left of the deadline."""
        try:
            async with asyncio.timeout(budget.left):
                answer: Answer = await request()
                return answer
        except TimeoutError as error:
            raise Unreachable(self.name, f"no whole answer within {self.rules.deadline:g} s.") from error
        except UNSENT as error:
            raise Unreachable(self.name, f"no connection ({type(error).__name__}).", unsent=True) from error
        except httpx.HTTPError as error:
            raise Unreachable(self.name, f"no answer ({type(error).__name__}).") from error

    async def _request(
        self,
        method: str,
        url: str,
        *,
        params: Params | None,
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """Exchange request and answer; an answer that never ends is cut off."""
        assert self._client is not None
        sending = self._client.stream(method, url, params=params, content=content, headers=headers)
        async with sending as response:
            parts, size = [], 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > LARGEST_ANSWER:
                    raise BadAnswer(self.name, f"the answer is larger than {LARGEST_ANSWER // 1_000_000} MB.")
                parts.append(part)
            return Answer(self.name, response.status_code, response.headers, b"".join(parts))

    def _judged(self, answer: Answer, accept: Callable[[int], bool] | None) -> Answer:
        """Let an answer through, or raise what its status means; note what it says about our quota."""
        status, wanted = answer.status, retry_after(answer.headers)
        quota = quota_wait(answer.headers)
        if status == 429 or quota is not None:
            pause = min(LONGEST_REST, max(wanted or 0.0, quota or 0.0))
            self._not_before = max(self._not_before, time.monotonic() + pause)
        if 200 <= status < 300:
            return answer
        error = self._refusal(answer)
        advice = answer.headers.get(self._advice_header, "") if self._advice_header else ""
        if advice:
            error.passing = advice == "true"
        if accept is not None and accept(status) and not error.passing:
            return answer
        raise error

    def _refusal(self, answer: Answer) -> AdapterError:
        """Say what a status means that isn't an answer."""
        status, wanted = answer.status, retry_after(answer.headers)
        if status == 429:
            return RateLimited(self.name, wanted)
        if status >= 500:
            return Failed(self.name, status, wanted)
        if status in (401, 403):
            return Denied(self.name, status)
        kind = Missing if status == 404 else Rejected
        return kind(self.name, status, error_code(answer.content))


def error_code(content: bytes) -> str:
    """Find the vendor's own name of an error; its words may repeat what is private and are left out."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    for name in ("response", "error", "errors", "code", "title"):
        if not isinstance(found, Mapping):
            return ""
        value = found.get(name)
        if name == "response" and isinstance(value, Mapping):  # UPS wraps its errors once more
            found = value
            continue
        if name == "errors" and isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, Mapping):
            value = value.get("code") or value.get("title")
        if isinstance(value, str) and CODE.fullmatch(value):
            return value
    return ""

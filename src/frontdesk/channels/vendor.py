"""Call a vendor's API over HTTP, and tell what its answer means for what is to be brought."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from frontdesk.channels.lines import NotTaken
from frontdesk.endpoint import is_address
from frontdesk.errors import ConfigError

DEADLINE = 15.0  # seconds for each call
BUSY = 429
UNAVAILABLE = 503
PASSING = frozenset({408, 409, 423, 425})
"""Refusals after which the same may go well a moment later."""
LATER = 1.0  # seconds, where a vendor names none
LARGEST_ANSWER = 1_000_000


@dataclass(frozen=True, slots=True)
class Post:
    """Something on its way: `content` for an address below the vendor's, as JSON or as a form.

    `sign` marks what is no message (a receipt, "is typing"): it is tried once.
    """

    path: str
    content: Mapping[str, Any]
    form: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    sign: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answered."""

    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def ok(self) -> bool:
        """Tell whether it was taken."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return its JSON; an empty object where it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return {}


def refusal(answer: Answer) -> NotTaken | None:
    """Return why something was not taken, by the status alone; None where it was."""
    if answer.ok:
        return None
    why = f"It answered with status {answer.status}."
    told = answer.headers.get("Retry-After")
    if answer.status == BUSY or (answer.status == UNAVAILABLE and told):
        return NotTaken(why, after=pause(told))
    return NotTaken(why, final=answer.status < 500 and answer.status not in PASSING)


def pause(told: str | None) -> float:
    """Return the seconds that a `Retry-After` names, as a number or as a date; never none at all."""
    try:
        found = float(told or LATER)
    except ValueError:
        try:
            found = (parsedate_to_datetime(str(told)) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return LATER
    return found if found > 0 else LATER  # with no pause it would be asked without end


class Vendor:
    """Calls one vendor's API and keeps the connections.

    One deadline for a whole call; no redirect is followed; a proxy is taken from `proxy`, else from HTTPS_PROXY.
    `judge` tells why an answer means that something was not taken.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        proxy: str | None = None,
        judge: Callable[[Answer], NotTaken | None] = refusal,
    ) -> None:
        self.url = url.rstrip("/")
        self._headers = dict(headers or {})
        self._auth = auth
        self._params = dict(params or {})
        self._proxy = proxy
        self._judge = judge
        self._client: httpx.AsyncClient | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        content: Mapping[str, Any] | None = None,
        form: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to one call, whatever its status. Raises NotTaken where there is none."""
        sent: dict[str, Any] = {"data" if form else "json": content} if content is not None else {}
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._exchange(method, self._at(path), headers=headers, **sent)
        except (TimeoutError, httpx.HTTPError) as error:
            raise NotTaken(f"No answer ({type(error).__name__}).") from error
        except (httpx.InvalidURL, ValueError, TypeError) as error:  # what cannot be sent at all
            raise NotTaken(f"It cannot be sent ({type(error).__name__}).", final=True) from error

    async def post(self, post: Post, headers: Mapping[str, str] | None = None) -> Answer:
        """Post something and return the answer. Raises NotTaken."""
        answer = await self.call(
            "POST",
            post.path,
            content=post.content,
            form=post.form,
            headers={**post.headers, **(headers or {})},
        )
        trouble = self._judge(answer)
        if trouble is not None:
            raise trouble
        return answer

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return the JSON object at a path. Raises NotTaken."""
        answer = await self.call("GET", path, headers=headers)
        trouble = self._judge(answer)
        if trouble is not None:
            raise trouble
        found = answer.json()
        return found if isinstance(found, dict) else {}

    def _at(self, path: str) -> str:
        return path if path.startswith(("https://", "http://")) else f"{self.url}{path}"

    async def _exchange(self, method: str, url: str, **sent: Any) -> Answer:
        async with self._opened().stream(method, url, **sent) as response:
            parts, size = [], 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > LARGEST_ANSWER:
                    raise httpx.ReadError("too large")
                parts.append(part)
            return Answer(response.status_code, response.headers, b"".join(parts))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                auth=self._auth,
                headers=self._headers,
                params=self._params,
                proxy=self._proxy,
                timeout=None,  # noqa: S113  # each call has its own deadline
                follow_redirects=False,
            )
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()


def address(options: Mapping[str, Any], key: str, default: str, channel: str) -> str:
    """Return the address of a vendor's API. Raises ConfigError where an option names none."""
    found = str(options.get(key) or default).strip()
    if not is_address(found):
        raise ConfigError(
            f"'{key}' of the {channel} channel is '{found}'.", hint="Write an address: 'https://host/path'."
        )
    return found.rstrip("/")

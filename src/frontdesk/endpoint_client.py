"""Speak JSON to another server over HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import zlib
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

from frontdesk.endpoint import Endpoint
from frontdesk.errors import ConfigError, EndpointError, EndpointTimeout
from frontdesk.measures import carried, count

log = logging.getLogger("frontdesk.endpoint")

T = TypeVar("T")

LARGEST_BODY = 10_000_000
LARGEST_FILE = 4 * 1024**3
_BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class EndpointClient:
    """Posts JSON to one address and keeps the connection.

    >>> client = EndpointClient(Endpoint("http://localhost:5055/webhook"))
    >>> status, content = await client.post({"next_action": "action_x"}, deadline=10.0)

    The deadline holds for the whole call. An answer is at most 10 MB, after unpacking. Where a kept connection turns
    out to be dead, the call is made once more on a new one. No proxy and no .netrc is used: it is our own server.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client: httpx.AsyncClient | None = None

    async def post(self, body: Mapping[str, Any] | str, deadline: float) -> tuple[int, bytes]:
        """Return the status and the content of the answer; `body` may be JSON already.

        Raises EndpointTimeout, EndpointError.
        """
        return await self._within(deadline, self._post(body))

    async def post_json(self, body: Mapping[str, Any], deadline: float) -> Any:
        """Return the JSON of an answer of status 200. Raises EndpointTimeout, EndpointError."""
        return self._json(*await self.post(body, deadline))

    async def get(self, path: str, deadline: float) -> tuple[int, bytes]:
        """Return what the same server answers at another path. Raises EndpointTimeout, EndpointError."""
        return await self._within(deadline, self._exchange("GET", self.endpoint.at(path).url))

    async def get_json(self, path: str, deadline: float) -> Any:
        """Return the JSON that the same server gives at another path. Raises EndpointTimeout, EndpointError."""
        return self._json(*await self.get(path, deadline))

    async def download(
        self, file: Path, headers: Mapping[str, str], deadline: float
    ) -> tuple[int, Mapping[str, str]]:
        """Write the content of an answer of status 200 to a file, and return the status and the headers of any.

        Raises EndpointTimeout, EndpointError.
        """
        return await self._within(deadline, self._download(file, headers))

    async def _download(self, file: Path, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str]]:
        async with self._opened().stream("GET", self.endpoint.url, headers=dict(headers)) as response:
            if response.status_code == 200:
                with file.open("wb") as out:
                    async for part in response.aiter_bytes():
                        if out.tell() + len(part) > LARGEST_FILE:
                            raise EndpointError("The answer is too large.", where=self.endpoint.place)
                        out.write(part)
            return response.status_code, response.headers

    async def _within(self, deadline: float, call: Awaitable[T]) -> T:
        place = self.endpoint.place
        try:
            async with asyncio.timeout(deadline):
                return await call
        except (TimeoutError, httpx.TimeoutException) as error:
            raise EndpointTimeout(f"No answer within {deadline:g} s.", where=place) from error
        except httpx.HTTPError as error:
            raise EndpointError(f"No answer ({type(error).__name__}).", where=place) from error

    def _json(self, status: int, content: bytes) -> Any:
        if status != 200:
            raise EndpointError(f"The answer has status {status}.", where=self.endpoint.place)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise EndpointError("The answer is not JSON.", where=self.endpoint.place) from error

    async def _post(self, body: Mapping[str, Any] | str) -> tuple[int, bytes]:
        """Post a body; a kept connection that the server has closed meanwhile gets a second try."""
        content = (body if isinstance(body, str) else json.dumps(body, default=str)).encode()
        headers = {"Content-Type": "application/json", **carried()}
        if self.endpoint.compress:
            content, headers["Content-Encoding"] = zlib.compress(content), "deflate"
        connected = False

        async def trace(event: str, _: Mapping[str, Any]) -> None:
            nonlocal connected
            connected = connected or event.startswith("connection.connect")

        url = self.endpoint.url
        call = {"content": content, "headers": headers}
        try:
            return await self._exchange("POST", url, **call, extensions={"trace": trace})
        except _BROKEN:
            if connected:
                raise
            log.info("A kept connection to %s was closed; the call is made again.", self.endpoint.place)
            count("frontdesk_retries", "endpoint")
            return await self._exchange("POST", url, **call)

    async def _exchange(self, method: str, url: str, **call: Any) -> tuple[int, bytes]:
        async with self._opened().stream(method, url, **call) as response:
            parts, size = [], 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > LARGEST_BODY:
                    what = f"The answer is larger than {LARGEST_BODY // 1_000_000} MB."
                    raise EndpointError(what, where=self.endpoint.place)
                parts.append(part)
            return response.status_code, b"".join(parts)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            own = self.endpoint
            login = own.basic_auth
            token = {own.token_name: own.token} if own.token else {}
            self._client = httpx.AsyncClient(
                auth=(login.get("username", ""), login.get("password", "")) if login else None,
                headers=dict(own.headers),
                params={**own.params, **token},
                timeout=None,  # noqa: S113  # each call has its own deadline
                verify=self._certificates(),
                trust_env=False,
            )
        return self._client

    def _certificates(self) -> ssl.SSLContext | bool:
        cafile = self.endpoint.cafile
        if cafile is None:
            return True
        try:
            return ssl.create_default_context(cafile=cafile)
        except OSError as error:
            what = f"The certificates cannot be read ({error})."
            raise ConfigError(what, where=cafile, hint="See `cafile` in endpoints.yml.") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

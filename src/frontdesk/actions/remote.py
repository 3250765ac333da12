"""Custom actions on an action server over HTTP, as Rasa calls it."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from frontdesk.actions.calls import MAX_EVENTS, read_result, request
from frontdesk.actions.context import ContextSigner
from frontdesk.core.domain import Domain
from frontdesk.core.ports import ActionCall, ActionResult
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionError, ActionRejected, ActionTimeout, ConfigError

log = logging.getLogger("frontdesk.actions")

LARGEST_BODY = 10_000_000
_BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


@dataclass(frozen=True)
class Endpoint:
    """Where an action server is and how to ask it, as `action_endpoint` in endpoints.yml says.

    `token` travels as the query parameter `token_name`; `basic_auth` is {username, password}; `cafile` is a
    file of trusted certificates. With `selective_domain`, only actions with `send_domain: true` get the
    domain.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    basic_auth: Mapping[str, str] | None = None
    token: str | None = None
    token_name: str = "token"  # noqa: S105  # the name of a parameter
    params: Mapping[str, str] = field(default_factory=dict)
    cafile: str | None = None
    selective_domain: bool = False
    compress: bool = False


class RemoteActionServer:
    """Runs actions on another server: `python -m rasa_sdk`, or anything that speaks its protocol.

    >>> server = RemoteActionServer(Endpoint("http://localhost:5055/webhook"))

    `deadline` is in seconds and holds for the whole call; an answer is at most 10 MB. Where a kept connection
    turns out to be dead, the call is made once more on a new one (with the same idempotency key).
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        deadline: float = 10.0,
        max_events: int = MAX_EVENTS,
        signer: ContextSigner | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.deadline = deadline
        self.max_events = max_events
        self.signer = signer or ContextSigner()
        self._client: httpx.AsyncClient | None = None

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        """Run one action. Raises ActionRejected, ActionTimeout, ActionError."""
        body = request(name, tracker, call, self.signer, self.max_events)
        if not self.endpoint.selective_domain or name in domain.send_domain_actions:
            body["domain"] = dict(domain.wire)
        try:
            async with asyncio.timeout(self.deadline):
                status, content = await self._post(body)
                if status == 449 and "domain" not in body:  # the server has not seen the domain yet
                    status, content = await self._post({**body, "domain": dict(domain.wire)})
        except TimeoutError as error:
            raise self._late(name) from error
        except httpx.TimeoutException as error:
            raise self._late(name) from error
        except httpx.HTTPError as error:
            hint = "Is the action server running? Start it with `frontdesk run actions`."
            what = f"No answer from the action server for '{name}' ({type(error).__name__})."
            raise ActionError(what, where=self._place, hint=hint) from error
        return self._read(name, status, content)

    async def _post(self, body: Mapping[str, Any]) -> tuple[int, bytes]:
        """Post a body; a kept connection that the server has closed meanwhile gets a second try."""
        content = json.dumps(body, default=str).encode()
        headers = {"Content-Type": "application/json"}
        if self.endpoint.compress:
            content, headers["Content-Encoding"] = zlib.compress(content), "deflate"
        connected = False

        async def trace(event: str, _: Mapping[str, Any]) -> None:
            nonlocal connected
            connected = connected or event.startswith("connection.connect")

        try:
            return await self._exchange(content, headers, {"trace": trace})
        except _BROKEN:
            if connected:
                raise
            log.info("A kept connection to the action server was closed; the call is made again.")
            return await self._exchange(content, headers, {})

    async def _exchange(
        self, content: bytes, headers: dict[str, str], extensions: dict[str, Any]
    ) -> tuple[int, bytes]:
        client = self._opened()
        async with client.stream(
            "POST", self.endpoint.url, content=content, headers=headers, extensions=extensions
        ) as response:
            parts, size = [], 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > LARGEST_BODY:
                    what = f"The action server's answer is larger than {LARGEST_BODY // 1_000_000} MB."
                    raise ActionError(what, where=self._place)
                parts.append(part)
            return response.status_code, b"".join(parts)

    def _read(self, name: str, status: int, content: bytes) -> ActionResult:
        try:
            wire = json.loads(content)
        except (ValueError, RecursionError) as error:
            what = f"The action server answered '{name}' with status {status} and no JSON."
            raise ActionError(what, where=self._place) from error
        said = wire if isinstance(wire, Mapping) else {}
        if status == 400 and "action_name" in said:
            raise ActionRejected(str(said["action_name"]), str(said.get("error") or ""))
        if status == 404 and "action_name" in said:
            hint = "Is the module of that action part of the server's `--actions`?"
            raise ActionError(f"The action server has no action '{name}'.", where=self._place, hint=hint)
        if status != 200:
            hint = "See the log of the action server."
            raise ActionError(f"The action '{name}' failed: status {status}.", where=self._place, hint=hint)
        return read_result(name, wire)

    def _late(self, name: str) -> ActionTimeout:
        return ActionTimeout(f"The action '{name}' took longer than {self.deadline:g} s.", where=self._place)

    @property
    def _place(self) -> str:
        """The address without user, password and query, which may be secret."""
        url = httpx.URL(self.endpoint.url)
        return str(url.copy_with(userinfo=b"", query=None, fragment=None))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            auth = self.endpoint.basic_auth
            self._client = httpx.AsyncClient(
                auth=(auth.get("username", ""), auth.get("password", "")) if auth else None,
                headers=dict(self.endpoint.headers),
                params=self._params(),
                timeout=self.deadline,
                verify=self._certificates(),
                trust_env=False,  # no proxy and no .netrc between us and our own server
            )
        return self._client

    def _params(self) -> dict[str, str]:
        own = {self.endpoint.token_name: self.endpoint.token} if self.endpoint.token else {}
        return {**self.endpoint.params, **own}

    def _certificates(self) -> ssl.SSLContext | bool:
        if self.endpoint.cafile is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.endpoint.cafile)
        except OSError as error:
            what = f"The certificates cannot be read ({error})."
            raise ConfigError(
                what, where=self.endpoint.cafile, hint="See `cafile` in endpoints.yml."
            ) from error

    async def names(self) -> frozenset[str]:
        """Return what the server's `/actions` lists; empty where it cannot be asked."""
        url = httpx.URL(self.endpoint.url)
        path = url.path.rstrip("/").rpartition("/")[0] + "/actions"
        try:
            response = await self._opened().get(url.copy_with(path=path))
            return frozenset(str(item["name"]) for item in response.raise_for_status().json())
        except (httpx.HTTPError, ValueError, TypeError, KeyError):
            return frozenset()

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

"""What stands before everything that the server serves: who may come in, how often, and how large a request may be."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sanic import Request, Sanic
from sanic.exceptions import RequestTimeout
from sanic.http import Http

from frontdesk.auth.access import Access
from frontdesk.auth.rate_limits import OPTIONS, Limiter, RateLimits
from frontdesk.auth.section import key_file, token_rules
from frontdesk.channels.http import shown_anywhere
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Gate
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ConfigError, TooMany
from frontdesk.formats.endpoints import Endpoint, Endpoints
from frontdesk.server.peers import from_a_peer
from frontdesk.settings import Settings
from frontdesk.stores.rate_counters import shared_counters

log = logging.getLogger("frontdesk.server")

NOT_COUNTED = ("/health", "/ready", "/metrics", "/static/", "/inspector/static/")
"""Beginnings of paths that cost next to nothing, or are asked for by the operator's own machines."""

OPEN_CHANNELS = ("rest", "callback", "chat", "socketio")
"""Channels that anybody may speak on. Elsewhere a vendor speaks for all of its users, from few addresses, and signs."""

OnReply = Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Protection:
    """Who may come in, how often, and to which hosts the server may connect for a caller."""

    access: Access = field(default_factory=Access)
    limiter: Limiter = field(default_factory=lambda: Limiter(RateLimits()))
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        folder: Path,
        endpoints: Endpoints,
        settings: Settings,
        *,
        token: str | None = None,
        jwt_secret: str | None = None,
        jwt_method: str = "HS256",
        hosts: frozenset[str] = frozenset(),
    ) -> Protection:
        """Return what Rasa's options, endpoints.yml and the environment ask for. Raises ConfigError."""
        who, where = _options(endpoints.auth), _place(endpoints.auth)
        rules, keys = token_rules(who, folder, where), key_file(who, folder)
        access = Access.by_options(token, jwt_secret, jwt_method, rules=rules, keys=keys)
        often = _options(endpoints.rate_limits)
        limits = RateLimits.read(often, _place(endpoints.rate_limits))
        at = {name: value for name, value in often.items() if name not in OPTIONS}
        counters = shared_counters(at, _options(endpoints.lock_store)) if settings.rate_limits else None
        limiter = Limiter(limits if settings.rate_limits else limits.off, counters)
        return cls(access, limiter, hosts | _hosts(endpoints.outgoing))


def _options(endpoint: Endpoint | None) -> dict[str, Any]:
    if endpoint is None:
        return {}
    named = {"type": endpoint.type, "url": endpoint.url}
    return {**{key: value for key, value in named.items() if value}, **endpoint.options}


def _place(endpoint: Endpoint | None) -> str | None:
    return str(endpoint.place) if endpoint is not None and endpoint.place else None


def _hosts(endpoint: Endpoint | None) -> frozenset[str]:
    given = _options(endpoint).get("allow_hosts") or []
    if not isinstance(given, list) or not all(isinstance(host, str) for host in given):
        hint = "Write 'allow_hosts: [models.internal, 10.0.0.5:8080]'."
        raise ConfigError("'allow_hosts' of 'outgoing' must be a list.", where=_place(endpoint), hint=hint)
    return frozenset(given)


def protect(app: Sanic[Any, Any], protection: Protection) -> None:
    """Count each request as soon as its head has arrived: what is too much is refused before its body is read."""
    limiter = protection.limiter
    app.ctx.access = protection.access
    for sentence in protection.access.weak:
        log.warning("%s", sentence)
    limits = limiter.limits

    @app.after_server_stop
    async def close(_: Sanic[Any, Any]) -> None:
        await limiter.close()

    async def count(request: Request) -> None:
        if request.path.startswith(NOT_COUNTED) or from_a_peer(request):
            return
        forwarded = request.headers.getall("x-forwarded-for", ())
        if forwarded and not limits.proxies.networks:
            tell_of_proxy(request.ip)
        client = limits.proxies.client(request.ip, forwarded)
        await limiter.request(None if by_a_vendor(request.path) else client)
        secret = shown_anywhere(request).any
        if secret is not None:
            digest = hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
            await limiter.caller(digest[:32])

    if not (limits.address or limits.key or limits.everyone):
        return
    app.ctx.count = count  # channels ask it whose messages are no requests of their own

    @app.signal("http.routing.before")
    async def before(request: Request) -> None:
        try:
            await count(request)
        except TooMany:
            hang_up(request)
            raise


_told: set[str] = set()
MOST_TOLD = 16


def tell_of_proxy(address: str) -> None:
    """Say once that clients' addresses are not known, where most often nobody thought of it.

    Of a few addresses only: anybody can send the header, from as many as they like.
    """
    if address in _told or len(_told) >= MOST_TOLD:
        return
    _told.add(address)
    log.info(
        "%s sends X-Forwarded-For, and 'trusted_proxies' in endpoints.yml does not name it: it is not believed.",
        address,
    )


def by_a_vendor(path: str) -> bool:
    """Tell whether a path is one at which a vendor tells what its users say."""
    return path.startswith("/webhooks/") and path.split("/", 3)[2] not in OPEN_CHANNELS


class TimedRequest(Request):
    """A request whose body has as long to arrive as its head: Sanic would wait for it as long as for an answer."""

    async def receive_body(self) -> None:
        """Read the body, where that was not done. Raises RequestTimeout."""
        if self.body or not isinstance(self.stream, Http):
            return
        try:
            async with asyncio.timeout(self.app.config.REQUEST_TIMEOUT):
                self.body = b"".join([part async for part in self.stream])
        except TimeoutError as error:
            hang_up(self)
            seconds = self.app.config.REQUEST_TIMEOUT
            raise RequestTimeout(f"The request did not arrive within {seconds:g} seconds.") from error


def hang_up(request: Request) -> None:
    """Let the connection end with the answer; what the client still sends is not waited for."""
    if isinstance(request.stream, Http):
        request.stream.keep_alive = False
        request.stream.request_body = None


class LimitedGate:
    """Lets through only so many messages of a conversation, on whatever channel they come."""

    def __init__(self, gate: Gate, limiter: Limiter) -> None:
        self.gate = gate
        self.limiter = limiter

    async def receive(
        self, message: UserMessage, on_reply: OnReply | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """Handle a message as the assistant does. Raises TooMany before anything is written down."""
        await self.limiter.message(message.sender_id, authenticated=message.authenticated)
        return await self.gate.receive(message, on_reply)

    async def accept(self, message: UserMessage, on_reply: OnReply) -> bool:
        """Write a message down as the assistant does. Raises TooMany before that."""
        await self.limiter.message(message.sender_id, authenticated=message.authenticated)
        return await self.gate.accept(message, on_reply)

    async def tracker(self, sender_id: str) -> Tracker:
        """Return a conversation with all its events."""
        return await self.gate.tracker(sender_id)

    async def latest(self, sender_id: str) -> Tracker:
        """Return a conversation's latest session."""
        return await self.gate.latest(sender_id)

"""Put channels and pages onto one Sanic application."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sanic import Request, Sanic
from sanic.constants import HTTP_METHODS
from sanic.exceptions import MethodNotAllowed, NotFound, PayloadTooLarge, SanicException
from sanic.http import Http
from sanic.response import BaseHTTPResponse, HTTPResponse, file, html
from sanic.response import json as json_response

from frontdesk.channels.http import Refusal, failure
from frontdesk.core.ports import Channel, Gate, Peers, PushChannel
from frontdesk.errors import (
    AddressRefused,
    AuthError,
    FrontdeskError,
    LimitError,
    Overloaded,
    PackageError,
    StoreError,
    TooMany,
)
from frontdesk.measures import arrive
from frontdesk.server.protection import LimitedGate, Protection, TimedRequest, protect
from frontdesk.settings import Settings

log = logging.getLogger("frontdesk.server")

PAGES = Path(__file__).parent / "pages"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ENCRYPTED = ("Strict-Transport-Security", "max-age=31536000")
"""Beside these, where the server itself speaks https."""
NOT_KEPT = ("Cache-Control", "no-store")
"""Beside these, where an answer is no page or file: it is for one caller, at one moment."""


def create_app(
    gate: Gate,
    channels: Sequence[Channel],
    settings: Settings,
    model_id: str = "",
    protection: Protection | None = None,
    peers: Peers | None = None,
) -> Sanic[Any, Any]:
    """Return an application that answers on these channels, serves the chat page at `/`, and tells its health.

    `peers` are other processes at the same address, of which a client's requests may mean one.
    `app.ctx.articles` maps addresses to pages and may be replaced while it runs. Errors have Rasa's envelope; no stack
    trace ever leaves. `protection` says who may come in, and how often.
    """
    app: Sanic[Any, Any] = Sanic(
        f"frontdesk_{uuid.uuid4().hex[:8]}", configure_logging=False, request_class=TimedRequest
    )
    app.config.REQUEST_MAX_SIZE = settings.max_body
    app.config.REQUEST_MAX_HEADER_SIZE = settings.max_header
    app.config.REQUEST_TIMEOUT = 30
    app.config.RESPONSE_TIMEOUT = int(settings.turn_deadline) + 30
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.config.ACCESS_LOG = False
    app.config.WEBSOCKET_PING_INTERVAL = 0  # Socket.IO has its own signs of life on every connection
    app.config.MOTD = False
    app.ctx.model_id = model_id
    app.ctx.articles = {}
    app.ctx.stopping = False
    app.ctx.pushing = frozenset(c.name for c in channels if isinstance(c, PushChannel))
    app.ctx.peers = peers
    app.ctx.admits_origin = lambda _: False
    protection = protection or Protection()
    protect(app, protection)
    app.register_middleware(_show_article, "request")
    app.register_middleware(_secure, "response")
    app.error_handler.add(Exception, _failed)
    limited = LimitedGate(gate, protection.limiter)
    for channel in channels:
        channel.mount(app, limited)
    _add_status(app)
    _add_pages(app)

    @app.before_server_stop
    async def stop(app: Sanic[Any, Any]) -> None:
        app.ctx.stopping = True

    return app


def _add_status(app: Sanic[Any, Any]) -> None:
    @app.get("/health", name="health")
    async def health(_: Request) -> HTTPResponse:
        return json_response({"status": "ok"})


def _add_pages(app: Sanic[Any, Any]) -> None:
    @app.get("/", name="chat_page")
    async def page(_: Request) -> HTTPResponse:
        return await file(PAGES / "chat.html", headers={"Cache-Control": "no-cache"})

    app.static("/static", PAGES, name="static", directory_view=False)


async def _show_article(request: Request) -> HTTPResponse | None:
    """Answer at the addresses of articles, which come and go with the model; a catch-all route would shadow others."""
    arrive(request.headers)
    page = request.app.ctx.articles.get(request.path) if request.method in ("GET", "HEAD") else None
    return html(page) if page is not None else None


async def _secure(request: Request, response: BaseHTTPResponse) -> HTTPResponse | None:
    if request.app.ctx.stopping and isinstance(request.stream, Http):
        # Else a client that asks again and again would keep the server from ending.
        request.stream.keep_alive = False
    found = response.headers
    for name, value in HEADERS.items():
        found.setdefault(name, value)
    if (response.content_type or "").startswith(("application/json", "text/event-stream")):
        found.setdefault(*NOT_KEPT)
    if request.conn_info is not None and request.conn_info.ssl:
        found.setdefault(*ENCRYPTED)
    return None


async def _failed(request: Request, error: Exception) -> HTTPResponse:
    if isinstance(error, Refusal):
        return failure(error)
    if isinstance(error, TooMany):
        headers = {"Retry-After": str(error.after)}
        return failure(Refusal(429, "TooManyRequests", error.sentence, headers))
    if isinstance(error, AddressRefused):
        return failure(Refusal(400, "BadRequest", error.sentence))
    if isinstance(error, LimitError):
        return failure(Refusal(413, "PayloadTooLarge", error.sentence))
    if isinstance(error, AuthError):
        return failure(Refusal(403, "NotAuthorized", error.sentence))
    if isinstance(error, PackageError):  # of what a channel asks, only: no model is loaded
        return failure(Refusal(503, "NoModel", error.what, {"Retry-After": "5"}))
    if isinstance(error, Overloaded):
        return failure(Refusal(503, "Overloaded", error.sentence, {"Retry-After": "5"}))
    if isinstance(error, StoreError):
        log.error("%s", error)
        message = "The conversation could not be stored. Please try again."
        return failure(Refusal(503, "StoreUnavailable", message, {"Retry-After": "2"}))
    if isinstance(error, PayloadTooLarge):
        return failure(_too_large(request, error))
    if isinstance(error, SanicException):
        reason, message = type(error).__name__, str(error) or type(error).__name__
        headers = {"Allow": _allowed(request)} if isinstance(error, MethodNotAllowed) else error.headers
        return failure(Refusal(error.status_code, reason, message, headers))
    if isinstance(error, FrontdeskError):
        log.error("%s", error)
    else:
        log.exception("A request failed.", exc_info=error)
    return failure(Refusal(500, "InternalError", "Something went wrong on the server."))


def _too_large(request: Request, error: PayloadTooLarge) -> Refusal:
    """Say what is too large: Sanic has one error for both."""
    config = request.app.config
    if "header" in str(error):
        message = f"The head of the request has more than {config.REQUEST_MAX_HEADER_SIZE:,} bytes."
        return Refusal(431, "RequestHeaderFieldsTooLarge", message)
    return Refusal(
        413, "PayloadTooLarge", f"The body of the request has more than {config.REQUEST_MAX_SIZE:,} bytes."
    )


def _allowed(request: Request) -> str:
    """Return the methods that a path answers to; Sanic itself names them for some paths only."""
    found = []
    for method in HTTP_METHODS:
        with suppress(MethodNotAllowed, NotFound):
            request.app.router.get(request.path, method.value, request.headers.get("host"))
            found.append(method.value)
    return ", ".join(sorted(found))

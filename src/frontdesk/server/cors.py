"""Let pages of other sites use this server: only those that the operator named, none by default."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse, HTTPResponse, empty

METHODS = "GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE"
SHOWN = "filename"
"""The header that a page may read beside the usual ones: it names a trained model."""


def allowed(origin: str | None, origins: Sequence[str]) -> bool:
    """Tell whether a page of this origin may read answers; `*` in one of `origins` stands for any text."""
    if not origin:
        return False
    return any(fnmatch.fnmatchcase(origin.lower(), pattern.lower().rstrip("/")) for pattern in origins)


def open_to(app: Sanic[Any, Any], origins: Sequence[str]) -> None:
    """Answer browsers that ask on behalf of pages of these origins."""
    app.ctx.admits_origin = lambda origin: allowed(origin, origins)  # channels that are no plain HTTP ask it
    if not origins:
        return

    async def preflight(request: Request) -> HTTPResponse | None:
        asked = request.headers.get("Access-Control-Request-Method")
        if request.method != "OPTIONS" or asked is None:
            return None
        if not allowed(request.headers.get("Origin"), origins):
            return empty(status=403)
        headers = {"Access-Control-Allow-Methods": METHODS}
        wanted = request.headers.get("Access-Control-Request-Headers")
        if wanted:
            headers["Access-Control-Allow-Headers"] = wanted
        return empty(headers=headers)

    async def mark(request: Request, response: BaseHTTPResponse) -> None:
        response.headers["Vary"] = "Origin"
        origin = request.headers.get("Origin")
        if allowed(origin, origins):
            response.headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
            response.headers["Access-Control-Expose-Headers"] = SHOWN

    # First of all: a route that takes no OPTIONS, or wants a token, would refuse it.
    app.register_middleware(preflight, "request", priority=100)
    app.register_middleware(mark, "response")

"""Open the HTTP API on a server: routes, who may call, and errors in Rasa's envelope."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sanic import Request, Sanic
from sanic.response import HTTPResponse
from sanic.response import html as html_response
from sanic.response import json as json_response
from sanic.response import text as text_response

from frontdesk.auth.principal import ANYBODY, Principal
from frontdesk.channels.http import Refusal, shown_anywhere
from frontdesk.errors import AuthError, ConfigError, PackageError
from frontdesk.runtime.agent import Agent
from frontdesk.server.api_context import Api, ApiOptions, Call
from frontdesk.server.api_document import STYLE, openapi, page
from frontdesk.server.api_events import check_conversation_id
from frontdesk.server.api_models import follow
from frontdesk.server.api_table import OPERATIONS, Operation
from frontdesk.server.api_workers import mount_following
from frontdesk.server.cors import allowed
from frontdesk.server.peers import Workers

log = logging.getLogger("frontdesk.server")

LONGEST_ANSWER = 3600  # seconds, as in Rasa; a training may take that long
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


def mount_api(
    app: Sanic[Any, Any],
    agent: Agent,
    folder: Path,
    options: ApiOptions,
    *,
    local: bool = True,
    pages: Callable[[], dict[str, str]] = dict,
    archive: Path | None = None,
    workers: Workers | None = None,
) -> Api:
    """Add the API's routes; `local` says that only this machine can reach the server.

    `pages` renders the articles of the model in use, `archive` is where it was loaded from. `workers` are those at
    this address, where there are several.
    """
    api = Api(app, agent, folder, options, pages, workers=workers)
    if workers is not None:
        mount_following(app, api, workers, follow)
    if archive is not None:
        api.archives[agent.model_id] = archive.name
    if not options.access.needed and not local:
        log.warning(
            "The HTTP API is open to everyone who reaches this server. Give --auth-token, or make an API key."
        )
    app.config.RESPONSE_TIMEOUT = max(app.config.RESPONSE_TIMEOUT, LONGEST_ANSWER)
    for operation in OPERATIONS:
        uri = operation.path.replace("{conversation_id}", "<conversation_id:path>")
        app.add_route(_answering(api, operation, local), uri, methods=[operation.method], name=operation.name)
    _add_documents(app, options)
    app.register_middleware(_refuse_without_model(agent), "request")

    @app.before_server_stop
    async def end(_: Sanic[Any, Any]) -> None:
        for task in api.tasks:
            task.cancel()
        await asyncio.gather(*api.tasks, return_exceptions=True)

    return api


def _answering(api: Api, operation: Operation, local: bool) -> Callable[..., Any]:
    async def answer(request: Request, conversation_id: str = "") -> HTTPResponse:
        conversation_id = unquote(conversation_id, errors="replace")
        caller = ANYBODY if operation.open else _caller(api.options, request, local)
        if operation.on_conversation:
            check_conversation_id(conversation_id)
        if not caller.may(operation.name, conversation_id or None):
            raise Refusal(403, "NotAuthorized", "User has insufficient permissions.")
        if operation.needs_model and not api.agent.ready:
            raise _no_model()
        try:
            return await operation.run(Call(api, request, caller, conversation_id))
        except PackageError as error:  # it went while the request waited for it
            if not api.agent.ready:
                raise _no_model() from error
            raise
        except ConfigError as error:
            raise Refusal(400, "BadRequest", error.sentence) from error
        except TimeoutError as error:
            message = "It took too long and was stopped. Please try again."
            raise Refusal(503, "Timeout", message, {"Retry-After": "2"}) from error

    return answer


def _caller(options: ApiOptions, request: Request, local: bool) -> Principal:
    """Return who calls. Raises Refusal (401, 403)."""
    if not options.access.needed and not allowed(request.headers.get("Origin"), options.origins):
        _refuse_foreign_pages(request, local)
    try:
        return options.access.caller(shown_anywhere(request))
    except AuthError as error:
        raise Refusal(401, "NotAuthenticated", error.sentence, {"WWW-Authenticate": "Bearer"}) from error


def _refuse_foreign_pages(request: Request, local: bool) -> None:
    """Refuse what a page of another site lets a browser send: an API without a token would obey it.

    On a server that only this machine reaches, the name that was asked for must be this machine's, too: else a foreign
    page could give itself a name that points here.
    """
    origin, asked = request.headers.get("Origin"), request.headers.get("Host", "")
    if origin and site_of(origin) != asked:
        raise Refusal(403, "NotAuthorized", "Pages of other sites may not use this API without a token.")
    if local and not is_local(host_of(asked)):
        raise Refusal(403, "NotAuthorized", "Without a token, this API answers only as 'localhost'.")


def site_of(origin: str) -> str | None:
    """Return host and port of a page's origin, as `Host` has them; None where it is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # brackets that are not closed
        return None


def host_of(asked: str) -> str:
    """Return the name or address in a `Host` header; nothing where it holds none."""
    try:
        return urlsplit(f"//{asked}").hostname or ""
    except ValueError:
        return ""


def is_local(host: str) -> bool:
    """Tell whether a name or an address is this machine's own, which no other one reaches."""
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_without_model(agent: Agent) -> Callable[[Request], Any]:
    async def refuse(request: Request) -> None:
        if not agent.ready and request.method == "POST" and request.path.startswith("/webhooks/"):
            message = "No model is loaded at the moment. Please try again."
            raise Refusal(503, "NoModel", message, {"Retry-After": "5"})

    return refuse


def _no_model() -> Refusal:
    message = "No agent loaded. To continue processing, a model of a trained agent needs to be loaded."
    return Refusal(409, "Conflict", message)


def _add_documents(app: Sanic[Any, Any], options: ApiOptions) -> None:
    document = openapi(OPERATIONS, options.access)
    shown = page(document)

    @app.get("/openapi.json", name="openapi")
    async def machine(_: Request) -> HTTPResponse:
        return json_response(document)

    @app.get("/docs", name="api_docs")
    async def people(_: Request) -> HTTPResponse:
        return html_response(shown)

    @app.get("/docs.css", name="api_docs_style")
    async def style(_: Request) -> HTTPResponse:
        return text_response(STYLE, content_type="text/css; charset=utf-8")

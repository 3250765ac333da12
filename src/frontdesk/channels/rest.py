"""Rasa's REST channel: POST a message, get the replies as a JSON list (with `?stream=true`, one a line)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.auth.tokens import bearer
from frontdesk.channels.http import LONGEST_ID, Refusal, Stream, body, speaker, text_field, user_message
from frontdesk.channels.render import plain
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Gate, Options
from frontdesk.errors import ConfigError

OWNED = "web-"  # conversations whose id begins so belong to a token that this server issued


class RestChannel:
    """Takes `{"sender", "message", "metadata", "message_id"}` at /webhooks/rest/webhook.

    The sender is chosen by the caller, so nobody is ever verified through it, unless the caller shows a
    conversation token, or a customer's API key or JSON web token, or credentials.yml trusts it: `trusted: true`
    (everyone who reaches the port), or `trusted_token: ${TOKEN}` (callers that send `Authorization: Bearer TOKEN`).
    """

    name = "rest"

    def __init__(self, options: Options, secret: str) -> None:
        self.options = options
        self.secret = secret
        self.trusted_token = options.get("trusted_token")
        if self.trusted_token is not None and len(str(self.trusted_token)) < 16:
            raise ConfigError("'trusted_token' of the rest channel is shorter than 16 characters.")

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        routes = Blueprint(f"{self.name}_webhook", url_prefix=f"/webhooks/{self.name}")

        @routes.get("/", name="health")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        @routes.post("/webhook", name="receive")
        async def receive(request: Request) -> HTTPResponse | None:
            return await self.receive(request, gate)

        app.blueprint(routes)

    async def receive(self, request: Request, gate: Gate) -> HTTPResponse | None:
        """Handle one request."""
        found = body(request)
        channel = text_field(found, "input_channel", longest=50) or self.name
        message = self.message(request, found, channel)
        # What such a conversation says later would go out on that channel, to whomever the caller made up.
        if channel != self.name and not message.authenticated and channel in request.app.ctx.pushing:
            raise Refusal(403, "NotAuthorized", f"Nobody but '{channel}' itself may speak on that channel.")
        if request.args.get("stream", "").lower() != "true":
            return json_response([plain(reply) for reply in await gate.receive(message)])
        stream = Stream(request, "text/event-stream")

        async def send(reply: Mapping[str, Any]) -> None:
            await stream.send(json.dumps(plain(reply)) + "\n")

        await gate.receive(message, send)
        await stream.end()
        return None

    def message(self, request: Request, found: Mapping[str, Any], channel: str) -> UserMessage:
        """Return the message of a request. Raises Refusal."""
        if type(found.get("sender")) is int:  # as Rasa takes it
            found = {**found, "sender": str(found["sender"])}
        sender, authenticated = self.sender(request, text_field(found, "sender", longest=LONGEST_ID))
        return user_message(request, found, sender_id=sender, channel=channel, authenticated=authenticated)

    def sender(self, request: Request, given: str | None) -> tuple[str, bool]:
        """Return whose conversation it is, and whether that is certain. Raises Refusal (401, 403)."""
        token = bearer(request.headers.get("Authorization"))
        if (
            token
            and self.trusted_token
            and hmac.compare_digest(token.encode(errors="replace"), str(self.trusted_token).encode())
        ):
            return given or "default", True
        who = speaker(request, self.secret)
        if who is not None:
            if who.owns(given or who.subject):
                return who.subject, True
            if not who.may("speak", given):
                raise Refusal(403, "NotAuthorized", "This token belongs to another conversation.")
        if given and given.startswith(OWNED):
            raise Refusal(403, "NotAuthorized", "This conversation can be entered only with its token.")
        trusted = self.options.get("trusted") is True and not from_another_site(request)
        return given or "default", trusted


def from_another_site(request: Request) -> bool:
    """Tell whether a page of another site makes a browser send this; it must not borrow the trust of the machine."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")

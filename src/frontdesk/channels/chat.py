"""The chat page's channel: a conversation belongs to a token that this server issued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.auth.tokens import bearer, issue, read
from frontdesk.channels.http import Refusal, body, user_message
from frontdesk.channels.render import render
from frontdesk.core.events import AgentUttered, BotUttered, Event, UserUttered
from frontdesk.core.ports import Gate, Options
from frontdesk.core.tracker import Tracker
from frontdesk.errors import AuthError

HISTORY = 200  # messages that a reload brings back


class ChatChannel:
    """Speaks with the chat page: `session` issues a token, `webhook` streams replies, `history` brings them back.

    Options: `token_hours` (12), how long a conversation token is good for; `title`, what the page is headed with.
    """

    name = "chat"

    def __init__(self, options: Options, secret: str) -> None:
        self.options = options
        self.secret = secret
        self.lifetime = float(options.get("token_hours", 12)) * 3600

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        routes = Blueprint("chat_webhook", url_prefix=f"/webhooks/{self.name}")

        @routes.get("/", name="health")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok", "title": self.options.get("title")})

        @routes.post("/session", name="session")
        async def session(_: Request) -> HTTPResponse:
            token, claims = issue(self.secret, lifetime=self.lifetime)
            return json_response({"token": token, "sender_id": claims.sender_id, "expires": claims.expires})

        @routes.post("/webhook", name="receive")
        async def receive(request: Request) -> None:
            await self.receive(request, gate)

        @routes.get("/history", name="history")
        async def past(request: Request) -> HTTPResponse:
            return json_response({"messages": history(await gate.tracker(self.owner(request)))})

        app.blueprint(routes)

    def owner(self, request: Request) -> str:
        """Return the conversation that the request's token belongs to. Raises Refusal (401)."""
        token = bearer(request.headers.get("Authorization"))
        if not token:
            raise Refusal(401, "NotAuthenticated", "Send the conversation token: Authorization: Bearer ...")
        try:
            return read(token, self.secret).sender_id
        except AuthError as error:
            raise Refusal(401, "NotAuthenticated", error.sentence) from error

    async def receive(self, request: Request, gate: Gate) -> None:
        """Handle a message, and stream the replies as server-sent events: `message` for each, then `done`."""
        owner = self.owner(request)
        message = user_message(request, body(request), sender_id=owner, channel=self.name, authenticated=True)
        response = await request.respond(
            content_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

        async def send(reply: Mapping[str, Any]) -> None:
            await response.send(f"event: message\ndata: {json.dumps(reply)}\n\n")

        await gate.receive(message, send)
        await response.send("event: done\ndata: {}\n\n")
        await response.eof()


def history(tracker: Tracker) -> list[dict[str, Any]]:
    """Return what was said since the last restart, oldest first: {role: user|bot|agent, timestamp, text ...}."""
    lines = [line for event in tracker.events_after_restart() for line in _lines(event, tracker.sender_id)]
    return lines[-HISTORY:]


def _lines(event: Event, sender_id: str) -> list[dict[str, Any]]:
    if isinstance(event, UserUttered):
        line: dict[str, Any] = {"text": event.text, "message_id": event.message_id}
        if event.metadata.get("title"):
            line["title"] = event.metadata["title"]
        return [{"role": "user", "timestamp": event.timestamp, **line}]
    if isinstance(event, BotUttered):
        return [
            {"role": "bot", "timestamp": event.timestamp, **bubble} for bubble in render(event, sender_id)
        ]
    if isinstance(event, AgentUttered):
        return [{"role": "agent", "timestamp": event.timestamp, "text": event.text}]
    return []

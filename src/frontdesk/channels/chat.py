"""The chat page's channel: a conversation belongs to a token that this server issued."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.auth.tokens import issue
from frontdesk.channels.http import Refusal, Stream, body, speaker, user_message
from frontdesk.channels.render import render
from frontdesk.core.events import (
    IN_REPLY_TO,
    ActionExecuted,
    AgentUttered,
    BotUttered,
    Event,
    UserUttered,
)
from frontdesk.core.ports import Exchange, Gate, Options
from frontdesk.core.tracker import LISTEN, Tracker

HISTORY = 200  # messages that a reload brings back
WAIT = 25.0  # seconds that a request for news waits for some; proxies often end one after 30
MOST_WAITING = 10  # requests for news of one conversation


class ChatChannel:
    """Speaks with the chat page: `session` issues a token, `webhook` streams replies, `history` brings them back.

    `news` waits for what the assistant says by itself: a reminder, an event from outside, a person who takes over.
    Options: `token_hours` (12), how long a conversation token is good for; `title`, what the page is headed with.
    """

    name = "chat"

    def __init__(self, options: Options, secret: str) -> None:
        self.options = options
        self.secret = secret
        self.lifetime = float(options.get("token_hours", 12)) * 3600
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._closing = False
        self._exchange: Exchange | None = None

    def join(self, exchange: Exchange) -> None:
        """Wake also pages that ask another process than the one that has something to say."""
        self._exchange = exchange
        exchange.listen(self.name, self._told)

    async def _told(self, content: Mapping[str, Any]) -> None:
        self._wake(content["sender_id"])

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        routes = Blueprint(f"{self.name}_webhook", url_prefix=f"/webhooks/{self.name}")

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
            tracker = await gate.tracker(self.owner(request))
            return json_response({"messages": history(tracker), "position": position(tracker)})

        @routes.get("/news", name="news")
        async def unasked(request: Request) -> HTTPResponse:
            return await self.news(request, gate)

        async def release(_: Any) -> None:
            self._closing = True
            for sender_id in list(self._waiting):
                self._wake(sender_id)

        app.register_listener(release, "before_server_stop")
        app.blueprint(routes)

    def owner(self, request: Request) -> str:
        """Return the conversation that the request's token belongs to. Raises Refusal (401, 403)."""
        who = speaker(request, self.secret)
        if who is None:
            raise Refusal(401, "NotAuthenticated", "Send the conversation token: Authorization: Bearer ...")
        if not who.owns(who.subject):
            raise Refusal(403, "NotAuthorized", "A conversation is entered here only by its own customer.")
        return who.subject

    async def receive(self, request: Request, gate: Gate) -> None:
        """Handle a message, and stream the replies as server-sent events: `message` for each, then `done`."""
        owner = self.owner(request)
        message = user_message(request, body(request), sender_id=owner, channel=self.name, authenticated=True)
        stream = Stream(request, "text/event-stream", {"Cache-Control": "no-store"})

        async def send(reply: Mapping[str, Any]) -> None:
            await stream.send(f"event: message\ndata: {json.dumps(reply)}\n\n")

        await gate.receive(message, send)
        await stream.end("event: done\ndata: {}\n\n")

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        """Tell the pages that show a conversation to look; they get from the store what they have not shown yet."""
        self._wake(sender_id)
        if self._exchange is not None:
            await self._exchange.tell(self.name, {"sender_id": sender_id})

    def _wake(self, sender_id: str) -> None:
        for waiter in self._waiting.get(sender_id, ()):
            waiter.set()

    async def news(self, request: Request, gate: Gate) -> HTTPResponse:
        """Answer with what was said unasked after a position, as soon as there is some, or after a while with nothing.

        Another server may have said it: so the store is looked at each time that a page asks.
        """
        owner, after = self.owner(request), _position(request)
        if self._closing:  # else a page that asks again at once would keep the server from ending
            raise Refusal(
                503, "Closing", "The server is being stopped. Please try again.", {"Retry-After": "2"}
            )
        if len(self._waiting.get(owner, ())) >= MOST_WAITING:
            raise Refusal(429, "TooManyRequests", "Too many pages show this conversation.")
        waiter = asyncio.Event()
        self._waiting[owner].add(waiter)
        try:
            tracker = await gate.latest(owner)
            found = said_unasked(tracker, after)
            if not found:
                # The server may be told to give an answer less time, after which it would be an error.
                wait = min(WAIT, request.app.config.RESPONSE_TIMEOUT / 2)
                with suppress(TimeoutError):
                    await asyncio.wait_for(waiter.wait(), wait)
            if waiter.is_set():
                tracker = await gate.latest(owner)
                found = said_unasked(tracker, after)
        finally:
            self._waiting[owner].discard(waiter)
            if not self._waiting[owner]:
                del self._waiting[owner]
        return json_response({"messages": found, "position": max(after, position(tracker))})


def _position(request: Request) -> int:
    given = request.args.get("after", "0")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refusal(400, "BadRequest", "'after' must be a number: the position of the answer before.")
    return int(given)


def position(tracker: Tracker) -> int:
    """Return how many events a conversation has had."""
    return tracker.offset + len(tracker)


def said_unasked(tracker: Tracker, after: int) -> list[dict[str, Any]]:
    """Return what was said after the first so many events, in the form of `history`, but for replies to the user.

    A reply comes after what the user said, and before the assistant listens.
    """
    lines: list[dict[str, Any]] = []
    reply = False
    for number, event in enumerate(tracker.events(), tracker.offset):
        if isinstance(event, UserUttered):
            reply = event.metadata.get("is_external") is not True
        elif isinstance(event, ActionExecuted) and event.name == LISTEN:
            reply = False
        elif (
            isinstance(event, BotUttered | AgentUttered)
            and number >= after
            and not (reply and isinstance(event, BotUttered))
            and IN_REPLY_TO not in event.metadata
        ):
            lines += _lines(event, tracker.sender_id)
    return lines


def history(tracker: Tracker) -> list[dict[str, Any]]:
    """Return what was said since the last restart, oldest first: {role: user|bot|agent, timestamp, text ...}."""
    lines = [line for event in tracker.events_after_restart() for line in _lines(event, tracker.sender_id)]
    return lines[-HISTORY:]


def _lines(event: Event, sender_id: str) -> list[dict[str, Any]]:
    if isinstance(event, UserUttered) and event.metadata.get("is_external") is True:
        return []  # not said by the user
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

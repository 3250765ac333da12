"""Rasa's callback channel: takes messages as the REST channel does, and posts each reply to an address."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, text

from frontdesk.channels.http import body
from frontdesk.channels.render import plain
from frontdesk.channels.rest import RestChannel
from frontdesk.core.ports import Gate, Options
from frontdesk.endpoint import read_endpoint
from frontdesk.endpoint_client import EndpointClient
from frontdesk.errors import EndpointError

log = logging.getLogger("frontdesk.channels")

DEADLINE = 10.0  # seconds for each try to post a reply
PAUSES = (0.5, 2.0)  # seconds before the second and the third try
MOST_WAITING = 1000  # replies of one conversation that wait for the receiver
POSTED = range(200, 300)


class CallbackChannel(RestChannel):
    """Takes `{"sender", "message", "metadata", "message_id"}` at /webhooks/callback/webhook.

    Replies, and what is said unasked, are posted to `url` one after the other in the form of the REST channel, beside
    the turn: a receiver that hangs holds up no conversation. Beside `url` stand the options of any section that names
    a server (`token`, `headers`, `basic_auth` ...), and `trusted` and `trusted_token` as for the REST channel. Raises
    ConfigError where `url` is no address.
    """

    name = "callback"

    def __init__(self, options: Options, secret: str) -> None:
        super().__init__(options, secret)
        self.client = EndpointClient(read_endpoint(options, self.name))
        self._lines: dict[str, deque[Mapping[str, Any]]] = {}
        """By conversation: the replies that wait, behind the one that is on its way."""
        self._posting: set[asyncio.Task[None]] = set()

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        super().mount(app, gate)

        async def release(_: Any) -> None:
            if self._posting:
                await asyncio.wait(self._posting, timeout=DEADLINE)
            await self.client.close()

        app.register_listener(release, "after_server_stop")

    async def receive(self, request: Request, gate: Gate) -> HTTPResponse:
        """Handle one request; the answer says that the message was handled, not what was said."""
        message = self.message(request, body(request), self.name)

        async def send(reply: Mapping[str, Any]) -> None:
            await self.send(message.sender_id, reply)

        await gate.receive(message, send)
        return text("success")

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        """Let a reply take its place in the conversation's line."""
        line = self._lines.setdefault(sender_id, deque())
        if len(line) >= MOST_WAITING:
            log.error("A reply is not posted to %s: %d wait already.", self.client.endpoint.place, len(line))
            return
        line.append(reply)
        if len(line) == 1:
            task = asyncio.create_task(self._post_all(sender_id, line))
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)

    async def _post_all(self, sender_id: str, line: deque[Mapping[str, Any]]) -> None:
        while line:
            await self._post(line[0])
            line.popleft()
        del self._lines[sender_id]

    async def _post(self, reply: Mapping[str, Any]) -> None:
        """Post one reply, at most three times; one that cannot be posted stays in the conversation, and is logged."""
        trouble = ""
        for pause in (0.0, *PAUSES):
            await asyncio.sleep(pause)
            try:
                status, _ = await self.client.post(plain(reply), DEADLINE)
            except EndpointError as error:
                trouble = error.sentence
                continue
            if status in POSTED:
                return
            trouble = f"It answered with status {status}."
            if status < 500 and status != 429:  # it does not want this one, also later
                break
        log.error("A reply could not be posted to %s: %s", self.client.endpoint.place, trouble)

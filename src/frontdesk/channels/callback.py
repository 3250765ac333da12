"""Rasa's callback channel: takes messages as the REST channel does, and posts each reply to an address."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, text
from sanic.response import json as json_response

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
POSTED = range(200, 300)


class CallbackChannel:
    """Takes `{"sender", "message", "metadata", "message_id"}` at /webhooks/callback/webhook.

    Replies, and what is said unasked, are posted to `url` one after the other in the form of the REST channel. Beside
    `url` stand the options of any section that names a server (`token`, `headers`, `basic_auth` ...), and `trusted`
    and `trusted_token` as for the REST channel. Raises ConfigError where `url` is no address.
    """

    name = "callback"

    def __init__(self, options: Options, secret: str) -> None:
        self.client = EndpointClient(read_endpoint(options, self.name))
        self._read = RestChannel(options, secret).message

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        routes = Blueprint("callback_webhook", url_prefix=f"/webhooks/{self.name}")

        @routes.get("/", name="health")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        @routes.post("/webhook", name="receive")
        async def receive(request: Request) -> HTTPResponse:
            return await self.receive(request, gate)

        async def release(_: Any) -> None:
            await self.client.close()

        app.register_listener(release, "after_server_stop")
        app.blueprint(routes)

    async def receive(self, request: Request, gate: Gate) -> HTTPResponse:
        """Handle one request; the answer says that the message was handled, not what was said."""
        message = self._read(request, body(request), self.name)

        async def send(reply: Mapping[str, Any]) -> None:
            await self.send(message.sender_id, reply)

        await gate.receive(message, send)
        return text("success")

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
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

"""Rasa's callback channel: takes messages as the REST channel does, and posts each reply to an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, text

from frontdesk.channels.http import body
from frontdesk.channels.lines import Lines, NotTaken
from frontdesk.channels.render import plain
from frontdesk.channels.rest import RestChannel
from frontdesk.core.ports import Gate, Options
from frontdesk.endpoint import read_endpoint
from frontdesk.endpoint_client import EndpointClient
from frontdesk.errors import EndpointError

DEADLINE = 10.0  # seconds for each try to post a reply
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
        self.lines = Lines(self._post, self.client.endpoint.place)

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        super().mount(app, gate)

        async def release(_: Any) -> None:
            await self.close()

        app.register_listener(release, "after_server_stop")

    async def close(self) -> None:
        """Give what is on its way some time, and let go of connections."""
        await self.lines.end(DEADLINE)
        await self.client.close()

    async def receive(self, request: Request, gate: Gate) -> HTTPResponse:
        """Handle one request; the answer says that the message was handled, not what was said."""
        message = self.message(request, body(request), self.name)

        async def send(reply: Mapping[str, Any]) -> None:
            await self.send(message.sender_id, reply)

        await gate.receive(message, send)
        return text("success")

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        """Let a reply take its place in the conversation's line."""
        self.lines.put(sender_id, reply)

    async def _post(self, reply: Mapping[str, Any]) -> None:
        """Post one reply. Raises NotTaken."""
        try:
            status, _ = await self.client.post(plain(reply), DEADLINE)
        except EndpointError as error:
            raise NotTaken(error.sentence) from error
        if status not in POSTED:
            # With other answers it does not want this one, also later.
            final = status < 500 and status != 429
            raise NotTaken(f"It answered with status {status}.", final=final)

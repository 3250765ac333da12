"""What channels share whose vendor tells of messages at a webhook and takes answers at an API.

A message is acknowledged once it is written down, and answered beside that; told again, it is the same message. Each
channel is a small heir, which knows its vendor's wire format.
"""

from __future__ import annotations

import asyncio
import logging
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty
from sanic.response import json as json_response

from frontdesk.channels.choices import MARK, picked, recalled
from frontdesk.channels.http import LONGEST_ID, Refusal, body, checked
from frontdesk.channels.lines import Lines, NotTaken, OnTheWay
from frontdesk.channels.reading import kept, told_beside, within
from frontdesk.channels.taking import Taking
from frontdesk.channels.vendor import Post, Vendor
from frontdesk.channels.writing import Writer
from frontdesk.core.message import UserMessage
from frontdesk.core.options import tell_unknown
from frontdesk.core.ports import Gate, Options
from frontdesk.measures import stop

log = logging.getLogger("frontdesk.channels")

DEADLINE = 10.0  # seconds for what is on its way when the server ends
PAUSES = (0.5, 2.0, 8.0, 30.0)  # seconds between the tries of a message that a vendor does not take
AGAIN = 5.0  # seconds between two tries to begin
PLACE = "out_channel"
"""Rasa's key of the metadata for where a message was said."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody said.

    `message_id` is the same however often a vendor tells it; `place` is where answers go. Where a button was pressed,
    `title` is what stood on it, and `text` may stand for a payload that was too long.
    """

    text: str
    conversation: str
    message_id: str
    place: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    authenticated: bool = True
    title: str | None = None


class WebhookChannel(Writer):
    """Speaks with people over one vendor's webhook and API.

    An heir says how requests are checked (`check`), read (`hear`) and answered (`text`, `offer`, `picture`, `custom`).
    """

    name: ClassVar[str]
    vendor: ClassVar[str]
    known: ClassVar[frozenset[str]]
    conversations: ClassVar[re.Pattern[str]]
    """What ids of this channel's conversations look like; the first group is the place."""

    def __init__(self, options: Options, secret: str) -> None:
        tell_unknown(f"The {self.name} channel", sorted(options), self.known)
        self.options = options
        self.secret = secret
        self.client = self.api()
        self.lines = Lines(self.bring, self.vendor, pauses=PAUSES, describe=described)
        self.gate: Gate | None = None
        self._taking = Taking()

    @abstractmethod
    def api(self) -> Vendor:
        """Return the client of the vendor's API, as the options say. Raises ConfigError."""

    @abstractmethod
    async def check(self, request: Request) -> None:
        """Refuse what the vendor did not send; nothing of the body was read before. Raises Refusal."""

    @abstractmethod
    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return what people said, in order; nothing where it is told of something else."""

    def home(self, conversation: str) -> str | None:
        """Return where a conversation goes on unasked; None for an id that is not of this channel."""
        found = self.conversations.fullmatch(conversation)
        return found[1] if found else None

    def signs(self, heard: Heard) -> Sequence[Post]:
        """Return what is shown at once where a message was taken: that it was read, that it is being answered."""
        return ()

    async def begin(self) -> None:
        """Do what is to be done when the server has started. Raises NotTaken."""
        return

    async def bring(self, post: Post) -> None:
        """Post one message. Raises NotTaken."""
        try:
            await self.client.post(post)
        except NotTaken as trouble:
            if not post.sign:
                raise
            log.info("A sign could not be given to %s: %s", self.vendor, trouble.why)

    def acknowledged(self) -> HTTPResponse:
        """Return the answer to a request that was taken."""
        return empty(status=200)

    def read(self, request: Request) -> Mapping[str, Any]:
        """Return what a request tells. Raises Refusal."""
        return body(request)

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        self.gate = gate
        routes = Blueprint(f"{self.name}_webhook", url_prefix=f"/webhooks/{self.name}")

        @routes.get("/", name="health")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        @routes.post("/webhook", name="receive")
        async def receive(request: Request) -> HTTPResponse:
            return await self.receive(request, gate)

        self.add_routes(routes)
        app.blueprint(routes)
        self._add_lifetime(app)

    def add_routes(self, routes: Blueprint) -> None:
        """Add what a channel has beside its webhook."""
        return

    def _add_lifetime(self, app: Any) -> None:
        """Begin beside the start; let out what waits before the end."""
        beginning: list[asyncio.Task[None]] = []

        async def begin(_: Any) -> None:
            beginning.append(asyncio.create_task(self._begin()))

        async def release(_: Any) -> None:
            for task in beginning:
                task.cancel()
            await asyncio.gather(*beginning, return_exceptions=True)
            await self.close()

        app.register_listener(begin, "after_server_start")
        app.register_listener(release, "after_server_stop")

    async def close(self) -> None:
        """Give what is on its way some time, and let go of connections."""
        await self.lines.end(DEADLINE)
        await self.client.close()

    async def _begin(self) -> None:
        """Begin, however long the vendor cannot be reached; what it refuses is logged once."""
        told = False
        while True:
            try:
                await self.begin()
                return
            except NotTaken as trouble:
                if trouble.final:
                    log.error("%s refuses the %s channel: %s", self.vendor, self.name, trouble.why)
                    return
                if not told:
                    log.warning("%s cannot be reached yet: %s", self.vendor, trouble.why)
                told = True
                await asyncio.sleep(trouble.after or AGAIN)

    async def receive(self, request: Request, gate: Gate) -> HTTPResponse:
        """Take one request. Raises Refusal, and whatever means that it could not be written down."""
        try:
            await self.check(request)
            found = await self.hear(self.read(request))
        except NotTaken as trouble:  # a message that is only named, or a key, could not be fetched
            log.warning("What %s tells cannot be looked up: %s", self.vendor, trouble.why)
            raise Refusal(
                503, "Unavailable", f"{self.vendor} cannot be asked.", {"Retry-After": "2"}
            ) from trouble
        for heard in found:
            await self.take(gate, heard)
        return self.acknowledged()

    async def take(self, gate: Gate, heard: Heard) -> None:
        """Write a message down, to be answered in its turn. Raises Refusal, and whatever `accept` does."""
        checked(heard.conversation, "The sender", LONGEST_ID)
        bring = Bringing(self, heard.conversation, heard.place)

        async def read() -> UserMessage:
            return self._as_message(heard, await self._meant(gate, heard))

        def show() -> None:
            for sign in self.signs(heard):
                self.lines.put(heard.conversation, replace(sign, sign=True), quiet=True)

        await self._taking.take(gate, heard.conversation, read, bring, show)

    @stop("channel")
    def _as_message(self, heard: Heard, text: str) -> UserMessage:
        return UserMessage(
            kept(text),
            sender_id=heard.conversation,
            channel=self.name,
            message_id=within(heard.message_id),
            metadata={PLACE: heard.place, **told_beside(heard.metadata)},
            authenticated=heard.authenticated,
        )

    async def _meant(self, gate: Gate, heard: Heard) -> str:
        """Return what a button's stand-in, or a number out of a list, says."""
        text = heard.text
        if heard.title is not None:
            if not text.startswith(MARK):
                return text
            return recalled(await gate.latest(heard.conversation), text) or heard.title
        if len(text) > 2 and self.most_choices:
            return text
        return picked(await gate.latest(heard.conversation), text, self.most_choices) or text

    def answering(self, message: UserMessage) -> Bringing | None:
        """Return what brings the replies to a message that was taken before a crash; None for another channel's."""
        place = self.home(message.sender_id)
        return Bringing(self, message.sender_id, place) if place is not None else None

    async def place_of(self, sender_id: str) -> str | None:
        """Return where something goes that answers no message; None for another channel's conversation."""
        return self.home(sender_id)

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        """Bring a person something unasked."""
        place = await self.place_of(sender_id)
        if place is None:
            log.error("%r is no conversation of %s: nothing is sent there.", sender_id, self.vendor)
            return
        await Bringing(self, sender_id, place, kept=False)(reply)


class Bringing(OnTheWay):
    """Lets replies take their places in a conversation's line, on their way to a place."""

    def __init__(self, channel: WebhookChannel, conversation: str, place: str, *, kept: bool = True) -> None:
        super().__init__(kept=kept)
        self.channel = channel
        self.conversation = conversation
        self.place = place

    async def __call__(self, reply: Mapping[str, Any]) -> None:
        """Put one reply into the line."""
        try:
            found = self.channel.posts(reply, self.place)
        except (ValueError, TypeError) as error:
            log.error("Something cannot be sent to %s: %s.", self.channel.vendor, error)
            return
        for post in found:
            self.add(self.channel.lines.put(self.conversation, post, quiet=self.kept))


def described(post: Post) -> str:
    """Return what is lost with a message, without its words."""
    return f"A message ({len(str(dict(post.content)))} characters)"

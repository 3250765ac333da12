"""Rasa's Slack channel: the Events API or Socket Mode, buttons, slash commands, threads."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty
from sanic.response import json as json_response

from frontdesk.channels.http import Refusal, body, checked, form
from frontdesk.channels.lines import Lines, OnTheWay
from frontdesk.channels.reading import needed, switch
from frontdesk.channels.slack_client import Post, SlackClient, Socket, signatures
from frontdesk.channels.slack_in import (
    GRANULARITIES,
    Heard,
    Place,
    home,
    read_command,
    read_event,
    read_interaction,
)
from frontdesk.channels.slack_out import after_choice, messages
from frontdesk.channels.taking import Taking
from frontdesk.core.message import UserMessage
from frontdesk.core.options import tell_unknown
from frontdesk.core.ports import Gate, Options
from frontdesk.errors import ConfigError
from frontdesk.measures import stop

log = logging.getLogger("frontdesk.channels")

OPTIONS = frozenset({
    "slack_token", "slack_signing_secret", "slack_channel", "proxy", "use_threads", "conversation_granularity",
    "slack_retry_reason_header", "slack_retry_number_header", "errors_ignore_retry", "app_token", "app_id",
    "slash_commands", "slack_api_url", "slack_hooks_url",
})  # fmt: skip
DEADLINE = 10.0  # seconds for what is on its way when the server ends
PAUSES = (0.5, 2.0, 8.0, 30.0)  # seconds between the tries of a message that Slack does not take
NO_RETRY = {"X-Slack-No-Retry": "1"}
_PAGES = "the app's pages at api.slack.com/apps"
ASK = "Write your question behind the command, please."


class SlackChannel:
    """Speaks with people in Slack at /webhooks/slack/webhook, or over a socket where there is an `app_token`.

    What Slack signed is believed: the person is authenticated, by workspace and user id. A message is acknowledged
    once it is written down, and answered by chat.postMessage; told twice, in whatever form, it is one message.

    Rasa's options: `slack_token` (needed), `slack_signing_secret` (needed without `app_token`), `slack_channel`,
    `proxy`, `use_threads`, `conversation_granularity` (sender, channel, thread), `slack_retry_reason_header`,
    `slack_retry_number_header`, `errors_ignore_retry`. Ours: `app_token`, `app_id`, `slash_commands` (ephemeral,
    in_channel), `slack_api_url`, `slack_hooks_url`.
    """

    name = "slack"

    def __init__(self, options: Options, secret: str) -> None:
        tell_unknown("The slack channel", sorted(options), OPTIONS)
        self.token = needed(options, "slack_token", self.name, _PAGES)
        self.app_token = str(options.get("app_token") or "")
        signing = str(options.get("slack_signing_secret") or "")
        if not signing.strip() and not self.app_token:
            needed(options, "slack_signing_secret", self.name, _PAGES)
        self.verifier = signatures(signing) if signing.strip() else None
        self.channel = str(options["slack_channel"]) if options.get("slack_channel") else None
        self.granularity = _one_of(options, "conversation_granularity", GRANULARITIES)
        self.threads = switch(options, "use_threads", self.name) or self.granularity == "thread"
        self.commands = _one_of(options, "slash_commands", ("ephemeral", "in_channel"))
        self.app_id = options.get("app_id")
        self.reason_header = str(options.get("slack_retry_reason_header") or "x-slack-retry-reason")
        self.number_header = str(options.get("slack_retry_number_header") or "x-slack-retry-num")
        ignored = options.get("errors_ignore_retry", ["http_timeout"]) or ()
        self.no_more_retries = frozenset([ignored] if isinstance(ignored, str) else map(str, ignored))
        self.client = SlackClient(
            self.token,
            str(options.get("slack_api_url") or "https://slack.com/api/"),
            str(options.get("slack_hooks_url") or "https://hooks.slack.com"),
            str(options["proxy"]) if options.get("proxy") else None,
        )
        self.lines = Lines(self.client.post, "Slack", pauses=PAUSES, describe=_described)
        self._taking = Taking()

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application, and the socket."""
        routes = Blueprint(f"{self.name}_webhook", url_prefix=f"/webhooks/{self.name}")

        @routes.get("/", name="health")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        if self.verifier is not None:

            @routes.post("/webhook", name="receive")
            async def receive(request: Request) -> HTTPResponse:
                return await self.receive(request, gate)

        app.blueprint(routes)
        self._add_lifetime(app, gate)

    def _add_lifetime(self, app: Any, gate: Gate) -> None:
        """Check the token and open the socket beside the start; let out what waits before the end."""
        socket = Socket(self.client, self.app_token, partial(self.hear, gate)) if self.app_token else None
        opening: list[asyncio.Task[None]] = []

        async def begin(_: Any) -> None:
            opening.append(asyncio.create_task(self.client.check()))
            if socket is not None:
                opening.append(asyncio.create_task(socket.open()))

        async def end(_: Any) -> None:
            for task in opening:
                task.cancel()
            await asyncio.gather(*opening, return_exceptions=True)
            if socket is not None:
                await socket.close()

        async def release(_: Any) -> None:
            await self.close()

        app.register_listener(begin, "after_server_start")
        app.register_listener(end, "before_server_stop")
        app.register_listener(release, "after_server_stop")

    async def close(self) -> None:
        """Give what is on its way some time, and let go of connections."""
        await self.lines.end(DEADLINE)
        await self.client.close()

    async def receive(self, request: Request, gate: Gate) -> HTTPResponse:
        """Answer one request of Slack; nothing of it is read before its signature is checked. Raises Refusal."""
        if not self._is_signed(request):
            raise Refusal(
                401, "NotAuthenticated", "This is not signed by Slack within the last five minutes."
            )
        kind, told = _read(request)
        if kind == "url_verification":
            return json_response(
                {"challenge": checked(str(told.get("challenge") or ""), "'challenge'", None)}
            )
        if self.app_id and told.get("api_app_id") != self.app_id:
            raise Refusal(403, "NotAuthorized", "This is meant for another app.")
        answer = await self.hear(gate, kind, told)
        # A repeat is read all the same: where the first one was not written down, it is the message.
        retried = request.headers.get(self.number_header) is not None
        known = request.headers.get(self.reason_header) in self.no_more_retries
        headers = NO_RETRY if retried and known else None
        return json_response(answer, headers=headers) if answer else empty(status=200, headers=headers)

    def _is_signed(self, request: Request) -> bool:
        stamp, signature = (
            request.headers.get(name, "") for name in ("X-Slack-Request-Timestamp", "X-Slack-Signature")
        )
        if self.verifier is None or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
            return False
        try:
            return bool(self.verifier.is_valid(request.body, stamp, signature))
        except (ValueError, TypeError):  # bytes that are no text, a signature that is not ASCII
            return False

    async def hear(self, gate: Gate, kind: str, told: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Take what Slack tells; returns what it is to show at once. Raises where it could not be written down."""
        if kind == "slash_commands":
            heard = read_command(told)
            if heard is not None and not heard.text:
                return {"response_type": "ephemeral", "text": ASK}
        else:
            heard = read_event(told, self.channel) if kind == "events_api" else read_interaction(told)
        if heard is None or not heard.team:
            return None
        message = self._message(heard)

        async def read() -> UserMessage:
            return message

        bring = self._bringing(heard, message.sender_id)
        await self._taking.take(
            gate, message.sender_id, read, bring, partial(self._show_choice, heard, message.sender_id)
        )
        return None

    def _show_choice(self, heard: Heard, conversation: str) -> None:
        """Let what was chosen take the place of the buttons."""
        if heard.pressed is not None and self.client.may_answer_at(heard.response_url):
            replacement = after_choice(heard.pressed, heard.title)
            if replacement is not None:
                self.lines.put(f"{conversation} choices", Post(replacement, heard.response_url))

    @stop("channel")
    def _message(self, heard: Heard) -> UserMessage:
        """Return what was heard as a message, with Rasa's metadata."""
        about: dict[str, Any] = {
            "out_channel": heard.channel,
            "thread_id": heard.thread,
            "users": list(heard.bots),
        }
        about |= {"title": heard.title} if heard.title else {}
        about |= {"private": True} if heard.private else {}
        return UserMessage(
            heard.text.encode(errors="replace").decode(),  # half of a character could not be kept
            sender_id=heard.conversation(self.granularity),
            channel=self.name,
            message_id=heard.message_id,
            metadata=about,
            authenticated=True,
        )

    def _bringing(self, heard: Heard, conversation: str) -> _Bringing:
        if heard.private and self.client.may_answer_at(heard.response_url):
            return _Bringing(self, conversation, Place(heard.user), heard.response_url)
        return _Bringing(
            self, conversation, self._place(heard.channel, heard.thread, heard.private, heard.user)
        )

    def _place(self, channel: str, thread: str | None, private: bool, user: str) -> Place:
        """Return where an answer goes: what only one person asked, to that person alone."""
        return Place(user) if private else Place(channel, thread if self.threads else None)

    def answering(self, message: UserMessage) -> _Bringing | None:
        """Return what brings the replies to a message that was taken before a crash; None for one not of Slack."""
        about, own = message.metadata, home(message.sender_id)
        channel, thread = about.get("out_channel"), about.get("thread_id")
        if not message.authenticated or own is None or not isinstance(channel, str):
            return None
        user = message.sender_id.split("_")[1]
        place = self._place(channel, str(thread) if thread else None, about.get("private") is True, user)
        return _Bringing(self, message.sender_id, place)

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        """Bring a person something unasked: into the conversation's channel or thread, else to the person."""
        place = home(sender_id)
        if place is None:
            log.error("%r is no conversation of Slack: nothing is sent there.", sender_id)
            return
        if self.granularity == "sender" and self.channel:
            place = Place(self.channel)
        await _Bringing(self, sender_id, place, kept=False)(reply)


class _Bringing(OnTheWay):
    """Lets replies take their places in a conversation's line, on their way to a place or a response address."""

    def __init__(
        self,
        channel: SlackChannel,
        conversation: str,
        place: Place,
        response_url: str | None = None,
        *,
        kept: bool = True,
    ) -> None:
        super().__init__(kept=kept)
        self.channel = channel
        self.conversation = conversation
        self.place = place
        self.response_url = response_url

    async def __call__(self, reply: Mapping[str, Any]) -> None:
        try:
            found = messages(reply)
        except ValueError as error:
            log.error("Something cannot be sent to Slack: %s.", error)
            return
        for message in found:
            self.add(self.channel.lines.put(self.conversation, self._post(message), quiet=self.kept))

    def _post(self, message: Mapping[str, Any]) -> Post:
        thread = {"thread_ts": self.place.thread} if self.place.thread else {}
        post = Post({"channel": self.place.channel, **thread, **message})
        if self.response_url is None:
            return post
        shown = {"response_type": self.channel.commands, "replace_original": False, **message}
        return Post(shown, self.response_url, otherwise=post)


def _read(request: Request) -> tuple[str, Mapping[str, Any]]:
    """Return the kind of a request, in the words of Socket Mode, and what it tells. Raises Refusal (400, 415)."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        told = body(request)
        return ("url_verification" if told.get("type") == "url_verification" else "events_api"), told
    if kind != "application/x-www-form-urlencoded":
        raise Refusal(415, "UnsupportedMediaType", "Slack sends JSON or a form.")
    fields = dict(form(request))
    if "payload" not in fields:
        return "slash_commands", fields
    try:
        told = json.loads(fields["payload"])
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "BadRequest", "'payload' is not valid JSON.") from error
    if not isinstance(told, dict):
        raise Refusal(400, "BadRequest", "'payload' must be a JSON object.")
    return "interactive", told


def _described(post: Post) -> str:
    """Return what is lost with a message, without its words."""
    content = post.content
    parts = [
        f"{len(content[key])} {key}"
        for key in ("blocks", "attachments")
        if isinstance(content.get(key), list)
    ]
    text = content.get("text")
    parts += [f"{len(text)} characters"] if isinstance(text, str) else []
    return f"A message ({', '.join(parts) or 'of another shape'})"


def _one_of(options: Options, key: str, known: tuple[str, ...]) -> str:
    found = str(options.get(key) or known[0])
    if found not in known:
        raise ConfigError(
            f"'{key}' of the slack channel is '{found}'.", hint=f"It can be {', '.join(known)}."
        )
    return found

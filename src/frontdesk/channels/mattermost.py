"""Mattermost: outgoing webhooks and message buttons, posts over its API v4."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.channels.choices import Choice
from frontdesk.channels.http import form
from frontdesk.channels.reading import needed, part, same, signed, tokens, unsigned, word
from frontdesk.channels.texts import Limit, shortened, without_calls
from frontdesk.channels.vendor import Post, Vendor, address
from frontdesk.channels.webhook import Heard, WebhookChannel


class MattermostChannel(WebhookChannel):
    """Takes outgoing webhooks and pressed buttons at /webhooks/mattermost/webhook, and posts as a bot.

    Rasa's options: `url` (https://HOST/api/v4), `token` (the bot's), `webhook_url` (where buttons lead: this server's
    address). Ours: `webhook_token` (that of the outgoing webhook, or a list), `proxy`.
    """

    name = "mattermost"
    vendor = "Mattermost"
    known = frozenset({"url", "token", "webhook_url", "webhook_token", "proxy"})
    conversations = re.compile(r"([A-Za-z0-9]{1,64})_([A-Za-z0-9]{1,64})")
    limit = Limit(16_383)
    most_choices = 25
    longest_payload = 1_000

    def api(self) -> Vendor:
        """Return the client of the API."""
        options = self.options
        token = needed(options, "token", self.name, "the bot's account in Mattermost's integrations")
        needed(options, "url", self.name, "your Mattermost's address: https://HOST/api/v4")
        needed(
            options,
            "webhook_url",
            self.name,
            "this server's address: https://HOST/webhooks/mattermost/webhook",
        )
        self.webhook_url = address(options, "webhook_url", "", self.name)
        self.tokens = tokens(options, "webhook_token", self.name)
        self.me = ""
        headers = {"Authorization": f"Bearer {token}"}
        return Vendor(
            address(options, "url", "", self.name), headers=headers, proxy=options.get("proxy") or None
        )

    async def begin(self) -> None:
        """Look who the bot is. Raises NotTaken."""
        self.me = word(await self.client.get("/users/me"), "id")

    async def check(self, request: Request) -> None:
        """Refuse a webhook without its token, and buttons that are not ours. Raises Refusal."""
        told = self.read(request)
        if "context" in told:
            context = part(told, "context")
            marked = self._mark(word(told, "channel_id"), word(context, "action"))
            if not same(word(context, "mark"), marked):
                raise unsigned(self.vendor)
        elif self.tokens and not any(same(word(told, "token"), one) for one in self.tokens):
            raise unsigned(self.vendor)

    def read(self, request: Request) -> Mapping[str, Any]:
        """Return what a request tells, as JSON or as a form."""
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return super().read(request)
        return dict(form(request))

    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return the message of an outgoing webhook, or what a pressed button says. Raises NotTaken."""
        if not self.me:  # our own posts come back, too: not to know them is to answer oneself
            await self.begin()
        channel, user, post = (word(told, key) for key in ("channel_id", "user_id", "post_id"))
        if not (channel and user and post) or user == self.me:
            return ()
        own, known = f"{channel}_{user}", bool(self.tokens)
        about = {"user_name": word(told, "user_name"), "team_id": word(told, "team_id")}
        if "context" in told:
            action = word(part(told, "context"), "action")
            title = word(part(told, "context"), "title")
            press = f"{post}:{word(told, 'trigger_id')}"
            # A press is no surer than what is typed: else, once pressed, typing would be refused as somebody else's.
            heard = Heard(action, own, press, channel, about, authenticated=known, title=title or action)
            return (heard,) if action else ()
        text = word(told, "text")
        if not text.strip():
            return ()
        text = _without_trigger(text, word(told, "trigger_word"))
        return (Heard(text, own, post, channel, about, authenticated=known),)

    def acknowledged(self) -> HTTPResponse:
        """Return an object: Mattermost shows an error where a button is answered with anything else."""
        return json_response({})

    def text(self, text: str, place: str) -> Post:
        """Return a text, in which nobody calls everybody."""
        return _post(place, message=without_calls(text))

    def offer(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return a text with buttons; links stand in the text."""
        links = [f"{choice.title}: {choice.url}" for choice in offered if choice.url]
        actions = [
            {
                "id": f"choice{number}",
                "type": "button",
                "name": shortened(choice.title, 100),
                "integration": {"url": self.webhook_url, "context": self._context(choice, place)},
            }
            for number, choice in enumerate(offered)
            if not choice.url
        ]
        props = {"props": {"attachments": [{"actions": actions}]}} if actions else {}
        return [_post(place, message=without_calls("\n".join([text, *links])), **props)]

    def _context(self, choice: Choice, place: str) -> dict[str, str]:
        said = self.says(choice)
        return {"action": said, "title": choice.title[:100], "mark": self._mark(place, said)}

    def _mark(self, channel: str, action: str) -> str:
        """Return what only this server can have put into a button."""
        return signed(self.secret, f"mattermost {channel} {action}".encode(errors="replace"))

    def picture(self, address: str, place: str) -> Post:
        """Return a picture."""
        return _post(place, props={"attachments": [{"fallback": address, "image_url": address}]})

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return an attachment in Mattermost's form."""
        return _post(place, props={"attachments": [dict(attached)]})

    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return a post as it is; `channel_id` may name another channel, as in Rasa."""
        return Post("/posts", {"channel_id": place, "message": "", **custom})


def _post(place: str, **content: Any) -> Post:
    return Post("/posts", {"channel_id": place, "message": "", **content})


def _without_trigger(text: str, trigger: str) -> str:
    """Return a text without the word that made Mattermost tell it, where more was said."""
    first, *rest = text.split(maxsplit=1)
    return rest[0] if trigger and rest and first.lower().startswith(trigger.lower()) else text

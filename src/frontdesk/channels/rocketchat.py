"""Rocket.Chat: outgoing webhooks and those of Omnichannel (Livechat), messages over its REST API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.channels.choices import MARK, Choice
from frontdesk.channels.lines import NotTaken
from frontdesk.channels.reading import needed, part, same, several, tokens, unsigned, word
from frontdesk.channels.texts import Limit, shortened, without_calls
from frontdesk.channels.vendor import Post, Vendor, address, refusal
from frontdesk.channels.webhook import Heard, WebhookChannel

EXPIRED = 401
_RENAMED = {"room_id": "roomId"}
"""Rasa's names of parameters that Rocket.Chat calls otherwise."""


class RocketChatChannel(WebhookChannel):
    """Takes the messages of rooms and of Livechat's visitors at /webhooks/rocketchat/webhook, and posts as a user.

    Rasa's options: `user`, `password`, `server_url`. Ours: `webhook_token` (what the outgoing webhook and Omnichannel's
    webhook show, or a list), `proxy`.
    """

    name = "rocketchat"
    vendor = "Rocket.Chat"
    known = frozenset({"user", "password", "server_url", "webhook_token", "proxy"})
    conversations = re.compile(r"([A-Za-z0-9]{1,80})(_[A-Za-z0-9]{1,80})?")
    limit = Limit(5_000)
    most_choices = 25
    longest_payload = 1_000

    def api(self) -> Vendor:
        """Return the client of the API."""
        options, where = self.options, "the account that the assistant has in Rocket.Chat"
        self.user = needed(options, "user", self.name, where)
        self.password = needed(options, "password", self.name, where)
        needed(options, "server_url", self.name, "your Rocket.Chat's address: https://HOST")
        self.tokens = tokens(options, "webhook_token", self.name)
        self.login: dict[str, str] = {}
        self.me: frozenset[str] = frozenset()
        return Vendor(address(options, "server_url", "", self.name), proxy=options.get("proxy") or None)

    async def begin(self) -> None:
        """Log in. Raises NotTaken."""
        asked = {"user": self.user, "password": self.password}
        answer = await self.client.call("POST", "/api/v1/login", content=asked)
        trouble = refusal(answer)
        if trouble is not None:
            raise NotTaken(f"Login: {trouble.why}", final=trouble.final, after=trouble.after)
        found = part(answer.json(), "data")
        self.login = {"X-Auth-Token": word(found, "authToken"), "X-User-Id": word(found, "userId")}
        # One may log in by an address, too, which is no name that a message shows.
        self.me = frozenset({self.user, word(found, "userId"), word(part(found, "me"), "username")}) - {""}

    async def bring(self, post: Post) -> None:
        """Post one message; a login that has lapsed is renewed. Raises NotTaken."""
        if not self.login:
            await self.begin()
        answer = await self.client.call("POST", post.path, content=post.content, headers=self.login)
        if answer.status == EXPIRED:
            self.login = {}
            raise NotTaken("The login has lapsed.")
        trouble = refusal(answer)
        if trouble is None and part(answer.json()).get("success") is False:
            trouble = NotTaken("It was refused.", final=True)
        if trouble is not None:
            raise trouble

    async def check(self, request: Request) -> None:
        """Refuse what shows no token of ours, in the body or, from Omnichannel, in a header. Raises Refusal."""
        if not self.tokens:
            return
        shown = request.headers.get("X-RocketChat-Livechat-Token") or word(self.read(request), "token")
        if not any(same(shown, one) for one in self.tokens):
            raise unsigned(self.vendor)

    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return the message of an outgoing webhook, or those of a visitor. Raises NotTaken."""
        if not self.me:  # our own messages come back, too: not to know them is to answer oneself
            await self.begin()
        if "visitor" in told:
            return self._visitor(told)
        room, user, message = (word(told, key) for key in ("channel_id", "user_id", "message_id"))
        text = word(told, "text")
        by_us = user in self.me or word(told, "user_name") in self.me
        if not (room and user and message and text.strip()) or by_us:
            return ()
        if told.get("bot") or told.get("isEdited") is True:
            return ()
        text = _without_trigger(text, word(told, "trigger_word"))
        return (self._heard(text, f"{room}_{user}", message, room, {"user_name": word(told, "user_name")}),)

    def _visitor(self, told: Mapping[str, Any]) -> list[Heard]:
        """Return what a visitor said, while no person has the chat."""
        room, agent = word(told, "_id"), word(part(told, "agent"), "username")
        if not room or told.get("type", "Message") != "Message" or (agent and agent not in self.me):
            return []
        who = {"visitor": {key: word(part(told, "visitor"), key) for key in ("username", "name")}}
        return [
            self._heard(
                word(one, "msg"), room, word(one, "_id") or f"{room}:{word(one, 'ts')}:{place}", room, who
            )
            for place, one in enumerate(several(told, "messages"))
            if word(one, "msg").strip()
            and not (one.get("agentId") or one.get("editedAt") or word(one, "username") in self.me)
        ]

    def _heard(self, text: str, own: str, message: str, room: str, about: Mapping[str, Any]) -> Heard:
        # A button is said by whoever presses it, like any other message.
        title = text if text.startswith(MARK) else None
        return Heard(text, own, message, room, about, authenticated=bool(self.tokens), title=title)

    def acknowledged(self) -> HTTPResponse:
        """Return an object: Rocket.Chat takes an answer without any words for a failure, and tells it again."""
        return json_response({})

    def text(self, text: str, place: str) -> Post:
        """Return a text, in which nobody calls everybody."""
        return _post(place, text=without_calls(text))

    def offer(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return a text with buttons."""
        actions = [
            {"type": "button", "text": shortened(choice.title, 100)}
            | ({"url": choice.url} if choice.url else {"msg": self.says(choice), "msg_in_chat_window": True})
            for choice in offered
        ]
        return [_post(place, text=without_calls(text), attachments=[{"actions": actions}])]

    def picture(self, address: str, place: str) -> Post:
        """Return a picture."""
        return _post(place, attachments=[{"image_url": address, "collapsed": False}])

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return an attachment in Rocket.Chat's form."""
        return _post(place, attachments=[dict(attached)])

    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return a message as it is; `channel` or `room_id` may name another room, as in Rasa."""
        content = {_RENAMED.get(str(key), str(key)): value for key, value in custom.items()}
        if content.get("channel"):
            content.pop("roomId", None)
        else:
            content.setdefault("roomId", place)
        return Post("/api/v1/chat.postMessage", content)


def _post(place: str, **content: Any) -> Post:
    return Post("/api/v1/chat.postMessage", {"roomId": place, **content})


def _without_trigger(text: str, trigger: str) -> str:
    """Return a text without the word that made Rocket.Chat tell it, where more was said."""
    rest = text.removeprefix(trigger).strip() if trigger else text
    return rest or text

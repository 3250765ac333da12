"""Webex (Rasa's name: webexteams): signed webhooks that name a message, which is fetched; messages over its API."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sanic import Request

from frontdesk.channels.choices import Choice
from frontdesk.channels.lines import NotTaken
from frontdesk.channels.reading import address_in, needed, part, same, signed, switch, unsigned, word
from frontdesk.channels.texts import Limit, as_utf8, shortened
from frontdesk.channels.vendor import Post, Vendor, address
from frontdesk.channels.webhook import Heard, WebhookChannel

log = logging.getLogger("frontdesk.channels")

CARD = "application/vnd.microsoft.card.adaptive"
BOT = "@webex.bot"
"""Ends the addresses of bots."""
CARD_CHOICES = 20


class WebexChannel(WebhookChannel):
    """Takes webhooks of the resource `messages` (and `attachmentActions`) at /webhooks/webexteams/webhook.

    A webhook names a message; what it says, and who says it, is fetched from Webex. Rasa's options: `access_token`,
    `room` (all answers go there). Ours: `secret` (of the webhooks), `cards` (buttons as a card), `api_url`, `proxy`.
    """

    name = "webexteams"
    vendor = "Webex"
    known = frozenset({"access_token", "room", "secret", "cards", "api_url", "proxy"})
    conversations = re.compile(r"([A-Za-z0-9_+/=-]{1,120})(:[A-Za-z0-9_+/=-]{1,120})?")
    limit = Limit(7_439, as_utf8)
    longest_payload = 1_000

    def api(self) -> Vendor:
        """Return the client of the API."""
        options = self.options
        token = needed(options, "access_token", self.name, "the bot's page at developer.webex.com")
        self.room = str(options.get("room") or "")
        self.hook_secret = str(options.get("secret") or "")
        if not self.hook_secret:
            log.warning(
                "The webexteams channel has no 'secret': whoever reaches it can make it fetch messages."
            )
        if switch(options, "cards", self.name):
            self.most_choices = CARD_CHOICES
        self.me: Mapping[str, Any] = {}
        url = address(options, "api_url", "https://webexapis.com/v1", self.name)
        return Vendor(url, headers={"Authorization": f"Bearer {token}"}, proxy=options.get("proxy") or None)

    async def begin(self) -> None:
        """Look who the bot is. Raises NotTaken."""
        self.me = await self.client.get("/people/me")

    async def check(self, request: Request) -> None:
        """Refuse what is not signed with the webhook's secret. Raises Refusal."""
        if not self.hook_secret:
            return
        if not same(request.headers.get("X-Spark-Signature"), signed(self.hook_secret, request.body, "sha1")):
            raise unsigned(self.vendor)

    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return the message that a webhook names. Raises NotTaken where it cannot be fetched now."""
        named, resource = word(part(told, "data"), "id"), told.get("resource")
        if not named or told.get("event") != "created" or resource not in ("messages", "attachmentActions"):
            return ()
        if not self.me:
            await self.begin()
        if resource == "messages":
            return self._written(await self._fetched("/messages/", named))
        action = await self._fetched("/attachment/actions/", named)
        return self._pressed(action, await self._fetched("/messages/", word(action, "messageId")))

    async def _fetched(self, path: str, name: str) -> Mapping[str, Any]:
        """Return what is named; nothing where it was deleted, or is none that the bot may see. Raises NotTaken."""
        if not name:
            return {}
        try:
            return await self.client.get(f"{path}{quote(name, safe='')}")
        except NotTaken as trouble:
            if not trouble.final:
                raise
            log.info("A message of Webex is not heard: %s", trouble.why)
            return {}

    def _written(self, message: Mapping[str, Any]) -> Sequence[Heard]:
        who = word(message, "personId")
        if who == word(self.me, "id") or word(message, "personEmail").lower().endswith(BOT):
            return ()
        files = message.get("files")
        addresses = [one for one in files if isinstance(one, str)] if isinstance(files, list) else []
        direct = message.get("roomType") == "direct"
        text = word(message, "text") if direct else self._unmentioned(word(message, "text"))
        about: dict[str, Any] = {"attachments": [{"url": one} for one in addresses]} if addresses else {}
        return self._heard(message, text or " ".join(addresses), word(message, "id"), about, direct=direct)

    def _pressed(self, action: Mapping[str, Any], card: Mapping[str, Any]) -> Sequence[Heard]:
        inputs = part(action, "inputs")
        said = word(inputs, "action")
        if not card:
            return ()
        # Which kind of room it is stands with the card alone; `inputs` are whatever a person's client sends.
        direct = card.get("roomType") == "direct"
        return self._heard(
            action, said, word(action, "id"), {}, direct=direct, title=word(inputs, "title") or said
        )

    def _heard(
        self,
        found: Mapping[str, Any],
        text: str,
        message_id: str,
        about: Mapping[str, Any],
        *,
        direct: bool,
        title: str | None = None,
    ) -> Sequence[Heard]:
        room, who = word(found, "roomId"), word(found, "personId")
        if not (room and who and message_id and text.strip()):
            return ()
        # Several people are in a group: each has a conversation of their own there.
        own = room if direct else f"{room}:{who}"
        person = {"personEmail": word(found, "personEmail")} if found.get("personEmail") else {}
        return (Heard(text, own, message_id, self.room or room, {**person, **about}, title=title),)

    def _unmentioned(self, text: str) -> str:
        """Return what was said in a group without the bot's name, by which it was called."""
        for name in (word(self.me, "displayName"), word(self.me, "nickName")):
            if name and text.startswith(name):
                return text.removeprefix(name).strip()
        return text

    def home(self, conversation: str) -> str | None:
        """Return the room; the one that all answers go to, where there is one."""
        found = super().home(conversation)
        return (self.room or found) if found else None

    def text(self, text: str, place: str) -> Post:
        """Return a text, which is shown as it is."""
        return _post(place, text=text)

    def offer(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return a card with buttons; its text stands in for it where cards are not shown."""
        actions = [
            {"type": "Action.OpenUrl", "title": shortened(choice.title, 100), "url": choice.url}
            if choice.url
            else {
                "type": "Action.Submit",
                "title": shortened(choice.title, 100),
                "data": {"action": self.says(choice), "title": choice.title},
            }
            for choice in offered
        ]
        content = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.3",
            "body": [{"type": "TextBlock", "text": text, "wrap": True}],
            "actions": actions,
        }
        return [_post(place, text=text, attachments=[{"contentType": CARD, "content": content}])]

    def picture(self, address: str, place: str) -> Post:
        """Return a picture, which Webex fetches."""
        return _post(place, files=[address])

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return a card in Webex's form, or a file, which Webex fetches."""
        if "contentType" in attached:
            return _post(place, text="…", attachments=[dict(attached)])
        return self.picture(address_in(attached), place)

    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return a message as it is; `roomId` may name another room, as in Rasa."""
        return Post("/messages", {"roomId": place, **custom})


def _post(place: str, **content: Any) -> Post:
    return Post("/messages", {"roomId": place, **content})

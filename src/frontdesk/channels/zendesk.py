"""Zendesk messaging (Sunshine Conversations, API v2): its webhook, its messages, and passing a conversation on."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sanic import Request

from frontdesk.channels.choices import Choice
from frontdesk.channels.reading import address_in, needed, part, same, several, unsigned, word
from frontdesk.channels.texts import Limit, as_utf16, shortened
from frontdesk.channels.vendor import Post, Vendor, address
from frontdesk.channels.webhook import Heard, WebhookChannel

log = logging.getLogger("frontdesk.channels")

SWITCHES = ("passControl", "offerControl", "releaseControl")
"""What a custom reply may ask the switchboard for."""
PEOPLE = "zd:agentWorkspace"
"""The kind of integration in which people answer."""
_PLACES = "the page of the conversations integration in Zendesk's Admin Center"


class ZendeskChannel(WebhookChannel):
    """Takes the events of a conversations integration at /webhooks/zendesk/webhook, and answers over the API.

    Options: `app_id`, `key_id`, `key_secret` (of an API key), `webhook_secret` (the shared secret that Zendesk sends as
    X-API-Key), `url` (https://SUBDOMAIN.zendesk.com/sc), `integration` (what the switchboard calls this assistant),
    `display_name`.
    """

    name = "zendesk"
    vendor = "Zendesk"
    known = frozenset({
        "app_id", "key_id", "key_secret", "webhook_secret", "url", "integration", "display_name",
    })  # fmt: skip
    conversations = re.compile(r"([A-Za-z0-9-]{1,64})(_[A-Za-z0-9-]{1,64})?")
    limit = Limit(4_096, as_utf16)
    most_choices = 10
    longest_payload = 1_000

    def api(self) -> Vendor:
        """Return the client of the API."""
        self.app_id = needed(self.options, "app_id", self.name, _PLACES)
        self.webhook_secret = needed(self.options, "webhook_secret", self.name, _PLACES)
        key = tuple(needed(self.options, name, self.name, _PLACES) for name in ("key_id", "key_secret"))
        needed(
            self.options, "url", self.name, "the address of your Zendesk: https://SUBDOMAIN.zendesk.com/sc"
        )
        self.integration = str(self.options.get("integration") or "")
        self.author = {"type": "business"}
        if self.options.get("display_name"):
            self.author["displayName"] = str(self.options["display_name"])
        return Vendor(address(self.options, "url", "", self.name), auth=(key[0], key[1]))

    async def check(self, request: Request) -> None:
        """Refuse what does not show the webhook's secret. Raises Refusal."""
        if not same(request.headers.get("X-API-Key"), self.webhook_secret):
            raise unsigned(self.vendor)

    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return the messages and pressed buttons among the events, in their order."""
        if word(part(told, "app"), "id") not in ("", self.app_id):
            return ()
        if "trigger" in told and "events" not in told:
            log.error("Zendesk tells in the form of version v1: make the webhook with version v2.")
        found = [self._event(event) for event in several(told, "events")]
        return [heard for heard in found if heard is not None]

    def _event(self, event: Mapping[str, Any]) -> Heard | None:
        payload = part(event, "payload")
        if not self._is_ours(part(payload, "conversation")):
            return None
        if event.get("type") == "conversation:message":
            return self._message(payload)
        if event.get("type") == "conversation:postback":
            said = word(part(payload, "postback"), "payload")
            return self._heard(payload, part(payload, "user"), said, word(event, "id"), title="…")
        return None

    def _is_ours(self, conversation: Mapping[str, Any]) -> bool:
        """Tell whether this assistant has the conversation: what is said to a person is not answered."""
        active = part(conversation, "activeSwitchboardIntegration")
        if not active:
            return True
        if self.integration:
            return self.integration in (word(active, key) for key in ("id", "name", "integrationId"))
        return active.get("integrationType") != PEOPLE

    def _message(self, payload: Mapping[str, Any]) -> Heard | None:
        message = part(payload, "message")
        author, content = part(message, "author"), part(message, "content")
        if author.get("type") != "user" or message.get("deleted") is True:
            return None
        about: dict[str, Any] = {"source": word(part(message, "source"), "type")}
        user = {"id": word(author, "userId"), **part(author, "user")}
        text, title = said(content)
        if word(content, "mediaUrl"):
            about["attachments"] = [{"type": word(content, "type"), "url": word(content, "mediaUrl")}]
        return self._heard(payload, user, text, word(message, "id"), title=title, about=about)

    def _heard(
        self,
        payload: Mapping[str, Any],
        user: Mapping[str, Any],
        text: str,
        message_id: str,
        *,
        title: str | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Heard | None:
        conversation = part(payload, "conversation")
        place, person = word(conversation, "id"), word(user, "id")
        if not (place and person and text.strip() and message_id):
            return None
        # Several people are in a group: each has a conversation of their own there.
        own = f"{place}_{person}" if conversation.get("type") == "sdkGroup" else place
        whose = {
            key: user[key] for key in ("id", "externalId", "zendeskId", "authenticated") if user.get(key)
        }
        return Heard(text, own, message_id, place, {"user": whose, **(about or {})}, title=title)

    def text(self, text: str, place: str) -> Post:
        """Return a text as a message."""
        return self._message_post({"type": "text", "text": text}, place)

    def offer(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return a text with buttons that go when one is pressed; beside a link they stay."""
        kind = "postback" if any(choice.url for choice in offered) else "reply"
        actions = [
            {"type": "link", "text": shortened(choice.title, 128), "uri": choice.url}
            if choice.url
            else {"type": kind, "text": shortened(choice.title, 128), "payload": self.says(choice)}
            for choice in offered
        ]
        return [self._message_post({"type": "text", "text": text, "actions": actions}, place)]

    def picture(self, address: str, place: str) -> Post:
        """Return a picture."""
        return self._message_post({"type": "image", "mediaUrl": address}, place)

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return a file, or what is content of a message already."""
        if attached.get("type") in ("file", "image", "carousel", "list", "location", "template"):
            return self._message_post(attached, place)
        return self._message_post({"type": "file", "mediaUrl": address_in(attached)}, place)

    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return a body of PostMessage, the content of one, or what the switchboard is asked for."""
        for switch in SWITCHES:
            if isinstance(custom.get(switch), Mapping):
                return Post(self._at(place, switch), dict(custom[switch]))
        if "content" in custom:
            return Post(self._at(place, "messages"), {"author": self.author, **custom})
        return self._message_post({"type": "text", **custom}, place)

    def _message_post(self, content: Mapping[str, Any], place: str) -> Post:
        return Post(self._at(place, "messages"), {"author": self.author, "content": dict(content)})

    def _at(self, place: str, what: str) -> str:
        return f"/v2/apps/{quote(self.app_id, safe='')}/conversations/{quote(place, safe='')}/{what}"


def said(content: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what the content of a message says, and what stood on the button that was pressed."""
    kind, text = content.get("type"), word(content, "text")
    if kind == "text":
        payload = word(content, "payload")
        return (payload, text) if payload else (text, None)
    if kind in ("image", "file"):
        return text or word(content, "mediaUrl"), None
    if kind == "location":
        at = part(content, "coordinates")
        return json.dumps({"lng": at.get("long"), "lat": at.get("lat")}), None
    if kind == "formResponse":
        return word(content, "textFallback"), None
    return text, None

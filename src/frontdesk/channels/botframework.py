"""Microsoft's Bot Framework (Teams, Web Chat and others): activities with Microsoft's tokens, replies with ours."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from sanic import Request
from sanic.response import HTTPResponse, text

from frontdesk.auth.tokens import bearer
from frontdesk.channels.choices import MARK, Choice
from frontdesk.channels.http import LONGEST_ID, Refusal
from frontdesk.channels.keys import SigningKeys
from frontdesk.channels.lines import NotTaken
from frontdesk.channels.reading import needed, part, several, text_of, unsigned, word
from frontdesk.channels.texts import Limit, as_utf16, shortened
from frontdesk.channels.vendor import Post, Vendor, address, refusal
from frontdesk.channels.webhook import PLACE, Bringing, Heard, WebhookChannel
from frontdesk.core.events import UserUttered
from frontdesk.core.message import UserMessage

ISSUER = "https://api.botframework.com"
SCOPE = "https://api.botframework.com/.default"
HOSTS = ("smba.trafficmanager.net",)
DOMAINS = (
    ".botframework.com",
    ".botframework.us",
    ".botframework.azure.us",
    ".teams.microsoft.com",
    ".teams.microsoft.us",
)
"""Where Microsoft's connectors are; whatever an activity names, no other host is sent the bot's token."""
CHOSEN_BY_CLIENTS = frozenset({"webchat", "directline"})
"""Channels in which a client says who it is: there a person is known by the conversation that the service made."""
HERO = "application/vnd.microsoft.card.hero"
EARLY = 300.0  # seconds before its end at which a token is renewed


class BotFrameworkChannel(WebhookChannel):
    """Takes activities at /webhooks/botframework/webhook, and answers at the connector that sent them.

    Rasa's options: `app_id`, `app_password`. Ours: `tenant` (of an app of a single tenant), `service_hosts` (connectors
    elsewhere), `openid_url`, `login_url`, `proxy`.
    """

    name = "botframework"
    vendor = "the Bot Framework"
    known = frozenset(
        {"app_id", "app_password", "tenant", "service_hosts", "openid_url", "login_url", "proxy"}
    )
    limit = Limit(4_096, as_utf16)
    most_choices = 6
    longest_payload = 2_000

    def api(self) -> Vendor:
        """Return the client of connectors and of Microsoft's login."""
        options, where = self.options, "the bot's registration in Azure"
        self.app_id = needed(options, "app_id", self.name, where)
        self.password = needed(options, "app_password", self.name, where)
        hosts = options.get("service_hosts") or []
        self.hosts = frozenset(map(str, hosts if isinstance(hosts, list) else [hosts]))
        openid = "https://login.botframework.com/v1/.well-known/openidconfiguration"
        self.openid_url = address(options, "openid_url", openid, self.name)
        tenant = quote(str(options.get("tenant") or "botframework.com"), safe="")
        login = address(options, "login_url", "https://login.microsoftonline.com", self.name)
        self.token_url = f"{login}/{tenant}/oauth2/v2.0/token"
        self.keys = SigningKeys(self.vendor, self._keys)
        self._token, self._until = "", 0.0
        return Vendor("https://smba.trafficmanager.net", proxy=options.get("proxy") or None)

    async def _keys(self) -> Sequence[Mapping[str, Any]]:
        found = word(await self.client.get(self.openid_url), "jwks_uri")
        return several(await self.client.get(found), "keys") if found else ()

    async def check(self, request: Request) -> None:
        """Refuse what has no token of Microsoft's for this bot and this activity. Raises Refusal."""
        claims, key = await self.keys.claims(
            bearer(request.headers.get("Authorization")), ISSUER, self.app_id
        )
        told = self.read(request)
        claimed = word(claims, "serviceurl") or word(claims, "serviceUrl")
        if claimed.rstrip("/") != word(told, "serviceUrl").rstrip("/"):
            raise unsigned(self.vendor)
        endorsed = key.get("endorsements")
        if isinstance(endorsed, list) and endorsed and word(told, "channelId") not in endorsed:
            raise unsigned(self.vendor)
        if not self._is_connector(word(told, "serviceUrl")):
            raise Refusal(403, "NotAuthorized", "'serviceUrl' is not one of the Bot Framework's addresses.")

    def _is_connector(self, url: str) -> bool:
        """Tell whether an address is a connector's, to which the bot's token may be shown."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        if parts.username is not None or "\\" in url:
            return False
        known = host in HOSTS or host.endswith(DOMAINS)
        return (parts.scheme == "https" and known) or (
            parts.scheme in ("https", "http") and host in self.hosts
        )

    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return the message of an activity; whatever else it is, it is none."""
        user, bot, where = part(told, "from"), part(told, "recipient"), part(told, "conversation")
        who, room, message_id = word(user, "id"), word(where, "id"), word(told, "id")
        if told.get("type") != "message" or not (who and room and message_id):
            return ()
        if user.get("role") == "bot" or who == word(bot, "id"):
            return ()
        value = told.get("value")
        pressed = value if isinstance(value, str) else word(part(value), "action")
        said = _unmentioned(told, word(bot, "id")) or pressed
        files = several(told, "attachments")
        if not said.strip():
            said = " ".join(word(one, "contentUrl") for one in files if word(one, "contentUrl"))
        if not said.strip():
            return ()
        channel = word(told, "channelId")
        url = f"{word(told, 'serviceUrl').rstrip('/')}/v3/conversations/{quote(room, safe='')}/activities"
        place = {"url": url, "bot": word(bot, "id"), "user": who, "channel": channel}
        about: dict[str, Any] = {"attachments": files} if files else {}
        title = said if said.startswith(MARK) else None
        own = _own(channel, who, room, group=where.get("isGroup") is True)
        return (Heard(said, own, message_id, json.dumps(place), about, title=title),)

    def acknowledged(self) -> HTTPResponse:
        """Return what Rasa does."""
        return text("success")

    def home(self, conversation: str) -> str | None:
        """Return None: where a conversation is stands in its messages alone."""
        return None

    def answering(self, message: UserMessage) -> Bringing | None:
        """Return what brings the replies to a message that was taken before a crash."""
        place = _place(message.metadata, message.sender_id)
        known = message.authenticated and place is not None
        return Bringing(self, message.sender_id, str(place)) if known else None

    async def place_of(self, sender_id: str) -> str | None:
        """Return where a person wrote last."""
        if self.gate is None:
            return None
        for event in (await self.gate.tracker(sender_id)).newest_first():
            if isinstance(event, UserUttered) and event.input_channel == self.name:
                place = _place(event.metadata, sender_id)
                if place is not None:
                    return place
        return None

    async def bring(self, post: Post) -> None:
        """Post one activity with the bot's token, to a connector alone. Raises NotTaken."""
        if not self._is_connector(post.path):
            raise NotTaken("The address is not one of its connectors.", final=True)
        headers = {"Authorization": f"Bearer {await self._own_token()}"}
        answer = await self.client.call("POST", post.path, content=post.content, headers=headers)
        trouble = refusal(answer)
        if answer.status == 401:
            self._token = ""
            raise NotTaken("The token was refused.")
        if trouble is not None:
            raise trouble

    async def _own_token(self) -> str:
        if not self._token or time.monotonic() > self._until:
            asked = {
                "grant_type": "client_credentials",
                "client_id": self.app_id,
                "client_secret": self.password,
                "scope": SCOPE,
            }
            answer = await self.client.call("POST", self.token_url, content=asked, form=True)
            found = part(answer.json())
            if not answer.ok or not word(found, "access_token"):
                raise NotTaken(
                    f"Microsoft's login answered with status {answer.status}.",
                    final=answer.status in (400, 401),
                )
            lifetime = found.get("expires_in")
            seconds = float(lifetime) if isinstance(lifetime, int | float) else 0.0
            self._token, self._until = word(found, "access_token"), time.monotonic() + seconds - EARLY
        return self._token

    def text(self, text: str, place: str) -> Post:
        """Return a text, which is shown as it is."""
        return _post(place, text=text, textFormat="plain")

    def offer(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return a card with buttons."""
        teams = json.loads(place).get("channel") == "msteams"
        buttons = [self._button(choice, teams=teams) for choice in offered]
        return [
            _post(place, attachments=[{"contentType": HERO, "content": {"text": text, "buttons": buttons}}])
        ]

    def _button(self, choice: Choice, *, teams: bool) -> dict[str, Any]:
        title = shortened(choice.title, 100)
        if choice.url:
            return {"type": "openUrl", "title": title, "value": choice.url}
        said = self.says(choice)
        if teams:  # where `postBack` does not bring its text
            return {
                "type": "messageBack",
                "title": title,
                "displayText": title,
                "text": said,
                "value": {"action": said},
            }
        return {"type": "postBack", "title": title, "value": said}

    def picture(self, address: str, place: str) -> Post:
        """Return a picture on a card, as Rasa does."""
        return _post(place, attachments=[{"contentType": HERO, "content": {"images": [{"url": address}]}}])

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return an attachment in Microsoft's form."""
        return _post(place, attachments=[dict(attached)])

    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return an activity as it is, with Rasa's defaults."""
        return _post(place, **{"text": "", **custom})


def _place(metadata: Mapping[str, Any], own: str) -> str | None:
    """Return where a message was said; None where that is not of its conversation's channel.

    Whoever speaks by REST in this channel's name writes the metadata, but not an id that begins with a channel's.
    """
    place = text_of(metadata, PLACE)
    try:
        channel = word(part(json.loads(place)), "channel")
    except (ValueError, RecursionError):
        return None
    return place if channel and own.startswith(f"{channel}:") else None


def _post(place: str, **content: Any) -> Post:
    at = json.loads(place)
    if not isinstance(at, dict) or not all(isinstance(at.get(key), str) for key in ("url", "bot", "user")):
        raise ValueError("the place is none")
    usual = {"type": "message", "from": {"id": at["bot"]}, "recipient": {"id": at["user"]}}
    usual["channelData"] = {"notification": {"alert": "true"}}
    return Post(at["url"], {**usual, **content})


def _unmentioned(told: Mapping[str, Any], bot: str) -> str:
    """Return a text without the mentions by which the bot was called."""
    said = word(told, "text")
    for entity in several(told, "entities"):
        if (
            entity.get("type") == "mention"
            and word(part(entity, "mentioned"), "id") == bot
            and word(entity, "text")
        ):
            said = said.replace(word(entity, "text"), "")
    return said.strip()


def _own(channel: str, who: str, room: str, *, group: bool) -> str:
    """Return the id of a conversation: of a person on a channel, and in a group of a person there."""
    person = room if channel in CHOSEN_BY_CLIENTS else who
    own = f"{channel}:{person}"
    if group and channel not in CHOSEN_BY_CLIENTS:
        own += f":{hashlib.sha256(room.encode()).hexdigest()[:16]}"
    return own if len(own) <= LONGEST_ID else f"{channel}:{hashlib.sha256(own.encode()).hexdigest()}"

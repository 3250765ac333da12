"""Google Chat (Rasa's name: hangouts): signed events, answered with one message in the response."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.auth.tokens import bearer
from frontdesk.channels.choices import MARK, choices, recalled, stand_in
from frontdesk.channels.http import Refusal, body
from frontdesk.channels.keys import SigningKeys
from frontdesk.channels.lines import NotTaken
from frontdesk.channels.reading import kept, log, part, several, told_beside, unsigned, within, word
from frontdesk.channels.texts import Limit, as_utf8, shortened
from frontdesk.channels.vendor import Vendor, address
from frontdesk.core.message import UserMessage
from frontdesk.core.options import tell_unknown
from frontdesk.core.ports import Gate, Options
from frontdesk.errors import LimitError

CHAT = "chat@system.gserviceaccount.com"
GOOGLE = "https://accounts.google.com"
GIVEN = {
    "ADDED_TO_SPACE": ("/user_added", "/room_added"),
    "REMOVED_FROM_SPACE": ("/bot_removed", "/bot_removed"),
}
"""What an event says in a direct message, and in a room, as in Rasa."""
LIMIT = Limit(30_000, as_utf8)  # of Google's 32,000 bytes for a whole message
LONGEST_PAYLOAD = 2_000  # characters
_MARKUP = re.compile(r"<(?=users/|[a-z][a-z0-9+.-]*:)", re.IGNORECASE)


class HangoutsChannel:
    """Takes the events of a Chat app at /webhooks/hangouts/webhook; what is said is one message in the response.

    Rasa's option: `project_id` (the number of the app's project, for which Google's tokens are made). Ours:
    `endpoint_url` (instead, where the app's tokens are made for its address), `keys_url`, `proxy`.
    """

    name = "hangouts"

    def __init__(self, options: Options, secret: str) -> None:
        known = ("project_id", "endpoint_url", "keys_url", "proxy")
        tell_unknown("The hangouts channel", sorted(options), known)
        project, endpoint = (str(options.get(key) or "") for key in ("project_id", "endpoint_url"))
        self.audience = project or endpoint
        self.by_address = not project
        keys = f"service_accounts/v1/jwk/{CHAT}" if project else "oauth2/v3/certs"
        self.keys_url = address(options, "keys_url", f"https://www.googleapis.com/{keys}", self.name)
        self.client = Vendor("https://www.googleapis.com", proxy=options.get("proxy") or None)
        self.keys = SigningKeys("Google Chat", self._keys) if self.audience else None
        if self.keys is None:
            log.warning(
                "The hangouts channel has no 'project_id': whoever reaches it can speak there, "
                "so nobody is ever verified."
            )

    async def _keys(self) -> Sequence[Mapping[str, Any]]:
        return several(await self.client.get(self.keys_url), "keys")

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        routes = Blueprint(f"{self.name}_webhook", url_prefix=f"/webhooks/{self.name}")

        @routes.get("/", name="health")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        @routes.post("/webhook", name="receive")
        async def receive(request: Request) -> HTTPResponse:
            return json_response(await self.receive(request, gate))

        async def release(_: Any) -> None:
            await self.client.close()

        app.blueprint(routes)
        app.register_listener(release, "after_server_stop")

    async def receive(self, request: Request, gate: Gate) -> Mapping[str, Any]:
        """Return the message that answers one event; an empty one where nothing is said. Raises Refusal."""
        await self._check(request)
        message = self.hear(body(request))
        if message is None:
            return {}
        if message.text.startswith(MARK):
            known = recalled(await gate.latest(message.sender_id), message.text)
            message = replace(message, text=known or str(message.metadata.get("title") or message.text))
        try:
            return answer(await gate.receive(message))
        except LimitError as error:
            return {"text": error.sentence}

    async def _check(self, request: Request) -> None:
        """Refuse what Google did not sign for this app. Raises Refusal."""
        if self.keys is None:
            return
        issuer = GOOGLE if self.by_address else CHAT
        try:
            token = bearer(request.headers.get("Authorization"))
            claims, _ = await self.keys.claims(token, issuer, self.audience)
        except NotTaken as trouble:
            raise Refusal(
                503, "Unavailable", "Google's keys cannot be fetched.", {"Retry-After": "2"}
            ) from trouble
        if self.by_address and (claims.get("email") != CHAT or claims.get("email_verified") is not True):
            raise unsigned("Google Chat")

    def hear(self, told: Mapping[str, Any]) -> UserMessage | None:
        """Return what an event says: a message, a pressed button, that the app was added or removed."""
        message, space = part(told, "message"), part(told, "space")
        user = part(message, "sender") if told.get("type") == "MESSAGE" else part(told, "user")
        room = space.get("type") == "ROOM" or space.get("spaceType") == "SPACE"
        moment = f"{word(message, 'name') or word(space, 'name')}:{word(told, 'eventTime')}"
        about: dict[str, Any] = {"room": word(space, "displayName") if room else None}
        if told.get("type") == "MESSAGE":
            text, message_id = word(message, "argumentText") or word(message, "text"), word(message, "name")
            files = several(message, "attachment")
            about |= {"attachments": files} if files else {}
            text = text if text.strip() else " ".join(word(one, "downloadUri") for one in files)
        elif told.get("type") == "CARD_CLICKED":
            text, about["title"] = _pressed(told)
            message_id = moment
        else:
            text, message_id = GIVEN.get(word(told, "type"), ("", ""))[room], moment
        who, where = word(user, "name").removeprefix("users/"), word(space, "name").removeprefix("spaces/")
        if not (who and text.strip() and message_id) or user.get("type") == "BOT":
            return None
        return UserMessage(
            kept(text),
            sender_id=f"{who}_{where}" if room else who,
            channel=self.name,
            message_id=within(message_id),
            metadata=told_beside(about),
            authenticated=self.keys is not None,
        )


def _pressed(told: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a pressed button says, and what it is called; a card of one's own may say its method, as in Rasa."""
    action = part(told, "action")
    given = {word(one, "key"): word(one, "value") for one in several(action, "parameters")}
    said = given.get("payload") or word(action, "actionMethodName")
    return said, given.get("title") or said


def answer(replies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return replies as one message: texts first, and from the first card on everything on cards."""
    texts: list[str] = []
    cards: list[dict[str, Any]] = []
    message: dict[str, Any] = {}
    for reply in replies:
        custom = reply.get("custom")
        if isinstance(custom, Mapping):
            texts += [str(custom["text"])] if custom.get("text") else []
            cards += map(dict, several(custom, "cardsV2"))
            message |= {key: value for key, value in custom.items() if key not in ("text", "cardsV2")}
            continue
        widgets = _widgets(reply)
        text = str(reply.get("text") or reply.get("attachment") or "")
        if widgets or cards:
            paragraph = [{"textParagraph": {"text": escape(text, quote=False)}}] if text else []
            cards.append({"card": {"sections": [{"widgets": [*paragraph, *widgets]}]}})
        elif text:
            texts.append(_plain(text))
    if texts:
        parts = LIMIT.split("\n\n".join(texts))
        if len(parts) > 1:
            log.error("An answer for Google Chat was cut: it has more than %d bytes.", LIMIT.most)
        message["text"] = parts[0]
    if cards:
        named = [{"cardId": f"card{number}", **card} for number, card in enumerate(cards, 1)]
        message["cardsV2"] = named
    return message


def _widgets(reply: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what of a reply stands on a card: a picture, buttons."""
    if reply.get("image"):
        return [{"image": {"imageUrl": str(reply["image"])}}]
    element = (reply.get("metadata") or {}).get("element")
    pictured = element.get("image_url") if isinstance(element, Mapping) else None
    widgets: list[dict[str, Any]] = [{"image": {"imageUrl": pictured}}] if isinstance(pictured, str) else []
    buttons = [_button(choice.title, choice.payload, choice.url) for choice in choices(reply.get("buttons"))]
    return [*widgets, {"buttonList": {"buttons": buttons}}] if buttons else widgets


def _button(title: str, payload: str, url: str | None) -> dict[str, Any]:
    shown = shortened(title, 100)
    if url:
        return {"text": shown, "onClick": {"openLink": {"url": url}}}
    said = payload if len(payload) <= LONGEST_PAYLOAD else stand_in(payload)
    parameters = [{"key": "payload", "value": said}, {"key": "title", "value": title}]
    return {"text": shown, "onClick": {"action": {"function": "choice", "parameters": parameters}}}


def _plain(text: str) -> str:
    """Return a text that calls nobody and hides no address behind another name."""
    return _MARKUP.sub("<\u200b", text)

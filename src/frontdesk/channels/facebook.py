"""Facebook Messenger: signed events of a page, messages over the Send API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, text

from frontdesk.channels.choices import Choice
from frontdesk.channels.http import Refusal
from frontdesk.channels.lines import NotTaken
from frontdesk.channels.reading import address_in, needed, part, same, several, signed, unsigned, word
from frontdesk.channels.texts import Limit, as_utf16, shortened
from frontdesk.channels.vendor import BUSY, Answer, Post, Vendor, address, pause, refusal
from frontdesk.channels.webhook import Heard, WebhookChannel

TEMPLATE_TEXT = Limit(640, as_utf16)
TEMPLATE_BUTTONS = 3
TITLE = 20  # characters of a button's title
CARD_TITLE = 80
TOO_OFTEN = frozenset({4, 17, 32, 341, 613, 80006})
PASSING = frozenset({1, 2, 1200})
"""Codes of errors after which the same may go well a moment later."""
LATER = 5.0  # seconds, after an error that means too often and names no time


class FacebookChannel(WebhookChannel):
    """Takes the events of a page at /webhooks/facebook/webhook, and answers over the Send API.

    Rasa's options: `verify` (the token that is shown when the webhook is set up), `secret` (the app's secret, with
    which events are signed), `page-access-token`. Ours: `api_url` (with the API's version), `proxy`.
    """

    name = "facebook"
    vendor = "Facebook"
    known = frozenset({"verify", "secret", "page-access-token", "api_url", "proxy"})
    conversations = re.compile(r"([A-Za-z0-9_.-]{1,100})")
    """The person's id within the page, as in Rasa."""
    limit = Limit(2_000, as_utf16)
    most_choices = 13
    longest_payload = 1_000

    def api(self) -> Vendor:
        """Return the client of the Send API."""
        options, app = self.options, "the app's pages at developers.facebook.com"
        self.verify = needed(options, "verify", self.name, "where you made it up: the webhook's set-up")
        self.app_secret = needed(options, "secret", self.name, app)
        token = needed(options, "page-access-token", self.name, app)
        proof = signed(self.app_secret, token.encode())
        return Vendor(
            address(options, "api_url", "https://graph.facebook.com/v25.0", self.name),
            params={"access_token": token, "appsecret_proof": proof},
            proxy=options.get("proxy") or None,
            judge=_judged,
        )

    def add_routes(self, routes: Blueprint) -> None:
        """Add the answer to Facebook's question whether the webhook is ours."""

        @routes.get("/webhook", name="verify")
        async def verify(request: Request) -> HTTPResponse:
            if request.args.get("hub.mode") != "subscribe" or not same(
                request.args.get("hub.verify_token"), self.verify
            ):
                raise Refusal(403, "NotAuthorized", "This is not the token of this webhook.")
            return text(request.args.get("hub.challenge", ""))

    async def check(self, request: Request) -> None:
        """Refuse what is not signed with the app's secret. Raises Refusal."""
        if not same(
            request.headers.get("X-Hub-Signature-256"), f"sha256={signed(self.app_secret, request.body)}"
        ):
            raise unsigned(self.vendor)

    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return the messages and pressed buttons, in their order; echoes, receipts and reactions are none."""
        found = [
            _heard(event, word(entry, "id"))
            for entry in several(told, "entry")
            for event in several(entry, "messaging")
        ]
        return [heard for heard in found if heard is not None]

    def acknowledged(self) -> HTTPResponse:
        """Return what Rasa does."""
        return text("success")

    def text(self, text: str, place: str) -> Post:
        """Return a text."""
        return _post({"text": text}, place)

    def offer(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return up to three choices as buttons that stay, more as quick replies."""
        if len(offered) <= TEMPLATE_BUTTONS:
            *first, last = TEMPLATE_TEXT.split(text)
            shown = {"template_type": "button", "text": last, "buttons": self._buttons(offered)}
            return [*(self.text(part, place) for part in first), _template(shown, place)]
        links = [f"{choice.title}: {choice.url}" for choice in offered if choice.url]
        replies = [
            {"content_type": "text", "title": shortened(choice.title, TITLE), "payload": self.says(choice)}
            for choice in offered
            if not choice.url
        ]
        posts = [self.text(part, place) for part in self.limit.joined(links)]
        return [*posts, _post({"text": text, "quick_replies": replies} if replies else {"text": text}, place)]

    def card(
        self, element: Mapping[str, Any], text: str, offered: Sequence[Choice], place: str
    ) -> list[Post]:
        """Return a card as a generic template."""
        title, subtitle = (shortened(word(element, key), CARD_TITLE) for key in ("title", "subtitle"))
        if not title or len(offered) > TEMPLATE_BUTTONS:
            return super().card(element, text, offered, place)
        shown: dict[str, Any] = {"title": title}
        shown |= {"subtitle": subtitle} if subtitle else {}
        shown |= {key: element[key] for key in ("image_url", "default_action") if element.get(key)}
        shown |= {"buttons": self._buttons(offered)} if offered else {}
        return [_template({"template_type": "generic", "elements": [shown]}, place)]

    def picture(self, address: str, place: str) -> Post:
        """Return a picture, which Facebook fetches."""
        return _post({"attachment": {"type": "image", "payload": {"url": address}}}, place)

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return an attachment in Facebook's form, or a file at an address."""
        if "type" in attached and "payload" in attached:
            return _post({"attachment": dict(attached)}, place)
        return _post({"attachment": {"type": "file", "payload": {"url": address_in(attached)}}}, place)

    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return a message as it is; `sender` may name another person, as in Rasa."""
        message = {key: value for key, value in custom.items() if key != "sender"}
        return _post(message, word(part(custom, "sender"), "id") or place)

    def signs(self, heard: Heard) -> Sequence[Post]:
        """Return that the message was seen and is being answered."""
        person = {"recipient": {"id": heard.place}}
        return [
            Post("/me/messages", {**person, "sender_action": sign}) for sign in ("mark_seen", "typing_on")
        ]

    def _buttons(self, offered: Sequence[Choice]) -> list[dict[str, Any]]:
        return [
            {"type": "web_url", "title": shortened(choice.title, TITLE), "url": choice.url}
            if choice.url
            else {"type": "postback", "title": shortened(choice.title, TITLE), "payload": self.says(choice)}
            for choice in offered
        ]


def _post(message: Mapping[str, Any], place: str) -> Post:
    content = {"recipient": {"id": place}, "messaging_type": "RESPONSE", "message": dict(message)}
    return Post("/me/messages", content)


def _template(payload: Mapping[str, Any], place: str) -> Post:
    return _post({"attachment": {"type": "template", "payload": payload}}, place)


def _judged(answer: Answer) -> NotTaken | None:
    """Return why Facebook did not take something; whether to try again stands in the body."""
    trouble = refusal(answer)
    error = part(answer.json(), "error") if trouble is not None else {}
    code = error.get("code")
    if trouble is None or not isinstance(code, int):
        return trouble
    why = f"{trouble.why[:-1]} (code {code})."
    if code in TOO_OFTEN or answer.status == BUSY:
        told = answer.headers.get("Retry-After")
        return NotTaken(why, after=pause(told) if told else LATER)
    return NotTaken(
        why, final=trouble.final and code not in PASSING and error.get("is_transient") is not True
    )


def _heard(event: Mapping[str, Any], page: str) -> Heard | None:
    who = word(part(event, "sender"), "id")
    message, postback = part(event, "message"), part(event, "postback")
    if not who or who == page or message.get("is_echo") is True or message.get("is_deleted") is True:
        return None
    moment = f"{who}:{word(event, 'timestamp')}"
    if postback:
        said, title = word(postback, "payload"), word(postback, "title")
        return _said(said, who, word(postback, "mid") or moment, {}, title or said)
    files = [
        {"type": word(one, "type"), "url": word(part(one, "payload"), "url")}
        for one in several(message, "attachments")
    ]
    about = {"attachments": files} if files else {}
    pressed = word(part(message, "quick_reply"), "payload")
    message_id = word(message, "mid") or moment
    if pressed:
        return _said(pressed, who, message_id, about, word(message, "text") or pressed)
    return _said(word(message, "text") or _shown(message), who, message_id, about, None)


def _shown(message: Mapping[str, Any]) -> str:
    """Return what a message without words says: the address of its first attachment, as in Rasa, or where it is."""
    for one in several(message, "attachments"):
        at = part(one, "payload", "coordinates")
        if at:
            return json.dumps({"lng": at.get("long"), "lat": at.get("lat")})
        return word(part(one, "payload"), "url")
    return ""


def _said(words: str, who: str, message_id: str, about: Mapping[str, Any], title: str | None) -> Heard | None:
    return Heard(words, who, message_id, who, about, title=title) if words.strip() else None

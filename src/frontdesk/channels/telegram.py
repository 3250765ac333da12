"""Telegram's Bot API: updates at a webhook that is set at the start, messages with inline keyboards."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sanic import Request

from frontdesk.channels.choices import Choice
from frontdesk.channels.lines import NotTaken
from frontdesk.channels.reading import address_in, needed, part, same, signed, unsigned, word
from frontdesk.channels.texts import Limit, as_utf16, shortened
from frontdesk.channels.vendor import BUSY, Answer, Post, Vendor, address, pause, refusal
from frontdesk.channels.webhook import Heard, WebhookChannel
from frontdesk.errors import ConfigError

log = logging.getLogger("frontdesk.channels")

UPDATES = ["message", "callback_query"]
CALLBACK = "callback:"
"""Begins the message ids of pressed buttons."""
ROW = 3  # short buttons beside one another
SHORT = 12  # characters of a short button
METHODS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("text",), "sendMessage"), (("photo",), "sendPhoto"), (("audio",), "sendAudio"), (("document",), "sendDocument"),
    (("sticker",), "sendSticker"), (("video",), "sendVideo"), (("video_note",), "sendVideoNote"),
    (("animation",), "sendAnimation"), (("voice",), "sendVoice"), (("media",), "sendMediaGroup"),
    (("latitude", "longitude", "title", "address"), "sendVenue"), (("latitude", "longitude"), "sendLocation"),
    (("phone_number", "first_name"), "sendContact"), (("game_short_name",), "sendGame"),
    (("action",), "sendChatAction"), (("title", "description", "payload", "currency", "prices"), "sendInvoice"),
)  # fmt: skip
"""What a custom reply holds, and the method that sends it, as in Rasa."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class TelegramChannel(WebhookChannel):
    """Takes Telegram's updates at /webhooks/telegram/webhook.

    At the start it tells Telegram its address, and a secret that each update has to show. Rasa's options:
    `access_token`, `verify` (the bot's user name), `webhook_url`. Ours: `secret_token` (else one is made of the
    installation's secret), `api_url`, `proxy`.
    """

    name = "telegram"
    vendor = "Telegram"
    known = frozenset({"access_token", "verify", "webhook_url", "secret_token", "api_url", "proxy"})
    conversations = re.compile(r"(-?\d{1,20})(_\d{1,20})?")
    limit = Limit(4_096, as_utf16)
    most_choices = 100
    longest_payload = 64

    def api(self) -> Vendor:
        """Return the client of the API."""
        options = self.options
        token = needed(options, "access_token", self.name, "@BotFather")
        needed(
            options,
            "webhook_url",
            self.name,
            "this server's public address: https://HOST/webhooks/telegram/webhook",
        )
        self.webhook_url = address(options, "webhook_url", "", self.name)
        self.verify = str(options.get("verify") or "").removeprefix("@")
        self.method = f"/bot{token}/"
        self.shown = str(options.get("secret_token") or signed(self.secret, f"telegram {token}".encode()))
        if not _SECRET.fullmatch(self.shown):
            hint = "It can have up to 256 letters, digits, '_' and '-'."
            raise ConfigError("'secret_token' of the telegram channel cannot be used.", hint=hint)
        url = address(options, "api_url", "https://api.telegram.org", self.name)
        return Vendor(url, proxy=options.get("proxy") or None, judge=_judged)

    async def begin(self) -> None:
        """Look who the bot is, and tell Telegram where updates go. Raises NotTaken."""
        me = part((await self.client.post(Post(f"{self.method}getMe", {}))).json(), "result")
        if self.verify and self.verify != me.get("username"):
            log.error(
                "'verify' of the telegram channel is '%s', and the bot is '%s'.",
                self.verify,
                me.get("username"),
            )
        asked = {"url": self.webhook_url, "secret_token": self.shown, "allowed_updates": UPDATES}
        await self.client.post(Post(f"{self.method}setWebhook", asked))

    async def check(self, request: Request) -> None:
        """Refuse what does not show the secret. Raises Refusal."""
        if not same(request.headers.get("X-Telegram-Bot-Api-Secret-Token"), self.shown):
            raise unsigned(self.vendor)

    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return the message or the pressed button of an update; edits and what bots say are not heard."""
        pressed = part(told, "callback_query")
        if pressed:
            heard = _pressed(pressed)
            return [heard] if heard is not None else []
        heard = _written(part(told, "message"))
        if heard is None:
            return []
        if heard.text == "/restart":  # as in Rasa, the conversation begins anew at once
            start = Heard(
                "/start", heard.conversation, f"{heard.message_id}:start", heard.place, heard.metadata
            )
            return [heard, start]
        return [heard]

    def text(self, text: str, place: str) -> Post:
        """Return a text, which is shown as it is."""
        return self._post("sendMessage", place, text=text)

    def offer(self, text: str, offered: Sequence[Choice], place: str) -> list[Post]:
        """Return a text with an inline keyboard."""
        buttons = [
            {"text": shortened(choice.title, 64)}
            | ({"url": choice.url} if choice.url else {"callback_data": self.says(choice)})
            for choice in offered
        ]
        beside = ROW if all(len(choice.title) <= SHORT for choice in offered) else 1
        rows = [buttons[n : n + beside] for n in range(0, len(buttons), beside)]
        return [self._post("sendMessage", place, text=text, reply_markup={"inline_keyboard": rows})]

    def picture(self, address: str, place: str) -> Post:
        """Return a photo, which Telegram fetches."""
        return self._post("sendPhoto", place, photo=address)

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return a document, which Telegram fetches."""
        return self._post("sendDocument", place, document=address_in(attached))

    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return what is sent by the method for what it holds; `chat_id` may name another chat, as in Rasa."""
        for keys, method in METHODS:
            if all(custom.get(key) is not None for key in keys):
                return self._post(method, place, **custom)
        raise ValueError("'custom' holds nothing that Telegram has a method for")

    def signs(self, heard: Heard) -> Sequence[Post]:
        """Return that a press was noted: until then the button shows that it works."""
        if not heard.message_id.startswith(CALLBACK):
            return ()
        query = heard.message_id.removeprefix(CALLBACK)
        return (Post(f"{self.method}answerCallbackQuery", {"callback_query_id": query}),)

    def _post(self, method: str, place: str, **content: Any) -> Post:
        chat, _, thread = place.partition("/")
        inside = {"message_thread_id": int(thread)} if thread else {}
        return Post(f"{self.method}{method}", {"chat_id": int(chat), **inside, **content})


def _judged(answer: Answer) -> NotTaken | None:
    """Return why Telegram did not take something; how long it is to be left alone stands in the body."""
    trouble = refusal(answer)
    if trouble is None or answer.status != BUSY:
        return trouble
    seconds = part(answer.json(), "parameters").get("retry_after")
    return NotTaken(trouble.why, after=pause(str(seconds) if seconds else answer.headers.get("Retry-After")))


def _written(message: Mapping[str, Any]) -> Heard | None:
    about: dict[str, Any] = {}
    location = part(message, "location")
    text = word(message, "text") or word(message, "caption")
    if location and not text:
        text = json.dumps({"lng": location.get("longitude"), "lat": location.get("latitude")})
    text = re.sub(r"^/bot(\s+|$)", "", text)
    files = [kind for kind in ("photo", "document", "audio", "video", "voice") if message.get(kind)]
    if files:
        about["attachments"] = [{"type": kind, "file": message[kind]} for kind in files]
    return _heard(message, part(message, "from"), text, word(message, "message_id"), about=about)


def _pressed(query: Mapping[str, Any]) -> Heard | None:
    message, data = part(query, "message"), word(query, "data")
    titles = {
        word(button, "callback_data"): word(button, "text")
        for row in part(message, "reply_markup").get("inline_keyboard") or ()
        if isinstance(row, list)
        for button in row
        if isinstance(button, Mapping)
    }
    title = str(titles.get(data) or data)
    heard = _heard(message, part(query, "from"), data, "0", title=title)
    own = word(query, "id")
    if heard is None or not own:
        return None
    return replace(heard, message_id=f"{CALLBACK}{own}", metadata={**heard.metadata, "title": title})


def _heard(
    message: Mapping[str, Any],
    user: Mapping[str, Any],
    text: str,
    message_id: str,
    *,
    title: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> Heard | None:
    chat = part(message, "chat")
    where, who = word(chat, "id"), word(user, "id")
    if not (where and who and text.strip() and message_id) or user.get("is_bot") is True:
        return None
    # Several people are in a group: each has a conversation of their own there.
    own = where if chat.get("type") == "private" else f"{where}_{who}"
    thread = word(message, "message_thread_id") if message.get("is_topic_message") is True else ""
    known = {key: user[key] for key in ("id", "username", "language_code") if user.get(key)}
    place = f"{where}/{thread}" if thread else where
    return Heard(text, own, f"{where}:{message_id}", place, {"user": known, **(about or {})}, title=title)

"""Telegram: the Bot API (9.2), as far as the channel uses it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import httpx

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, Reply
from tests.conftest import Server, until
from tests.vendors.vendor import Vendor, VendorClient, numbers

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
BOT = {"id": 110201543, "is_bot": True, "first_name": "Desk", "username": "desk_bot"}


class Telegram(Vendor):
    """Knows one bot; keeps the webhook that was set, and which queries were answered."""

    name = "telegram"
    secrets = (TOKEN,)

    def __init__(self) -> None:
        super().__init__()
        told = {"ok": False, "error_code": 429, "parameters": {"retry_after": 1}}
        self.busy = Reply(told, status=429, headers={"Retry-After": "600"})
        self.webhook: Mapping[str, Any] = {}
        self.unreachable = 0
        self.answered: list[str] = []

    @property
    def options(self) -> str:
        url = "https://desk.example/webhooks/telegram/webhook"
        return (
            f"access_token: '{TOKEN}', verify: desk_bot, webhook_url: '{url}', api_url: '{self.server.url}'"
        )

    def api(self, asked: Asked) -> Any:
        if asked.path == f"/bot{TOKEN}/getMe":
            self.unreachable -= 1
            return Reply(b"", status=502) if self.unreachable >= 0 else {"ok": True, "result": BOT}
        if asked.path == f"/bot{TOKEN}/setWebhook":
            self.webhook = asked.body
            return {"ok": True, "result": True}
        if asked.path == f"/bot{TOKEN}/answerCallbackQuery":
            self.answered.append(asked.body["callback_query_id"])
            return {"ok": True, "result": True}
        return None

    def refusal(self, asked: Asked) -> Reply | None:
        if not asked.path.startswith(f"/bot{TOKEN}/"):
            return Reply({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        fine = isinstance(asked.body.get("chat_id"), int) and is_message(
            asked.path.rpartition("/")[2], asked.body
        )
        return (
            None
            if fine
            else Reply({"ok": False, "error_code": 400, "description": "Bad Request"}, status=400)
        )

    def taken(self, asked: Asked) -> Any:
        return {"ok": True, "result": {"message_id": next(numbers), "chat": {"id": asked.body["chat_id"]}}}


def is_message(method: str, body: Mapping[str, Any]) -> bool:
    """Tell whether a method takes a body, by the limits that are documented."""
    if method == "sendPhoto":
        return bool(body.get("photo"))
    rows = body.get("reply_markup", {}).get("inline_keyboard", [])
    buttons = [button for row in rows for button in row]
    return (
        method == "sendMessage"
        and 0 < len(body.get("text", "").encode("utf-16-le")) <= 2 * 4096
        and len(buttons) <= 100
        and all(len(row) <= 8 for row in rows)
        and all(button["text"] for button in buttons)
        and all("url" in b or 1 <= len(b["callback_data"].encode()) <= 64 for b in buttons)
    )


class TelegramClient(VendorClient):
    """People who write to the bot in private."""

    name = "telegram"
    vendor: Telegram

    def __init__(self, server: Server, vendor: Telegram) -> None:
        super().__init__(server, vendor)
        until(lambda: vendor.webhook, "the webhook is set", lambda: self.log)

    def chat(self, sender: str) -> int:
        return zlib.crc32(sender.encode())

    def conversation(self, sender: str) -> str:
        return str(self.chat(sender))

    def message(self, sender: str, message_id: str = "1", **more: Any) -> dict[str, Any]:
        chat = self.chat(sender)
        return {
            "message_id": zlib.crc32(message_id.encode()), "date": 1_700_000_000,
            "from": {"id": chat, "is_bot": False, "first_name": "Ann", "language_code": "en"},
            "chat": {"id": chat, "type": "private", "first_name": "Ann"}, **more,
        }  # fmt: skip

    def event(self, text: str, sender: str, message_id: str, **more: Any) -> dict[str, Any]:
        return {"update_id": next(numbers), "message": self.message(sender, message_id, text=text, **more)}

    def press(self, said: Said, number: int, sender: str, message_id: str) -> dict[str, Any]:
        title, data = said.buttons[number]
        markup = {"inline_keyboard": [[{"text": title, "callback_data": data}]]}
        message = self.message(sender, "shown", text=said.text, **{"from": BOT}, reply_markup=markup)
        user = self.message(sender)["from"]
        query = {
            "id": f"query-{message_id}",
            "from": user,
            "message": message,
            "chat_instance": "1",
            "data": data,
        }
        return {"update_id": next(numbers), "callback_query": query}

    def others(self, sender: str) -> list[Any]:
        edited = self.message(sender, "edited", text="other words", edit_date=1_700_000_001)
        by_bot = {"from": BOT}
        return [
            {"update_id": next(numbers), "edited_message": edited},
            {"update_id": next(numbers), "channel_post": self.message(sender, "post", text="news")},
            {"update_id": next(numbers), "my_chat_member": {"chat": {"id": self.chat(sender)}}},
            {"update_id": next(numbers), "message_reaction": {"chat": {"id": self.chat(sender)}}},
            self.event("by a bot", sender, "bot", **by_bot),
            {"update_id": next(numbers), "message": self.message(sender, "st", sticker={"emoji": "x"})},
            {"update_id": next(numbers), "message": self.message(sender, "pin", pinned_message={})},
        ]

    def headers(self, secret: str) -> dict[str, str]:
        return {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret}

    def tell(self, told: Any) -> httpx.Response:
        return self.deliver(json.dumps(told), self.headers(self.vendor.webhook["secret_token"]))

    def forged(self, told: Any) -> list[httpx.Response]:
        content = json.dumps(told)
        without = self.deliver(content, {"Content-Type": "application/json"})
        return [without, *(self.deliver(content, self.headers(shown)) for shown in ("", "x", TOKEN))]

    def is_for(self, asked: Asked, sender: str) -> bool:
        return bool(asked.body["chat_id"] == self.chat(sender))

    def said(self, asked: Asked) -> Said:
        content = {key: value for key, value in asked.body.items() if key != "chat_id"}
        if "photo" in content:
            return Said(image=content["photo"])
        if "blocks" in content:
            return Said(custom=content)
        rows = content.get("reply_markup", {}).get("inline_keyboard", [])
        return Said(content["text"], tuple((b["text"], b["callback_data"]) for row in rows for b in row))

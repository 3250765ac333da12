"""Facebook Messenger: the Send API (v25.0), as far as the channel uses it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import httpx

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, Reply
from tests.vendors.vendor import Vendor, VendorClient, numbers

VERIFY, SECRET, TOKEN, PAGE = "the-verify-token", "the-secret-of-the-app", "EAAGm0PX4ZCpsBAtoken", "PAGE1"


class Facebook(Vendor):
    """Takes messages of one page, and remembers what people were shown beside them."""

    name = "facebook"
    secrets = (SECRET, TOKEN, VERIFY)

    def __init__(self) -> None:
        super().__init__()
        self.signs: list[tuple[str, str]] = []

    @property
    def options(self) -> str:
        return f"verify: {VERIFY}, secret: {SECRET}, page-access-token: {TOKEN}, api_url: '{self.server.url}/v25.0'"

    def api(self, asked: Asked) -> Any:
        if "sender_action" in asked.body:
            self.signs.append((asked.body["recipient"]["id"], asked.body["sender_action"]))
            return {"recipient_id": asked.body["recipient"]["id"]}
        return None

    def refusal(self, asked: Asked) -> Reply | None:
        proof = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
        if asked.params != {"access_token": TOKEN, "appsecret_proof": proof}:
            return Reply({"error": {"code": 190, "type": "OAuthException"}}, status=400)
        fine = (
            asked.path == "/v25.0/me/messages"
            and asked.body["messaging_type"] == "RESPONSE"
            and bool(asked.body["recipient"]["id"])
            and is_message(asked.body["message"])
        )
        return None if fine else Reply({"error": {"code": 100, "type": "OAuthException"}}, status=400)

    def taken(self, asked: Asked) -> Any:
        return {"recipient_id": asked.body["recipient"]["id"], "message_id": f"m_{next(numbers)}"}


def is_message(message: Mapping[str, Any]) -> bool:
    """Tell whether the Send API takes a message, by the limits that are documented."""
    attachment, text = message.get("attachment"), message.get("text")
    if (attachment is None) == (text is None):
        return False
    if text is not None:
        replies = message.get("quick_replies", [])
        return (
            0 < len(text.encode("utf-16-le")) <= 2 * 2_000
            and len(replies) <= 13
            and all(0 < len(one["title"]) <= 20 and 0 < len(one["payload"]) <= 1_000 for one in replies)
        )
    payload = attachment["payload"]
    if attachment["type"] != "template":
        return bool(payload.get("url"))
    buttons = payload["buttons"] if payload["template_type"] == "button" else []
    elements = payload.get("elements", [])
    return (
        all(0 < len(one["title"]) <= 20 and len(one.get("payload", "x")) <= 1_000 for one in buttons)
        and (payload["template_type"] != "button" or (1 <= len(buttons) <= 3 and len(payload["text"]) <= 640))
        and all(0 < len(one["title"]) <= 80 and len(one.get("buttons", [])) <= 3 for one in elements)
    )


class FacebookClient(VendorClient):
    """People who write to the page."""

    name = "facebook"
    vendor: Facebook

    def event(self, text: str, sender: str, message_id: str, **more: Any) -> dict[str, Any]:
        return self.events(sender, message={"mid": f"m_{message_id}", "text": text, **more})

    def events(self, sender: str, **event: Any) -> dict[str, Any]:
        told = {"sender": {"id": sender}, "recipient": {"id": PAGE}, "timestamp": 1_700_000_000_000, **event}
        return {"object": "page", "entry": [{"id": PAGE, "time": 1_700_000_000_000, "messaging": [told]}]}

    def press(self, said: Said, number: int, sender: str, message_id: str) -> dict[str, Any]:
        title, payload = said.buttons[number]
        return self.events(sender, postback={"mid": f"m_{message_id}", "title": title, "payload": payload})

    def others(self, sender: str) -> list[Any]:
        by_page = self.event("by the page", PAGE, "page")
        standby = self.event("to a person", sender, "standby")
        standby["entry"][0]["standby"] = standby["entry"][0].pop("messaging")
        return [
            self.event("an echo", sender, "echo", is_echo=True, app_id=1),
            self.events(sender, delivery={"mids": ["m_1"], "watermark": 1}),
            self.events(sender, read={"watermark": 1}),
            self.events(sender, reaction={"mid": "m_1", "action": "react", "emoji": "x"}),
            self.events(sender, message_edit={"mid": "m_1", "text": "edited", "num_edit": 1}),
            {"object": "page", "entry": [{"id": PAGE, "changes": [{"field": "feed", "value": {}}]}]},
            by_page,
            standby,
        ]

    def tell(self, told: Any) -> httpx.Response:
        content = json.dumps(told).encode()
        return self.send(content, self.signature(content))

    def signature(self, content: bytes, secret: str = SECRET) -> str:
        return f"sha256={hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()}"

    def send(self, content: bytes, signature: str | None) -> httpx.Response:
        shown = {"X-Hub-Signature-256": signature.encode()} if signature is not None else {}
        return self.deliver(content, {"Content-Type": b"application/json", **shown})

    def forged(self, told: Any) -> list[httpx.Response]:
        content = json.dumps(told).encode()
        right = self.signature(content)
        shown = [
            None,
            "",
            "sha256=",
            right.removeprefix("sha256="),
            self.signature(content, TOKEN),
            "sha256=ü",
        ]
        made = [self.send(content, one) for one in shown]
        return [*made, self.send(content + b" ", right)]

    def is_for(self, asked: Asked, sender: str) -> bool:
        return bool(asked.body["recipient"]["id"] == sender)

    def said(self, asked: Asked) -> Said:
        message = asked.body["message"]
        attachment = message.get("attachment", {})
        if "blocks" in message:
            return Said(custom=message)
        if attachment.get("type") == "image":
            return Said(image=attachment["payload"]["url"])
        shown = attachment.get("payload", message)
        buttons = shown.get("buttons") or shown.get("quick_replies") or []
        return Said(shown["text"], tuple((one["title"], one["payload"]) for one in buttons))

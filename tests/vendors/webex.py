"""Webex: its API v1, as far as the channel uses it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, Reply
from tests.vendors.vendor import Vendor, VendorClient, numbers

TOKEN, HOOK, ME = "the-token-of-the-bot", "the-secret-of-the-webhook", "personDESK"


class Webex(Vendor):
    """Keeps the messages that people wrote, and takes those of one bot."""

    name = "webexteams"
    secrets = (TOKEN, HOOK)

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, dict[str, Any]] = {}
        self.down = 0
        self.fetched: list[str] = []

    @property
    def options(self) -> str:
        return f"access_token: {TOKEN}, secret: {HOOK}, api_url: '{self.server.url}/v1'"

    def api(self, asked: Asked) -> Any:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply({"message": "The request requires a valid access token."}, status=401)
        if asked.path == "/v1/people/me":
            return {"id": ME, "displayName": "Desk", "emails": ["desk@webex.bot"], "type": "bot"}
        if asked.method != "GET":
            return None
        name = asked.path.rpartition("/")[2]
        self.fetched.append(name)
        if self.down:
            self.down -= 1
            return Reply({"message": "Bad Gateway"}, status=502)
        return self.written.get(asked.path.removeprefix("/v1/"), Reply({"message": "Not found"}, status=404))

    def refusal(self, asked: Asked) -> Reply | None:
        body = asked.body
        cards = body.get("attachments", [])
        fine = (
            asked.path == "/v1/messages"
            and bool(body.get("roomId"))
            and bool(body.get("text") or body.get("files"))
            and len(body.get("text", "").encode()) <= 7_439
            and len(body.get("files", [])) <= 1
            and len(cards) <= 1
            and all(card["contentType"] == "application/vnd.microsoft.card.adaptive" for card in cards)
        )
        return None if fine else Reply({"message": "Bad Request"}, status=400)

    def taken(self, asked: Asked) -> Any:
        return {"id": f"message{next(numbers)}", **asked.body}


class WebexClient(VendorClient):
    """People who write to the bot directly."""

    name = "webexteams"
    vendor: Webex

    def conversation(self, sender: str) -> str:
        return f"room{sender}"

    def event(self, text: str, sender: str, message_id: str, **more: Any) -> dict[str, Any]:
        own = f"message-{sender}-{message_id}"
        message = {
            "id": own, "roomId": f"room{sender}", "roomType": "direct", "text": text, "personId": f"person{sender}",
            "personEmail": f"{sender.lower()}@example.com", "created": "2026-01-01T00:00:00.000Z", **more,
        }  # fmt: skip
        self.vendor.written.setdefault(f"messages/{own}", message)
        named = {key: message[key] for key in ("id", "roomId", "roomType", "personId", "personEmail")}
        return self.hook("messages", named)

    def hook(self, resource: str, named: dict[str, Any], event: str = "created") -> dict[str, Any]:
        return {
            "id": "webhook1", "name": "Desk", "resource": resource, "event": event, "orgId": "org1", "createdBy": ME,
            "appId": "app1", "ownedBy": "creator", "status": "active", "actorId": named.get("personId"), "data": named,
        }  # fmt: skip

    def press(self, said: Said, number: int, sender: str, message_id: str) -> dict[str, Any]:
        title, payload = said.buttons[number]
        if payload is None:
            return self.event(str(number + 1), sender, message_id)
        return self.submit({"action": payload, "title": title}, sender, message_id)

    def submit(self, inputs: Any, sender: str, message_id: str, room_type: str = "direct") -> dict[str, Any]:
        own, card, room = f"action-{sender}-{message_id}", f"card-{sender}-{message_id}", f"room{sender}"
        shown = {"id": card, "roomId": room, "roomType": room_type, "personId": ME}
        named = {
            "id": own, "type": "submit", "messageId": card, "personId": f"person{sender}", "roomId": room,
            "created": "2026-01-01T00:00:00.000Z",
        }  # fmt: skip
        self.vendor.written |= {
            f"attachment/actions/{own}": {**named, "inputs": inputs},
            f"messages/{card}": shown,
        }
        return self.hook("attachmentActions", named)

    def others(self, sender: str) -> list[Any]:
        written = self.event("hello", sender, "other")["data"]
        return [
            self.event("by the bot", sender, "bot", personId=ME),
            self.event("by another bot", sender, "bot2", personEmail="other@webex.bot"),
            self.hook("messages", written, "deleted"),
            self.hook("messages", written, "updated"),
            self.hook("messages", {**written, "id": "gone"}),
            self.hook("memberships", written),
        ]

    def tell(self, told: Any) -> httpx.Response:
        content = json.dumps(told).encode()
        return self.send(content, self.signature(content))

    def signature(self, content: bytes, secret: str = HOOK) -> str:
        return hmac.new(secret.encode(), content, hashlib.sha1).hexdigest()

    def send(self, content: bytes, signature: str | None) -> httpx.Response:
        shown = {"X-Spark-Signature": signature} if signature is not None else {}
        return self.deliver(content, {"Content-Type": "application/json", **shown})

    def forged(self, told: Any) -> list[httpx.Response]:
        content = json.dumps(told).encode()
        shown = [None, "", "0" * 40, self.signature(content, TOKEN)]
        return [
            *(self.send(content, one) for one in shown),
            self.send(content + b" ", self.signature(content)),
        ]

    def is_for(self, asked: Asked, sender: str) -> bool:
        return bool(asked.body["roomId"] == f"room{sender}")

    def said(self, asked: Asked) -> Said:
        body = asked.body
        if "blocks" in body:
            return Said(custom={key: value for key, value in body.items() if key != "roomId"})
        if "files" in body:
            return Said(image=body["files"][0])
        actions = [action for card in body.get("attachments", []) for action in card["content"]["actions"]]
        return Said(body["text"], tuple((one["title"], one["data"]["action"]) for one in actions))

"""Rocket.Chat: its REST API, as far as the channel uses it."""

from __future__ import annotations

import json
from typing import Any

import httpx

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, Reply
from tests.vendors.vendor import Vendor, VendorClient, numbers

ADDRESS = "desk@chat.example"
USER, PASSWORD, HOOK = "desk", "the-password-of-the-desk", "the-token-of-the-webhook"


class RocketChat(Vendor):
    """Lets one user log in and post; a login lapses when a test says so."""

    name = "rocketchat"
    secrets = (PASSWORD, HOOK)

    def __init__(self) -> None:
        super().__init__()
        self.login = ""
        self.logins = 0

    @property
    def options(self) -> str:
        return f"user: {USER}, password: {PASSWORD}, server_url: '{self.server.url}', webhook_token: {HOOK}"

    def api(self, asked: Asked) -> Any:
        if asked.path != "/api/v1/login":
            return None
        if asked.body not in ({"user": name, "password": PASSWORD} for name in (USER, ADDRESS)):
            return Reply({"status": "error", "error": "Unauthorized"}, status=401)
        self.logins += 1
        self.login = f"login-{next(numbers)}"
        me = {"_id": "uDESK", "username": USER}
        return {"status": "success", "data": {"authToken": self.login, "userId": "uDESK", "me": me}}

    def refusal(self, asked: Asked) -> Reply | None:
        shown = asked.headers.get("x-auth-token"), asked.headers.get("x-user-id")
        if shown != (self.login, "uDESK"):
            return Reply({"status": "error", "message": "You must be logged in to do this."}, status=401)
        body = asked.body
        attachments = body.get("attachments", [])
        actions = [action for one in attachments for action in one.get("actions", [])]
        fine = (
            asked.path == "/api/v1/chat.postMessage"
            and bool(body.get("roomId") or body.get("channel"))
            and bool(body.get("text") or attachments)
            and len(body.get("text", "")) <= 5_000
            and all(action["type"] == "button" and action["text"] for action in actions)
        )
        return None if fine else Reply({"success": False, "error": "error-invalid"}, status=400)

    def taken(self, asked: Asked) -> Any:
        return {"success": True, "message": {"_id": f"m{next(numbers)}"}}


class RocketChatClient(VendorClient):
    """People who write in a room of their own, which the webhook listens to."""

    name = "rocketchat"

    def conversation(self, sender: str) -> str:
        return f"r{sender}_u{sender}"

    def event(self, text: str, sender: str, message_id: str, **more: Any) -> dict[str, Any]:
        return {
            "token": HOOK, "bot": False, "channel_id": f"r{sender}", "channel_name": None, "message_id": message_id,
            "timestamp": "2026-01-01T00:00:00.000Z", "user_id": f"u{sender}", "user_name": sender.lower(), "text": text,
            "siteUrl": "https://chat.example", **more,
        }  # fmt: skip

    def livechat(self, sender: str, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "_id": f"r{sender}", "label": sender, "type": "Message",
            "visitor": {"_id": "v", "token": "t", "name": sender, "username": "guest-1"},
            "messages": [{"username": "guest-1", "ts": "2026-01-01T00:00:00.000Z", **one} for one in messages], **more,
        }  # fmt: skip

    def press(self, said: Said, number: int, sender: str, message_id: str) -> dict[str, Any]:
        return self.event(str(said.buttons[number][1]), sender, message_id)

    def others(self, sender: str) -> list[Any]:
        words = {"msg": "to a person", "_id": "l1"}
        return [
            self.event("by the desk", sender, "own", user_name=USER),
            self.event("by a bot", sender, "bot", bot={"i": "x"}),
            self.event("edited", sender, "edited", isEdited=True),
            self.livechat(sender, words, agent={"username": "ann"}),
            self.livechat(sender, {**words, "agentId": "a1"}),
            self.livechat(sender, words, type="LivechatSession"),
            self.livechat(sender, {**words, "username": USER}),
        ]

    def tell(self, told: Any) -> httpx.Response:
        kind = {"Content-Type": "application/json", "X-RocketChat-Livechat-Token": HOOK}
        return self.deliver(
            json.dumps(told), {key: kind[key] for key in list(kind)[: 1 + ("token" not in told)]}
        )

    def forged(self, told: Any) -> list[httpx.Response]:
        without = {key: value for key, value in told.items() if key != "token"}
        kind = {"Content-Type": "application/json"}
        made = [without, {**told, "token": ""}, {**told, "token": PASSWORD}, {**told, "token": {"$ne": ""}}]
        wrong = {**kind, "X-RocketChat-Livechat-Token": "x"}
        return [
            *(self.deliver(json.dumps(one), kind) for one in made),
            self.deliver(json.dumps(without), wrong),
        ]

    def is_for(self, asked: Asked, sender: str) -> bool:
        return bool(asked.body["roomId"] == f"r{sender}")

    def said(self, asked: Asked) -> Said:
        body = asked.body
        if "blocks" in body:
            return Said(custom={key: value for key, value in body.items() if key != "roomId"})
        attachments = body.get("attachments", [])
        images = [one["image_url"] for one in attachments if "image_url" in one]
        if images:
            return Said(image=images[0])
        actions = [action for one in attachments for action in one.get("actions", [])]
        return Said(body["text"], tuple((action["text"], action["msg"]) for action in actions))

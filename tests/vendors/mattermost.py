"""Mattermost: its API v4, as far as the channel uses it."""

from __future__ import annotations

import json
from typing import Any

import httpx

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, Reply
from tests.vendors.vendor import Vendor, VendorClient, numbers

BOT, HOOK, ME = "the-token-of-the-bot", "the-token-of-the-outgoing-webhook", "botuserid"


class Mattermost(Vendor):
    """Takes the posts of one bot."""

    name = "mattermost"
    secrets = (BOT, HOOK)

    @property
    def options(self) -> str:
        url = "https://desk.example/webhooks/mattermost/webhook"
        return f"url: '{self.server.url}/api/v4', token: {BOT}, webhook_url: '{url}', webhook_token: [{HOOK}, another]"

    def api(self, asked: Asked) -> Any:
        if asked.path != "/api/v4/users/me":
            return None
        known = asked.headers.get("authorization") == f"Bearer {BOT}"
        return {"id": ME, "username": "desk"} if known else Reply({"status_code": 401}, status=401)

    def refusal(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") != f"Bearer {BOT}":
            return Reply({"id": "api.context.session_expired.app_error", "status_code": 401}, status=401)
        body = asked.body
        shown = body.get("props", {}).get("attachments", [])
        actions = [action for one in shown for action in one.get("actions", [])]
        fine = (
            asked.path == "/api/v4/posts"
            and bool(body.get("channel_id"))
            and (bool(body.get("message")) or bool(shown) or "blocks" in body)
            and len(body.get("message", "")) <= 16_383
            and all(action["id"].isalnum() and action["name"] for action in actions)
            and all(action["integration"]["url"].startswith("https://") for action in actions)
        )
        return None if fine else Reply({"id": "api.context.invalid_body_param.app_error"}, status=400)

    def taken(self, asked: Asked) -> Any:
        return Reply({"id": f"post{next(numbers)}", **asked.body}, status=201)


class MattermostClient(VendorClient):
    """People who write in a channel of their own, which the webhook listens to."""

    name = "mattermost"

    def conversation(self, sender: str) -> str:
        return f"c{sender}_u{sender}"

    def event(self, text: str, sender: str, message_id: str, **more: Any) -> dict[str, Any]:
        return {
            "token": HOOK, "team_id": "team", "team_domain": "desk", "channel_id": f"c{sender}", "channel_name": "town",
            "timestamp": 1_700_000_000, "user_id": f"u{sender}", "user_name": sender.lower(),
            "post_id": f"post{message_id}", "text": text, "trigger_word": "", "file_ids": "", **more,
        }  # fmt: skip

    def press(self, said: Said, number: int, sender: str, message_id: str) -> dict[str, Any]:
        posted = [action for asked in self.posted(sender) for action in self.actions(asked)]
        [action] = [one for one in posted if one["name"] == said.buttons[number][0]]
        return {
            "user_id": f"u{sender}", "user_name": sender, "channel_id": f"c{sender}", "post_id": "shown", "type": "button",
            "trigger_id": message_id, "context": action["integration"]["context"],
        }  # fmt: skip

    def actions(self, asked: Asked) -> list[Any]:
        shown = asked.body.get("props", {}).get("attachments", [])
        return [action for one in shown for action in one.get("actions", [])]

    def others(self, sender: str) -> list[Any]:
        return [self.event("by the bot", sender, "bot", user_id=ME), self.event("  ", sender, "empty")]

    def tell(self, told: Any) -> httpx.Response:
        if "token" not in told and "context" not in told:
            told = {**told, "token": HOOK}
        return self.deliver(json.dumps(told), {"Content-Type": "application/json"})

    def forged(self, told: Any) -> list[httpx.Response]:
        without = {key: value for key, value in told.items() if key != "token"}
        pressed = {**without, "context": {"action": "/show_image"}, "trigger_id": "t"}
        marked = {**pressed, "context": {"action": "/show_image", "mark": "0" * 64}}
        made = [
            without,
            {**told, "token": ""},
            {**told, "token": BOT},
            {**told, "token": [HOOK]},
            pressed,
            marked,
        ]
        return [self.deliver(json.dumps(one), {"Content-Type": "application/json"}) for one in made]

    def is_for(self, asked: Asked, sender: str) -> bool:
        return bool(asked.body["channel_id"] == f"c{sender}")

    def said(self, asked: Asked) -> Said:
        body = asked.body
        if "blocks" in body:
            return Said(custom={key: body[key] for key in ("text", "blocks")})
        images = [
            one["image_url"] for one in body.get("props", {}).get("attachments", []) if "image_url" in one
        ]
        if images:
            return Said(image=images[0])
        buttons = tuple((one["name"], one["integration"]["context"]["action"]) for one in self.actions(asked))
        return Said(body["message"], buttons)

"""Zendesk messaging: the Sunshine Conversations API v2 (specification 17.12.1), as far as the channel uses it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, Reply
from tests.vendors.vendor import Vendor, VendorClient, numbers

APP, KEY, SECRET, HOOK = (
    "5698edbf2a43bd081be982f1",
    "app_5e55",
    "the-secret-of-the-key",
    "the-secret-of-the-hook",
)
CONTENT = {"text", "image", "file", "carousel", "list", "location", "form", "template"}
SWITCHES = ("passControl", "releaseControl", "offerControl")


class Zendesk(Vendor):
    """Takes PostMessage and what the switchboard is asked for."""

    name = "zendesk"
    secrets = (SECRET, HOOK)

    @property
    def options(self) -> str:
        return f"app_id: {APP}, key_id: {KEY}, key_secret: {SECRET}, webhook_secret: {HOOK}, url: '{self.server.url}/sc'"

    def api(self, asked: Asked) -> Any:
        return None

    def refusal(self, asked: Asked) -> Reply | None:
        login = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {login}":
            return Reply({"errors": [{"code": "unauthorized"}]}, status=401)
        parts = asked.path.split("/")
        if parts[:5] != ["", "sc", "v2", "apps", APP] or parts[5] != "conversations":
            return Reply({"errors": [{"code": "not_found"}]}, status=404)
        if parts[7] in SWITCHES:
            fine = "switchboardIntegration" in asked.body or parts[7] == "releaseControl"
        else:
            fine = parts[7] == "messages" and is_message(asked.body)
        return None if fine else Reply({"errors": [{"code": "bad_request"}]}, status=400)

    def taken(self, asked: Asked) -> Any:
        return Reply({"messages": [{"id": f"{next(numbers):024x}", **asked.body}]}, status=201)


def is_message(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is a messagePost of the specification."""
    content = body.get("content", {})
    actions = content.get("actions", [])
    kinds = {action["type"] for action in actions}
    return (
        body.get("author", {}).get("type") == "business"
        and content.get("type") in CONTENT
        and (content["type"] not in ("image", "file") or bool(content.get("mediaUrl")))
        and (content["type"] != "text" or 0 < len(content.get("text", "").encode("utf-16-le")) <= 2 * 4096)
        and len(json.dumps(body)) <= 100_000
        and (kinds <= {"reply"} or kinds <= {"postback", "link"})
        and all(action.get("payload") or action.get("uri") for action in actions)
    )


class ZendeskClient(VendorClient):
    """People who write in the widget, each in a conversation of their own; what is told has the shape of the docs' examples."""

    name = "zendesk"

    def conversation(self, sender: str) -> str:
        return sender

    def event(
        self, text: str, sender: str, message_id: str, content: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        message = {
            "id": message_id,
            "received": "2020-02-25T18:06:37.547Z",
            "author": {
                "type": "user", "userId": f"user-{sender}", "displayName": "Web User",
                "user": {"id": f"user-{sender}", "authenticated": False},
            },
            "content": content or {"type": "text", "text": text},
            "source": {"type": "web", "integrationId": "5e554d2cac66fb73a3c01871"},
        }  # fmt: skip
        return self.events("conversation:message", sender, message={**message, **more})

    def events(self, kind: str, sender: str, **payload: Any) -> dict[str, Any]:
        conversation = {"id": sender, "type": "personal", **payload.pop("conversation", {})}
        event = {
            "id": f"event{next(numbers)}", "type": kind, "createdAt": "2020-02-25T18:06:37.547Z",
            "payload": {"conversation": conversation, **payload},
        }  # fmt: skip
        return {
            "app": {"id": APP},
            "webhook": {"id": "5e554d2cac66fb73a3c01869", "version": "v2"},
            "events": [event],
        }

    def press(self, said: Said, number: int, sender: str, message_id: str) -> dict[str, Any]:
        title, payload = said.buttons[number]
        return self.event("", sender, message_id, {"type": "text", "text": title, "payload": payload})

    def others(self, sender: str) -> list[Any]:
        by_us = {"author": {"type": "business", "displayName": "Desk"}}
        person = {"activeSwitchboardIntegration": {"name": "agents", "integrationType": "zd:agentWorkspace"}}
        held = self.event("to a person", sender, "held")
        held["events"][0]["payload"]["conversation"] |= person
        elsewhere = {**self.event("of another app", sender, "other"), "app": {"id": "another"}}
        return [
            self.event("by us", sender, "ours", **by_us),
            self.event("gone", sender, "gone", deleted=True),
            self.event("", sender, "list", {"type": "list", "items": []}),
            self.events("conversation:read", sender, user={"id": f"user-{sender}"}),
            self.events("conversation:typing", sender, activity={"type": "typing:start"}),
            self.events("conversation:message:delivery:user", sender, message={"id": "m"}),
            self.events("switchboard:passControl", sender, conversation=person),
            held,
            elsewhere,
        ]

    def tell(self, told: Any) -> httpx.Response:
        return self.deliver(json.dumps(told), {"Content-Type": "application/json", "X-API-Key": HOOK})

    def forged(self, told: Any) -> list[httpx.Response]:
        shown: list[dict[str, str]] = [
            {},
            {"X-API-Key": ""},
            {"X-API-Key": SECRET},
            {"X-API-Key": f"{HOOK}x"},
        ]
        kind = {"Content-Type": "application/json"}
        return [self.deliver(json.dumps(told), kind | headers) for headers in shown]

    def is_for(self, asked: Asked, sender: str) -> bool:
        return asked.path.split("/")[6] == sender

    def said(self, asked: Asked) -> Said:
        content = dict(asked.body.get("content", {}))
        if content.get("type") == "image":
            return Said(image=content["mediaUrl"])
        if "blocks" in content:
            return Said(custom={key: value for key, value in content.items() if key != "type"})
        actions = content.get("actions", [])
        return Said(content.get("text"), tuple((one["text"], one.get("payload")) for one in actions))

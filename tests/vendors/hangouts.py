"""Google Chat: its keys, the events of a Chat app, and the messages that it takes in a response."""

from __future__ import annotations

import html
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import httpx

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, JsonServer
from tests.conftest import PATIENCE, Server
from tests.vendors.signing import Signer, unsigned
from tests.vendors.vendor import numbers

PROJECT = "1234567890"
CHAT = "chat@system.gserviceaccount.com"


class GoogleKeys:
    """Publishes the keys with which events are signed."""

    def __init__(self) -> None:
        self.signer, self.stranger = Signer("google1"), Signer("google1")
        self.looked = 0
        self.server = JsonServer(self._answer)

    def _answer(self, _: Asked) -> Any:
        self.looked += 1
        return {"keys": [self.signer.published()]}

    @property
    def options(self) -> str:
        return f"keys_url: '{self.server.url}/jwk'"


class HangoutsClient:
    """People who write to the app directly; what it says is in the response."""

    name = "hangouts"

    def __init__(self, server: Server, google: GoogleKeys) -> None:
        self.url = server.url
        self.google = google
        self.replies: defaultdict[str, list[Said]] = defaultdict(list)

    def conversation(self, sender: str) -> str:
        return sender

    def event(self, kind: str, sender: str, **more: Any) -> dict[str, Any]:
        user = {"name": f"users/{sender}", "displayName": "Ann", "type": "HUMAN", "email": "ann@example.com"}
        space = {"name": f"spaces/S{sender}", "type": "DM", "spaceType": "DIRECT_MESSAGE"}
        return {
            "type": kind,
            "eventTime": f"2026-01-01T00:00:{next(numbers)}Z",
            "user": user,
            "space": space,
            **more,
        }

    def message(self, text: str, sender: str, message_id: str, **more: Any) -> dict[str, Any]:
        told = self.event("MESSAGE", sender)
        name = f"spaces/S{sender}/messages/{message_id}"
        told["message"] = {"name": name, "sender": told["user"], "text": text, "argumentText": text, **more}
        return told

    def claims(self, **more: Any) -> dict[str, Any]:
        return {"iss": CHAT, "aud": PROJECT, **more}

    def tell(self, told: Mapping[str, Any]) -> httpx.Response:
        return self.send(told, self.google.signer.token(self.claims()))

    def send(self, told: Mapping[str, Any], token: str | None) -> httpx.Response:
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        headers = {"Content-Type": "application/json", **shown}
        path = f"{self.url}/webhooks/hangouts/webhook"
        return httpx.post(path, content=json.dumps(told), headers=headers, timeout=PATIENCE)

    def forged(self, told: Mapping[str, Any]) -> list[httpx.Response]:
        signer = self.google.signer
        tokens = [
            None, "x.y.z", unsigned(self.claims(), "google1"), self.google.stranger.token(self.claims()),
            signer.token(self.claims(aud="9999")), signer.token(self.claims(iss="https://accounts.google.com")),
            signer.token(self.claims(), age=2 * 3600), signer.token(self.claims(), name="another"),
        ]  # fmt: skip
        return [self.send(told, token) for token in tokens]

    async def say(self, text: str, sender: str, message_id: str) -> None:
        await self.post(self.message(text, sender, message_id), sender)

    async def choose(self, said: Said, number: int, sender: str, message_id: str) -> None:
        title, payload = said.buttons[number]
        parameters = [{"key": "payload", "value": payload}, {"key": "title", "value": title}]
        told = self.event(
            "CARD_CLICKED", sender, action={"actionMethodName": "choice", "parameters": parameters}
        )
        told["message"] = {"name": f"spaces/S{sender}/messages/shown"}
        await self.post(told, sender)

    async def post(self, told: Mapping[str, Any], sender: str) -> None:
        headers = {"Authorization": f"Bearer {self.google.signer.token(self.claims())}"}
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            answer = await http.post(f"{self.url}/webhooks/hangouts/webhook", json=told, headers=headers)
        assert answer.status_code == 200, answer.text
        self.replies[sender] += said(answer.json())

    async def told(self, sender: str, count: int) -> list[Said]:
        assert len(self.replies[sender]) >= count, self.replies[sender]
        return self.replies[sender]


def said(message: Mapping[str, Any]) -> list[Said]:
    """Return what a message shows: its parts, one after the other."""
    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 32_000, "Google refuses it"
    if "blocks" in message:
        return [Said(custom=message)]
    shown = [Said(text) for text in message.get("text", "").replace("\u200b", "").split("\n\n") if text]
    for card in message.get("cardsV2", []):
        assert card["cardId"]
        for section in card["card"]["sections"]:
            widgets = {key: value for widget in section["widgets"] for key, value in widget.items()}
            text = html.unescape(widgets["textParagraph"]["text"]) if "textParagraph" in widgets else None
            buttons = tuple(
                (one["text"], one["onClick"]["action"]["parameters"][0]["value"])
                for one in widgets.get("buttonList", {}).get("buttons", [])
            )
            shown.append(Said(text, buttons, widgets.get("image", {}).get("imageUrl")))
    return shown

"""Microsoft's Bot Framework: its OpenID metadata, its login, and a connector (API v3), as far as the channel uses them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jwt

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, Reply
from tests.vendors.signing import Signer, unsigned
from tests.vendors.vendor import Vendor, VendorClient, numbers

APP, PASSWORD = "11111111-2222-3333-4444-555555555555", "the-password-of-the-app"
ISSUER = "https://api.botframework.com"


class BotFramework(Vendor):
    """Signs activities, hands out tokens for replies, and takes these."""

    name = "botframework"
    secrets = (PASSWORD,)

    def __init__(self) -> None:
        super().__init__()
        self.signer, self.stranger = Signer("key1"), Signer("key1")
        self.tokens: list[str] = []
        self.good = ""

    @property
    def options(self) -> str:
        url = self.server.url
        return (
            f"app_id: {APP}, app_password: {PASSWORD}, service_hosts: [127.0.0.1], "
            f"openid_url: '{url}/v1/.well-known/openidconfiguration', login_url: '{url}'"
        )

    def api(self, asked: Asked) -> Any:
        if asked.path == "/v1/.well-known/openidconfiguration":
            return {"issuer": ISSUER, "jwks_uri": f"{self.server.url}/v1/.well-known/keys"}
        if asked.path == "/v1/.well-known/keys":
            return {"keys": [self.signer.published(endorsements=["msteams", "webchat"])]}
        if asked.path == "/botframework.com/oauth2/v2.0/token":
            expected = {
                "grant_type": "client_credentials", "client_id": APP, "client_secret": PASSWORD,
                "scope": "https://api.botframework.com/.default",
            }  # fmt: skip
            if asked.body != expected:
                return Reply({"error": "invalid_client"}, status=401)
            self.good = f"token{next(numbers)}"
            self.tokens.append(self.good)
            return {"token_type": "Bearer", "expires_in": 86399, "access_token": self.good}
        return None

    def refusal(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") != f"Bearer {self.good}":
            return Reply({"error": {"code": "BotNotInConversationRoster"}}, status=401)
        body = asked.body
        cards = body.get("attachments", [])
        parts = asked.path.split("/")
        fine = (
            parts[1:4] == ["amer", "v3", "conversations"]
            and parts[5:] == ["activities"]
            and body["type"] == "message"
            and body["from"] == {"id": "28:desk"}
            and bool(body.get("text") or cards)
            and all("contentType" in card and len(card["content"].get("buttons", [])) <= 6 for card in cards)
        )
        return None if fine else Reply({"error": {"code": "BadSyntax"}}, status=400)

    def taken(self, asked: Asked) -> Any:
        return Reply({"id": f"activity{next(numbers)}"}, status=201)


class BotFrameworkClient(VendorClient):
    """People who write to the bot in Teams."""

    name = "botframework"
    vendor: BotFramework

    def conversation(self, sender: str) -> str:
        return f"msteams:29:{sender}"

    def event(self, text: str, sender: str, message_id: str, **more: Any) -> dict[str, Any]:
        return {
            "type": "message", "id": message_id, "timestamp": "2026-01-01T00:00:00.000Z", "channelId": "msteams",
            "serviceUrl": f"{self.vendor.server.url}/amer/", "from": {"id": f"29:{sender}", "name": "Ann"},
            "conversation": {"id": f"a:{sender}", "conversationType": "personal"},
            "recipient": {"id": "28:desk", "name": "Desk"}, "text": text, "textFormat": "plain", **more,
        }  # fmt: skip

    def press(self, said: Said, number: int, sender: str, message_id: str) -> dict[str, Any]:
        payload = said.buttons[number][1]
        return self.event(str(payload), sender, message_id, value={"action": payload})

    def others(self, sender: str) -> list[Any]:
        kinds = (
            "conversationUpdate",
            "typing",
            "messageReaction",
            "messageUpdate",
            "messageDelete",
            "event",
            "invoke",
        )
        return [
            *(self.event("not said", sender, f"o-{kind}", type=kind) for kind in kinds),
            self.event("by the bot", sender, "bot", **{"from": {"id": "28:desk"}}),
            self.event("by another bot", sender, "bot2", **{"from": {"id": "28:other", "role": "bot"}}),
            self.event(" ", sender, "empty"),
        ]

    def claims(self, **more: Any) -> dict[str, Any]:
        return {"iss": ISSUER, "aud": APP, "serviceurl": f"{self.vendor.server.url}/amer/", **more}

    def tell(self, told: Any) -> httpx.Response:
        if "type" not in told or not isinstance(told["type"], str):
            told = {**told, "serviceUrl": f"{self.vendor.server.url}/amer/", "channelId": "msteams"}
        return self.send(told, self.vendor.signer.token(self.claims()))

    def send(self, told: Any, token: str | None) -> httpx.Response:
        shown = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.deliver(json.dumps(told), {"Content-Type": "application/json", **shown})

    def forged(self, told: Any) -> list[httpx.Response]:
        signer, right = self.vendor.signer, self.vendor.signer.token(self.claims())
        shared = jwt.encode(
            {**self.claims(), "exp": 9_999_999_999}, "x" * 32, algorithm="HS256", headers={"kid": "key1"}
        )
        tokens = [
            None, "x", "x.y.z", unsigned(self.claims(), "key1"), shared, right[:-4] + "AAAA",
            self.vendor.stranger.token(self.claims()), signer.token(self.claims(), name="another-key"),
            signer.token(self.claims(aud="another-app")), signer.token(self.claims(iss="https://sts.windows.net/x/")),
            signer.token(self.claims(), age=2 * 3600), signer.token(self.claims(serviceurl="https://evil.example/")),
        ]  # fmt: skip
        elsewhere = {**told, "channelId": "telegram"}
        moved = {**told, "serviceUrl": "https://evil.example/"}
        return [
            *(self.send(told, token) for token in tokens),
            self.send(elsewhere, right),
            self.send(moved, right),
        ]

    def is_for(self, asked: Asked, sender: str) -> bool:
        return bool(asked.body["recipient"]["id"] == f"29:{sender}")

    def said(self, asked: Asked) -> Said:
        body = asked.body
        if "blocks" in body:
            return Said(custom={key: body[key] for key in ("text", "blocks")})
        for card in body.get("attachments", []):
            content = card["content"]
            if "images" in content:
                return Said(image=content["images"][0]["url"])
            return Said(content["text"], tuple((one["title"], one["text"]) for one in content["buttons"]))
        return Said(body["text"])

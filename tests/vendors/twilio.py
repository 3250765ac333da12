"""Twilio: the Message resource of its API 2010-04-01, and requests that its own SDK's RequestValidator signs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from twilio.request_validator import RequestValidator

from frontdesk.testing.contracts.channel import Said
from frontdesk.testing.json_server import Asked, Reply
from tests.vendors.vendor import Vendor, VendorClient, numbers

ACCOUNT, TOKEN, NUMBER = "AC00000000000000000000000000000001", "the-token-of-the-account", "+15017122661"
KNOWN = {"To", "From", "Body", "MediaUrl"}


class Twilio(Vendor):
    """Takes messages of one account."""

    name = "twilio"
    secrets = (TOKEN,)

    @property
    def options(self) -> str:
        return f"account_sid: {ACCOUNT}, auth_token: {TOKEN}, twilio_number: '{NUMBER}', api_url: '{self.server.url}'"

    def api(self, asked: Asked) -> Any:
        return None

    def refusal(self, asked: Asked) -> Reply | None:
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {login}":
            return Reply({"code": 20003, "status": 401}, status=401)
        body = asked.body
        fine = (
            asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
            and body.get("From") == NUMBER
            and bool(body.get("To"))
            and (set(body) - KNOWN or body.get("Body") or body.get("MediaUrl"))
            and len(body.get("Body", "").encode("utf-16-le")) <= 2 * 1_600
        )
        return None if fine else Reply({"code": 21617, "status": 400}, status=400)

    def taken(self, asked: Asked) -> Any:
        return Reply({"sid": f"SM{next(numbers):032x}", "status": "queued"}, status=201)


class TwilioClient(VendorClient):
    """People who write by WhatsApp."""

    name = "twilio"

    def conversation(self, sender: str) -> str:
        return f"whatsapp:{sender}"

    def event(self, text: str, sender: str, message_id: str, **more: str) -> dict[str, str]:
        return {
            "ToCountry": "US", "SmsMessageSid": message_id, "MessageSid": message_id, "AccountSid": ACCOUNT,
            "NumMedia": "0", "From": self.conversation(sender), "To": NUMBER, "Body": text, "ApiVersion": "2010-04-01",
            "ProfileName": "Ann", "SmsStatus": "received", **more,
        }  # fmt: skip

    def press(self, said: Said, number: int, sender: str, message_id: str) -> dict[str, str]:
        return self.event(str(number + 1), sender, message_id)

    def others(self, sender: str) -> list[Any]:
        receipts = [
            self.event("", sender, f"r-{status}", MessageStatus=status, SmsStatus=status)
            for status in ("sent", "delivered", "read", "failed")
        ]
        return [*receipts, self.event(" ", sender, "empty")]

    def tell(self, told: Mapping[str, Any]) -> httpx.Response:
        return self.send(told, self.signature(told))

    def signature(self, told: Mapping[str, Any], token: str = TOKEN) -> str:
        url = f"{self.url}/webhooks/twilio/webhook"
        fields = {key: value if isinstance(value, str) else json.dumps(value) for key, value in told.items()}
        return str(RequestValidator(token).compute_signature(url, fields))

    def send(self, told: Mapping[str, Any], signature: str | None, url: str = "") -> httpx.Response:
        fields = {key: value if isinstance(value, str) else json.dumps(value) for key, value in told.items()}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.deliver(
            urlencode(fields), headers | ({"X-Twilio-Signature": signature} if signature else {})
        )

    def forged(self, told: Mapping[str, Any]) -> list[httpx.Response]:
        right = self.signature(told)
        return [
            self.send(told, None),
            self.send(told, "x"),
            self.send(told, self.signature(told, "another-token")),
            self.send({**told, "Body": "another text"}, right),
            self.send({**told, "From": "whatsapp:somebody"}, right),
            self.send({**told, "Extra": "1"}, right),
        ]

    def is_for(self, asked: Asked, sender: str) -> bool:
        return bool(asked.body["To"] == self.conversation(sender))

    def said(self, asked: Asked) -> Said:
        body = asked.body
        if "MediaUrl" in body:
            return Said(image=body["MediaUrl"])
        if "Blocks" in body:
            return Said(custom={"text": body["Text"], "blocks": json.loads(body["Blocks"])})
        first, *lines = body["Body"].split("\n")
        listed = [line for n, line in enumerate(lines, 1) if line.startswith(f"{n}. ")]
        if lines and len(listed) == len(lines) < 5:
            return Said(first, tuple((line.partition(" ")[2], None) for line in lines))
        return Said(body["Body"])

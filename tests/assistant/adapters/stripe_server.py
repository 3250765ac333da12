"""A Stripe on 127.0.0.1: localstripe, which others wrote, behind a door that orders faults.

The door adds what localstripe lacks: it keeps answers by Idempotency-Key, as Stripe does, lists disputes, and lists the
payment intents of one customer. Refunds can be told to take their time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from frontdesk.testing.servers import free_port
from tests.conftest import launch

from .described import Described
from .serving import Asked, Local, Told

KEY = "sk_test_" + "1" * 24
# localstripe's own start listens on every address and writes to disk.
START = """
import sys
from aiohttp import web
from localstripe.server import app, store
store.dump_to_disk = lambda: None
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
PASSED_ON = ("authorization", "content-type", "stripe-version")


@contextmanager
def localstripe(folder: Path) -> Iterator[str]:
    """Run localstripe and give its address."""
    port = free_port()
    server = launch(folder, ("-W", "ignore", "-c", START, str(port)), port, folder / "localstripe.log")
    try:
        yield server.url
    finally:
        server.stop()


class StripeServer:
    """The door."""

    def __init__(self, behind: str) -> None:
        self.described = Described("stripe")
        self.behind = behind
        self.url = ""
        self.local: Local
        self.keys: dict[str, tuple[bytes, Told]] = {}
        self.contested: list[dict[str, Any]] = []
        self.refunds: dict[str, str] = {}  # id of a refund: another status than it has there
        self.refund_status: str | None = None  # of refunds that are made from now on
        self.decline = False  # whether cards are declined from now on, as one is that was good before

    def __call__(self, asked: Asked) -> Told:
        if asked.path == "/v1/disputes":
            return self.disputes(asked)
        key = asked.headers.get("idempotency-key")
        if key in self.keys:
            content, told = self.keys[key]
            if content != asked.content:
                return Told(400, {"error": {"type": "idempotency_error", "message": "Keys ..."}})
            return Told(told.status, told.body, {"Idempotent-Replayed": "true"})
        if self.decline and (asked.method, asked.path) == ("POST", "/v1/payment_intents"):
            return Told(402, {"error": {"type": "card_error", "code": "card_declined", "message": "..."}})
        headers = {name: asked.headers[name] for name in PASSED_ON if name in asked.headers}
        params = {name: values[0] for name, values in asked.query.items()}
        lists = asked.method == "GET" and asked.path == "/v1/payment_intents"
        customer = params.pop("customer") if lists else None
        answer = httpx.request(
            asked.method,
            self.behind + asked.path,
            params=params,
            content=asked.content,
            headers=headers,
            trust_env=False,
        )
        told = Told(answer.status_code, answer.content)
        if customer and answer.is_success:
            told = Told(200, self.of_customer(json.loads(answer.content), customer))
        if asked.path.startswith("/v1/refunds") and answer.is_success:
            told = Told(200, self.with_status(json.loads(answer.content), new=asked.method == "POST"))
        if key:
            self.keys[key] = (asked.content, told)
        return told

    def of_customer(self, intents: dict[str, Any], customer: str) -> dict[str, Any]:
        """Leave the payment intents of one customer in a list, newest first."""
        mine = [entry for entry in intents["data"] if entry["customer"] == customer]
        return intents | {"data": mine[::-1]}

    def with_status(self, answer: dict[str, Any], *, new: bool) -> dict[str, Any]:
        """Let refunds have the status that they were given here."""
        if new and self.refund_status:
            self.refunds[answer["id"]] = self.refund_status
        for entry in answer.get("data", [answer]):
            entry["status"] = self.refunds.get(entry["id"], entry["status"])
        return answer

    def disputes(self, asked: Asked) -> Told:
        found = self.described.operation(asked)
        assert found is not None
        self.described.request(asked, *found)
        wanted = asked.query["charge"][0]
        data = [entry for entry in self.contested if entry["charge"] == wanted]
        told = Told(200, {"object": "list", "data": data, "has_more": False, "url": "/v1/disputes"})
        self.described.answer(asked, found[0], told)
        return told

    def contest(self, charge: str, status: str, **more: Any) -> None:
        """Let a customer's bank contest a charge."""
        details = {"due_by": 1796012437, "has_evidence": False, "past_due": False, "submission_count": 0}
        entry = {
            "id": f"dp_{len(self.contested)}",
            "object": "dispute",
            "amount": 1999,
            "charge": charge,
            "created": 1796000000,
            "currency": "usd",
            "evidence_details": details,
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "reason": "fraudulent",
            "status": status,
        }
        self.contested.insert(0, entry | more)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Look something up at localstripe."""
        answer = httpx.get(self.behind + path, params=query, auth=(KEY, ""), trust_env=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def post(self, path: str, **form: str) -> dict[str, Any]:
        """Prepare something at localstripe."""
        answer = httpx.post(self.behind + path, data=form, auth=(KEY, ""), trust_env=False)
        answer.raise_for_status()
        found: dict[str, Any] = json.loads(answer.content or b"{}")
        return found

    def card(self, number: str = "4242424242424242") -> tuple[str, str]:
        """Make a customer with a card."""
        card = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2040", "card[cvc]": "123"}
        method = self.post("/v1/payment_methods", type="card", **card)["id"]
        customer = self.post("/v1/customers", email="anna.bennett@example.com")["id"]
        self.post(f"/v1/payment_methods/{method}/attach", customer=customer)
        return customer, method

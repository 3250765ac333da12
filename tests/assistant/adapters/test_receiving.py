"""Webhooks that come in: what they change, that they change it once, and who is turned away."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from actions.adapters.receiving import main, take
from actions.adapters.settings import Adapters, ZendeskSettings
from actions.adapters.webhooks import Notice
from actions.services.container import Services
from frontdesk.testing.servers import free_port
from tests.conftest import launch, until

from ..conftest import MARCUS, NOW, Letters, count, verified, who
from .serving import Local, Told
from .stripe_server import KEY, StripeServer
from .zendesk_server import EMAIL, TOKEN, ZendeskServer, webhook

ROOT = Path(__file__).parents[3]
SECRET = "a-webhook-secret-for-tests"


@pytest.fixture()
def desk(zendesk: ZendeskServer, template: Path, tmp_path: Path) -> Iterator[Services]:
    """A shop whose tickets go on to Zendesk."""
    shutil.copy(template, tmp_path / "shop.db")
    settings = ZendeskSettings(url=zendesk.url, email=EMAIL, token=TOKEN, webhook_secret=SECRET)
    made = Services(
        f"sqlite:///{tmp_path}/shop.db",
        clock=lambda: NOW,
        sink=Letters(),
        adapters=Adapters(tickets=settings),
    )
    yield made
    made.close()


def changed(number: int, status: str, identity: str = "n-1") -> Notice:
    content = {"detail": {"id": str(number), "status": status, "priority": "HIGH"}}
    kind = "zen:event-type:ticket.status_changed"
    return Notice(system="Zendesk", id=identity, kind=kind, at=NOW, content=content)


def test_a_ticket_that_was_solved(zendesk: ZendeskServer, desk: Services) -> None:
    ticket = desk.tickets.open(who(), "Lamp", "It flickers.", case="lamp")
    desk.deliver()
    (number,) = zendesk.tickets
    zendesk.tickets[number]["status"] = "solved"
    assert take(desk, changed(number, "SOLVED"))
    assert not take(desk, changed(number, "SOLVED"))
    assert count(desk, "tickets", number=ticket.number, status="solved", open_case=None) == 1
    assert count(desk, "notices") == 1


def test_an_old_notice_that_comes_late_changes_nothing(zendesk: ZendeskServer, desk: Services) -> None:
    ticket = desk.tickets.open(who(), "Lamp", "It flickers.")
    desk.deliver()
    (number,) = zendesk.tickets
    zendesk.tickets[number]["status"] = "solved"
    assert take(desk, changed(number, "OPEN"))
    assert count(desk, "tickets", number=ticket.number, status="solved") == 1


def test_while_zendesk_cannot_be_asked_the_notice_counts(
    zendesk: ZendeskServer, zendesk_local: Local, desk: Services
) -> None:
    ticket = desk.tickets.open(who(), "Lamp", "It flickers.")
    desk.deliver()
    (number,) = zendesk.tickets
    zendesk_local.faults = [Told(500)]
    assert take(desk, changed(number, "PENDING"))
    assert count(desk, "tickets", number=ticket.number, status="pending", priority="high") == 1


def test_a_strangers_ticket_is_passed_over(desk: Services) -> None:
    assert take(desk, changed(77, "SOLVED"))
    assert count(desk, "tickets") == 0


def disputed(identity: str = "evt_1", kind: str = "charge.dispute.created") -> Notice:
    entry = {"id": "dp_1", "charge": "ch_1", "amount": 1999, "currency": "usd", "evidence": {"x": "private"}}
    return Notice(system="Stripe", id=identity, kind=kind, at=NOW, content={"data": {"object": entry}})


def test_a_contested_payment_becomes_a_ticket_once(shop: Services) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: take(shop, disputed()), range(4)))
    assert results.count(True) == 1
    assert count(shop, "tickets", subject="A bank contests a payment", priority="high") == 1
    assert take(shop, disputed("evt_2", "invoice.created"))
    assert count(shop, "tickets") == 1
    assert count(shop, "notices") == 2


@dataclass
class Receiver:
    url: str
    database: str


@contextmanager
def receiving(tmp_path: Path, template: Path, adapters: str) -> Iterator[Receiver]:
    """Run the server as an operator does."""
    shutil.copy(template, tmp_path / "shop.db")
    (tmp_path / "adapters.yml").write_text(adapters)
    environment = {
        "FRONTDESK_ADAPTERS": str(tmp_path / "adapters.yml"),
        "FRONTDESK_SHOP_DB": f"sqlite:///{tmp_path}/shop.db",
        "FRONTDESK_OUTBOX": "manual",
        "TEST_TOKEN": TOKEN,
        "TEST_SECRET": SECRET,
        "TEST_KEY": KEY,
    }
    port = free_port()
    command = ("-m", "actions.adapters.receiving", "--port", str(port))
    server = launch(ROOT, command, port, tmp_path / "receiving.log", environment)
    try:
        yield Receiver(f"{server.url}/webhooks", f"sqlite:///{tmp_path}/shop.db")
    finally:
        server.stop()


def sent(url: str, headers: dict[str, str], body: bytes) -> int:
    return httpx.post(url, headers=headers, content=body, trust_env=False).status_code


def test_the_server_takes_what_is_signed(zendesk: ZendeskServer, tmp_path: Path, template: Path) -> None:
    login = f"url: {zendesk.url}\n    email: {EMAIL}\n    token: ${{TEST_TOKEN}}\n    webhook_secret: ${{TEST_SECRET}}"
    adapters = f"tickets:\n  zendesk:\n    {login}\n"
    with receiving(tmp_path, template, adapters) as server:
        now = datetime.now(UTC)
        content: dict[str, Any] = {
            "id": "n-1",
            "type": "zen:event-type:ticket.created",
            "detail": {"id": "1"},
        }
        headers, body = webhook(SECRET, now, **content)
        assert sent(f"{server.url}/zendesk", headers, body) == 204
        assert sent(f"{server.url}/zendesk", headers, body) == 204
        assert sent(f"{server.url}/zendesk", headers, body + b" ") == 401
        assert sent(f"{server.url}/zendesk", {}, b"") == 401
        assert sent(f"{server.url}/stripe", headers, body) == 404
        assert sent(f"{server.url}/zendesk", headers, b"x" * 1_000_001) == 413
        shop = Services(server.database)
        assert count(shop, "notices", system="Zendesk", id="n-1") == 1
        shop.close()


def test_what_localstripe_sends_is_taken(stripe_server: StripeServer, tmp_path: Path, template: Path) -> None:
    login = f"url: {stripe_server.url}\n    api_key: ${{TEST_KEY}}\n    webhook_secret: ${{TEST_SECRET}}"
    with receiving(tmp_path, template, f"payments:\n  stripe:\n    {login}\n") as server:
        stripe_server.post("/_config/webhooks/tests", url=f"{server.url}/stripe", secret=SECRET)
        stripe_server.post("/v1/customers", email="anna.bennett@example.com")
        shop = Services(server.database)
        until(lambda: count(shop, "notices", system="Stripe", kind="customer.created") == 1, "it is noted")
        shop.close()


def reported(*references: object) -> tuple[dict[str, str], bytes]:
    """A notice of the warehouse, signed as the Standard Webhooks are."""
    body = json.dumps({"type": "return.arrived", "data": {"references": references}}).encode()
    identity, stamp = f"msg_{len(references)}", str(int(datetime.now(UTC).timestamp()))
    digest = hmac.new(SECRET.encode(), f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return dict(zip(names, (identity, stamp, signature), strict=True)), body


def test_what_the_warehouse_has_unpacked_is_booked_once(tmp_path: Path, template: Path) -> None:
    with receiving(tmp_path, template, "warehouse:\n  webhook_secret: ${TEST_SECRET}\n") as server:
        shop = Services(server.database, clock=lambda: NOW)
        marcus = verified(shop, who(), MARCUS)
        receipt = shop.returns.start(who(), marcus, MARCUS[1], [f"{MARCUS[1]}-1"], "damaged")
        headers, body = reported("R-1", receipt.reference)
        answer = httpx.post(f"{server.url}/warehouse", headers=headers, content=body, trust_env=False)
        assert (answer.status_code, "There is no return or exchange 'R-1'" in answer.text) == (422, True)
        assert count(shop, "notices") == 0  # it isn't settled
        assert count(shop, "audit", action="return.due") == 1  # but what was clear is booked
        headers_of_many, many = reported(*[receipt.reference] * 500, "R-2", "R-3")
        told = httpx.post(f"{server.url}/warehouse", headers=headers_of_many, content=many, trust_env=False)
        assert (told.status_code, "2 too many: R-2 and what follows" in told.text) == (422, True)
        for _ in range(2):
            assert sent(f"{server.url}/warehouse", *reported(receipt.reference)) == 204
        assert sent(f"{server.url}/warehouse", headers, body + b" ") == 401
        headers, body = reported(receipt.reference, 1, 2, 3)
        malformed = httpx.post(f"{server.url}/warehouse", headers=headers, content=body, trust_env=False)
        assert (malformed.status_code, "data.references[1]" in malformed.text) == (400, True)
        order = shop.commerce.order(MARCUS[1])
        assert order is not None
        assert order.returns[0].status == "received"
        assert (
            count(shop, "notices", system="The warehouse") == count(shop, "audit", action="return.due") == 1
        )
        shop.close()


def test_without_a_system_there_is_nothing_to_receive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRONTDESK_SHOP_DB", f"sqlite:///{tmp_path}/shop.db")
    monkeypatch.setenv("FRONTDESK_OUTBOX", "manual")
    (tmp_path / "adapters.yml").write_text("tickets: embedded\n")
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(tmp_path / "adapters.yml"))
    assert main([]) == 1
    assert "names no system that sends webhooks" in capsys.readouterr().err
    (tmp_path / "adapters.yml").write_text("ticket: embedded\n")
    assert main([]) == 1
    assert "adapters.yml:1: the key 'ticket' is unknown" in capsys.readouterr().err

"""The shop is WooCommerce's: a whole conversation with it, and with a WooCommerce that is down in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from actions.adapters.importing import main
from actions.services.container import Services
from tests.assistant.adapters.described import running
from tests.assistant.adapters.serving import Told
from tests.assistant.adapters.woocommerce_server import KEY, SECRET, WooCommerceServer
from tests.conftest import Server, until
from tests.visitors import Target, Visitor, copied

DOWN = [Told(503)] * 1000


@pytest.fixture
def woo(tmp_path: Path) -> Iterator[WooCommerceServer]:
    """A WooCommerce with what the demo shop has today."""
    made = Services(f"sqlite:///{tmp_path}/demo.db")
    whole = made.commerce.snapshot()
    made.close()
    with running(WooCommerceServer(whole)) as server:
        yield server


@pytest.fixture
def target(
    assistant: Path,
    tmp_path: Path,
    serve: Callable[..., Server],
    woo: WooCommerceServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Target:
    """The assistant on a mirror of it."""
    folder = copied(assistant, tmp_path / "project")
    file = tmp_path / "outside.yml"
    file.write_text(
        f"commerce:\n  woocommerce:\n    url: {woo.url}\n    api_refund: true\n"
        "    consumer_key: ${WOO_KEY}\n    consumer_secret: ${WOO_SECRET}\n"
    )
    environment = {"FRONTDESK_ADAPTERS": str(file), "WOO_KEY": KEY, "WOO_SECRET": SECRET}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["--database", f"sqlite:///{folder}/.frontdesk/shop.db"]) == 0
    return Target(serve(folder, **environment), folder)


def met(target: Target, woo: WooCommerceServer, place: int) -> tuple[Visitor, dict[str, Any]]:
    """Open the chat page as a customer with an order that can be canceled, and has proved who they are."""
    fitting = [
        each
        for each in woo.orders.values()
        if each["status"] == "pending"
        and each["date_paid_gmt"]
        and not each["refunds"]
        and Decimal(each["total"]) < 300  # nobody has to approve it
    ]
    entry = fitting[place]
    visitor = target.visitor()
    email = woo.customers[entry["customer_id"]]["email"]
    told = visitor.say(f"where is {entry['number']}? my mail is {email}")
    assert str(entry["number"]) in told, told
    return visitor, entry


def test_a_cancellation_reaches_woocommerce(target: Target, woo: WooCommerceServer) -> None:
    visitor, entry = met(target, woo, 0)
    visitor.say(f"cancel {entry['number']}, I ordered it by mistake")
    told = visitor.say("yes, cancel it")
    assert "is canceled" in told, told
    until(lambda: len(woo.gateway) == 1, "the money goes back")
    assert entry["status"] == "refunded"
    assert woo.gateway[0]["amount"] == entry["total"]
    assert "canceled" in visitor.say(f"where is {entry['number']}?")
    assert "Traceback" not in target.server.log.read_text()


def test_woocommerce_is_down_in_the_middle(target: Target, woo: WooCommerceServer) -> None:
    visitor, entry = met(target, woo, 1)
    visitor.say(f"cancel {entry['number']}, I ordered it by mistake")
    woo.local.faults = list(DOWN)
    told = visitor.say("yes, cancel it")
    assert "is canceled" not in told
    assert "orry" in told, told
    assert "Write it down" in told  # a person can have it meanwhile
    assert entry["status"] == "pending"
    assert target.rows("SELECT count(*) FROM cancellations") == [(0,)]
    told = visitor.say("/open_ticket")
    assert "orry, something went wrong" not in told, told
    assert "T-1" in visitor.say("my order can't be canceled, somebody has to do that")
    woo.local.faults = []

    def canceled() -> bool:
        visitor.say(f"cancel {entry['number']}, I ordered it by mistake")
        return "is canceled" in visitor.say("yes, cancel it")

    until(canceled, "it is up again, and is asked again")
    until(lambda: entry["status"] == "refunded", "it is told")
    assert len(woo.gateway) == 1
    assert httpx.get(f"{target.server.url}/health").status_code == 200

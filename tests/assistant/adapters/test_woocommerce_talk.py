"""Whole conversations with the running assistant on WooCommerce's shop, and what WooCommerce has at their end.

Its orders are numbered as WooCommerce does it, by their ids: five digits, like a ZIP code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actions.adapters.importing import main
from actions.adapters.settings import Adapters, load_adapters
from actions.services.container import Services
from tests.conftest import PATIENT, start_server, until
from tests.visitors import Target, Visitor, copied

from .described import running
from .stripe_server import KEY as STRIPE_KEY
from .stripe_server import StripeServer
from .woocommerce_server import KEY, SECRET, WooCommerceServer

FIRST = 10_400
ADAPTERS = "outside.yml"
LINES = "commerce:\n  woocommerce:\n    url: {woo}\n    api_refund: true\n    consumer_key: ${{WOO_KEY}}\n    consumer_secret: ${{WOO_SECRET}}\n"
MONEY = "payments:\n  stripe:\n    url: {stripe}\n    api_key: ${{STRIPE_API_KEY}}\n"


class World:
    """A WooCommerce, the assistant on it, and maybe a Stripe."""

    def __init__(self, woo: WooCommerceServer, target: Target, stripe: StripeServer | None = None) -> None:
        self.woo, self.target, self.stripe = woo, target, stripe
        self.used: set[int] = set()

    def entry(
        self,
        status: str,
        fits: Callable[[dict[str, Any]], bool] = lambda _: True,
        *,
        guest: bool = False,
    ) -> dict[str, Any]:
        """Find a paid order in a state, of a customer whom no other conversation was about; completed: last week."""
        since = (datetime.now(UTC) - timedelta(days=10)).isoformat()
        for entry in self.woo.orders.values():
            known = entry["customer_id"] in self.used or entry["refunds"] or not entry["date_paid_gmt"]
            late = status == "completed" and (entry["date_completed_gmt"] or "") < since
            if known or late or entry["status"] != status or Decimal(entry["total"]) > 290 or not fits(entry):
                continue
            self.used.add(entry["customer_id"])
            if guest:
                entry["customer_id"] = 0
            return entry
        raise LookupError(f"No such order is {status}.")

    def met(self, entry: dict[str, Any]) -> Visitor:
        """Open the chat page as the one whose order it is, who proves it by e-mail address and number."""
        visitor = self.target.visitor()
        told = visitor.say(f"where is order {entry['number']}? my mail is {entry['billing']['email']}")
        assert f"rder {entry['number']} (" in told, told
        assert "{" not in told
        return visitor

    def arrived(self, reference: str) -> None:
        """Let the goods of a return be back."""
        shop = Services(
            f"sqlite:///{self.target.shop}", adapters=load_adapters(self.target.folder / ADAPTERS)
        )
        assert shop.arrivals.note(reference)
        shop.close()

    def refunds(self, entry: dict[str, Any]) -> list[Decimal]:
        return [Decimal(each["amount"]) for each in self.woo.refunds[entry["id"]]]

    def notes(self, entry: dict[str, Any]) -> str:
        return "\n".join(each["note"] for each in self.woo.notes[entry["id"]])


@contextmanager
def world(assistant: Path, folder: Path, stripe: StripeServer | None = None) -> Iterator[World]:
    """Run the assistant on a WooCommerce that has what the demo shop has today."""
    made = Services(f"sqlite:///{folder}/demo.db", adapters=Adapters())
    whole = made.commerce.snapshot()
    made.close()
    with running(WooCommerceServer(whole, FIRST)) as woo, pytest.MonkeyPatch.context() as patched:
        lines = LINES.format(woo=woo.url) + (MONEY.format(stripe=stripe.url) if stripe else "")
        project = copied(assistant, folder / "project")
        (project / ADAPTERS).write_text(lines)
        given = {"WOO_KEY": KEY, "WOO_SECRET": SECRET, "STRIPE_API_KEY": STRIPE_KEY}
        given["FRONTDESK_ADAPTERS"] = str(project / ADAPTERS)
        for name, value in given.items():
            patched.setenv(name, value)
        assert main(["--database", f"sqlite:///{project}/.frontdesk/shop.db"]) == 0
        server = start_server(project, **given, **PATIENT)
        try:
            yield World(woo, Target(server, project), stripe)
        finally:
            server.stop()
        assert "Traceback" not in server.log.read_text("utf-8")


@pytest.fixture(scope="module")
def shop(assistant: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(assistant, tmp_path_factory.mktemp("woocommerce")) as made:
        yield made


@pytest.fixture(scope="module")
def paid_at_stripe(assistant: Path, tmp_path_factory: pytest.TempPathFactory, behind: str) -> Iterator[World]:
    with (
        running(StripeServer(behind)) as stripe,
        world(assistant, tmp_path_factory.mktemp("with-stripe"), stripe) as made,
    ):
        yield made


def in_stock(variation: dict[str, Any]) -> bool:
    return bool(variation["stock_quantity"]) and variation["stock_status"] == "instock"


def varies(entry: dict[str, Any]) -> bool:
    return all(line["variation_id"] for line in entry["line_items"])


def can_go_back(woo: WooCommerceServer) -> Callable[[dict[str, Any]], bool]:
    """Tell of an order whether its first line isn't sold as final sale."""

    def fits(entry: dict[str, Any]) -> bool:
        product = woo.products[entry["line_items"][0]["product_id"]]
        tags = {each["name"] for each in product["tags"]}
        return not tags & {"clearance", "personalized"} and product["categories"][0]["name"] != "Gift cards"

    return fits


def test_where_an_order_is_by_number_and_as_the_last_one(shop: World) -> None:
    entry = shop.entry("completed")
    visitor = shop.met(entry)
    mine = [each for each in shop.woo.orders.values() if each["customer_id"] == entry["customer_id"]]
    newest = max(mine, key=lambda each: str(each["date_created_gmt"]))
    assert newest["number"] in visitor.say("and how is my last order doing?")
    assert entry["number"] in visitor.say(f"where is order #{entry['number']}?")
    other = next(each for each in shop.woo.orders.values() if each["customer_id"] != entry["customer_id"])
    told = visitor.say(f"where is order {other['number']}?")
    assert other["line_items"][0]["name"] not in told


def test_a_zip_code_of_five_digits_is_no_order(shop: World) -> None:
    entry = shop.entry("processing")
    visitor = shop.target.visitor()
    visitor.say("where is my last order?")
    visitor.say(entry["billing"]["email"])
    told = visitor.say(str(shop.woo.customers[entry["customer_id"]]["shipping"]["postcode"]))
    assert "rder 1" in told, told


def test_an_order_goes_elsewhere(shop: World) -> None:
    entry = shop.entry("pending")
    visitor = shop.met(entry)
    told = visitor.say(f"send {entry['number']} to 7 Elm Street, Bend, OR 97701 instead")
    assert "7 Elm Street, Bend, OR 97701" in told, told
    told = visitor.say("yes")
    until(lambda: entry["shipping"]["address_1"] == "7 Elm Street", "it is told", lambda: told)
    assert (entry["shipping"]["city"], entry["shipping"]["postcode"]) == ("Bend", "97701")


def test_another_variant(shop: World) -> None:
    def has_two(entry: dict[str, Any]) -> bool:
        line = entry["line_items"][0]
        others = [e for e in shop.woo.variations[line["product_id"]] if e["id"] != line["variation_id"]]
        prices = {e["price"] for e in shop.woo.variations[line["product_id"]]}
        return (
            varies(entry)
            and len(entry["line_items"]) == 1
            and len(prices) == 1
            and any(in_stock(e) for e in others)
        )

    entry = shop.entry("pending", has_two)
    line = entry["line_items"][0]
    other = next(
        each
        for each in shop.woo.variations[line["product_id"]]
        if each["id"] != line["variation_id"] and in_stock(each)
    )
    total, stock = entry["total"], other["stock_quantity"]
    visitor = shop.met(entry)
    words = ", ".join(each["option"] for each in other["attributes"])
    told = visitor.say(f"please change the {line['name']} to {words}")
    assert "Shall I" in told, (line["name"], told)
    visitor.say("yes please")
    until(lambda: line["variation_id"] == other["id"], "it is told", lambda: told)
    until(lambda: other["stock_quantity"] == stock - line["quantity"], "the stock follows")
    assert entry["total"] == total


def test_what_costs_more_is_a_persons_where_no_card_is_known(shop: World) -> None:
    entry = shop.entry("pending", varies)
    line = entry["line_items"][0]
    before = str(line)
    visitor = shop.met(entry)
    told = visitor.say(f"please make it {line['quantity'] + 1} of the {line['name']}")
    assert "no payment method is on file" in told, told
    assert "T-1" in visitor.say("yes, send it")
    assert str(line) == before


def test_a_return_and_its_refund(shop: World) -> None:
    entry = shop.entry("completed", can_go_back(shop.woo))
    item = entry["line_items"][0]["name"]
    visitor = shop.met(entry)
    visitor.say(f"I'd like to return the {item}, I changed my mind")
    told = visitor.say("yes, book it")
    assert "R-1" in told, told
    reference = told[told.index("R-1") :][:7]
    until(lambda: reference in shop.notes(entry), "the shop's people are told")
    assert f"Put {reference} into the reason of its refund." in shop.notes(entry)
    assert shop.refunds(entry) == []
    assert entry["status"] == "completed"
    ((amount,),) = shop.target.rows("SELECT refund FROM returns WHERE reference = ?", reference)
    assert reference in visitor.say(f"where is order {entry['number']}?")
    shop.arrived(reference)
    until(lambda: len(shop.refunds(entry)) == 1, "the gateway pays")
    assert shop.refunds(entry) == [Decimal(amount) / 100]
    assert reference in shop.woo.gateway[-1]["reason"]


def test_an_exchange(shop: World) -> None:
    def fits(entry: dict[str, Any]) -> bool:
        line = entry["line_items"][0]
        several = shop.woo.variations[line["product_id"]]
        same = [e for e in several if e["id"] != line["variation_id"] and in_stock(e)]
        one_price = len({e["price"] for e in several}) == 1
        return can_go_back(shop.woo)(entry) and varies(entry) and bool(same) and one_price

    entry = shop.entry("completed", fits)
    line = entry["line_items"][0]
    other = next(
        e for e in shop.woo.variations[line["product_id"]] if e["id"] != line["variation_id"] and in_stock(e)
    )
    visitor = shop.met(entry)
    words = ", ".join(each["option"] for each in other["attributes"])
    told = visitor.say(f"I want to exchange the {line['name']} for {words}")
    assert "Shall I" in told, told
    told = visitor.say("yes please")
    assert "X-1" in told, told
    until(lambda: "Exchange X-1" in shop.notes(entry), "the shop's people are told")
    assert other["sku"] in shop.notes(entry)


def test_what_was_missing_is_paid_back(shop: World) -> None:
    entry = shop.entry("completed", lambda each: len(each["line_items"]) > 1)
    item = entry["line_items"][0]["name"]
    visitor = shop.met(entry)
    visitor.say(f"the {item} was missing from the box, I want my money back")
    told = visitor.say("refund, yes please")
    until(lambda: len(shop.refunds(entry)) == 1, "the gateway pays", lambda: told)
    assert str(shop.refunds(entry)[0]) in told
    assert shop.woo.gateway[-1]["amount"] == str(shop.refunds(entry)[0])
    assert entry["status"] == "completed"


def test_a_guest(shop: World) -> None:
    entry = shop.entry("completed", can_go_back(shop.woo), guest=True)
    visitor = shop.target.visitor()
    visitor.say("how is my order doing?")
    visitor.say(entry["billing"]["email"])
    told = visitor.say(entry["number"])
    assert f"rder {entry['number']} (" in told, told
    visitor.say(f"I want to send the {entry['line_items'][0]['name']} back, I changed my mind")
    assert "R-1" in visitor.say("yes, book it")
    until(lambda: "Return R-1" in shop.notes(entry), "the shop's people are told")
    told = visitor.say("change my phone number to 503 555 0117")
    assert "without an account" in told, told


def charged(world: World, entry: dict[str, Any]) -> str:
    """Let Stripe have taken the money for an order; return Stripe's customer."""
    assert world.stripe is not None
    customer, method = world.stripe.card()
    amount = str(int(Decimal(entry["total"]) * 100))
    form = {"amount": amount, "currency": "usd", "customer": customer, "payment_method": method}
    world.stripe.post("/v1/payment_intents", confirm="true", **form)
    (made,) = world.stripe.get("/v1/charges", customer=customer)["data"]
    entry["transaction_id"] = made["id"]
    return customer


def left(world: World, customer: str) -> list[Decimal]:
    """What Stripe has taken from a customer and not given back."""
    assert world.stripe is not None
    found = world.stripe.get("/v1/charges", customer=customer)["data"]
    kept = (e["amount"] - e["amount_refunded"] for e in found if e["status"] == "succeeded")
    return sorted(Decimal(each) / 100 for each in kept)


def test_one_more_is_charged_and_then_all_of_it_goes_back(paid_at_stripe: World) -> None:
    shop = paid_at_stripe
    entry = shop.entry("pending", varies)
    customer = charged(shop, entry)
    before, line = Decimal(entry["total"]), entry["line_items"][0]
    visitor = shop.met(entry)
    told = visitor.say(f"please make it {line['quantity'] + 1} of the {line['name']}")
    assert "Visa ending in 4242" in told, told
    told = visitor.say("yes, do it")
    after = Decimal(entry["total"])
    assert after > before, told
    assert left(shop, customer) == sorted([before, after - before])
    visitor.say(f"I changed my mind, cancel order {entry['number']}, I ordered it by mistake")
    told = visitor.say("yes, cancel it")
    assert "is canceled" in told, told
    until(lambda: entry["status"] == "refunded", "WooCommerce books it", lambda: shop.notes(entry))
    assert sorted(shop.refunds(entry)) == sorted([before, after - before])
    assert left(shop, customer) == [0, 0]
    assert shop.woo.gateway == []  # WooCommerce has paid nothing by itself
    rows = shop.target.rows(
        "SELECT amount, status FROM payments WHERE kind = 'refund' AND order_number = ?", entry["number"]
    )
    assert sorted(rows) == [(int(each * 100), "settled") for each in sorted(shop.refunds(entry))]


def test_a_declined_card_is_told_and_nothing_is_changed(paid_at_stripe: World) -> None:
    shop = paid_at_stripe
    assert shop.stripe is not None
    entry = shop.entry("pending", varies)
    customer = charged(shop, entry)
    total, lines = entry["total"], str(entry["line_items"])
    visitor = shop.met(entry)
    line = entry["line_items"][0]
    visitor.say(f"please make it {line['quantity'] + 1} of the {line['name']}")
    shop.stripe.decline = True
    told = visitor.say("yes, do it")
    shop.stripe.decline = False
    assert "declined" in told, told
    assert str(entry["line_items"]) == lines
    assert left(shop, customer) == [Decimal(total)]


def test_a_return_is_paid_back_at_stripe_and_booked(paid_at_stripe: World) -> None:
    shop = paid_at_stripe
    entry = shop.entry("completed", can_go_back(shop.woo))
    customer = charged(shop, entry)
    visitor = shop.met(entry)
    told = visitor.say(f"I'd like to return the {entry['line_items'][0]['name']}, I changed my mind")
    assert "Visa ending in 4242" in told, told
    told = visitor.say("yes, book it")
    reference = told[told.index("R-1") :][:7]
    until(lambda: reference in shop.notes(entry), "the shop's people are told")
    assert "not from here" in shop.notes(entry)
    assert left(shop, customer) == [Decimal(entry["total"])]
    shop.arrived(reference)
    until(lambda: len(shop.refunds(entry)) == 1, "it is booked")
    assert left(shop, customer) == [Decimal(entry["total"]) - shop.refunds(entry)[0]]
    assert reference in shop.woo.refunds[entry["id"]][0]["reason"]
    assert shop.woo.gateway == []

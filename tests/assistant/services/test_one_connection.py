"""A write reads in its own transaction: a second connection would see other facts, and could wait for the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from actions.commerce.model import Address, Customer
from actions.services.container import Services
from actions.services.remedy_policy import Remedy
from actions.services.swap_policy import Swap
from tests.assistant.conftest import MARCUS, verified, who

LUIS = ("luis.chang@example.com", "L204961", "28213")
ELENA = ("elena.marsh@example.com", "L204655", "87501")
TESSA = ("tessa.moreau@example.com", "L204995", "")
HOME = Address(line1="12 Oak Street", city="Portland", state="OR", postcode="97214")

Write = Callable[[Services, Customer], Any]


def exchange(shop: Services, customer: Customer) -> Any:
    return shop.swaps.swap(who(), customer, MARCUS[1], [Swap(f"{MARCUS[1]}-1", "KI-201-BLACK")])


def give(shop: Services, customer: Customer) -> Any:
    return shop.remedies.give(who(), customer, "L203664", Remedy("refund", "late", ("L203664-1",)))


def decide(shop: Services, customer: Customer) -> Any:
    order = shop.commerce.order("L203664")
    assert order is not None
    return shop.remedies.decide(order, Remedy("refund", "late", ("L203664-1",)))


WRITES: dict[str, tuple[tuple[str, str, str], Write]] = {
    "return": (
        MARCUS,
        lambda shop, customer: shop.returns.start(who(), customer, MARCUS[1], [f"{MARCUS[1]}-1"], "damaged"),
    ),
    "cancellation": (LUIS, lambda shop, customer: shop.cancellations.cancel(who(), customer, LUIS[1], "too_slow")),
    "change": (
        LUIS, lambda shop, customer: shop.swaps.swap(who(), customer, LUIS[1], [Swap(f"{LUIS[1]}-2", "KI-205-OAT")]),
    ),
    "exchange": (MARCUS, exchange),
    "remedy": (ELENA, give),
    "remedy to be decided on": (ELENA, decide),
    "code": (TESSA, lambda shop, customer: shop.promotions.apply(who(), customer, TESSA[1], "BRIGHT15")),
    "address": (
        LUIS, lambda shop, customer: shop.addresses.change(who(), customer, HOME, number=LUIS[1], profile=True),
    ),
    "account": (LUIS, lambda shop, customer: shop.profile.change(who(), customer, "marketing", "on")),
    "ticket": (LUIS, lambda shop, customer: shop.tickets.open(who(), "A", "B", customer=customer)),
    "approval": (LUIS, lambda shop, customer: shop.cancellations.ask_approval(who(), customer, LUIS[1], "too_slow")),
}  # fmt: skip


def at_once(shop: Services, write: Callable[[], Any]) -> int:
    """Carry out a write, and count the connections that it holds at the same time."""
    held = [0, 0]

    def taken(*_: object) -> None:
        held[0] += 1
        held[1] = max(held)

    def given_back(*_: object) -> None:
        held[0] -= 1

    event.listen(shop.database.engine, "checkout", taken)
    event.listen(shop.database.engine, "checkin", given_back)
    write()
    return held[1]


@pytest.mark.parametrize("name", WRITES)
def test_a_write_holds_one_connection(shop: Services, name: str) -> None:
    person, write = WRITES[name]
    customer = verified(shop, who(), person)
    assert at_once(shop, lambda: write(shop, customer)) == 1


def test_a_quote_that_is_named_elsewhere_is_found_with_one_connection(shop: Services) -> None:
    customer = verified(shop, who(), LUIS)
    lines = [{"variant": "LT-101-BLACK", "quantity": 20}]
    quote = shop.quotes.write(who(), lines, customer=customer)
    verified(shop, who("web-2"), LUIS)
    elsewhere = who("web-2", key="k2")
    assert at_once(shop, lambda: shop.quotes.send(elsewhere, quote.reference, customer.email, customer)) == 1
    assert at_once(shop, lambda: shop.quotes.discard(elsewhere, quote.reference)) == 1


def test_a_call_is_booked_with_one_connection(shop: Services) -> None:
    customer = verified(shop, who(), LUIS)
    start = shop.callbacks.free()[0]
    assert at_once(shop, lambda: shop.callbacks.book(who(), customer, "503 555 0119", "an order", start)) == 1

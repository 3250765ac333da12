"""The store: finds what is asked for, and nothing for what isn't there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from actions.services.container import Services

from ..conftest import ANNA


@pytest.mark.parametrize("number", ["L204817", "l204817", "#L-204817", " L 204817 "])
def test_orders_by_number(shop: Services, number: str) -> None:
    order = shop.commerce.order(number)
    assert order is not None
    assert (order.number, order.status) == ("L204817", "shipped")
    [parcel] = order.shipments
    assert parcel.carrier == "UPS"
    assert parcel.tracking_number is not None
    assert parcel.tracking_number.startswith("1Z")
    assert order.expected_on == parcel.expected_on
    assert parcel.last_event is not None
    assert order.delivered_at is None
    assert order.total == order.paid == Decimal("92.00")
    assert [item.label for item in order.items] == ["Halden Desk Lamp (brass)", "2 x Stoneware Mug (sage)"]


@pytest.mark.parametrize(
    "number", ["", "L999999", "%", "_", "' OR ''='", "L204817' OR 1=1 --", "\x00", "9" * 10_000]
)
def test_numbers_that_are_no_order(shop: Services, number: str) -> None:
    assert shop.commerce.order(number) is None


def test_customers(shop: Services) -> None:
    anna = shop.commerce.customer_by_email("ANNA.bennett@Example.com ")
    assert anna is not None
    assert anna == shop.commerce.customer(anna.id)
    assert (anna.name, anna.address.postcode) == ("Anna Bennett", "97214")
    assert [method.label for method in anna.payment_methods] == ["Visa ending in 4242"]
    assert shop.commerce.customer("nobody") is None
    for email in ("", "%", "nobody@example.com", "anna.bennett@example.com' OR 1=1 --"):
        assert shop.commerce.customer_by_email(email) is None


def test_products(shop: Services) -> None:
    lamp = shop.commerce.product("LT-101")
    assert lamp is not None
    assert lamp.price_range == (Decimal("64.00"), Decimal("64.00"))
    assert lamp.specs["power"] == "9 W LED"
    assert shop.commerce.product("nothing") is None


def test_the_number_of_queries_does_not_grow_with_the_orders(shop: Services) -> None:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    anna, grace = (shop.commerce.customer_by_email(email) for email in (ANNA[0], "grace.okafor@example.com"))
    assert anna is not None
    assert grace is not None
    event.listen(shop.database.engine, "before_cursor_execute", note)
    assert len(shop.commerce.orders_of(anna.id)) == 1
    one = len(seen)
    seen.clear()
    assert len(shop.commerce.orders_of(grace.id)) == 6
    assert len(seen) == one
    seen.clear()
    assert shop.commerce.orders_of("nobody") == []
    assert len(seen) == one


def test_numbers_are_never_given_twice(shop: Services) -> None:
    def reserve(_n: int) -> str:
        with shop.commerce.begin() as work:
            return work.next_return_reference()

    taken = {entry.reference for order in shop.commerce.snapshot().orders for entry in order.returns}
    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(reserve, range(18)))
    assert len(set(given)) == 18
    assert not taken & set(given)

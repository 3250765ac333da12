"""Orders: numbers in any spelling, only one's own, and by description."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import Customer
from actions.services.container import Services
from actions.services.orders import order_number

from ..conftest import ANNA, MARCUS


@pytest.fixture()
def grace(shop: Services) -> Customer:
    found = shop.commerce.customer_by_email("grace.okafor@example.com")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "L204817", "l204817", "#L204817", "#l204817", "L-204817", "l 204817", "# L204817", "204817", "#204817",
        "where is order L204817?", "order no. 204817, please", "(L204817)", "L#204817", "it's l-204817.", "L204817!",
        "order#L204817",
    ],
)  # fmt: skip
def test_order_numbers_in_any_spelling(text: str) -> None:
    assert order_number(text) == "L204817"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "97214",
        "1Z999AA10123456784",
        "2048177",
        "20481",
        "X1L204817",
        "call 503-555-0117",
        "$204,817",
        "T-10042",
        "R-10042",
    ],
)
def test_what_is_no_order_number(text: str) -> None:
    assert order_number(text) is None


def test_numbers_of_imported_shops() -> None:
    assert order_number("#W2611340") == "W2611340"
    assert order_number("it was w2611340") == "W2611340"


@given(st.text(max_size=300))
def test_any_text_is_survived(text: str) -> None:
    found = order_number(text)
    assert found is None or found[0].isalpha()


def test_recent_orders_come_newest_first(shop: Services, grace: Customer) -> None:
    recent = shop.orders.recent(grace)
    assert [order.number for order in recent] == ["L204991", "L204842", "L204735", "L204206", "L203310"]
    assert len(shop.orders.recent(grace, limit=2)) == 2
    assert len(shop.orders.recent(grace, limit=50)) == 6


def test_only_ones_own_orders_are_found(shop: Services, grace: Customer) -> None:
    found = shop.orders.find(grace, "l-204735")
    assert found is not None
    assert found.status == "out_for_delivery"
    for number in (ANNA[1], MARCUS[1], "L999999", "", "%", "L20473_"):
        assert shop.orders.find(grace, number) is None
    assert shop.orders.matching(grace, f"order {ANNA[1]}") == []


def test_one_of_some_orders_by_its_number(shop: Services, grace: Customer) -> None:
    recent = shop.orders.recent(grace)
    assert shop.orders.among(recent, "l-204 735") == recent[2]
    for number in (ANNA[1], "L20473", ""):
        assert shop.orders.among(recent, number) is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("the one with the lamp", ["L204991"]),
        ("my towels", ["L204842"]),
        ("the keybord", ["L204735"]),
        ("the hammock and the water bottle", ["L204206"]),
        ("the teal hammock thing", ["L204206"]),
        ("string lights", ["L200611"]),
        ("my last order", ["L204991"]),
        ("the most recent one", ["L204991"]),
        ("my first order", ["L200611"]),
        ("the one before last", ["L204842"]),
        ("the delivered one", ["L204206", "L200611"]),
        ("the last one that was delivered", ["L204206"]),
        ("the one that got refunded", ["L203310"]),
        ("#L204735", ["L204735"]),
        ("a piano", []),
        ("", []),
        ("the other one", []),
    ],
)
def test_orders_by_description(shop: Services, grace: Customer, text: str, numbers: list[str]) -> None:
    assert [order.number for order in shop.orders.matching(grace, text)] == numbers

"""Changed and exchanged items: what is allowed, and money that adds up whatever is wished."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import (
    NOTHING,
    Address,
    Order,
    OrderItem,
    Payment,
    PaymentMethod,
    Product,
    Shipment,
    Variant,
)
from actions.services.policy import Decision
from actions.services.swap_policy import Swap, decide_swap, quote_swap
from tests.assistant.conftest import NOW, POLICIES

CARD = PaymentMethod(id="card", kind="credit_card", brand="visa", last_four="4242")
GIFT = PaymentMethod(id="gift", kind="gift_card", balance=Decimal("10.00"))
ADDRESS = Address(line1="1 A St", city="B", state="OR", postcode="97214")
MONEY = st.integers(min_value=1, max_value=90_000).map(lambda cents: Decimal(cents) / 100)


def product(place: int, prices: list[Decimal], stock: int | None = 9) -> Product:
    variants = tuple(
        Variant(id=f"V{place}{at}", options={"color": f"c{at}"}, price=price, stock=stock)
        for at, price in enumerate(prices)
    )
    return Product(id=f"P{place}", name=f"Thing {place}", variants=variants)


def order(products: list[Product], *, quantity: int = 1, status: str = "pending", **more: Decimal) -> Order:
    items = tuple(
        OrderItem(
            id=f"L200000-{place}", product_id=each.id, variant_id=each.variants[0].id, name=each.name,
            price=each.variants[0].price, quantity=quantity, options=each.variants[0].options,
        )
        for place, each in enumerate(products, start=1)
    )  # fmt: skip
    made = Order(
        number="L200000", customer_id="C1", status=status, items=items, address=ADDRESS,
        placed_at=NOW - timedelta(days=5), **more,
    )  # fmt: skip
    arrived = (
        Shipment(tracking_numbers=("1",), item_ids=tuple(i.id for i in items), delivered_at=NOW),
    ) if status == "delivered" else ()  # fmt: skip
    paid = Payment(kind="payment", amount=made.total, method_id="card")
    return dataclasses.replace(made, payments=(paid,), shipments=arrived)


def decide(made: Order, products: list[Product], *swaps: Swap, **more: object) -> Decision:
    catalogue = {each.id: each for each in products}
    asked = {"now": NOW, "swaps": swaps, "catalogue": catalogue, "methods": (CARD, GIFT)} | more
    return decide_swap(made, POLICIES, **asked)  # type: ignore[arg-type]


TWO = [product(1, [Decimal("20.00"), Decimal("32.00")]), product(2, [Decimal("5.00"), Decimal("4.00")])]
FIRST = "L200000-1"


@pytest.mark.parametrize(
    ("status", "swap", "rule"),
    [
        ("pending", Swap(FIRST, "V11"), "allowed"),
        ("pending", Swap(FIRST, None, 3), "allowed"),
        ("pending", Swap(FIRST, None, 0), "allowed"),
        ("pending", Swap(FIRST, "V10"), "no_change"),
        ("pending", Swap(FIRST, "V21"), "other_product"),
        ("pending", Swap(FIRST, "V99"), "other_product"),
        ("pending", Swap("L200000-9", "V11"), "unknown_item"),
        ("pending", Swap(FIRST, "V11", 12), "out_of_stock"),
        ("pending", Swap(FIRST, None, 21), "too_many"),
        ("processing", Swap(FIRST, "V11"), "being_packed"),
        ("shipped", Swap(FIRST, "V11"), "dispatched"),
        ("cancelled", Swap(FIRST, "V11"), "cancelled"),
        ("delivered", Swap(FIRST, "V11"), "allowed"),
        ("delivered", Swap(FIRST, "V10"), "allowed"),  # the same one anew
        ("delivered", Swap(FIRST, None, 2), "part_of_line"),
        ("delivered", Swap(FIRST, "V21"), "other_product"),
        ("returned", Swap(FIRST, "V11"), "already_returned"),
    ],
)
def test_the_rule_that_decides(status: str, swap: Swap, rule: str) -> None:
    made = decide(order(TWO, status=status), TWO, swap)
    assert (made.rule, made.allowed) == (rule, rule == "allowed")
    kind = "exchange" if status in ("delivered", "returned") else "change"
    assert made.explanation_key == f"utter_{kind}_{rule}"


def test_an_order_is_never_emptied() -> None:
    both = [Swap(FIRST, None, 0), Swap("L200000-2", None, 0)]
    assert decide(order(TWO), TWO, *both).rule == "nothing_left"


def test_where_changes_are_possible_once_a_changed_order_stays() -> None:
    once = dataclasses.replace(
        POLICIES, cancellations=dataclasses.replace(POLICIES.cancellations, changes_once=True)
    )
    made = order(TWO, status="changed")
    assert decide_swap(made, once, now=NOW).rule == "already_changed"
    assert decide_swap(made, POLICIES, now=NOW).allowed


def test_where_the_method_is_named_it_has_to_be_and_to_cover_the_difference() -> None:
    named = dataclasses.replace(
        POLICIES, cancellations=dataclasses.replace(POLICIES.cancellations, difference_method="named")
    )
    catalogue, swaps = {each.id: each for each in TWO}, [Swap(FIRST, "V11")]
    rules = [
        decide_swap(
            order(TWO),
            named,
            now=NOW,
            swaps=swaps,
            catalogue=catalogue,
            methods=(CARD, GIFT),
            method_id=method,
        ).rule
        for method in (None, "someone-elses", "gift", "card")
    ]
    assert rules == ["method_needed", "method_needed", "gift_card_balance", "allowed"]


@given(
    prices=st.lists(st.lists(MONEY, min_size=2, max_size=3), min_size=1, max_size=3),
    wishes=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=3, max_size=3),
    quantity=st.integers(1, 4),
    share=st.integers(0, 100),
    rate=st.integers(0, 12),
    shipping=MONEY,
)
def test_what_was_paid_and_the_difference_are_what_the_new_items_cost(
    prices: list[list[Decimal]],
    wishes: list[tuple[int, int]],
    quantity: int,
    share: int,
    rate: int,
    shipping: Decimal,
) -> None:
    products = [product(place, each) for place, each in enumerate(prices, start=1)]
    cent = Decimal("0.01")
    plain = order(products, quantity=quantity)
    discount = (plain.subtotal * share / 100).quantize(cent)
    tax = ((plain.subtotal - discount) * rate / 100).quantize(cent)
    made = order(products, quantity=quantity, discount=discount, tax=tax, shipping=shipping)
    swaps = [
        Swap(item.id, each.variants[variant % len(each.variants)].id, pieces)
        for item, each, (variant, pieces) in zip(made.items, products, wishes, strict=False)
    ]
    quote = quote_swap(made, POLICIES, swaps, {each.id: each for each in products}, (CARD,))
    assert made.paid + quote.difference == quote.changed.total
    assert sum((each.amount for each in quote.shares), NOTHING) == abs(quote.difference)
    assert -quote.difference <= made.paid
    assert quote.changed.total >= NOTHING
    assert quote.changed.shipping == made.shipping

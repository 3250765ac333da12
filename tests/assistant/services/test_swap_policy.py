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
    Exchange,
    ExchangeItem,
    Order,
    OrderItem,
    Payment,
    PaymentMethod,
    Product,
    Shipment,
    Variant,
)
from actions.services.policy import Decision
from actions.services.rulebook import Policies
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


LIMIT = POLICIES.cancellations.authority_limit
DEAR = [product(1, [LIMIT, NOTHING]), product(2, [Decimal("5.00"), Decimal("4.00")])]


def with_rules(file: str, **changes: object) -> Policies:
    rules = dataclasses.replace(getattr(POLICIES, file), **changes)
    return dataclasses.replace(POLICIES, **{file: rules})


def ruled(made: Order, policies: Policies, products: list[Product], *swaps: Swap) -> str:
    catalogue = {each.id: each for each in products}
    asked = {"now": NOW, "swaps": swaps, "catalogue": catalogue, "methods": (CARD, GIFT)}
    return decide_swap(made, policies, **asked).rule  # type: ignore[arg-type]


def arrived_at(made: Order, days: int | None) -> Order:
    moment = None if days is None else NOW - timedelta(days=days)
    return dataclasses.replace(
        made, shipments=tuple(dataclasses.replace(each, delivered_at=moment) for each in made.shipments)
    )


@pytest.mark.parametrize("status", ["pending", "delivered"])
def test_a_person_decides_above_the_limit_and_over_what_was_promised_before(status: str) -> None:
    made, swap = order(DEAR, status=status), Swap(FIRST, "V11")
    assert decide(made, DEAR, swap).allowed
    refused = decide(made, DEAR, swap, promised=Decimal("0.01"))
    assert (refused.rule, refused.needs_approval) == ("authority_limit", True)
    assert refused.facts["limit"] == f"${LIMIT:,.2f}"


@given(
    before=MONEY,
    after=MONEY,
    promised=st.integers(0, 90_000),
    status=st.sampled_from(["pending", "delivered"]),
)
def test_nothing_is_promised_above_the_limit_and_a_charge_never_needs_a_person(
    before: Decimal, after: Decimal, promised: int, status: str
) -> None:
    products = [product(1, [before, after]), product(2, [Decimal("5.00")])]
    earlier = Decimal(promised) / 100
    done = decide(order(products, status=status), products, Swap(FIRST, "V11"), promised=earlier)
    over = after < before and earlier + (before - after) > LIMIT
    assert done.rule == ("authority_limit" if over else "allowed")


@given(
    before=MONEY,
    after=MONEY,
    other=MONEY,
    part=st.integers(0, 100),
    status=st.sampled_from(["pending", "delivered"]),
)
def test_nobody_gets_back_more_than_is_left_of_what_was_paid(
    before: Decimal, after: Decimal, other: Decimal, part: int, status: str
) -> None:
    products = [product(1, [before, after]), product(2, [other])]
    made = order(products, status=status)
    back = (made.paid * part / 100).quantize(Decimal("0.01"))
    gone = Payment(kind="refund", amount=back, method_id="card")
    made = dataclasses.replace(made, payments=(*made.payments, gone))
    quote = quote_swap(made, POLICIES, [Swap(FIRST, "V11")], {each.id: each for each in products}, (CARD,))
    assert made.refunded + max(-quote.difference, NOTHING) <= made.paid
    assert sum((each.amount for each in quote.shares), NOTHING) == abs(quote.difference)


@pytest.mark.parametrize(
    ("balance", "rule"), [("12.00", "allowed"), ("11.99", "method_needed"), (None, "method_needed")]
)
def test_a_gift_card_pays_only_what_it_is_known_to_cover(balance: str | None, rule: str) -> None:
    gift = dataclasses.replace(GIFT, balance=Decimal(balance) if balance else None)
    made = order(TWO)
    made = dataclasses.replace(made, payments=(dataclasses.replace(made.payments[0], method_id="gift"),))
    swap = Swap(FIRST, "V11")  # 12 dollars more
    assert decide(made, TWO, swap, methods=(gift,)).rule == rule
    named = decide(made, TWO, swap, methods=(gift,), method_id="gift").rule
    assert named == ("allowed" if rule == "allowed" else "gift_card_balance")


@pytest.mark.parametrize("status", ["pending", "delivered"])
def test_what_isnt_sold_now_cant_be_had_and_what_isnt_counted_can(status: str) -> None:
    swap = Swap(FIRST, "V11")
    old, new = TWO[0].variants
    gone = dataclasses.replace(TWO[0], variants=(old, dataclasses.replace(new, available=False)))
    uncounted = dataclasses.replace(TWO[0], variants=(old, dataclasses.replace(new, stock=None)))
    made = order(TWO, status=status, quantity=10)
    rules = [decide(made, [each, TWO[1]], swap).rule for each in (gone, TWO[0], uncounted)]
    assert rules == ["out_of_stock", "out_of_stock", "allowed"]


@pytest.mark.parametrize(
    ("rules", "days", "rule"),
    [
        ({}, 30, "allowed"),
        ({}, 31, "window_over"),
        ({}, None, "delivery_date_unknown"),
        ({"when_delivery_date_unknown": "allow"}, None, "allowed"),
        ({"window_days": None}, None, "allowed"),
        ({"window_days": None}, 3000, "allowed"),
    ],
)
def test_the_window_of_exchanges_needs_a_date_and_a_window(
    rules: dict[str, object], days: int | None, rule: str
) -> None:
    made = arrived_at(order(TWO, status="delivered"), days)
    assert ruled(made, with_rules("exchanges", **rules), TWO, Swap(FIRST, "V11")) == rule


@pytest.mark.parametrize(("minutes", "rule"), [(60, "allowed"), (61, "being_packed"), (None, "being_packed")])
def test_the_first_hour_counts_where_the_time_of_the_order_is_known(minutes: int | None, rule: str) -> None:
    placed = None if minutes is None else NOW - timedelta(minutes=minutes)
    made = dataclasses.replace(order(TWO, status="processing"), placed_at=placed)
    assert decide(made, TWO, Swap(FIRST, "V11")).rule == rule


def test_a_parcel_that_left_counts_whatever_the_state_says() -> None:
    left = Shipment(tracking_numbers=("1",), item_ids=(FIRST,), shipped_at=NOW)
    assert (
        decide(dataclasses.replace(order(TWO), shipments=(left,)), TWO, Swap(FIRST, "V11")).rule
        == "dispatched"
    )


@pytest.mark.parametrize(
    ("file", "rules", "swap", "rule"),
    [
        ("cancellations", {"quantity_changes": False}, Swap(FIRST, None, 2), "quantity_fixed"),
        ("cancellations", {"quantity_changes": False}, Swap(FIRST, "V11"), "allowed"),
        ("cancellations", {"removals": False}, Swap(FIRST, None, 0), "removal_fixed"),
        ("exchanges", {"same_variant": False}, Swap(FIRST, "V10"), "no_change"),
    ],
)
def test_what_a_shop_doesnt_offer_is_refused(
    file: str, rules: dict[str, object], swap: Swap, rule: str
) -> None:
    made = order(TWO, status="delivered" if file == "exchanges" else "pending")
    assert ruled(made, with_rules(file, **rules), TWO, swap) == rule


@pytest.mark.parametrize(
    ("once", "status", "rule"),
    [
        (False, "requested", "allowed"), (True, "requested", "already_exchanged"),
        (True, "completed", "already_exchanged"), (True, "rejected", "allowed"),
    ],
)  # fmt: skip
def test_where_exchanges_are_possible_once_the_other_items_stay(once: bool, status: str, rule: str) -> None:
    new = ExchangeItem(item_id="L200000-2", variant_id="V21", price=Decimal("4.00"))
    entry = Exchange(reference="X-1", items=(new,), status=status, difference=NOTHING, method_id="card")
    made = dataclasses.replace(order(TWO, status="delivered"), exchanges=(entry,))
    policies = with_rules("exchanges", once_per_order=once)
    assert ruled(made, policies, TWO, Swap(FIRST, "V11")) == rule


def test_an_item_is_exchanged_once_and_named_once() -> None:
    made, swap = order(TWO, status="delivered"), Swap(FIRST, "V11")
    assert decide(made, TWO, swap, Swap(FIRST, "V10")).rule == "unknown_item"
    new = ExchangeItem(item_id=FIRST, variant_id="V11", price=Decimal("32.00"))
    entry = Exchange(reference="X-1", items=(new,), status="requested", difference=NOTHING, method_id="card")
    again = decide(dataclasses.replace(made, exchanges=(entry,)), TWO, swap)
    assert (again.rule, again.facts["reference"]) == ("already_exchanged", "X-1")

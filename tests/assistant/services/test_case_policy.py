"""What is the matter with an order: pure functions of its dates, parcels and payments."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import ORDER_STATES, Address, Order, OrderItem, Payment, Shipment, Variant
from actions.services.case_policy import CHARGES, ISSUES, assess, came_late, duplicates, lost_on
from actions.services.rulebook import load_policies

POLICIES = load_policies()
NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)  # a Wednesday
TODAY = NOW.date()
HOME = Address(line1="1 Elm Street", city="Denver", state="CO", postcode="80205")
LAMP = OrderItem(id="L200000-1", product_id="P1", variant_id="V1", name="Lamp", price=Decimal("60.00"))
MUG = OrderItem(id="L200000-2", product_id="P2", variant_id="V2", name="Mug", price=Decimal("40.00"))


def parcel(
    expected: int | None = 0, delivered: int | None = None, items: tuple[str, ...] = (LAMP.id, MUG.id)
) -> Shipment:
    """A parcel that was expected, and maybe delivered, so many days ago."""
    return Shipment(
        carrier="UPS",
        tracking_numbers=("1Z",),
        item_ids=items,
        status="in_transit" if delivered is None else "delivered",
        shipped_at=NOW - timedelta(days=30),
        expected_on=None if expected is None else TODAY - timedelta(days=expected),
        delivered_at=None if delivered is None else NOW - timedelta(days=delivered),
    )


def paid(amount: str = "100.00", method: str = "card", **more: object) -> Payment:
    values: dict[str, object] = {"kind": "payment", "amount": Decimal(amount), "method_id": method}
    return Payment(**(values | more))  # type: ignore[arg-type]


def order(status: str = "shipped", *parcels: Shipment, **more: object) -> Order:
    values: dict[str, object] = {
        "number": "L200000", "customer_id": "C1", "status": status, "items": (LAMP, MUG), "address": HOME,
        "shipments": parcels, "payments": (paid(),), "placed_at": NOW - timedelta(days=20),
    }  # fmt: skip
    return Order(**(values | more))  # type: ignore[arg-type]


def rule(made: Order, issue: str, *items: str) -> tuple[str, tuple[str, ...]]:
    found = assess(made, issue, items, POLICIES, NOW)
    return found.rule, found.remedies


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (order("shipped", parcel(-2)), ("not_late", ())),
        (order("shipped", parcel(0)), ("not_late", ())),
        (order("shipped", parcel(2)), ("late", ("trace",))),
        (order("shipped", parcel(12)), ("lost", ("replacement", "refund"))),
        (order("shipped", parcel(60)), ("missing_too_long", ("trace",))),
        (order("shipped", parcel(None)), ("no_dates", ("trace",))),
        (order("delivered", parcel(6, 6)), ("in_time", ())),
        (order("delivered", parcel(6, 4)), ("came_late", ("goodwill",))),
        (order("delivered", parcel(None, 4)), ("no_dates", ("trace",))),
        (order("pending"), ("not_sent_yet", ())),
    ],
)
def test_a_late_order_is_judged_by_its_dates(made: Order, expected: tuple[str, tuple[str, ...]]) -> None:
    assert rule(made, "late") == expected


def test_the_fee_of_a_faster_service_comes_back_only_when_it_was_paid_and_late() -> None:
    fast = {"shipping_service": "expedited", "shipping": Decimal("12.95")}
    assert rule(order("delivered", parcel(6, 4), **fast), "late")[1] == ("shipping", "goodwill")
    assert rule(order("delivered", parcel(6, 6), **fast), "late")[1] == ()
    free = fast | {"shipping": Decimal("0.00")}
    assert rule(order("delivered", parcel(6, 4), **free), "late")[1] == ("goodwill",)


def test_a_parcel_counts_as_lost_after_working_days() -> None:
    friday = Shipment(tracking_numbers=(), item_ids=(), expected_on=date(2026, 11, 20))
    assert lost_on(friday, POLICIES) == date(2026, 11, 30)  # Thanksgiving doesn't count


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (order("delivered", parcel(1, 1)), "look_around"),
        (order("delivered", parcel(5, 5)), "not_received"),
        (order("delivered", parcel(5, 5), shipments=()), "no_dates"),
        (order("shipped", parcel(12)), "lost"),
    ],
)
def test_what_is_said_to_be_delivered_is_searched_for(made: Order, expected: str) -> None:
    found, remedies = rule(made, "not_received")
    assert found == expected
    assert "refund" not in remedies or expected == "lost"


def test_items_that_arrived_damaged_wrong_or_not_at_all() -> None:
    arrived = order("delivered", parcel(5, 5))
    assert rule(arrived, "damaged", LAMP.id) == ("item_damaged", ("replacement", "return", "goodwill"))
    assert rule(arrived, "wrong_item", LAMP.id) == ("item_wrong_item", ("replacement", "return"))
    assert rule(arrived, "missing_item", MUG.id) == ("item_missing", ("replacement", "refund"))
    late = order("delivered", parcel(40, 40))
    assert rule(late, "damaged", LAMP.id) == ("reported_late", ("return", "trace"))


def test_an_item_in_another_parcel_is_not_missing() -> None:
    made = order("partially_shipped", parcel(3, 3, (LAMP.id,)), parcel(-2, None, (MUG.id,)))
    assert rule(made, "missing_item", MUG.id)[0] == "item_on_the_way"
    assert rule(made, "missing_item", LAMP.id)[0] == "item_missing"


def test_a_price_drop_is_judged_by_the_catalogue() -> None:
    made = order("delivered", parcel(5, 5), placed_at=NOW - timedelta(days=10))
    now = {"V1": Variant(id="V1", price=Decimal("50.00")), "V2": Variant(id="V2", price=Decimal("45.00"))}
    found = assess(made, "price_drop", (), POLICIES, NOW, now)
    assert (found.rule, found.item_ids) == ("cheaper", (LAMP.id,))
    long_ago = dataclasses.replace(made, placed_at=NOW - timedelta(days=15))
    assert assess(long_ago, "price_drop", (), POLICIES, NOW, now).rule == "price_too_late"
    undated = dataclasses.replace(made, placed_at=None)
    assert assess(undated, "price_drop", (), POLICIES, NOW, now).rule == "no_dates"
    with_code = dataclasses.replace(made, promo_code="WELCOME10")
    assert assess(with_code, "price_drop", (), POLICIES, NOW, now).rule == "not_cheaper"


@pytest.mark.parametrize(
    ("payments", "proven"),
    [
        ((paid(),), 0),
        ((paid(), paid()), 1),
        ((paid(), paid(), paid()), 2),
        ((paid("50.00"), paid("50.00")), 0),  # paid in two equal parts
        ((paid(), paid(method="other")), 0),
        ((paid(), paid("60.00")), 0),
        ((paid(), paid(status="pending")), 0),
        ((paid(), paid(), paid(kind="refund")), 0),  # paid back already
        ((paid(), paid(), paid("30.00", kind="refund", return_reference="R-1")), 1),
    ],
)
def test_only_a_repeated_payment_above_the_total_is_a_second_charge(
    payments: tuple[Payment, ...], proven: int
) -> None:
    made = order("delivered", parcel(5, 5), payments=payments)
    assert len(duplicates(made)) == proven
    assert (rule(made, "charged_twice") == ("charged_twice", ("charge",))) == bool(proven)


def test_a_canceled_order_that_was_not_paid_back() -> None:
    owed = order("cancelled")
    assert rule(owed, "canceled_charged") == rule(owed, "refund_status") == ("owed", ("owed",))
    assert rule(order("shipped", parcel(-1)), "canceled_charged") == ("not_canceled", ("dispute",))


parcels = st.builds(parcel, st.none() | st.integers(-10, 60), st.none() | st.integers(0, 60))
orders = st.builds(
    lambda status, sent, count, fee, service, back: order(
        status, *sent, payments=(paid(),) * count + ((paid(kind="refund"),) if back else ()),
        shipping=Decimal(fee), shipping_service=service,
    ),
    st.sampled_from(ORDER_STATES),
    st.lists(parcels, max_size=2),
    st.integers(0, 3),
    st.integers(0, 30),
    st.sampled_from(["standard", "expedited", None]),
    st.booleans(),
)  # fmt: skip


@given(made=orders, issue=st.sampled_from(ISSUES), items=st.sampled_from([(), (LAMP.id,), (LAMP.id, MUG.id)]))
def test_nothing_is_given_without_a_date_a_parcel_or_a_payment_that_says_so(
    made: Order, issue: str, items: tuple[str, ...]
) -> None:
    found = assess(made, issue, items, POLICIES, NOW)
    given = set(found.remedies) & {"refund", "replacement", "goodwill", "shipping"}
    if given:
        assert made.shipments
        assert issue not in CHARGES
        dated = all(entry.expected_on or entry.delivered_at for entry in made.shipments)
        assert dated or issue in (
            "missing_item",
            "damaged",
            "wrong_item",
            "not_as_described",
            "late",
            "not_received",
        )
    if "shipping" in found.remedies:
        assert came_late(made)
    if "owed" in found.remedies:
        assert made.status == "cancelled"
        assert made.paid > made.refunded
    if "charge" in found.remedies:
        assert made.paid > made.total
    assert set(found.item_ids) <= {item.id for item in made.items}

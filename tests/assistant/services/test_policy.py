"""The return decision and the money of a return: pure functions, checked over many orders."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.commerce.model import (
    ORDER_STATES,
    Address,
    Order,
    OrderItem,
    Payment,
    PaymentMethod,
    Return,
    Shipment,
)
from actions.services.errors import ServiceError
from actions.services.policy import Decision, decide_return, quote_return
from actions.services.rulebook import load_policies

POLICIES = load_policies()
TODAY = date(2026, 11, 18)
HOME = Address(line1="1 Elm Street", city="Denver", state="CO", postcode="80205")
CARD = PaymentMethod(id="card", kind="credit_card", brand="visa", last_four="4242")
GIFT = PaymentMethod(id="gift", kind="gift_card", balance=Decimal("0.00"))


def item(place: int, price: str = "50.00", quantity: int = 1, **more: object) -> OrderItem:
    values: dict[str, object] = {
        "id": f"L200000-{place}", "product_id": "P", "variant_id": "V", "name": f"Thing {place}", "category": "Home",
        "price": Decimal(price), "quantity": quantity,
    }  # fmt: skip
    return OrderItem(**(values | more))  # type: ignore[arg-type]


def order(*items: OrderItem, delivered: int | None = 5, status: str = "delivered", **more: object) -> Order:
    items = items or (item(1), item(2, "25.00"))
    at = None if delivered is None else datetime(2026, 11, 18, 12, tzinfo=UTC) - timedelta(days=delivered)
    shipment = Shipment(tracking_numbers=("T1",), item_ids=tuple(each.id for each in items), delivered_at=at)
    made = Order(
        number="L200000", customer_id="C1", status=status, items=items, address=HOME,
        shipments=(shipment,) if status not in ("pending", "processing") else (), **more,  # type: ignore[arg-type]
    )  # fmt: skip
    if "payments" in more:
        return made
    return dataclasses.replace(made, payments=(Payment(kind="payment", amount=made.total, method_id="card"),))


def decide(made: Order, item_ids: list[str] | None = None, **more: object) -> Decision:
    return decide_return(made, POLICIES, today=TODAY, item_ids=item_ids, **more)  # type: ignore[arg-type]


def test_a_fresh_delivery_may_come_back() -> None:
    done = decide(order(), ["L200000-1"])
    assert (done.allowed, done.rule, done.needs_approval) == (True, "allowed", False)
    assert done.facts["delivered_on"] == "November 13, 2026"
    assert done.facts["last_day"] == "December 13, 2026"
    assert decide(order()).allowed


@pytest.mark.parametrize(
    "status", [state for state in ORDER_STATES if state not in POLICIES.returns.returnable_states]
)
def test_states_that_forbid_a_return(status: str) -> None:
    rules = {"cancelled": "cancelled", "returned": "already_returned", "refunded": "already_refunded"}
    done = decide(order(status=status))
    assert (done.allowed, done.rule) == (False, rules.get(status, "not_delivered"))
    assert done.explanation_key == f"utter_return_{done.rule}"
    assert set(done.refused_items.values()) == {done.rule}


@pytest.mark.parametrize(("days", "allowed"), [(0, True), (29, True), (30, True), (31, False), (400, False)])
def test_the_last_day_of_the_window_counts(days: int, allowed: bool) -> None:
    done = decide(order(delivered=days))
    assert done.allowed is allowed
    assert done.rule == ("allowed" if allowed else "window_over")


def test_the_window_runs_for_each_parcel() -> None:
    made = order(item(1), item(2))
    late = datetime(2026, 10, 1, tzinfo=UTC)
    parcels = (
        Shipment(tracking_numbers=("T1",), item_ids=("L200000-1",), delivered_at=late),
        Shipment(tracking_numbers=("T2",), item_ids=("L200000-2",), delivered_at=late + timedelta(days=40)),
    )
    done = decide(dataclasses.replace(made, shipments=parcels))
    assert done.allowed
    assert done.refused_items == {"L200000-1": "window_over"}


def test_final_sale() -> None:
    made = order(item(1, tags=("clearance",)), item(2, category="Gift cards"), item(3))
    done = decide(made)
    assert done.allowed
    assert done.refused_items == {"L200000-1": "final_sale", "L200000-2": "final_sale"}
    refused = decide(made, ["L200000-3", "L200000-1"])
    assert (refused.allowed, refused.rule) == (False, "final_sale")
    assert refused.facts["item"] == "Thing 1"


def test_an_item_is_returned_once() -> None:
    entry = Return(
        reference="R-1", item_ids=("L200000-1",), reason="damaged", status="label_sent", refund=Decimal(1)
    )
    made = order(status="return_requested", returns=(entry,))
    refused = decide(made, ["L200000-1"])
    assert (refused.rule, refused.facts["reference"]) == ("already_returned", "R-1")
    assert decide(made, ["L200000-2"]).allowed
    rejected = dataclasses.replace(made, returns=(dataclasses.replace(entry, status="rejected"),))
    assert decide(rejected, ["L200000-1"]).allowed


def test_unknown_items_and_no_items() -> None:
    assert decide(order(), ["L999999-1"]).rule == "unknown_item"
    assert decide(order(), ["L200000-1", "x"]).rule == "unknown_item"
    assert decide(order(), []).rule == "unknown_item"


def test_a_delivery_that_nobody_dated_is_for_a_person() -> None:
    done = decide(order(delivered=None))
    assert (done.allowed, done.rule, done.needs_approval) == (False, "delivery_date_unknown", True)
    lenient = dataclasses.replace(
        POLICIES, returns=dataclasses.replace(POLICIES.returns, when_delivery_date_unknown="allow")
    )
    assert decide_return(order(delivered=None), lenient, today=TODAY).allowed


def test_without_a_payment_a_person_decides() -> None:
    done = decide(order(payments=()))
    assert (done.rule, done.needs_approval) == ("not_paid", True)


def test_the_authority_limit_counts_the_whole_case() -> None:
    made = order(item(1, "400.00"), item(2, "90.00"), item(3, "20.00"))
    assert decide(made, ["L200000-1", "L200000-2"]).allowed
    over = decide(made, ["L200000-1", "L200000-2", "L200000-3"])
    assert (over.allowed, over.rule, over.needs_approval) == (False, "authority_limit", True)
    assert (over.facts["amount"], over.facts["limit"]) == ("$510.00", "$500.00")
    assert decide(made, ["L200000-1"], promised=Decimal("100.00")).allowed
    assert decide(made, ["L200000-1"], promised=Decimal("100.01")).rule == "authority_limit"
    assert decide(made).allowed  # which items isn't known yet


def quote(made: Order, item_ids: list[str], reason: str = "damaged", **more: object):  # type: ignore[no-untyped-def]
    return quote_return(made, POLICIES, [CARD, GIFT], item_ids=item_ids, reason=reason, **more)  # type: ignore[arg-type]


def test_who_pays_for_the_label() -> None:
    made = order(item(1, "40.00"), shipping=Decimal("5.95"))
    ours = quote(made, ["L200000-1"], "damaged")
    assert (ours.refund, ours.fee, ours.method, ours.business_days) == (
        Decimal("45.95"), Decimal("0.00"), "Visa ending in 4242", "5-7",
    )  # fmt: skip
    theirs = quote(made, ["L200000-1"], "changed_mind")
    assert (theirs.refund, theirs.fee) == (Decimal("34.05"), Decimal("5.95"))


def test_a_part_of_an_order_does_not_bring_the_shipping_back() -> None:
    made = order(item(1, "20.00"), item(2, "20.00"), shipping=Decimal("5.95"))
    assert quote(made, ["L200000-1"]).refund == Decimal("20.00")


def test_a_restocking_fee_by_reason() -> None:
    returns = dataclasses.replace(
        POLICIES.returns, restocking_fee_exceptions={"changed_mind": Decimal("0.10")}
    )
    policies = dataclasses.replace(POLICIES, returns=returns)
    made = order(item(1, "80.00"))
    done = quote_return(made, policies, [CARD], item_ids=["L200000-1"], reason="changed_mind")
    assert (done.fee, done.refund) == (Decimal("13.95"), Decimal("66.05"))
    assert quote_return(made, policies, [CARD], item_ids=["L200000-1"], reason="damaged").fee == 0


def test_a_fee_never_makes_a_refund_negative() -> None:
    assert quote(order(item(1, "3.00")), ["L200000-1"], "changed_mind").refund == 0


def test_two_methods_get_back_what_they_gave() -> None:
    made = order(
        item(1, "60.00"), item(2, "40.00"),
        payments=(
            Payment(kind="payment", amount=Decimal("25.00"), method_id="gift"),
            Payment(kind="payment", amount=Decimal("75.00"), method_id="card"),
        ),
    )  # fmt: skip
    done = quote(made, ["L200000-1", "L200000-2"])
    assert {share.method_id: share.amount for share in done.shares} == {
        "card": Decimal("75.00"),
        "gift": Decimal("25.00"),
    }
    assert done.method == "Visa ending in 4242 and gift card"
    assert quote(made, ["L200000-1"]).method == "Visa ending in 4242"


def test_store_credit_when_the_policy_says_so() -> None:
    policies = dataclasses.replace(
        POLICIES, refunds=dataclasses.replace(POLICIES.refunds, method="store_credit")
    )
    done = quote_return(order(), policies, [CARD], item_ids=["L200000-1"], reason="damaged")
    assert (done.method, done.business_days) == ("store credit", "0-1")


def test_a_method_that_is_gone_is_named_in_general() -> None:
    done = quote_return(order(), POLICIES, [], item_ids=["L200000-1"], reason="damaged")
    assert done.method == "the original payment method"


def test_an_unknown_reason_is_an_error() -> None:
    with pytest.raises(ServiceError, match="changed_mind"):
        quote(order(), ["L200000-1"], "bored")


prices = st.decimals("0.00", "300.00", places=2, allow_nan=False)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Any delivered order whose money adds up."""
    lines = draw(st.lists(st.tuples(prices, st.integers(1, 3)), min_size=1, max_size=5))
    items = tuple(item(place, str(price), count) for place, (price, count) in enumerate(lines, start=1))
    subtotal = sum((each.total for each in items), Decimal("0.00"))
    discount = draw(st.decimals("0.00", str(subtotal), places=2))
    return order(*items, tax=draw(prices), shipping=draw(prices), discount=discount)


@settings(max_examples=150, deadline=None)
@given(orders(), st.sampled_from(sorted(POLICIES.returns.reasons)), st.data())
def test_refunds_never_exceed_what_was_paid(made: Order, reason: str, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.sampled_from([each.id for each in made.items]), unique=True, min_size=1))
    done = quote(made, ids, reason)
    assert 0 <= done.refund <= made.paid
    assert sum((share.amount for share in done.shares), Decimal(0)) == done.refund
    assert done.refund == done.refund.quantize(Decimal("0.01"))


@settings(max_examples=150, deadline=None)
@given(orders())
def test_item_values_add_up_to_what_was_paid_for_items(made: Order) -> None:
    values = made.item_values()
    assert all(value >= 0 for value in values.values())
    if made.subtotal:
        assert sum(values.values()) == made.total - made.shipping


@settings(max_examples=100, deadline=None)
@given(orders(), st.integers(0, 60), st.sampled_from(ORDER_STATES))
def test_what_is_allowed_is_always_within_the_rules(made: Order, days: int, status: str) -> None:
    at = datetime(2026, 11, 18, 12, tzinfo=UTC) - timedelta(days=days)
    parcels = tuple(dataclasses.replace(each, delivered_at=at) for each in made.shipments)
    made = dataclasses.replace(made, status=status, shipments=parcels)
    done = decide(made, [each.id for each in made.items])
    if done.allowed:
        assert days <= POLICIES.returns.window_days
        assert status in POLICIES.returns.returnable_states
        assert sum(made.item_values().values()) <= POLICIES.returns.authority_limit
        assert not done.needs_approval
    else:
        assert done.rule in POLICIES.returns.rules

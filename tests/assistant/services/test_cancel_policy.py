"""The decision on a cancellation and its money: pure functions, checked over many orders."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import ORDER_STATES, Address, Order, OrderItem, Payment, PaymentMethod, Shipment
from actions.services.cancel_policy import decide_cancellation, quote_cancellation
from actions.services.policy import Decision
from actions.services.rulebook import load_policies

POLICIES = load_policies()
NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
HOME = Address(line1="1 Elm Street", city="Denver", state="CO", postcode="80205")
CARD = PaymentMethod(id="card", kind="credit_card", brand="visa", last_four="4242")
GIFT = PaymentMethod(id="gift", kind="gift_card", balance=Decimal("5.00"))
LIMIT = POLICIES.cancellations.authority_limit


def order(status: str = "pending", minutes: int | None = 300, **more: object) -> Order:
    item = OrderItem(
        id="L200000-1", product_id="P", variant_id="V", name="Lamp", price=Decimal("50.00"), quantity=2
    )
    paid = (Payment(kind="payment", amount=Decimal("100.00"), method_id="card"),)
    values: dict[str, object] = {
        "number": "L200000", "customer_id": "C1", "status": status, "items": (item,), "address": HOME,
        "placed_at": None if minutes is None else NOW - timedelta(minutes=minutes), "payments": paid,
    }  # fmt: skip
    return Order(**(values | more))


def decide(made: Order, **more: Decimal) -> Decision:
    return decide_cancellation(made, POLICIES, now=NOW, **more)


@pytest.mark.parametrize(
    ("status", "minutes", "rule"),
    [
        ("pending", 300, "allowed"),
        ("pending", None, "allowed"),
        ("processing", 59, "allowed"),
        ("processing", 60, "allowed"),
        ("processing", 61, "being_packed"),
        ("processing", None, "being_packed"),
        ("shipped", 5, "dispatched"),
        ("delivered", 5, "delivered"),
        ("refunded", 5, "sent_back"),
        ("return_requested", 5, "sent_back"),
        ("cancelled", 5, "already_cancelled"),
    ],
)
def test_the_state_and_the_first_hour_decide(status: str, minutes: int | None, rule: str) -> None:
    done = decide(order(status, minutes))
    assert (done.rule, done.allowed) == (rule, rule == "allowed")
    assert done.explanation_key == f"utter_cancel_{rule}"
    assert rule == "allowed" or rule in POLICIES.cancellations.rules


def test_a_parcel_that_left_counts_whatever_the_state_says() -> None:
    left = Shipment(tracking_numbers=("T1",), item_ids=("L200000-1",), shipped_at=NOW)
    assert decide(order("pending", shipments=(left,))).rule == "dispatched"
    labelled = dataclasses.replace(left, shipped_at=None)
    assert decide(order("pending", shipments=(labelled,))).allowed


def test_a_person_decides_above_the_limit_and_over_what_was_promised_before() -> None:
    dear = order(payments=(Payment(kind="payment", amount=LIMIT, method_id="card"),))
    assert decide(dear).allowed
    refused = decide(dear, promised=Decimal("0.01"))
    assert (refused.rule, refused.allowed, refused.needs_approval) == ("authority_limit", False, True)


@given(
    st.sampled_from(ORDER_STATES),
    st.integers(0, 10_000),
    st.decimals(0, 2000, places=2),
    st.decimals(0, 2000, places=2),
)
def test_nothing_is_promised_above_the_limit_or_after_dispatch(
    status: str, minutes: int, paid: Decimal, promised: Decimal
) -> None:
    made = order(status, minutes, payments=(Payment(kind="payment", amount=paid, method_id="card"),))
    done = decide(made, promised=promised)
    if done.allowed:
        assert status in ("pending", "processing")
        assert promised + paid <= LIMIT
    else:
        assert done.rule in POLICIES.cancellations.rules


@given(st.decimals(0, 500, places=2), st.decimals(0, 500, places=2), st.decimals(0, 500, places=2))
def test_exactly_what_was_paid_goes_back_to_where_it_came_from(
    by_card: Decimal, by_gift: Decimal, back: Decimal
) -> None:
    back = min(back, by_card)
    paid = (
        Payment(kind="payment", amount=by_card, method_id="card"),
        Payment(kind="payment", amount=by_gift, method_id="gift"),
        Payment(kind="refund", amount=back, method_id="card"),
    )
    quote = quote_cancellation(order(payments=paid), POLICIES, (CARD, GIFT))
    assert quote.refund == sum(share.amount for share in quote.shares) == by_card + by_gift - back
    given_back = {share.method_id: share.amount for share in quote.shares}
    assert given_back.get("card", 0) <= by_card - back
    assert given_back.get("gift", 0) <= by_gift
    assert quote.at_once <= {"gift"}


def test_a_gift_card_alone_has_it_at_once() -> None:
    paid = (Payment(kind="payment", amount=Decimal("100.00"), method_id="gift"),)
    quote = quote_cancellation(order(payments=paid), POLICIES, (GIFT,))
    assert (quote.method, quote.business_days) == (
        "gift card",
        POLICIES.cancellations.gift_card_business_days,
    )
    unknown = quote_cancellation(order(payments=paid), POLICIES, ())
    assert unknown.method == "the original payment method"
    assert unknown.business_days == POLICIES.cancellations.refund_business_days

"""What of an order may be changed that is no item: pure decisions, checked over many orders."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import NOTHING, ORDER_STATES, Address, Payment, PaymentMethod, Shipment
from actions.services.details_policy import (
    decide_address,
    decide_payment,
    decide_profile_address,
    quote_payment,
)
from tests.assistant.services.test_cancel_policy import CARD, HOME, NOW, POLICIES, order

NEW = Address(line1="22 Oak Street", line2="Apt 4", city="Boulder", state="CO", postcode="80302")
PAYPAL = PaymentMethod(id="paypal", kind="paypal")
RICH = PaymentMethod(id="rich", kind="gift_card", balance=Decimal("100.00"))
POOR = PaymentMethod(id="poor", kind="gift_card", balance=Decimal("99.99"))
UNKNOWN = PaymentMethod(id="unknown", kind="gift_card")
METHODS = (CARD, PAYPAL, RICH, POOR, UNKNOWN)


@pytest.mark.parametrize(
    ("status", "minutes", "rule"),
    [
        ("pending", 300, "allowed"),
        ("pending", None, "allowed"),
        ("processing", 60, "allowed"),
        ("processing", 61, "being_packed"),
        ("processing", None, "being_packed"),
        ("shipped", 5, "dispatched"),
        ("delivered", 5, "delivered"),
        ("return_requested", 5, "sent_back"),
        ("cancelled", 5, "cancelled"),
    ],
)
def test_the_state_and_the_first_hour_decide(status: str, minutes: int | None, rule: str) -> None:
    made = order(status, minutes)
    assert decide_address(made, POLICIES, now=NOW).rule == rule
    assert decide_payment(made, POLICIES, METHODS, now=NOW).rule == rule
    assert decide_address(made, POLICIES, now=NOW, address=NEW).rule == rule
    assert decide_payment(made, POLICIES, METHODS, now=NOW, method_id="paypal").rule == rule


def test_a_parcel_that_left_counts_whatever_the_state_says() -> None:
    left = Shipment(tracking_numbers=("T1",), item_ids=("L200000-1",), shipped_at=NOW)
    made = order("pending", shipments=(left,))
    assert decide_address(made, POLICIES, now=NOW, address=NEW).rule == "dispatched"
    assert decide_payment(made, POLICIES, METHODS, now=NOW, method_id="paypal").rule == "dispatched"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({}, "allowed"),
        ({"state": "PR", "postcode": "00601"}, "outside_region"),
        ({"state": "AE", "postcode": "09012"}, "outside_region"),
        ({"line1": " "}, "incomplete"),
        ({"postcode": "8030"}, "incomplete"),
        ({"state": "Colorado"}, "incomplete"),
        ({"city": "Boul\nder"}, "incomplete"),
    ],
)
def test_where_things_can_be_sent(changed: dict[str, str], rule: str) -> None:
    address = dataclasses.replace(NEW, **changed)
    assert decide_address(order(), POLICIES, now=NOW, address=address).rule == rule
    assert decide_profile_address(address, HOME, POLICIES).rule == rule


def test_the_same_address_is_no_change_and_a_po_box_needs_the_right_service() -> None:
    assert decide_address(order(), POLICIES, now=NOW, address=HOME).rule == "same_address"
    assert decide_profile_address(HOME, HOME, POLICIES).rule == "same_address"
    box = dataclasses.replace(NEW, line1="PO Box 12")
    assert decide_address(
        order(), POLICIES, now=NOW, address=box
    ).allowed  # the shop doesn't say by which service
    assert decide_address(order(shipping_service="standard"), POLICIES, now=NOW, address=box).allowed
    assert (
        decide_address(order(shipping_service="overnight"), POLICIES, now=NOW, address=box).rule == "po_box"
    )


def test_the_address_of_an_account_is_changed_only_where_the_policies_say_so() -> None:
    closed = dataclasses.replace(
        POLICIES, accounts=dataclasses.replace(POLICIES.accounts, chat_changes=("phone",))
    )
    assert decide_profile_address(NEW, HOME, closed).rule == "not_in_chat"


@pytest.mark.parametrize(
    ("method", "rule"),
    [
        ("paypal", "allowed"),
        ("rich", "allowed"),
        ("poor", "balance_short"),
        ("unknown", "balance_unknown"),
        ("card", "same_method"),
        ("somebody-elses", "unknown_method"),
    ],
)
def test_which_method_may_pay_instead(method: str, rule: str) -> None:
    decision = decide_payment(order(), POLICIES, METHODS, now=NOW, method_id=method)
    assert (decision.rule, decision.allowed) == (rule, rule == "allowed")
    assert rule == "allowed" or rule in POLICIES.payments.change_rules


def test_without_another_method_or_a_payment_nothing_can_be_moved() -> None:
    assert decide_payment(order(), POLICIES, (CARD,), now=NOW).rule == "no_other_method"
    assert decide_payment(order(payments=()), POLICIES, METHODS, now=NOW).rule == "not_paid"
    assert decide_payment(order(payments=()), POLICIES, METHODS, now=NOW).needs_approval


def test_of_two_methods_one_may_take_over_the_whole() -> None:
    paid = (
        Payment(kind="payment", amount=Decimal("30.00"), method_id="rich"),
        Payment(kind="payment", amount=Decimal("70.00"), method_id="card"),
    )
    made = order(payments=paid)
    quote = quote_payment(made, POLICIES, METHODS, "card")
    assert (quote.total, quote.back_to, quote.at_once) == (Decimal("30.00"), "gift card", {"rich"})
    assert decide_payment(
        made, POLICIES, METHODS, now=NOW, method_id="rich"
    ).allowed  # 70 more, and 100 are on it


def test_how_long_the_money_takes() -> None:
    by_gift = order(payments=(Payment(kind="payment", amount=Decimal("100.00"), method_id="rich"),))
    policy = POLICIES.payments
    assert (
        quote_payment(by_gift, POLICIES, METHODS, "card").business_days
        == policy.change_gift_card_business_days
    )
    assert (
        quote_payment(order(), POLICIES, METHODS, "rich").business_days == policy.change_refund_business_days
    )
    assert quote_payment(order(), POLICIES, (PAYPAL,), "paypal").back_to == "the original payment method"


amounts = st.decimals(0, 500, places=2)


@given(amounts, amounts, amounts, st.sampled_from([method.id for method in METHODS]))
def test_what_is_charged_is_what_goes_back(
    by_card: Decimal, by_gift: Decimal, back: Decimal, method: str
) -> None:
    paid = (
        Payment(kind="payment", amount=by_card, method_id="card"),
        Payment(kind="payment", amount=by_gift, method_id="rich"),
        Payment(kind="refund", amount=min(back, by_card), method_id="card"),
    )
    made = order(payments=paid)
    quote = quote_payment(made, POLICIES, METHODS, method)
    assert quote.total == sum((share.amount for share in quote.shares), NOTHING)
    assert method not in {share.method_id for share in quote.shares}
    kept = made.paid - made.refunded - quote.total  # stays on the method that takes over
    assert kept == {"card": by_card - min(back, by_card), "rich": by_gift}.get(method, NOTHING)


@given(
    st.sampled_from(ORDER_STATES), st.integers(0, 10_000), st.sampled_from([method.id for method in METHODS])
)
def test_nothing_is_changed_after_dispatch_and_no_gift_card_is_overdrawn(
    status: str, minutes: int, method: str
) -> None:
    made = order(status, minutes)
    address = decide_address(made, POLICIES, now=NOW, address=NEW)
    payment = decide_payment(made, POLICIES, METHODS, now=NOW, method_id=method)
    for decision, rules in (
        (address, POLICIES.shipping.address_rules),
        (payment, POLICIES.payments.change_rules),
    ):
        assert decision.allowed or decision.rule in rules
        assert not decision.allowed or status in ("pending", "processing")
    if payment.allowed:
        balance = next(each.balance for each in METHODS if each.id == method)
        assert balance is None or balance >= quote_payment(made, POLICIES, METHODS, method).total

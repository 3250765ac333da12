"""What is given, and how much: never twice, never more than was paid, never above the limits."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import Order, PaymentMethod, Variant
from actions.services.case_policy import GIVEN, ISSUES
from actions.services.remedy_policy import (
    Remedy,
    Standing,
    amount_of,
    decide_remedy,
    quote_remedy,
    worth_of,
)
from actions.services.rulebook import load_policies
from tests.assistant.services.test_case_policy import LAMP, MUG, NOW, order, orders, paid, parcel

POLICIES = load_policies()
CARD = PaymentMethod(id="card", kind="credit_card", brand="visa", last_four="4242")
STOCK = {
    "V1": Variant(id="V1", price=Decimal("50.00"), stock=3),
    "V2": Variant(id="V2", price=Decimal("40.00"), stock=0, available=False),
}
LOST = order("shipped", parcel(12))
DAMAGED = order("delivered", parcel(5, 5))
BOTH = (LAMP.id, MUG.id)


def standing(**more: object) -> Standing:
    values: dict[str, object] = {"now": NOW, "variants": STOCK}
    return Standing(**(values | more))  # type: ignore[arg-type]


def rule(made: Order, remedy: Remedy, **more: object) -> str:
    return decide_remedy(made, remedy, POLICIES, standing(**more)).rule


def test_a_lost_order_is_paid_back_in_full() -> None:
    made = dataclasses.replace(LOST, shipping=Decimal("5.95"), payments=(paid("105.95"),))
    remedy = Remedy("refund", "late", BOTH)
    assert rule(made, remedy) == "allowed"
    quote = quote_remedy(made, remedy, POLICIES, standing(), [CARD])
    assert (quote.amount, quote.method) == (Decimal("105.95"), "Visa ending in 4242")


@pytest.mark.parametrize(
    ("made", "remedy", "more", "expected"),
    [
        (LOST, Remedy("refund", "late", (LAMP.id,)), {}, "allowed"),
        (LOST, Remedy("refund", "late", ("L9-9",)), {}, "unknown_item"),
        (LOST, Remedy("refund", "late"), {}, "unknown_item"),
        (LOST, Remedy("refund", "damaged", (LAMP.id,)), {}, "not_due"),
        (LOST, Remedy("owed", "late"), {}, "not_due"),
        (LOST, Remedy("trace", "late"), {}, "not_due"),
        (LOST, Remedy("replacement", "late", (MUG.id,)), {}, "out_of_stock"),
        (LOST, Remedy("replacement", "late", (LAMP.id,)), {}, "allowed"),
        (LOST, Remedy("refund", "late", (LAMP.id,)), {"claims": frozenset({f"goods/{LAMP.id}"})}, "already_given"),
        (LOST, Remedy("refund", "late", BOTH), {"promised": Decimal("400.01")}, "authority_limit"),
        (LOST, Remedy("refund", "late", BOTH), {"promised": Decimal("400.00")}, "allowed"),
        (LOST, Remedy("replacement", "late", (LAMP.id,)), {"promised": Decimal("441.00")}, "authority_limit"),
        (DAMAGED, Remedy("goodwill", "damaged", (LAMP.id,)), {"compensations": 2}, "too_many"),
        (DAMAGED, Remedy("goodwill", "damaged", (LAMP.id,)), {"compensated": Decimal("80.00")}, "nothing_left"),
    ],
)  # fmt: skip
def test_the_rule_that_decides(made: Order, remedy: Remedy, more: dict[str, object], expected: str) -> None:
    assert rule(made, remedy, **more) == expected
    assert expected == "allowed" or expected in POLICIES.compensation.rules


@pytest.mark.parametrize(
    ("tier", "price", "amount"),
    [
        (None, "60.00", "12.00"),
        ("member", "60.00", "12.00"),
        ("silver", "60.00", "15.00"),
        ("gold", "60.00", "18.00"),
        ("member", "900.00", "40.00"),  # the cap
        ("gold", "900.00", "60.00"),  # the cap of a gold member
    ],
)
def test_a_compensation_goes_by_issue_and_tier_up_to_a_cap(tier: str | None, price: str, amount: str) -> None:
    lamp = dataclasses.replace(LAMP, price=Decimal(price))
    made = dataclasses.replace(DAMAGED, items=(lamp, MUG), payments=(paid("1000.00"),))
    remedy = Remedy("goodwill", "damaged", (LAMP.id,))
    assert amount_of(made, remedy, POLICIES, standing(tier=tier)) == Decimal(amount)


def test_what_is_left_of_the_period_caps_a_compensation() -> None:
    remedy = Remedy("goodwill", "damaged", (LAMP.id,))
    left = standing(compensated=POLICIES.compensation.period_cap - Decimal("3.00"))
    assert amount_of(DAMAGED, remedy, POLICIES, left) == Decimal("3.00")


def test_a_second_charge_goes_back_to_the_method_that_was_charged() -> None:
    made = order("delivered", parcel(5, 5), payments=(paid(), paid()))
    quote = quote_remedy(made, Remedy("charge", "charged_twice"), POLICIES, standing(), [CARD])
    assert (quote.amount, [share.method_id for share in quote.shares]) == (Decimal("100.00"), ["card"])


@given(
    made=orders,
    kind=st.sampled_from(GIVEN),
    issue=st.sampled_from(ISSUES),
    items=st.sampled_from([(), (LAMP.id,), BOTH]),
    tier=st.sampled_from([None, "member", "silver", "gold"]),
    promised=st.integers(0, 600).map(Decimal),
    compensated=st.integers(0, 100).map(Decimal),
)
def test_no_remedy_exceeds_what_was_paid_or_a_limit(
    made: Order,
    kind: str,
    issue: str,
    items: tuple[str, ...],
    tier: str | None,
    promised: Decimal,
    compensated: Decimal,
) -> None:
    remedy = Remedy(kind, issue, items)
    now = standing(tier=tier, promised=promised, compensated=compensated)
    decision = decide_remedy(made, remedy, POLICIES, now)
    assert decision.allowed or decision.rule in POLICIES.compensation.rules
    assert decision.needs_approval == (decision.rule == "authority_limit")
    quote = quote_remedy(made, remedy, POLICIES, now, [CARD])
    assert 0 <= quote.amount <= max(made.paid - made.refunded, Decimal(0))
    assert quote.amount == sum(share.amount for share in quote.shares)
    if decision.allowed:
        assert promised + worth_of(made, remedy, POLICIES, now) <= POLICIES.compensation.authority_limit
        claimed = dataclasses.replace(now, claims=frozenset(remedy.claims()))
        assert not decide_remedy(made, remedy, POLICIES, claimed).allowed
        if kind == "goodwill":
            assert quote.amount + compensated <= POLICIES.compensation.period_cap

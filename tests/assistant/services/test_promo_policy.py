"""The decision on a promo code and its money: pure functions, checked over many orders."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import ORDER_STATES, Address, Customer, Order, OrderItem, Payment, PaymentMethod
from actions.services.policy import Decision
from actions.services.promo_policy import codes_of, credit_of, decide_code, decide_promotion, quote_promotion
from actions.services.rulebook import load_policies
from actions.services.sales_readings import PromoCode

POLICIES = load_policies()
POLICY = POLICIES.promotions
NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
HOME = Address(line1="1 Elm Street", city="Denver", state="CO", postcode="80205")
CARD = PaymentMethod(id="card", kind="credit_card", brand="visa", last_four="4242")
GIFT = PaymentMethod(id="gift", kind="gift_card", balance=Decimal("5.00"))
ANN = Customer(
    id="C1", first_name="Ann", last_name="Lee", email="ann@example.com", address=HOME, payment_methods=(CARD, GIFT), tier="member"
)  # fmt: skip
CENTS = st.decimals(0, 900, places=2)


def item(price: str | Decimal = "100.00", category: str | None = "Lighting", **more: object) -> OrderItem:
    values: dict[str, object] = {
        "id": "L200000-1", "product_id": "P", "variant_id": "V", "name": "Lamp", "price": Decimal(price), "category": category,
    }  # fmt: skip
    return OrderItem(**(values | more))  # type: ignore[arg-type]


def order(status: str = "pending", hours: float | None = 2, *items: OrderItem, **more: object) -> Order:
    lines = items or (item(),)
    made = Order(
        **{
            "number": "L200000",
            "customer_id": "C1",
            "status": status,
            "items": lines,
            "address": HOME,
            "placed_at": None if hours is None else NOW - timedelta(hours=hours),
            "tax": Decimal("8.00"),
            "shipping_service": "standard",
        }
        | more  # fmt: skip
    )  # type: ignore[arg-type]
    if "payments" in more:
        return made
    return dataclasses.replace(made, payments=(Payment(kind="payment", amount=made.total, method_id="card"),))


def decide(
    made: Order, code: str = "BRIGHT15", others: tuple[Order, ...] = (), tier: str = "member", **more: Decimal
) -> Decision:
    customer = dataclasses.replace(ANN, tier=tier)
    return decide_promotion(made, code, POLICIES, customer=customer, others=others, now=NOW, **more)


def with_codes(**codes: PromoCode) -> object:
    return dataclasses.replace(
        POLICIES, promotions=dataclasses.replace(POLICY, codes={**POLICY.codes, **codes})
    )


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("BRIGHT15", "allowed"),
        ("bright15", "allowed"),
        ("SUNNY25", "expired"),
        ("FREE99", "unknown_code"),
        ("", "unknown_code"),
    ],
)
def test_a_code_by_itself(code: str, rule: str) -> None:
    assert decide_code(code, POLICIES, today=NOW.date()).rule == rule


def test_the_first_and_the_last_day_count() -> None:
    soon = PromoCode(
        name="SOON5", text="5% off", discount=Decimal("0.05"), starts_on=NOW.date(), ends_on=NOW.date()
    )
    policies = with_codes(SOON5=soon)
    rules = [decide_code("SOON5", policies, today=NOW.date() + timedelta(days=d)).rule for d in (-1, 0, 1)]  # type: ignore[arg-type]
    assert rules == ["not_started", "allowed", "expired"]


@pytest.mark.parametrize(
    ("made", "code", "rule"),
    [
        (order(), "BRIGHT15", "allowed"),
        (order("delivered"), "BRIGHT15", "order_closed"),
        (order("cancelled"), "BRIGHT15", "order_closed"),
        (order(hours=24), "BRIGHT15", "allowed"),
        (order(hours=24.1), "BRIGHT15", "too_late"),
        (order(hours=None), "BRIGHT15", "order_date_unknown"),
        (order(promo_code="BRIGHT15"), "BRIGHT15", "already_applied"),
        (order(promo_code="WELCOME10"), "BRIGHT15", "codes_per_order"),
        (order("pending", 2, item("74.99")), "BRIGHT15", "below_minimum"),
        (order("pending", 2, item("75.00")), "BRIGHT15", "allowed"),
        (order("pending", 2, item(category="Kitchen")), "BRIGHT15", "nothing_eligible"),
        (order("pending", 2, item(tags=("clearance",))), "BRIGHT15", "nothing_eligible"),
        (order("pending", 2, item(category="Gift cards")), "WELCOME10", "nothing_eligible"),
        (order(), "CIRCLE12", "wrong_tier"),
        (order(), "FREESHIP", "no_saving"),
        (order(shipping=Decimal("12.95"), shipping_service="expedited"), "FREESHIP", "other_shipping"),
        (order(shipping=Decimal("5.95")), "FREESHIP", "allowed"),
        (order(payments=()), "BRIGHT15", "not_paid"),
    ],
)  # fmt: skip
def test_one_rule_decides(made: Order, code: str, rule: str) -> None:
    done = decide(made, code)
    assert (done.rule, done.allowed) == (rule, rule == "allowed")
    assert done.explanation_key == f"utter_promo_{rule}"
    assert rule == "allowed" or rule in POLICY.rules


def test_what_the_customer_did_before_counts() -> None:
    earlier = order(hours=300, number="L199000", promo_code="BRIGHT15")
    assert decide(order(), "BRIGHT15", (earlier,)).rule == "used_before"
    assert decide(order(), "WELCOME10", (earlier,)).rule == "first_order_only"
    later = dataclasses.replace(earlier, placed_at=NOW, promo_code=None)
    assert decide(order(), "WELCOME10", (later,)).allowed
    gone = dataclasses.replace(earlier, status="cancelled")
    assert decide(order(), "WELCOME10", (gone,)).allowed
    assert decide(order(), "CIRCLE12", (), "gold").allowed


def test_codes_go_together_only_where_each_of_them_says_so() -> None:
    policies = with_codes(
        ONE=PromoCode(name="ONE", text="5% off", discount=Decimal("0.05"), stackable=True),
        TWO=PromoCode(name="TWO", text="$5 off", amount=Decimal("5.00"), stackable=True),
    )
    policies = dataclasses.replace(
        policies, promotions=dataclasses.replace(policies.promotions, codes_per_order=2)
    )  # type: ignore[type-var, attr-defined]

    def rule(present: str, code: str) -> str:
        made = order(promo_code=present)
        return decide_promotion(made, code, policies, customer=ANN, others=(), now=NOW).rule  # type: ignore[arg-type]

    assert rule("ONE", "TWO") == "allowed"
    assert rule("ONE", "BRIGHT15") == "not_stackable"
    assert rule("BRIGHT15", "TWO") == "not_stackable"
    assert rule("GONE", "TWO") == "not_stackable"
    assert rule("ONE+TWO", "BRIGHT15") == "codes_per_order"
    assert codes_of(order(promo_code="one+two")) == ["ONE", "TWO"]


def test_a_person_decides_above_the_limit() -> None:
    dear = order("pending", 2, item("3000.00"))
    assert decide(dear).rule == "allowed"
    over = decide(order("pending", 2, item("3400.00")))
    assert (over.rule, over.needs_approval) == ("authority_limit", True)
    assert decide(order(), promised=Decimal("490.00")).rule == "authority_limit"


@given(
    st.sampled_from(ORDER_STATES), st.integers(0, 100), st.sampled_from(sorted(POLICY.codes)), CENTS, CENTS, CENTS,
    st.sampled_from([None, "WELCOME10", "OTHER"]), CENTS,
)  # fmt: skip
def test_nothing_is_credited_beyond_the_rules(
    status: str,
    hours: int,
    code: str,
    price: Decimal,
    tax: Decimal,
    off: Decimal,
    present: str | None,
    promised: Decimal,
) -> None:
    made = order(status, hours, item(price), tax=tax, discount=min(off, price), promo_code=present)
    done = decide(made, code, promised=promised)
    if not done.allowed:
        assert done.rule in POLICY.rules
        return
    quote = quote_promotion(made, POLICY.codes[code], POLICIES, (CARD, GIFT))
    assert present is None
    assert status in POLICY.credit_states
    assert hours <= POLICY.late_code_hours
    assert Decimal(0) < quote.credit <= made.paid - made.refunded
    assert promised + quote.credit <= POLICY.authority_limit
    assert made.subtotal >= POLICY.codes[code].minimum


@given(CENTS, CENTS, CENTS, st.decimals("0.01", "1", places=2), st.sampled_from(["Lighting", None]))
def test_the_credit_is_exactly_the_difference_of_the_totals(
    price: Decimal, tax: Decimal, off: Decimal, share: Decimal, category: str | None
) -> None:
    second = item("40.00", "Kitchen", id="L200000-2")
    made = order("pending", 1, item(price), second, tax=tax, discount=min(off, price))
    code = PromoCode(name="X", text="off", discount=share, category=category)
    change = credit_of(made, code, POLICY)
    after = dataclasses.replace(
        made, discount=made.discount + change.discount, tax=change.tax, shipping=change.shipping
    )
    assert made.total - after.total == change.credit
    assert after.total >= 0
    assert Decimal(0) <= change.tax <= made.tax
    quote = quote_promotion(made, code, POLICIES, (CARD,))
    assert sum((entry.amount for entry in quote.shares), Decimal(0)) == min(change.credit, made.paid)

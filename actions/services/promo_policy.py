"""What a promo code takes off an order that was placed without it: pure functions of both, a time and the policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from actions.commerce.model import CENT, NOTHING, Customer, Order, OrderItem, PaymentMethod
from actions.services.policy import Decision, Share, decided, gift_cards, method_words, refusal, shares_of
from actions.services.rulebook import Policies
from actions.services.sales_policies import PromotionsPolicy
from actions.services.sales_readings import PromoCode
from actions.services.wording import dollars, listed, long_date

SUBJECT = "promo"
JOINT = "+"  # between the codes of an order that has several
STANDARD = "standard"


@dataclass(frozen=True)
class PromoQuote:
    """What a code changes in an order, and what is paid back for it, how and when."""

    discount: Decimal  # that the code adds
    shipping: Decimal  # of the order afterwards
    tax: Decimal  # of the order afterwards
    credit: Decimal
    method: str  # in words, as in "Visa ending in 4242"
    currency: str
    business_days: str  # as in "3-5"
    shares: tuple[Share, ...] = ()
    at_once: frozenset[str] = frozenset()  # methods that have it immediately


def decide_code(name: str, policies: Policies, *, today: date) -> Decision:
    """Decide whether there is such a code and whether it can be used today, whatever it is used for."""
    code = policies.promotions.codes.get(name.upper())
    if code is None:
        return refusal("unknown_code", {"code": name}, subject=SUBJECT)
    facts = _facts(code, policies)
    if code.starts_on and today < code.starts_on:
        return refusal("not_started", facts, subject=SUBJECT)
    if code.ends_on and today > code.ends_on:
        return refusal("expired", facts, subject=SUBJECT)
    return Decision(True, "allowed", f"utter_{SUBJECT}_terms", facts)


def decide_promotion(
    order: Order,
    name: str,
    policies: Policies,
    *,
    customer: Customer,
    others: Sequence[Order],
    now: datetime,
    promised: Decimal = NOTHING,
) -> Decision:
    """Decide whether a code may be credited to an order now.

    `others` are the customer's other orders, and `promised` is what was promised in the same case before.
    """
    policy = policies.promotions
    code = policy.codes.get(name.upper())
    decision = decide_code(name, policies, today=now.astimezone(UTC).date())
    if code is None or not decision.allowed:
        return decision
    facts = {**decision.facts, **_order_facts(order, code, others)}
    rule = (
        rule_of_order(order, policy, now)
        or _rule_of_codes(order, code, policy)
        or _rule_of_customer(order, code, customer, others)
        or _rule_of_items(order, code, policy)
    )
    if rule is not None:
        return refusal(rule, facts, subject=SUBJECT)
    credit = credit_of(order, code, policy).credit
    facts |= {"amount": dollars(credit), "limit": dollars(policy.authority_limit)}
    if credit > order.paid - order.refunded:
        return refusal("not_paid", facts, subject=SUBJECT)
    if promised + credit > policy.authority_limit:
        return refusal("authority_limit", facts, subject=SUBJECT)
    return decided(None, facts, subject=SUBJECT)


def quote_promotion(
    order: Order, code: PromoCode, policies: Policies, methods: Iterable[PaymentMethod]
) -> PromoQuote:
    """Work out what a code changes, with the credit spread over the methods that paid."""
    change = credit_of(order, code, policies.promotions)
    known = {method.id: method for method in methods}
    shares = shares_of(order, change.credit)
    words, days = method_words(shares, known, policies)
    return PromoQuote(
        change.discount,
        change.shipping,
        change.tax,
        change.credit,
        words,
        order.currency,
        days,
        shares,
        gift_cards(shares, known),
    )


@dataclass(frozen=True)
class Change:
    """The figures of an order that a code changes, and the difference in its total."""

    discount: Decimal
    shipping: Decimal
    tax: Decimal
    credit: Decimal


def credit_of(order: Order, code: PromoCode, policy: PromotionsPolicy) -> Change:
    """Work out the difference that a code makes; tax is taken off in proportion to the goods."""
    goods = max(order.subtotal - order.discount, NOTHING)
    if code.free_shipping:
        return Change(NOTHING, NOTHING, order.tax, order.shipping)
    counted = sum((item.total for item in eligible(order, code, policy)), NOTHING)
    wanted = (
        (counted * code.discount).quantize(CENT, ROUND_HALF_UP) if code.discount else code.amount or NOTHING
    )
    discount = min(wanted, counted, goods)
    tax = (order.tax * (goods - discount) / goods).quantize(CENT, ROUND_HALF_UP) if goods else order.tax
    return Change(discount, order.shipping, tax, discount + order.tax - tax)


def eligible(order: Order, code: PromoCode, policy: PromotionsPolicy) -> list[OrderItem]:
    """Return the lines on which a code counts."""
    return [
        item
        for item in order.items
        if item.category not in policy.excluded_categories
        and not set(item.tags) & set(policy.excluded_tags)
        and code.category in (None, item.category)
    ]


def codes_of(order: Order) -> list[str]:
    """Return the codes that an order has."""
    return [name.upper() for name in (order.promo_code or "").split(JOINT) if name]


def rule_of_order(order: Order, policy: PromotionsPolicy, now: datetime) -> str | None:
    """Name the rule by which nothing can be credited to this order any more, if one says so."""
    if order.status not in policy.credit_states:
        return "order_closed"
    if order.placed_at is None:
        return "order_date_unknown" if policy.when_order_date_unknown == "person" else None
    return "too_late" if now - order.placed_at > timedelta(hours=policy.late_code_hours) else None


def _rule_of_codes(order: Order, code: PromoCode, policy: PromotionsPolicy) -> str | None:
    """Name the rule about several codes that stands against one more."""
    present = codes_of(order)
    if code.name in present:
        return "already_applied"
    if len(present) >= policy.codes_per_order:
        return "codes_per_order"
    together = [policy.codes.get(name) for name in present] + [code]
    if present and not all(_stackable(each, policy) for each in together):
        return "not_stackable"
    return None


def _stackable(code: PromoCode | None, policy: PromotionsPolicy) -> bool:
    """Tell whether a code goes together with others; one that is unknown by now doesn't."""
    if code is None:
        return False
    return policy.stackable if code.stackable is None else code.stackable


def _rule_of_customer(
    order: Order, code: PromoCode, customer: Customer, others: Sequence[Order]
) -> str | None:
    """Name the rule about who the customer is and what they did before."""
    kept = [other for other in others if other.number != order.number and other.status != "cancelled"]
    if code.once_per_customer and any(code.name in codes_of(other) for other in kept):
        return "used_before"
    if code.first_order_only and any(_earlier(other, order) for other in kept):
        return "first_order_only"
    return "wrong_tier" if code.tiers and customer.tier not in code.tiers else None


def _earlier(other: Order, order: Order) -> bool:
    """Tell whether another order came first; without dates it counts as if it did."""
    if other.placed_at is None or order.placed_at is None:
        return True
    return other.placed_at < order.placed_at


def _rule_of_items(order: Order, code: PromoCode, policy: PromotionsPolicy) -> str | None:
    """Name the rule about what was ordered."""
    if not eligible(order, code, policy):
        return "nothing_eligible"
    if order.subtotal < code.minimum:
        return "below_minimum"
    if code.free_shipping and order.shipping and order.shipping_service not in (None, STANDARD):
        return "other_shipping"
    return "no_saving" if credit_of(order, code, policy).credit <= NOTHING else None


def _facts(code: PromoCode, policies: Policies) -> dict[str, str]:
    """Collect the texts that a response about a code may use."""
    facts = {
        "code": code.name,
        "code_text": code.text,
        "minimum": dollars(code.minimum),
        "category": (code.category or "").lower(),
        "tiers": listed([tier.capitalize() for tier in code.tiers]),
        "hours": str(policies.promotions.late_code_hours),
    }
    if code.starts_on:
        facts["starts_on"] = long_date(code.starts_on)
    if code.ends_on:
        facts["ends_on"] = long_date(code.ends_on)
    return facts


def _order_facts(order: Order, code: PromoCode, others: Sequence[Order]) -> dict[str, str]:
    """Collect the texts about an order and a code together."""
    used = next((other.number for other in others if code.name in codes_of(other)), "")
    return {
        "order_number": order.number,
        "status": order.status.replace("_", " "),
        "items": listed([item.label for item in order.items]),
        "subtotal": dollars(order.subtotal),
        "missing": dollars(max(code.minimum - order.subtotal, NOTHING)),
        "other_code": listed(codes_of(order)),
        "other_order": used,
        "service": order.shipping_service or STANDARD,
    }

"""What may be given when something went wrong, and how much: pure functions of an order, its case and the policies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from actions.commerce.model import CENT, NOTHING, Order, PaymentMethod, Variant
from actions.services.case_policy import (
    CHARGE,
    GIVEN,
    GOODWILL,
    OWED,
    PRICE,
    REFUND,
    REPLACEMENT,
    SHIPPING,
    WITH_ITEMS,
    assess,
    duplicates,
)
from actions.services.policy import Decision, Share, decided, gift_cards, method_words, shares_of
from actions.services.rulebook import Policies
from actions.services.wording import dollars, listed

SUBJECT = "remedy"
GOODS = frozenset({REFUND, REPLACEMENT})  # an item is made good once, in one way or the other


@dataclass(frozen=True)
class Remedy:
    """One thing that can be given to a customer for an order."""

    kind: str
    issue: str
    item_ids: tuple[str, ...] = ()

    def claims(self) -> tuple[str, ...]:
        """Name what may be claimed once for an order; two remedies that name the same exclude each other.

        An item is made good once: sent again, paid back, or kept at a lower price.
        """
        if self.kind in GOODS or (self.kind == GOODWILL and self.issue in WITH_ITEMS):
            return tuple(f"goods/{item_id}" for item_id in self.item_ids)
        if self.kind == PRICE:
            return tuple(f"price/{item_id}" for item_id in self.item_ids)
        return (f"goodwill/{self.issue}",) if self.kind == GOODWILL else (self.kind,)


@dataclass(frozen=True)
class Standing:
    """What counts besides the order: the time, the customer's tier, and what was given before."""

    now: datetime
    tier: str | None = None
    promised: Decimal = NOTHING  # in the same case
    claims: frozenset[str] = frozenset()  # of this order
    compensations: int = 0  # in the period
    compensated: Decimal = NOTHING  # in the period
    variants: Mapping[str, Variant] = field(default_factory=dict)  # of the order's items, as they are now


@dataclass(frozen=True)
class RemedyQuote:
    """What a remedy gives: money with its method, or goods worth an amount."""

    amount: Decimal
    worth: Decimal  # counts towards the authority limit
    method: str
    currency: str
    business_days: str
    shares: tuple[Share, ...] = ()
    at_once: frozenset[str] = frozenset()  # methods that have it immediately


def decide_remedy(order: Order, remedy: Remedy, policies: Policies, standing: Standing) -> Decision:
    """Decide whether a remedy may be given now."""
    facts = facts_of(order, remedy)
    rule = _rule(order, remedy, policies, standing)
    if rule == "authority_limit":
        facts |= {
            "amount": dollars(worth_of(order, remedy, policies, standing)),
            "limit": dollars(policies.compensation.authority_limit),
        }
    return decided(rule, facts, subject=SUBJECT)


def facts_of(order: Order, remedy: Remedy) -> dict[str, str]:
    """Collect the texts that a response about a remedy may use."""
    items = listed([item.label for item in order.items if item.id in remedy.item_ids])
    return {"order_number": order.number, "items": items}


def _rule(order: Order, remedy: Remedy, policies: Policies, standing: Standing) -> str | None:
    """Name the rule that stands against a remedy, if one does."""
    if any(order.item(item_id) is None for item_id in remedy.item_ids):
        return "unknown_item"
    if remedy.kind in GOODS | {PRICE} and not remedy.item_ids:
        return "unknown_item"
    assessment = assess(order, remedy.issue, remedy.item_ids, policies, standing.now, standing.variants)
    if remedy.kind not in GIVEN or remedy.kind not in assessment.remedies:
        return "not_due"
    if not set(remedy.item_ids) <= set(assessment.item_ids or remedy.item_ids):
        return "not_due"
    back = any(order.return_of(item_id) or order.exchange_of(item_id) for item_id in remedy.item_ids)
    back = back and remedy.kind in GOODS | {PRICE}
    back = back or (remedy.kind == PRICE and bool(order.made_good & set(remedy.item_ids)))
    if back or standing.claims & set(remedy.claims()):
        return "already_given"
    if remedy.kind == REPLACEMENT and not _in_stock(order, remedy, standing):
        return "out_of_stock"
    if remedy.kind == GOODWILL and standing.compensations >= policies.compensation.per_customer:
        return "too_many"
    if remedy.kind != REPLACEMENT and amount_of(order, remedy, policies, standing) <= NOTHING:
        return "nothing_left"
    worth = worth_of(order, remedy, policies, standing)
    return "authority_limit" if standing.promised + worth > policies.compensation.authority_limit else None


def amount_of(order: Order, remedy: Remedy, policies: Policies, standing: Standing) -> Decimal:
    """Work out what a remedy pays: never more than is left of what was paid."""
    left = max(order.paid - order.refunded, NOTHING)
    return max(min(_due(order, remedy, policies, standing), left), NOTHING)


def _due(order: Order, remedy: Remedy, policies: Policies, standing: Standing) -> Decimal:
    if remedy.kind == GOODWILL:
        return goodwill(order, remedy, policies, standing)
    if remedy.kind == SHIPPING:
        return order.shipping
    if remedy.kind == CHARGE:
        return sum((entry.amount for entry in duplicates(order)), NOTHING)
    if remedy.kind == OWED:
        return order.paid - order.refunded
    items = [item for item in order.items if item.id in remedy.item_ids]
    if remedy.kind == PRICE:
        return sum(adjustments(order, remedy, standing).values(), NOTHING)
    if remedy.kind == REFUND:
        whole = len(items) == len(order.items)
        return goods_value(order, remedy) + (order.shipping if whole else NOTHING)
    return NOTHING


def adjustments(order: Order, remedy: Remedy, standing: Standing) -> dict[str, Decimal]:
    """Work out by how much the price of each item fell: together never more than is left of what was paid."""
    left, found = max(order.paid - order.refunded, NOTHING), {}
    for item in order.items:
        variant = standing.variants.get(item.variant_id)
        if remedy.kind == PRICE and item.id in remedy.item_ids and variant is not None:
            found[item.id] = min((item.price - variant.price) * item.quantity, left)
            left -= found[item.id]
    return found


def goodwill(order: Order, remedy: Remedy, policies: Policies, standing: Standing) -> Decimal:
    """Work out a compensation: a share of the goods, up to the cap of the issue and what is left of the period's."""
    policy = policies.compensation
    issue = policy.issues.get(remedy.issue)
    if issue is None:
        return NOTHING
    factor = policy.tier_factors.get(standing.tier or "", Decimal(1))
    value = goods_value(order, remedy) if remedy.item_ids else sum(order.item_values().values(), NOTHING)
    due = min(value * issue.share * factor, issue.cap * factor, value)
    return max(min(due, policy.period_cap - standing.compensated), NOTHING).quantize(CENT, ROUND_HALF_UP)


def goods_value(order: Order, remedy: Remedy) -> Decimal:
    """Sum what was paid for the items of a remedy."""
    values = order.item_values()
    return sum((values[item_id] for item_id in remedy.item_ids if item_id in values), NOTHING)


def worth_of(order: Order, remedy: Remedy, policies: Policies, standing: Standing) -> Decimal:
    """Work out what a remedy costs the shop: its money, or the goods that it sends."""
    if remedy.kind == REPLACEMENT:
        return goods_value(order, remedy)
    return amount_of(order, remedy, policies, standing)


def quote_remedy(
    order: Order, remedy: Remedy, policies: Policies, standing: Standing, methods: Iterable[PaymentMethod]
) -> RemedyQuote:
    """Work out what a remedy gives, how and when; a second charge goes back to the method that was charged."""
    amount = amount_of(order, remedy, policies, standing)
    if remedy.kind == CHARGE:
        by_method: dict[str, Decimal] = {}
        for entry in duplicates(order):
            by_method[entry.method_id] = by_method.get(entry.method_id, NOTHING) + entry.amount
        shares = tuple(Share(method_id, part) for method_id, part in by_method.items())
    else:
        shares = shares_of(order, amount)
    known = {method.id: method for method in methods}
    words, days = method_words(shares, known, policies)
    return RemedyQuote(
        sum((share.amount for share in shares), NOTHING),
        worth_of(order, remedy, policies, standing),
        words,
        order.currency,
        days,
        shares,
        gift_cards(shares, known),
    )


def _in_stock(order: Order, remedy: Remedy, standing: Standing) -> bool:
    """Tell whether every item can be sent again; lines of one variant take from the same stock."""
    need: Counter[str] = Counter()
    for item in order.items:
        if item.id in remedy.item_ids:
            need[item.variant_id] += item.quantity
    found = [(standing.variants.get(variant_id), pieces) for variant_id, pieces in need.items()]
    return all(variant is not None and variant.can_be_had(pieces) for variant, pieces in found)

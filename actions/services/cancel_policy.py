"""What may be cancelled and what is paid back: pure functions of an order, a time and the policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from actions.commerce.model import NOTHING, Order, PaymentMethod
from actions.services.policy import Decision, Share, refusal, shares_of
from actions.services.rulebook import Policies
from actions.services.typed_policies import CancellationsPolicy
from actions.services.wording import dollars, listed

SUBJECT = "cancel"
ON_THE_WAY = frozenset({"partially_shipped", "shipped", "out_for_delivery"})
GONE_BACK = frozenset({"exchange_requested", "return_requested", "returned", "refunded"})


@dataclass(frozen=True)
class CancelQuote:
    """What a cancellation pays back, how and when; `at_once` are the methods that have it immediately."""

    refund: Decimal
    method: str  # in words, as in "Visa ending in 4242"
    currency: str
    business_days: str  # as in "3-5"
    shares: tuple[Share, ...] = ()
    at_once: frozenset[str] = frozenset()


def decide_cancellation(
    order: Order, policies: Policies, *, now: datetime, promised: Decimal = NOTHING
) -> Decision:
    """Decide whether an order may be cancelled now.

    `promised` is what the customer has been promised in the same case before (see returns.yml,
    `authority_period_days`).
    """
    policy = policies.cancellations
    refund = max(order.paid - order.refunded, NOTHING)
    facts = {
        "order_number": order.number,
        "status": order.status.replace("_", " "),
        "items": listed([item.label for item in order.items]),
        "amount": dollars(refund),
        "limit": dollars(policy.authority_limit),
        "window": policies.returns.window_words,
        "grace": policy.grace_words,
    }
    rule = _rule(order, policy, now)
    if rule is None and promised + refund > policy.authority_limit:
        rule = "authority_limit"
    if rule is not None:
        return refusal(rule, facts, subject=SUBJECT)
    return Decision(True, "allowed", f"utter_{SUBJECT}_allowed", facts)


def _rule(order: Order, policy: CancellationsPolicy, now: datetime) -> str | None:
    """Name the rule that keeps an order from being cancelled, if one does."""
    if order.status == "cancelled":
        return "already_cancelled"
    if order.status == "delivered":
        return "delivered"
    if order.status in GONE_BACK:
        return "sent_back"
    if order.status == "changed" and policy.changes_once:
        return "changed"
    if order.status in ON_THE_WAY or any(parcel.shipped_at for parcel in order.shipments):
        return "dispatched"
    if order.status in policy.cancellable_states:
        return None
    grace = timedelta(minutes=policy.grace_minutes)
    fresh = order.placed_at is not None and now - order.placed_at <= grace
    return None if order.status in policy.grace_states and fresh else "being_packed"


def quote_cancellation(order: Order, policies: Policies, methods: Iterable[PaymentMethod]) -> CancelQuote:
    """Work out what cancelling an order pays back: all that was paid, to the methods that paid it."""
    policy = policies.cancellations
    known = {method.id: method for method in methods}
    shares = shares_of(order, max(order.paid - order.refunded, NOTHING))
    at_once = frozenset(
        s.method_id for s in shares if s.method_id in known and known[s.method_id].kind == "gift_card"
    )
    named = [known[share.method_id].label for share in shares if share.method_id in known]
    only_cards = bool(shares) and at_once == {share.method_id for share in shares}
    return CancelQuote(
        refund=sum((share.amount for share in shares), NOTHING),
        method=listed(named) if shares and len(named) == len(shares) else "the original payment method",
        currency=order.currency,
        business_days=policy.gift_card_business_days if only_cards else policy.refund_business_days,
        shares=shares,
        at_once=at_once,
    )

"""What may be cancelled and what is paid back: pure functions of an order, a time and the policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from actions.commerce.model import NOTHING, Order, PaymentMethod
from actions.services.policy import (
    Decision,
    Share,
    decided,
    gift_cards,
    methods_named,
    shares_of,
    state_rule,
)
from actions.services.rulebook import Policies
from actions.services.typed_policies import CancellationsPolicy
from actions.services.wording import dollars, listed

SUBJECT = "cancel"


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
    return decided(rule, facts, subject=SUBJECT)


def _rule(order: Order, policy: CancellationsPolicy, now: datetime) -> str | None:
    """Name the rule that keeps an order from being cancelled, if one does."""
    if order.status == "changed" and policy.changes_once:
        return "changed"
    rule = state_rule(order, policy.cancellable_states, policy.grace_states, policy.grace_minutes, now)
    return "already_cancelled" if rule == "cancelled" else rule


def quote_cancellation(order: Order, policies: Policies, methods: Iterable[PaymentMethod]) -> CancelQuote:
    """Work out what cancelling an order pays back: all that was paid, to the methods that paid it."""
    policy = policies.cancellations
    known = {method.id: method for method in methods}
    shares = shares_of(order, max(order.paid - order.refunded, NOTHING))
    at_once = gift_cards(shares, known)
    only_cards = bool(shares) and len(at_once) == len(shares)
    return CancelQuote(
        refund=sum((share.amount for share in shares), NOTHING),
        method=methods_named(shares, known),
        currency=order.currency,
        business_days=policy.gift_card_business_days if only_cards else policy.refund_business_days,
        shares=shares,
        at_once=at_once,
    )

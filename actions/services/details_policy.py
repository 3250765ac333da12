"""What of an order may be changed that is no item, and what a change of the payment method moves: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from actions.commerce.model import NOTHING, Address, Exchange, Order, PaymentMethod
from actions.services.policy import (
    GIFT_CARD,
    Decision,
    Share,
    decided,
    gift_cards,
    methods_named,
    shares_of,
    state_rule,
)
from actions.services.rulebook import Policies
from actions.services.us_addresses import one_line, usable
from actions.services.wording import dollars, listed

ADDRESS, PAYMENT = "address", "payment"


@dataclass(frozen=True)
class PaymentQuote:
    """What a change of the payment method moves: back to the methods that paid, and onto the new one."""

    total: Decimal
    back_to: str  # in words, as in "PayPal"
    method: str  # in words
    currency: str
    business_days: str  # until it is back
    shares: tuple[Share, ...] = ()
    at_once: frozenset[str] = frozenset()
    exchange: str = ""  # the reference of the exchange that is paid; nothing goes back for one


def owed(order: Order) -> Exchange | None:
    """Return the exchange of an order whose difference couldn't be charged, if there is one."""
    return next((entry for entry in order.exchanges if entry.status == "unpaid"), None)


def decide_address(
    order: Order, policies: Policies, *, now: datetime, address: Address | None = None
) -> Decision:
    """Decide whether an order may be sent elsewhere now; without an address, whether it may at all."""
    policy = policies.shipping
    rule = state_rule(
        order,
        policy.address_change_states,
        policy.address_change_grace_states,
        policy.address_change_minutes,
        now,
    )
    if rule is None and address is not None:
        rule = place_rule(address, policies) or ("same_address" if address == order.address else None)
        box = address.line1.upper().startswith("PO BOX")
        if rule is None and box and order.shipping_service not in (None, *policy.po_box_services):
            rule = "po_box"
    return _decision(rule, order, ADDRESS, address=one_line(address or order.address))


def place_rule(address: Address, policies: Policies) -> str | None:
    """Name the rule that keeps anything from being sent to an address, if one does."""
    if address.state in policies.shipping.undeliverable_states:
        return "outside_region"
    return None if usable(address) else "incomplete"


def decide_profile_address(
    address: Address, current: Address, policies: Policies, *, guest: bool = False
) -> Decision:
    """Decide whether an address may become the one of a customer's account, which a guest doesn't have."""
    rule = place_rule(address, policies)
    if "address" not in policies.accounts.chat_changes:
        rule = "not_in_chat"
    elif guest:
        rule = "guest"
    elif rule is None and address == current:
        rule = "same_address"
    facts = {"address": one_line(address), "order_number": ""}
    return decided(rule, facts, subject=ADDRESS)


def decide_payment(
    order: Order,
    policies: Policies,
    methods: Iterable[PaymentMethod],
    *,
    now: datetime,
    method_id: str | None = None,
) -> Decision:
    """Decide whether an order may be paid by another method on file; without one, whether it may by any.

    Where an exchange isn't paid yet, it is that which is paid, in whatever state the order is.
    """
    policy, known = policies.payments, {method.id: method for method in methods}
    exchange = owed(order)
    if exchange is not None:
        rule, due, paying = None, exchange.difference, {"": exchange.difference}
    else:
        rule = state_rule(order, policy.change_states, policy.change_grace_states, policy.change_minutes, now)
        due = order.paid - order.refunded
        paying = {share.method_id: share.amount for share in shares_of(order, max(due, NOTHING))}
    if rule is None and due <= NOTHING:
        rule = "not_paid"
    if rule is None and method_id is None and not any(len(paying) > 1 or key not in paying for key in known):
        rule = "no_other_method"
    method = known.get(method_id or "")
    if rule is None and method_id is not None:
        rule = _method_rule(method, paying)
    return _decision(
        rule,
        order,
        PAYMENT,
        method=method.label if method else "",
        total=dollars(max(due, NOTHING)),
        balance=dollars(method.spendable) if method and method.spendable is not None else "",
    )


def _method_rule(method: PaymentMethod | None, paying: Mapping[str, Decimal]) -> str | None:
    """Name the rule that keeps an order from being paid by a method, if one does."""
    if method is None:
        return "unknown_method"
    if set(paying) == {method.id}:
        return "same_method"
    due = sum((amount for paid_by, amount in paying.items() if paid_by != method.id), NOTHING)
    if method.kind == GIFT_CARD and method.spendable is None:
        return "balance_unknown"
    if method.kind == GIFT_CARD and method.spendable is not None and method.spendable < due:
        return "balance_short"
    return None


def quote_payment(
    order: Order, policies: Policies, methods: Iterable[PaymentMethod], method_id: str
) -> PaymentQuote:
    """Work out what goes back to the methods that paid, and onto the new one; both are the same amount."""
    policy, known = policies.payments, {method.id: method for method in methods}
    exchange = owed(order)
    if exchange is not None:
        return PaymentQuote(
            total=exchange.difference,
            back_to="",
            method=known[method_id].label,
            currency=order.currency,
            business_days="",
            exchange=exchange.reference,
        )
    paid = shares_of(order, max(order.paid - order.refunded, NOTHING))
    shares = tuple(share for share in paid if share.method_id != method_id)
    cards = gift_cards(shares, known)
    only_cards = bool(shares) and len(cards) == len(shares)
    return PaymentQuote(
        total=sum((share.amount for share in shares), NOTHING),
        back_to=methods_named(shares, known),
        method=known[method_id].label,
        currency=order.currency,
        business_days=policy.change_gift_card_business_days
        if only_cards
        else policy.change_refund_business_days,
        shares=shares,
        at_once=cards,
    )


def _decision(rule: str | None, order: Order, subject: str, **facts: str) -> Decision:
    """Make the decision about an order."""
    known = {
        "order_number": order.number,
        "status": order.status.replace("_", " "),
        "items": listed([item.label for item in order.items]),
        **facts,
    }
    return decided(rule, known, subject=subject)

"""What may be returned and what is paid back: pure functions of an order, a date and the policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from actions.commerce.model import CENT, NOTHING, Order, OrderItem, PaymentMethod
from actions.services.errors import ServiceError
from actions.services.rulebook import Policies
from actions.services.typed_policies import ExchangesPolicy, ReturnsPolicy
from actions.services.wording import dollars, listed, long_date

# Rules under which a person may still say yes, whatever they are about.
FOR_A_PERSON = frozenset({
    "authority_limit", "delivery_date_unknown", "not_paid", "order_date_unknown", "part_of_line", "too_many_units",
    "outside_refused", "outside_unknown_method", "no_method",
})  # fmt: skip
ON_THE_WAY = frozenset({"partially_shipped", "shipped", "out_for_delivery"})
# States in which something of an order is on its way back; whether more may follow is the shop's rule.
UNDER_WAY = frozenset({"return_requested", "exchange_requested"})
GONE_BACK = UNDER_WAY | {"returned", "refunded"}
GIFT_CARD = "gift_card"


@dataclass(frozen=True)
class Decision:
    """Whether something is allowed, by which rule, and what to tell the customer.

    `rule` is a key of `rules` in the subject's policy file ("window_over" in returns.yml), or "allowed".
    `explanation_key` is the name of a response in the domain ("utter_return_window_over").
    `facts` are the texts that this response may use. `needs_approval` says that a person can still allow it.
    """

    allowed: bool
    rule: str
    explanation_key: str
    facts: Mapping[str, str] = field(default_factory=dict)
    needs_approval: bool = False
    refused_items: Mapping[str, str] = field(default_factory=dict)  # item id -> rule


@dataclass(frozen=True)
class Share:
    """What one payment method gets back."""

    method_id: str
    amount: Decimal


class RefundPlace(Protocol):
    """Where a refund goes (refund_choice.py)."""

    @property
    def label(self) -> str:
        """Name it in words."""

    @property
    def business_days(self) -> str:
        """How long it takes."""

    def shares(self, order: Order, refund: Decimal) -> tuple[Share, ...]:
        """Spread a refund over what it pays to."""


@dataclass(frozen=True)
class ReturnQuote:
    """What a return pays back, how and when."""

    refund: Decimal
    fee: Decimal
    method: str  # in words, as in "Visa ending in 4242"
    currency: str
    business_days: str  # as in "5-7"
    shares: tuple[Share, ...] = ()


def refusal(
    rule: str,
    facts: Mapping[str, str] | None = None,
    items: Mapping[str, str] | None = None,
    *,
    subject: str = "return",
) -> Decision:
    """Make the decision that a rule stands against; `subject` is what the responses about it begin with."""
    return Decision(
        allowed=False,
        rule=rule,
        explanation_key=f"utter_{subject}_{rule}",
        facts=facts or {},
        needs_approval=rule in FOR_A_PERSON,
        refused_items=items or {},
    )


def outside(reason: str) -> Decision:
    """Make the decision of a system outside, which refused its part: a key of what it may say for `reason`."""
    rule = f"outside_{reason}"
    return Decision(False, rule, f"utter_{rule}", needs_approval=rule in FOR_A_PERSON)


def decided(rule: str | None, facts: Mapping[str, str], *, subject: str) -> Decision:
    """Make the decision that a rule stands against, or that none does."""
    if rule is not None:
        return refusal(rule, facts, subject=subject)
    return Decision(True, "allowed", f"utter_{subject}_allowed", facts)


def state_rule(
    order: Order, states: Sequence[str], grace_states: Sequence[str], minutes: int, now: datetime
) -> str | None:
    """Name the rule that keeps an order from being changed or cancelled in its state, if one does."""
    if order.status in ("cancelled", "delivered"):
        return order.status
    if order.status in GONE_BACK:
        return "sent_back"
    if order.status in ON_THE_WAY or any(parcel.shipped_at for parcel in order.shipments):
        return "dispatched"
    if order.status in states:
        return None
    fresh = order.placed_at is not None and now - order.placed_at <= timedelta(minutes=minutes)
    return None if order.status in grace_states and fresh else "being_packed"


def decide_return(
    order: Order,
    policies: Policies,
    *,
    today: date,
    item_ids: Sequence[str] | None = None,
    promised: Decimal = NOTHING,
) -> Decision:
    """Decide whether items may be returned today; without items, whether any may.

    `promised` is what the same case has been promised before (see `authority_period_days`).
    """
    chosen = _chosen(order, item_ids)
    if not chosen or None in chosen:
        return refusal("unknown_item", _facts(order, policies.returns, [], today))
    items = [item for item in chosen if item is not None]
    refused = {item.id: rule for item in items if (rule := item_rule(order, item, policies.returns, today))}
    if refused and (item_ids is not None or len(refused) == len(items)):
        rule = next(iter(refused.values()))
        concerned = [item for item in items if refused.get(item.id) == rule]
        return refusal(rule, _facts(order, policies.returns, concerned, today), refused)
    facts = _facts(order, policies.returns, [item for item in items if item.id not in refused], today)
    if order.paid <= order.refunded:
        return refusal("not_paid", facts, {item.id: "not_paid" for item in items})
    if item_ids is not None:
        amount = _value(order, items)
        if promised + amount > policies.returns.authority_limit:
            limit = {"amount": dollars(amount), "limit": dollars(policies.returns.authority_limit)}
            return refusal(
                "authority_limit", {**facts, **limit}, {item.id: "authority_limit" for item in items}
            )
    return Decision(True, "allowed", "utter_return_allowed", facts, refused_items=refused)


def item_rule(
    order: Order,
    item: OrderItem,
    policy: ReturnsPolicy,
    today: date,
    exchanges: ExchangesPolicy | None = None,
) -> str | None:
    """Name the rule that keeps an item from being returned (or exchanged) today, if one does."""
    period = exchanges or policy
    states = policy.returnable_states if exchanges is None else exchanges.exchangeable_states
    if order.status == "cancelled":
        return "cancelled"
    if order.return_of(item.id) is not None or order.status == "returned":
        return "already_returned"
    if order.exchange_of(item.id) is not None:
        return "already_exchanged"
    if order.status == "refunded":
        return "already_refunded"
    if item.id in order.made_good:
        return "made_good"
    if order.status not in states:
        return "once_only" if order.status in UNDER_WAY else "not_delivered"
    if item.category in policy.final_sale_categories or set(item.tags) & set(policy.final_sale_tags):
        return "final_sale"
    shipment = order.shipment_of(item.id)
    arrived = shipment.delivered_at if shipment else order.delivered_at
    if period.window_days is None:
        return None
    if arrived is None:
        if shipment is not None and shipment.status not in (None, "delivered"):
            return "not_delivered"
        return "delivery_date_unknown" if period.when_delivery_date_unknown == "person" else None
    last_day = arrived.astimezone(UTC).date() + timedelta(days=period.window_days)
    return "window_over" if today > last_day else None


def quote_return(
    order: Order,
    policies: Policies,
    methods: Iterable[PaymentMethod],
    *,
    item_ids: Sequence[str],
    reason: str,
    to: RefundPlace | None = None,
) -> ReturnQuote:
    """Work out what returning some items pays back; `to` is where the customer wants it, else the policies say.

    Items count with their part of the discount and of the tax, so that all the items of an order together
    give exactly what was paid for them. No return pays back more than is left of what was paid.
    """
    returns, refunds = policies.returns, policies.refunds
    if returns.reasons and reason not in returns.reasons:
        raise ServiceError(
            f"'{reason}' isn't a reason of returns.yml; those are {', '.join(returns.reasons)}."
        )
    items = [item for item in _chosen(order, item_ids) if item is not None]
    shop_fault = bool(returns.reasons) and returns.reasons[reason].shop_fault
    rate = returns.restocking_fee_exceptions.get(reason, returns.restocking_fee)
    fee = (_value(order, items) * rate).quantize(CENT, ROUND_HALF_UP)
    fee += returns.label_fee_shop_fault if shop_fault else returns.label_fee
    refund = max(_value(order, items) - fee, NOTHING)
    if shop_fault and refunds.shipping_refunded_for_shop_fault and len(items) == len(order.items):
        refund += order.shipping
    refund = max(min(refund, order.paid - order.refunded), NOTHING)
    if to is not None:
        shares, words, days = to.shares(order, refund), to.label, to.business_days
    elif refunds.method == "store_credit":
        shares = (Share("store_credit", refund),)
        words, days = "store credit", refunds.store_credit_business_days
    else:
        shares = shares_of(order, refund)
        words, days = method_words(shares, {method.id: method for method in methods}, policies)
    return ReturnQuote(refund, fee, words, order.currency, days, shares)


def _chosen(order: Order, item_ids: Sequence[str] | None) -> list[OrderItem | None]:
    """Find the items that are meant, each once; None stands for one that the order doesn't have."""
    if item_ids is None:
        return list(order.items)
    return [order.item(item_id) for item_id in dict.fromkeys(item_ids)]


def _value(order: Order, items: Sequence[OrderItem]) -> Decimal:
    """Sum what was paid for some items."""
    values = order.item_values()
    return sum((values[item.id] for item in items), NOTHING)


def shares_of(order: Order, refund: Decimal) -> tuple[Share, ...]:
    """Spread a refund over the methods that paid, none of which gets more than it gave."""
    left: dict[str, Decimal] = {}
    for entry in order.payments:
        sign = 1 if entry.kind == "payment" else -1
        left[entry.method_id] = left.get(entry.method_id, NOTHING) + sign * entry.amount
    shares: list[Share] = []
    for method_id, available in sorted(left.items(), key=lambda entry: -entry[1]):
        amount = min(available, refund)
        if amount > 0:
            shares.append(Share(method_id, amount))
            refund -= amount
    return tuple(shares)


def paying(order: Order) -> frozenset[str]:
    """Return the ids of the methods that an order is paid by now."""
    return frozenset(share.method_id for share in shares_of(order, order.paid))


def gift_cards(shares: Sequence[Share], methods: Mapping[str, PaymentMethod]) -> frozenset[str]:
    """Return the ids of the gift cards among the methods of a refund; these have it at once."""
    ids = (share.method_id for share in shares)
    return frozenset(each for each in ids if each in methods and methods[each].kind == GIFT_CARD)


def methods_named(shares: Sequence[Share], methods: Mapping[str, PaymentMethod]) -> str:
    """Name the methods of a refund, if all of them are on file."""
    known = [methods[share.method_id].label for share in shares if share.method_id in methods]
    return listed(known) if known and len(known) == len(shares) else "the original payment method"


def method_words(
    shares: Sequence[Share], methods: Mapping[str, PaymentMethod], policies: Policies
) -> tuple[str, str]:
    """Name the methods of a refund and how long they take."""
    refunds = policies.refunds
    days = {
        "credit_card": refunds.card_business_days,
        "debit_card": refunds.card_business_days,
        "paypal": refunds.paypal_business_days,
        GIFT_CARD: refunds.gift_card_business_days,
    }
    only = methods.get(shares[0].method_id) if len(shares) == 1 else None
    business_days = days.get(only.kind, refunds.business_days) if only else refunds.business_days
    return methods_named(shares, methods), business_days


def _facts(order: Order, policy: ReturnsPolicy, items: Sequence[OrderItem], today: date) -> dict[str, str]:
    """Collect the texts that a response about a return may use."""
    facts = {
        "order_number": order.number,
        "status": order.status.replace("_", " "),
        "window_days": str(policy.window_days),
        "window": policy.window_words,
        "today": long_date(today),
        "items": listed([item.label for item in items]),
        "item": items[0].label if items else "",
    }
    shipment = order.shipment_of(items[0].id) if items else None
    arrived = (shipment.delivered_at if shipment else None) or order.delivered_at
    if arrived is not None:
        day = arrived.astimezone(UTC).date()
        facts["delivered_on"] = long_date(day)
        facts["last_day"] = long_date(day + timedelta(days=policy.window_days or 0))
    entry = order.return_of(items[0].id) if items else None
    if entry is not None:
        facts["reference"] = entry.reference
    if order.expected_on is not None:
        facts["expected_on"] = long_date(order.expected_on)
    return facts

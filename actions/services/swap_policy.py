"""Other items in place of an order's: what may be changed or exchanged, and what the difference in price is.

Before an order leaves, its items are changed; once they have arrived, they are exchanged. Both are pure functions
of the order, the catalogue, a time and the policies.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from actions.commerce.model import CENT, NOTHING, Order, OrderItem, PaymentMethod, Product, Variant
from actions.services.policy import (
    GIFT_CARD,
    GONE_BACK,
    Decision,
    Share,
    gift_cards,
    item_rule,
    method_words,
    refusal,
    shares_of,
    state_rule,
)
from actions.services.rulebook import Policies
from actions.services.wording import dollars, listed, long_date

CHANGE, EXCHANGE = "change", "exchange"
ARRIVED = GONE_BACK | {"delivered"}

Catalogue = Mapping[str, Product]  # products by id


@dataclass(frozen=True)
class Swap:
    """What becomes of one line: another variant, another number of pieces (0: it is taken out), or both."""

    item_id: str
    variant_id: str | None = None
    quantity: int | None = None


@dataclass(frozen=True)
class SwapQuote:
    """What swapping costs or pays back, how and when; `changed` is the order as it would be."""

    kind: str
    changed: Order
    difference: Decimal  # what the new items cost more; negative: less
    method: str  # in words
    currency: str
    business_days: str
    shares: tuple[Share, ...] = ()  # the methods that pay, or get back, the difference
    at_once: frozenset[str] = field(default=frozenset())

    @property
    def named(self) -> bool:
        """Whether the customer named the method."""
        return bool(self.shares)

    @property
    def method_id(self) -> str:
        """The method with which (most of) the difference is settled."""
        return self.shares[0].method_id if self.shares else ""


def kind_of(order: Order) -> str:
    """Tell whether an order's items are changed (before it leaves) or exchanged (once it has arrived)."""
    return EXCHANGE if order.status in ARRIVED else CHANGE


def is_final(order: Order, policies: Policies) -> bool:
    """Tell whether everything has to be in one go."""
    if kind_of(order) == CHANGE:
        return policies.cancellations.changes_once
    return policies.exchanges.once_per_order


def order_rule(order: Order, policies: Policies, now: datetime) -> str | None:
    """Name the rule that keeps an order's items from being changed or exchanged at all, if one does."""
    if kind_of(order) == EXCHANGE:
        done = policies.exchanges.once_per_order and any(entry.open for entry in order.exchanges)
        rules = [_exchange_rule(order, item, policies, now) for item in order.items]
        return "already_exchanged" if done else None if None in rules else rules[0]
    policy = policies.cancellations
    if order.status == "changed" and policy.changes_once:
        return "already_changed"
    states = (*policy.changeable_states, "changed")
    return state_rule(order, states, policy.grace_states, policy.grace_minutes, now)


def open_items(order: Order, policies: Policies, now: datetime) -> list[OrderItem]:
    """List the items that can be changed or exchanged now."""
    if order_rule(order, policies, now):
        return []
    if kind_of(order) == CHANGE:
        return list(order.items)
    return [item for item in order.items if _exchange_rule(order, item, policies, now) is None]


def decide_swap(
    order: Order,
    policies: Policies,
    *,
    now: datetime,
    swaps: Sequence[Swap] = (),
    catalogue: Catalogue | None = None,
    methods: Iterable[PaymentMethod] = (),
    method_id: str | None = None,
    promised: Decimal = NOTHING,
) -> Decision:
    """Decide whether items may be swapped now; without swaps, whether any may."""
    kind, concerned = kind_of(order), [item for swap in swaps if (item := order.item(swap.item_id))]
    facts = _facts(order, policies, concerned)
    rule = order_rule(order, policies, now)
    if rule is None and swaps:
        rule, facts = _swap_rule(order, policies, swaps, catalogue or {}, now, facts)
        if rule is None:
            quote = quote_swap(order, policies, swaps, catalogue or {}, methods, method_id)
            rule = _money_rule(policies, quote, {entry.id: entry for entry in methods}, promised)
            facts |= {"amount": dollars(abs(quote.difference)), "method": quote.method}
    if rule is None:
        return Decision(True, "allowed", f"utter_{kind}_allowed", facts)
    if rule == "authority_limit":
        facts["limit"] = dollars(policies.cancellations.authority_limit)
    return refusal(rule, facts, {item.id: rule for item in concerned}, subject=kind)


def quote_swap(
    order: Order,
    policies: Policies,
    swaps: Sequence[Swap],
    catalogue: Catalogue,
    methods: Iterable[PaymentMethod],
    method_id: str | None = None,
) -> SwapQuote:
    """Work out what swapping costs or pays back.

    What was paid for the order and not paid back when a price fell, plus the difference, is what it costs with the
    new items at today's prices, with the same share of discount and tax. Nobody gets back more than is left of what
    was paid.
    """
    known = {method.id: method for method in methods}
    kind, before = kind_of(order), _adjusted(order, swaps)
    changed = changed_order(before, swaps, catalogue)
    difference = max(changed.total - before.total, min(order.refunded - order.paid, NOTHING))
    settling = (policies.cancellations if kind == CHANGE else policies.exchanges).difference_method
    if method_id in known and (settling == "named" or difference > NOTHING):
        shares: tuple[Share, ...] = (Share(str(method_id), abs(difference)),)
    elif settling == "named":
        shares = ()
    elif difference < NOTHING:
        shares = shares_of(order, -difference)
    else:
        shares = _paying(order, difference, known) if difference else ()
    words, days = method_words(shares, known, policies)
    at_once = gift_cards(shares, known)
    return SwapQuote(kind, changed, difference, words, order.currency, days, shares, at_once)


def needs_method(
    order: Order, policies: Policies, difference: Decimal, methods: Iterable[PaymentMethod]
) -> bool:
    """Tell whether the customer has to say with which method the difference is settled."""
    policy = policies.cancellations if kind_of(order) == CHANGE else policies.exchanges
    known = {entry.id: entry for entry in methods}
    if not known:  # there is nothing to choose from; a person settles it
        return False
    if policy.difference_method == "named":
        return True
    return difference > NOTHING and not _paying(order, difference, known)


def changed_order(order: Order, swaps: Sequence[Swap], catalogue: Catalogue) -> Order:
    """Make the order as it would be: new items at today's prices; discount and tax keep their share, shipping stays."""
    wanted = {swap.item_id: swap for swap in swaps}
    lines = [_changed_line(item, wanted.get(item.id), catalogue) for item in order.items]
    items = tuple(line for line in lines if line.quantity > 0)
    changed = dataclasses.replace(order, items=items)
    discount = _scaled(order.discount, changed.subtotal, order.subtotal)
    tax = _scaled(order.tax, changed.subtotal - discount, order.subtotal - order.discount)
    return dataclasses.replace(changed, discount=min(discount, changed.subtotal), tax=tax)


def _adjusted(order: Order, swaps: Sequence[Swap]) -> Order:
    """Let the lines that are swapped cost what they did after their prices were adjusted."""
    concerned = {swap.item_id for swap in swaps} & set(order.adjusted)
    lines = (
        dataclasses.replace(
            item,
            price=item.price - (order.adjusted[item.id] / item.quantity).quantize(CENT, ROUND_UP),
        )
        if item.id in concerned
        else item
        for item in order.items
    )
    return dataclasses.replace(order, items=tuple(lines))


def variant_of(catalogue: Catalogue, item: OrderItem, variant_id: str | None) -> Variant | None:
    """Find a variant of an item's product; without an id, the item's own."""
    product = catalogue.get(item.product_id)
    wanted = variant_id or item.variant_id
    return next((each for each in product.variants if each.id == wanted), None) if product else None


def becomes(before: OrderItem, after: OrderItem | None) -> str:
    """Put what becomes of one item into words."""
    if after is None:
        return f"{before.label} is taken out"
    if after.variant_id == before.variant_id:
        if after.quantity == before.quantity:
            return f"{before.label}: the same one, new"
        one = dataclasses.replace(after, quantity=1)
        return f"{after.quantity} x {one.label} instead of {before.quantity}"
    count = f"{after.quantity} x " if after.quantity != 1 else ""
    options = ", ".join(after.options.values())
    return f"{count}{after.name}: {options} instead of {', '.join(before.options.values())}"


def _changed_line(item: OrderItem, swap: Swap | None, catalogue: Catalogue) -> OrderItem:
    """Make the line that comes in place of one."""
    if swap is None:
        return item
    quantity = item.quantity if swap.quantity is None else swap.quantity
    variant = variant_of(catalogue, item, swap.variant_id)
    if variant is None or variant.id == item.variant_id:
        return dataclasses.replace(item, quantity=quantity)
    return dataclasses.replace(
        item, variant_id=variant.id, options=variant.options, price=variant.price, quantity=quantity
    )


def _scaled(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Scale an amount, to the cent."""
    return (amount * part / whole).quantize(CENT, ROUND_HALF_UP) if whole > NOTHING else NOTHING


def _paying(order: Order, charge: Decimal, known: Mapping[str, PaymentMethod]) -> tuple[Share, ...]:
    """Choose the original method that pays a difference: the one that paid most; a gift card only if it covers it."""
    paid: Counter[str] = Counter()
    for entry in order.payments:
        if entry.kind == "payment" and entry.method_id in known:
            paid[entry.method_id] += int(entry.amount * 100)
    able = [each for each, _ in paid.most_common() if _covers(known[each], charge)]
    able.sort(key=lambda each: known[each].kind == GIFT_CARD)
    return (Share(able[0], charge),) if able else ()


def _covers(method: PaymentMethod, charge: Decimal) -> bool:
    """Tell whether a method can pay an amount; only of a gift card that is known."""
    return method.kind != GIFT_CARD or (method.spendable is not None and method.spendable >= charge)


def _exchange_rule(order: Order, item: OrderItem, policies: Policies, now: datetime) -> str | None:
    """Name the rule that keeps an item from being exchanged now, if one does."""
    return item_rule(order, item, policies.returns, now.date(), policies.exchanges)


def _swap_rule(
    order: Order,
    policies: Policies,
    swaps: Sequence[Swap],
    catalogue: Catalogue,
    now: datetime,
    facts: dict[str, str],
) -> tuple[str | None, dict[str, str]]:
    """Name the rule that stands against one of the swaps, with the facts about that one."""
    kind = kind_of(order)
    for swap in swaps:
        item = order.item(swap.item_id)
        if item is None:
            return "unknown_item", facts
        rule = _exchange_rule(order, item, policies, now) if kind == EXCHANGE else None
        rule = rule or _line_rule(item, swap, policies, catalogue, kind)
        if rule:
            return rule, _facts(order, policies, [item])
    if kind == EXCHANGE:
        wanted = [order.item(swap.item_id) for swap in swaps]
        if len({item.id for item in wanted if item}) < len(swaps):
            return "unknown_item", facts
    changed = changed_order(order, swaps, catalogue)
    if not changed.items:
        return "nothing_left", facts
    short = _short(order, swaps, changed, catalogue, kind)
    return ("out_of_stock", _facts(order, policies, [short])) if short else (None, facts)


def _line_rule(
    item: OrderItem, swap: Swap, policies: Policies, catalogue: Catalogue, kind: str
) -> str | None:
    """Name the rule that stands against what becomes of one line, apart from stock and money."""
    quantity = item.quantity if swap.quantity is None else swap.quantity
    variant = variant_of(catalogue, item, swap.variant_id)
    if variant is None and quantity > 0:
        return "other_product"
    same = variant is None or variant.id == item.variant_id
    if kind == EXCHANGE:
        if quantity != item.quantity:
            return "part_of_line"
        return "no_change" if same and not policies.exchanges.same_variant else None
    policy = policies.cancellations
    if same and quantity == item.quantity:
        return "no_change"
    if quantity == 0:
        return None if policy.removals else "removal_fixed"
    if quantity != item.quantity and not policy.quantity_changes:
        return "quantity_fixed"
    return "too_many" if quantity > max(policy.most_pieces, item.quantity) else None


def _short(
    order: Order, swaps: Sequence[Swap], changed: Order, catalogue: Catalogue, kind: str
) -> OrderItem | None:
    """Find a line that wants more pieces than there are; what an open order holds already counts as there."""
    need: Counter[str] = Counter()
    for swap in swaps:
        line = changed.item(swap.item_id)
        if line:
            need[line.variant_id] += line.quantity
        before = order.item(swap.item_id)
        if before and kind == CHANGE:
            need[before.variant_id] -= before.quantity
    for swap in swaps:
        line, before = changed.item(swap.item_id), order.item(swap.item_id)
        variant = variant_of(catalogue, before, swap.variant_id) if before else None
        if line and variant and need[line.variant_id] > 0 and not variant.can_be_had(need[line.variant_id]):
            return line
    return None


def _money_rule(
    policies: Policies, quote: SwapQuote, known: Mapping[str, PaymentMethod], promised: Decimal
) -> str | None:
    """Name the rule that stands against how the difference is settled, if one does."""
    named = policies.cancellations if quote.kind == CHANGE else policies.exchanges
    if not quote.shares and (quote.difference > NOTHING or named.difference_method == "named"):
        return "method_needed" if known else "no_method"
    if quote.difference > NOTHING and not all(
        _covers(known[share.method_id], share.amount) for share in quote.shares if share.method_id in known
    ):
        return "gift_card_balance"
    back = max(-quote.difference, NOTHING)
    return "authority_limit" if back and promised + back > policies.cancellations.authority_limit else None


def _facts(order: Order, policies: Policies, items: Sequence[OrderItem]) -> dict[str, str]:
    """Collect the texts that a response about a swap may use."""
    facts = {
        "order_number": order.number,
        "status": order.status.replace("_", " "),
        "items": listed([item.label for item in items]),
        "item": items[0].label if items else listed([item.label for item in order.items]),
    }
    arrived = order.delivered_at
    if arrived is not None:
        facts["delivered_on"] = long_date(arrived.date())
        if policies.exchanges.window_days is not None:
            facts["last_day"] = long_date(arrived.date() + timedelta(days=policies.exchanges.window_days))
    ids = {item.id for item in items or order.items}
    references = [entry.reference for entry in order.exchanges if entry.open and ids & set(entry.item_ids)]
    references += [entry.reference for entry in order.returns if entry.open and ids & set(entry.item_ids)]
    facts["reference"] = references[0] if references else ""
    return facts

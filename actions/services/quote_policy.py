"""What a larger order costs, and whether a quote may be written for it: pure functions of lines and policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from actions.commerce.model import CENT, NOTHING, Product, Variant
from actions.services.policy import Decision, decided
from actions.services.readings import money
from actions.services.rulebook import Policies
from actions.services.sales_policies import QuotesPolicy
from actions.services.sales_readings import Tier
from actions.services.wording import dollars, listed

SUBJECT = "quote"
OVERSIZE = "oversize"  # the tag of what goes by freight


@dataclass(frozen=True)
class Wanted:
    """So many pieces of one variant."""

    product: Product
    variant: Variant
    quantity: int


@dataclass(frozen=True)
class QuoteLine:
    """One line of a quote with what it costs."""

    product_id: str
    variant_id: str
    label: str  # as in "Halden Desk Lamp (black)"
    quantity: int
    price: Decimal  # of one piece, from the catalogue
    share: Decimal  # taken off for the number of units
    total: Decimal  # of the line, after that
    stock: int | None  # pieces that are there now; None where the shop doesn't count

    @property
    def list_total(self) -> Decimal:
        """What the pieces cost without a discount."""
        return self.price * self.quantity

    @property
    def short(self) -> int:
        """How many pieces aren't in stock."""
        return max(self.quantity - self.stock, 0) if self.stock is not None else 0


@dataclass(frozen=True)
class QuoteFigures:
    """All lines, and what they come to: goods - discount + shipping = total."""

    lines: tuple[QuoteLine, ...]
    goods: Decimal  # at list prices
    discount: Decimal  # by units and by amount together
    share: Decimal  # that was taken off for the amount
    shipping: Decimal
    total: Decimal


def work_out(wanted: Sequence[Wanted], policies: Policies) -> QuoteFigures:
    """Work out what a quote comes to, to the cent."""
    policy = policies.quotes
    units: dict[str, int] = {}
    for each in wanted:
        units[each.product.id] = units.get(each.product.id, 0) + each.quantity
    lines = tuple(_line(each, units[each.product.id], policy) for each in wanted)
    goods = sum((line.list_total for line in lines), NOTHING)
    by_units = sum((line.total for line in lines), NOTHING)
    counted = sum(
        (line.total for line, each in zip(lines, wanted, strict=True) if discounted(each.product, policy)),
        NOTHING,
    )
    share = share_from(policy.amount_discounts, counted)
    off = (counted * share).quantize(CENT, ROUND_HALF_UP)
    shipping = _shipping(wanted, goods, policies)
    after = by_units - off
    return QuoteFigures(lines, goods, goods - after, share, shipping, after + shipping)


def decide_quote(wanted: Sequence[Wanted], policies: Policies) -> Decision:
    """Decide whether a quote may be written for these lines."""
    policy = policies.quotes
    figures = work_out(wanted, policies)
    facts = {
        "units": str(policy.from_units),
        "most_lines": str(policy.most_lines),
        "most_units": f"{policy.most_units:,}",
        "limit": dollars(policy.authority_limit),
        "items": listed([f"{line.quantity} x {line.label}" for line in figures.lines]),
        "total": dollars(figures.total),
    }
    return decided(_rule(wanted, figures, policy), facts, subject=SUBJECT)


def _rule(wanted: Sequence[Wanted], figures: QuoteFigures, policy: QuotesPolicy) -> str | None:
    """Name the rule that keeps a quote from being written, if one does."""
    if not wanted:
        return "nothing"
    if len(wanted) > policy.most_lines:
        return "too_many_lines"
    units: dict[str, int] = {}
    for each in wanted:
        units[each.product.id] = units.get(each.product.id, 0) + each.quantity
    if max(units.values()) < policy.from_units:
        return "too_few"
    if max(units.values()) > policy.most_units:
        return "too_many_units"
    return "authority_limit" if figures.total > policy.authority_limit else None


def share_from(tiers: Sequence[Tier], reached: Decimal | int) -> Decimal:
    """Return the share of the highest tier that is reached."""
    return max((tier.share for tier in tiers if reached >= tier.start), default=Decimal(0))


def discounted(product: Product, policy: QuotesPolicy) -> bool:
    """Tell whether the discounts of a quote count for a product."""
    excluded = set(product.tags) & set(policy.excluded_tags)
    return product.category not in policy.excluded_categories and not excluded


def _line(each: Wanted, units: int, policy: QuotesPolicy) -> QuoteLine:
    """Work out one line; `units` counts all versions of its product."""
    share = share_from(policy.unit_discounts, units) if discounted(each.product, policy) else Decimal(0)
    full = each.variant.price * each.quantity
    label = f"{each.product.name} ({each.variant.label})" if each.variant.label else each.product.name
    stock = each.variant.stock if each.variant.available else 0
    return QuoteLine(
        product_id=each.product.id,
        variant_id=each.variant.id,
        label=label,
        quantity=each.quantity,
        price=each.variant.price,
        share=share,
        total=(full * (1 - share)).quantize(CENT, ROUND_HALF_UP),
        stock=stock,
    )


def _shipping(wanted: Sequence[Wanted], goods: Decimal, policies: Policies) -> Decimal:
    """Return what shipping costs, as checkout has it: freight for oversize items, else the standard service."""
    if any(OVERSIZE in (*each.product.tags, *each.variant.tags) for each in wanted):
        return money(policies.fact("shipping.oversize_fee"))
    free = goods >= money(policies.fact("shipping.free_from"))
    return NOTHING if free or not wanted else money(policies.fact("shipping.standard_fee"))

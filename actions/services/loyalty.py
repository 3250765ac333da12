"""How a customer stands in the loyalty program: tier and points from the shop, the rest worked out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from actions.commerce.model import NOTHING, Customer, Order
from actions.services.readings import money
from actions.services.rulebook import Policies

NOT_SPENT = frozenset({"cancelled", "refunded", "returned"})


@dataclass(frozen=True)
class Standing:
    """What a member has, gets, and what is left to the next tier; None where the shop doesn't know it."""

    program: str
    tier: str | None
    points: int | None
    benefit: str
    rewards: int  # complete ones
    points_to_reward: int | None
    next_tier: str | None
    next_from: Decimal | None
    spent: Decimal | None  # on goods, this calendar year
    left: Decimal | None  # to the next tier, this calendar year


def spent_in(year: int, orders: Iterable[Order]) -> Decimal | None:
    """Sum what was spent on goods in a year; None where a shop doesn't date its orders."""
    kept = [order for order in orders if order.status not in NOT_SPENT]
    if any(order.placed_at is None for order in kept):
        return None
    mine = [order for order in kept if order.placed_at and order.placed_at.year == year]
    return sum((max(_goods(order), NOTHING) for order in mine), NOTHING)


def _goods(order: Order) -> Decimal:
    """Return what the items cost that weren't sent back, less the discount."""
    back = sum((item.total for item in order.items if order.return_of(item.id)), NOTHING)
    return order.subtotal - order.discount - back


def standing(customer: Customer, orders: Iterable[Order], policies: Policies, now: datetime) -> Standing:
    """Work out how a customer stands."""
    policy = policies.loyalty
    tier = customer.tier if customer.tier in policy.tiers else None
    at = policy.tiers.index(tier) if tier else -1
    following = policy.tiers[at + 1] if tier and at + 1 < len(policy.tiers) else None
    start = money(policies.fact(f"loyalty.{following}_from")) if following else None
    spent = spent_in(now.year, orders)
    points = customer.points
    return Standing(
        program=policy.program_name,
        tier=tier,
        points=points,
        benefit=str(policies.facts["loyalty"].get(f"{tier}_benefit_text", "")) if tier else "",
        rewards=(points or 0) // policy.points_for_reward,
        points_to_reward=None
        if points is None
        else policy.points_for_reward - points % policy.points_for_reward,
        next_tier=following,
        next_from=start,
        spent=spent,
        left=None if start is None or spent is None else max(start - spent, NOTHING),
    )

"""The whole demo shop, made up from a seed: the same seed and moment give the same shop."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from actions.commerce.demo.cast import cast_drafts, read_cast
from actions.commerce.demo.catalogue import catalogue
from actions.commerce.demo.orders import Draft, Line, add_business_days, make_order, read_prices
from actions.commerce.demo.people import people
from actions.commerce.model import Customer, Product, Shop

SEED = 20_471
NEWEST = 205_000  # order numbers count up to here, about 55 a day
PER_HOUR = 2.3

# How many orders of each state, besides those of the known customers.
STATES = {
    "pending": 14,
    "processing": 14,
    "partially_shipped": 6,
    "shipped": 24,
    "out_for_delivery": 8,
    "delivered": 108,
    "cancelled": 16,
    "return_requested": 12,
    "returned": 10,
    "refunded": 14,
}
# Between how many days ago an order of a state was placed.
AGES = {
    "pending": (0, 1),
    "processing": (1, 2),
    "partially_shipped": (2, 4),
    "shipped": (2, 4),
    "out_for_delivery": (4, 5),
    "delivered": (7, 200),
    "cancelled": (2, 200),
    "return_requested": (12, 26),
    "returned": (18, 34),
    "refunded": (32, 190),
}


def demo_shop(now: datetime, seed: int = SEED, customers: int = 64) -> Shop:
    """Make up the demo shop as it is at a moment: products, customers and orders in every state."""
    random = Random(seed)
    now = now.replace(microsecond=0)
    products = catalogue(random)
    cast = read_cast(now)
    known = [customer for customer, _ in cast]
    crowd = people(random, customers, now, {customer.email for customer in known})
    drafts = cast_drafts(cast, {product.id: product for product in products}, now)
    taken = {draft.number for draft in drafts}
    wanted = [status for status, count in STATES.items() for _ in range(count)]
    owners = random.sample(crowd, len(crowd)) + random.choices(crowd, k=len(wanted))
    random.shuffle(wanted)
    for status, owner in zip(wanted, owners, strict=False):
        drafts.append(_draft(random, status, owner, products, now, taken))
    drafts.sort(key=lambda draft: draft.placed_at)
    prices = read_prices()
    return Shop(
        products=tuple(products),
        customers=(*known, *crowd),
        orders=tuple(make_order(draft, prices, now) for draft in _with_references(drafts)),
    )


def _draft(
    random: Random,
    status: str,
    customer: Customer,
    products: Sequence[Product],
    now: datetime,
    taken: set[str],
) -> Draft:
    """Draft an order of a state."""
    youngest, oldest = AGES[status]
    hours = random.uniform(youngest * 24 + 1, oldest * 24 + 1)
    placed = now - timedelta(hours=hours)
    delivered = None
    if status in ("delivered", "return_requested", "returned", "refunded"):
        arrival = add_business_days(placed.date(), random.randint(2, 5))
        delivered = datetime.combine(arrival, placed.timetz()).replace(hour=random.randint(13, 21))
        delivered = min(delivered, now - timedelta(hours=5))
    lines = _lines(random, products, 2 if status == "partially_shipped" else 1)
    late = status == "shipped" and random.random() < 0.12
    expected = {
        "out_for_delivery": now.date(),
        "shipped": add_business_days(now.date(), random.randint(1, 3)),
    }
    return Draft(
        number=_number(hours, taken),
        customer=customer,
        lines=lines,
        status=status,
        placed_at=placed,
        service=random.choice(("standard",) * 6 + ("expedited", "overnight")),
        delivered_at=delivered,
        expected_on=now.date() - timedelta(days=1) if late else expected.get(status),
        promo=random.random() < 0.15,
        late=late,
    )


def _lines(random: Random, products: Sequence[Product], least: int) -> list[Line]:
    """Choose what is bought: mostly one or two things, rarely a gift card."""
    count = max(least, random.choice((1, 1, 1, 2, 2, 2, 3, 3, 4)))
    chosen = random.sample(list(products), count)
    several = ("KI-205", "HO-308", "LT-106", "OU-603", "HO-303")
    return [
        (
            product,
            random.choice(product.variants),
            random.choice((1, 2, 2, 4)) if product.id in several else 1,
        )
        for product in chosen
    ]


def _number(hours: float, taken: set[str]) -> str:
    """Give an order the number of its time, or the next free one before it."""
    value = NEWEST - int(hours * PER_HOUR)
    while f"L{value}" in taken:
        value -= 1
    taken.add(f"L{value}")
    return f"L{value}"


def _with_references(drafts: Sequence[Draft]) -> list[Draft]:
    """Give the returns their numbers, around those of the known customers."""
    used = {draft.return_reference for draft in drafts}
    numbers = (f"R-{value}" for value in range(10_001, 99_999))
    free = (reference for reference in numbers if reference not in used)
    returned = ("return_requested", "returned", "refunded")
    return [
        dataclasses.replace(draft, return_reference=next(free))
        if draft.status in returned and not draft.return_reference
        else draft
        for draft in drafts
    ]

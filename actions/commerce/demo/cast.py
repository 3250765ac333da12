"""The demo customers with names to remember, from cast.yml, and the drafts of their orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from actions.commerce.demo.orders import Draft, Line, add_business_days
from actions.commerce.model import CENT, Address, Customer, PaymentMethod, Product
from frontdesk.formats import yaml

FILE = Path(__file__).parent / "cast.yml"

Member = tuple[Customer, list[Mapping[str, Any]]]


def read_cast(now: datetime) -> list[Member]:
    """Read the known customers, each with the stories of the orders."""
    entries = yaml.read(FILE)
    return [(_customer(entry, now), list(entry["orders"])) for entry in entries]


def cast_drafts(cast: list[Member], products: Mapping[str, Product], now: datetime) -> list[Draft]:
    """Draft the orders of the known customers, as of now."""
    return [_draft(customer, story, products, now) for customer, stories in cast for story in stories]


def _customer(entry: Mapping[str, Any], now: datetime) -> Customer:
    """Make a known customer."""
    first, last = entry["name"]
    return Customer(
        id=entry["id"],
        first_name=first,
        last_name=last,
        email=f"{first}.{last}@example.com".lower(),
        phone=entry["phone"],
        address=Address(**entry["address"]),
        tier=entry["tier"],
        points=entry["points"],
        created_at=now - timedelta(days=700),
        payment_methods=tuple(_method(method) for method in entry["payment_methods"]),
        marketing_email=entry.get("marketing_email"),
    )


def _method(entry: Mapping[str, Any]) -> PaymentMethod:
    """Make a way to pay; of a gift card the balance is known."""
    balance = entry.get("balance")
    known = None if balance is None else Decimal(str(balance)).quantize(CENT)
    return PaymentMethod(**{**entry, "balance": known})


def _draft(
    customer: Customer, story: Mapping[str, Any], products: Mapping[str, Product], now: datetime
) -> Draft:
    """Draft one order of a known customer; its days count back from today."""
    status, delivered = story["status"], story.get("delivered")
    expected = {
        "shipped": add_business_days(now.date(), 2),
        "partially_shipped": add_business_days(now.date(), 3),
        "out_for_delivery": now.date(),
    }.get(status)
    if story.get("late"):
        expected = now.date() - timedelta(days=3)
    if "expected" in story:
        expected = now.date() - timedelta(days=story["expected"])
    return Draft(
        number=story["number"],
        customer=customer,
        lines=[_line(products[product], words, count) for product, words, count in story["lines"]],
        status=status,
        placed_at=now - timedelta(days=story["placed"], hours=story.get("hours", 0)),
        delivered_at=None if delivered is None else _weekday(now - timedelta(days=delivered, hours=2)),
        expected_on=expected,
        carrier=story["carrier"],
        late=story.get("late", False),
        service=story.get("service", "standard"),
        paid_by=story.get("paid_by"),
        charged_twice=story.get("charged_twice", False),
        unrefunded=story.get("unrefunded", False),
        return_reference=story.get("reference", ""),
    )


def _weekday(moment: datetime) -> datetime:
    """Move a delivery on a weekend to the Friday before."""
    return moment - timedelta(days=max(moment.weekday() - 4, 0))


def _line(product: Product, words: str, count: int) -> Line:
    """Find the variant whose options are named."""
    for variant in product.variants:
        if words in (" ".join(variant.options.values()), *variant.options.values()):
            return product, variant, count
    raise LookupError(f"{product.id} has no variant '{words}'")

"""The people of the demo shop: names, addresses, ways to pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from actions.commerce.model import Address, Customer, PaymentMethod
from frontdesk.formats import yaml

FILE = Path(__file__).parent / "people.yml"
BRANDS = ("visa", "visa", "visa", "mastercard", "mastercard", "amex", "discover")
TIERS = ("member",) * 6 + ("silver",) * 3 + ("gold",)
BASE_POINTS = {"member": 0, "silver": 300, "gold": 800}


@dataclass(frozen=True)
class Words:
    """What people are made up of."""

    first_names: list[str]
    last_names: list[str]
    streets: list[str]
    street_kinds: list[str]
    cities: list[tuple[str, str, str]]  # name, state, first three digits of the postcodes


def people(random: Random, count: int, now: datetime, taken: set[str]) -> list[Customer]:
    """Make up customers whose e-mail addresses are all different and none of those taken."""
    words = _read_words()
    made: list[Customer] = []
    used = set(taken)
    while len(made) < count:
        first, last = random.choice(words.first_names), random.choice(words.last_names)
        email = f"{first}.{last}@example.com".lower()
        if email not in used:
            used.add(email)
            made.append(_person(random, words, f"C{10_101 + len(made)}", first, last, now))
    return made


def _read_words() -> Words:
    """Read people.yml."""
    content = yaml.read(FILE)
    cities = [(city, state, prefix) for city, state, prefix in content.pop("cities")]
    return Words(cities=cities, **{name: text.split() for name, text in content.items()})


def _person(random: Random, words: Words, number: str, first: str, last: str, now: datetime) -> Customer:
    """Make up one customer by name."""
    tier = random.choice(TIERS)
    return Customer(
        id=number,
        first_name=first,
        last_name=last,
        email=f"{first}.{last}@example.com".lower(),
        phone=f"({random.randint(201, 989)}) 555-01{random.randint(0, 99):02d}",
        address=_address(random, words),
        tier=tier,
        points=random.randint(0, 180) + BASE_POINTS[tier],
        created_at=now - timedelta(days=random.randint(400, 1500), seconds=random.randint(0, 80_000)),
        payment_methods=tuple(_payment_methods(random, number)),
    )


def _address(random: Random, words: Words) -> Address:
    """Make up an address in a city that exists, with a postcode of that city."""
    street = random.choice(words.streets)
    city, state, prefix = random.choice(words.cities)
    unit = random.choice(("", "", "", f"Apt {random.randint(1, 40)}", f"Unit {random.choice('ABCDEF')}"))
    return Address(
        line1=f"{random.randint(11, 4899)} {street} {random.choice(words.street_kinds)}",
        line2=unit,
        city=city,
        state=state,
        postcode=f"{prefix}{random.randint(1, 40):02d}",
    )


def _payment_methods(random: Random, number: str) -> list[PaymentMethod]:
    """Make up one to three ways to pay; cards have a brand and four digits, nothing more."""
    choices = (["card"], ["card"], ["card", "paypal"], ["paypal"], ["card", "gift_card"], ["card", "card"])
    made: list[PaymentMethod] = []
    for place, kind in enumerate(random.choice(choices), start=1):
        own = f"{number.lower()}_{kind}_{place}"
        if kind == "card":
            brand, digits = random.choice(BRANDS), f"{random.randint(0, 9999):04d}"
            made.append(PaymentMethod(id=own, kind="credit_card", brand=brand, last_four=digits))
        elif kind == "paypal":
            made.append(PaymentMethod(id=own, kind="paypal"))
        else:
            made.append(PaymentMethod(id=own, kind="gift_card", balance=Decimal(random.randint(1, 20) * 5)))
    return made

"""The products of the demo shop, from catalogue.yml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import product as combinations
from pathlib import Path
from random import Random
from typing import Any

from actions.commerce.compatibility_records import compatibility_from
from actions.commerce.model import Product, Variant
from frontdesk.formats import yaml

FILE = Path(__file__).parent / "catalogue.yml"


def catalogue(random: Random) -> list[Product]:
    """Read the products and make up their stock: most in plenty, some running out, a few sold out."""
    entries: list[Mapping[str, Any]] = yaml.read(FILE)
    return [_product(random, entry) for entry in entries]


def _product(random: Random, entry: Mapping[str, Any]) -> Product:
    """Make a product with a variant for each combination of its options."""
    return Product(
        id=entry["id"],
        name=entry["name"],
        category=entry["category"],
        description=entry["text"],
        specs=dict(entry["specs"]),
        tags=tuple(entry.get("tags", ())),
        compatibility=compatibility_from(entry.get("goes")),
        variants=tuple(
            _variant(random, entry, chosen) for chosen in combinations(*entry["options"].values())
        ),
    )


def _variant(random: Random, entry: Mapping[str, Any], chosen: tuple[str, ...]) -> Variant:
    """Make one variant, with its SKU, price and stock."""
    extra = sum((Decimal(entry.get("extra", {}).get(value, "0.00")) for value in chosen), Decimal("0.00"))
    stock = random.choice((0, random.randint(1, 4), *[random.randint(8, 140) for _ in range(8)]))
    code = "-".join(re.sub(r"[^A-Z0-9]", "", value.upper()) for value in chosen)
    return Variant(
        id=f"{entry['id']}-{code}",
        options=dict(zip(entry["options"], chosen, strict=True)),
        price=Decimal(entry["price"]) + extra,
        stock=stock,
    )

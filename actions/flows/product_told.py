"""How a product is told: price, stock, options and properties, from the shop itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.commerce.model import Product, Variant
from actions.flows.choice import payload
from actions.flows.turn import Said
from actions.flows.wording import amount
from actions.services import services
from actions.services.wording import listed
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("specs.yml")
SHOWN = 5
FEW = 5  # pieces left from which stock is counted aloud
MANY_SPECS = 6


@cache
def spec_words() -> Mapping[str, frozenset[str]]:
    """Read by which words people ask for a property."""
    table = yaml.read(TABLE)
    return {name: frozenset(str(word) for word in words) for name, words in table.items()}


def offer(
    dispatcher: CollectingDispatcher, found: Iterable[Product], response: str = "utter_product_choices"
) -> None:
    """List products with their prices, to choose from."""
    products = list(found)
    lines = "\n".join(f"- {product.name}, {price(product)}" for product in products)
    buttons = [
        {"title": product.name, "payload": payload("ask_product", product=product.name)}
        for product in products
    ]
    dispatcher.utter_message(response=response, product_lines=lines, buttons=buttons)


def tell(dispatcher: CollectingDispatcher, product: Product, heard: Said, everything: bool = False) -> None:
    """Say what a product costs, whether it can be had, and what was asked about it."""
    variants = services().products.variants(product, heard.text)
    named = len(variants) < len(product.variants)
    told: dict[str, Any] = {
        "product_name": f"{product.name} ({variants[0].label})"
        if named and len(variants) == 1
        else product.name,
        "price": price(product, variants),
        "stock": stock(product, variants, named),
        "choices": choices(product),
        "description": product.description or "",
        "details": details(product, heard, everything),
    }
    dispatcher.utter_message(response="utter_product" if told["choices"] else "utter_product_single", **told)
    if told["details"]:
        dispatcher.utter_message(response="utter_product_details", **told)


def price(product: Product, variants: Iterable[Variant] = ()) -> str:
    """Write a price, or the range of several."""
    prices = sorted(
        {variant.price for variant in variants} or {variant.price for variant in product.variants}
    )
    if not prices:
        return "no price yet"
    return amount(prices[0]) if len(prices) == 1 else f"{amount(prices[0])} to {amount(prices[-1])}"


def stock(product: Product, variants: Iterable[Variant], named: bool) -> str:
    """Say whether it can be had: for what was named, else for the product as a whole."""
    chosen = list(variants)
    here = [variant for variant in chosen if variant.can_be_had()]
    gone = [variant for variant in chosen if not variant.can_be_had()]
    if not here:
        others = [variant.label for variant in product.variants if variant.can_be_had()] if named else []
        return (
            f"out of stock right now, but here in {listed(others[:SHOWN])}"
            if others
            else "out of stock right now"
        )
    if gone and len(gone) < len(chosen):
        return f"in stock, but not in {listed([variant.label for variant in gone[:SHOWN]])}"
    left = here[0].stock if len(here) == 1 else None
    return f"in stock, {left} left" if left is not None and 0 < left <= FEW else "in stock"


def choices(product: Product) -> str:
    """Name the options that it comes in."""
    values: dict[str, list[str]] = {}
    for variant in product.variants:
        for option, value in variant.options.items():
            if value not in values.setdefault(option, []):
                values[option].append(value)
    several = {option: listed(found) for option, found in values.items() if len(found) > 1}
    if len(several) == 1:
        return next(iter(several.values()))
    return "; ".join(f"{option} {found}" for option, found in several.items())


def details(product: Product, heard: Said, everything: bool = False) -> str:
    """Tell the properties that were asked for; the first ones where none of those asked for is known."""
    asked = {name for name in product.specs if everything or _asks_for(name, heard)}
    if not asked and asks_for_property(heard):
        asked = set(list(product.specs)[:MANY_SPECS])
    return "; ".join(f"{name}: {value}" for name, value in product.specs.items() if name in asked)


def _asks_for(spec: str, heard: Said) -> bool:
    """Tell whether the words ask for a property."""
    text = plain(heard.text)
    meant = [words for words in spec_words().values() if spec in words]
    return f" {spec} " in text or any(f" {word} " in text for words in meant for word in words)


def asks_for_property(heard: Said) -> bool:
    """Tell whether the words ask for some property, rather than for price, stock or options alone."""
    text = plain(heard.text)
    return any(f" {word} " in text for words in spec_words().values() for word in words)


def plain(text: str) -> str:
    """Write words in lower case, without marks, with a space at each end."""
    return f" {' '.join(re.sub(r'[^a-z0-9]+', ' ', text.lower()).split())} "

"""Questions about products: price, stock, options and properties, from the shop itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict
from ruamel.yaml import YAML

from actions.commerce.model import Product, Variant
from actions.flows.choice import payload
from actions.flows.turn import Said, message, said
from actions.flows.wishes import done
from actions.flows.wording import amount, listed
from actions.services import services
from actions.services.matching import singular

TABLE = Path(__file__).with_name("specs.yml")
SHOWN = 5
FEW = 5  # pieces left from which stock is counted aloud
MANY_SPECS = 6
BASICS = re.compile(
    r"\b(?:price|cost|much|cheap\w*|stock|available|get|have|buy|order|colou?rs?|sizes?|come|comes|left)\b"
)
THAN = re.compile(r"\b(?:it|that|this|they)\b.*\bthan\b")
COMPARES = re.compile(r"\b(?:compare|comparison|differen(?:ce|t)|versus|vs|better|or the)\b")

SAME = re.compile(r"\b(?:it|its|they|them|their|that one|this one|these|those)\b")


@cache
def spec_words() -> Mapping[str, frozenset[str]]:
    """Read by which words people ask for a property."""
    table = YAML(typ="safe").load(TABLE.read_text(encoding="utf-8"))
    return {name: frozenset(str(word) for word in words) for name, words in table.items()}


class ActionProductAnswer(Action):
    """Answer a question about a product from the catalogue."""

    def name(self) -> str:
        """Name the action."""
        return "action_product_answer"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Tell what the shop knows; list the products where several fit; say so where none does."""
        heard = said(tracker, self.name())
        heard = heard if heard.text else message(tracker)
        closing = [] if tracker.active_loop_name else done("ask_product")
        found = _found(heard)
        last = services().products.find(str(tracker.get_slot("last_product") or ""))
        if last and not heard.entity("product") and (heard.has(SAME) or not found or _speaks_of(last, heard)):
            others = [product for product in found if product != last] if heard.has(COMPARES) else []
            still = heard.has(SAME) or _asks_for_property(heard) or _speaks_of(last, heard)
            found = [last, *others[:1]] if still else []
        if last and last not in found and heard.has(THAN) and found:
            found = [last, found[0]]
        if not found:
            dispatcher.utter_message(response="utter_product_unknown")
            return closing
        if heard.has(COMPARES) and 1 < len(found) <= SHOWN:
            for product in found[:2]:
                tell(dispatcher, product, heard, everything=True)
            return closing
        one = found[0] if len(found) == 1 else _exactly(found, heard)
        if one is None:
            _offer(dispatcher, (_fitting(found, " ".join(heard.values("product"))) or found)[:SHOWN])
            return closing
        tell(dispatcher, one, heard)
        if (
            heard.has(SAME)
            and not heard.has(BASICS)
            and not details(one, heard)
            and not _speaks_of(one, heard)
        ):
            dispatcher.utter_message(response="utter_product_no_more")
        return [*closing, SlotSet("last_product", one.id)]


def _speaks_of(product: Product, heard: Said) -> bool:
    """Tell whether the words are a fragment that names an option of a product: "and in white?"."""
    words = set(_plain(heard.text).split())
    values = {
        word for variant in product.variants for v in variant.options.values() for word in _plain(v).split()
    }
    return heard.short and bool(words & values)


def _found(heard: Said) -> list[Product]:
    """Find the products that the words mean: what was marked as a product's name counts first."""
    names = heard.values("product")
    if names:
        found = [product for name in names for product in services().products.search(name, SHOWN)]
        unique = {product.id: product for product in found}
        if unique:
            return list(unique.values())
    return services().products.search(heard.text, SHOWN)


def _exactly(found: Sequence[Product], heard: Said) -> Product | None:
    """Return the only product whose whole name stands in the words."""
    text = _plain(f"{heard.text} {' '.join(heard.values('product'))}")
    named = [product for product in found if f" {_plain(product.name).strip()} " in text]
    if len(named) == 1:
        return named[0]
    fits = _fitting(found, " ".join(heard.values("product")))
    return fits[0] if len(fits) == 1 else None


def _fitting(found: Sequence[Product], words: str) -> list[Product]:
    """Return the products whose names hold all the words."""
    wanted = {singular(word) for word in _plain(words).split()}
    names = {product.id: {singular(word) for word in _plain(product.name).split()} for product in found}
    return [product for product in found if wanted and wanted <= names[product.id]]


def _offer(dispatcher: CollectingDispatcher, found: Iterable[Product]) -> None:
    """List products with their prices, to choose from."""
    products = list(found)
    lines = "\n".join(f"- {product.name}, {price(product)}" for product in products)
    buttons = [
        {"title": product.name, "payload": payload("ask_product", product=product.name)}
        for product in products
    ]
    dispatcher.utter_message(response="utter_product_choices", product_lines=lines, buttons=buttons)


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
    here = [variant for variant in chosen if variant.available]
    gone = [variant for variant in chosen if not variant.available]
    if not here:
        others = [variant.label for variant in product.variants if variant.available] if named else []
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
    if not asked and _asks_for_property(heard):
        asked = set(list(product.specs)[:MANY_SPECS])
    return "; ".join(f"{name}: {value}" for name, value in product.specs.items() if name in asked)


def _asks_for(spec: str, heard: Said) -> bool:
    """Tell whether the words ask for a property."""
    text = _plain(heard.text)
    meant = [words for words in spec_words().values() if spec in words]
    return f" {spec} " in text or any(f" {word} " in text for words in meant for word in words)


def _asks_for_property(heard: Said) -> bool:
    """Tell whether the words ask for some property, rather than for price, stock or options alone."""
    text = _plain(heard.text)
    return any(f" {word} " in text for words in spec_words().values() for word in words)


def _plain(text: str) -> str:
    """Write words in lower case, without marks, with a space at each end."""
    return f" {' '.join(re.sub(r'[^a-z0-9]+', ' ', text.lower()).split())} "

"""What a question about products asks, and which products it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from actions.commerce.model import Product
from actions.services import matching
from actions.services.item_matching import PLACE, PLACES
from actions.services.quote_reading import closest
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("product_words.yml")
# What stands beside "cheaper" and "cheapest": scale, and whether more of it is wanted.
ANOTHER = {
    "cheaper": ("price", False), "dearer": ("price", True), "larger": ("size", True), "smaller": ("size", False),
    "lighter": ("weight", False), "heavier": ("weight", True), "brighter": ("brightness", True),
    "lasts": ("battery", True),
}  # fmt: skip
FIRST = {
    "cheapest": ("price", False), "dearest": ("price", True), "largest": ("size", True), "smallest": ("size", False),
    "lightest": ("weight", False), "heaviest": ("weight", True), "brightest": ("brightness", True),
}  # fmt: skip
BUDGET = re.compile(
    r"\b(?:under|below|less than|up to|at most|max(?:imum)?|no more than|not more than|within|cheaper than)\s+"
    r"(?:\$\s?)?(\d{1,5}(?:\.\d\d)?)(?![\d.]*\s*(?:in|inch\w*|lbs?|pounds|ft|feet|oz|w|watts?|liters?)\b)",
    re.IGNORECASE,
)
DIFFERENCE = re.compile(  # "what's the price difference", of what is being changed, or was
    r"\b(?:price|cost) difference\b|\bdifference in (?:price|cost)\b|\b(?:how much|what) (?:more|extra|less)\b"
    r"|\b(?:(?:it|that|this) costs?|pay|charged?)(?: \w+)? (?:more|extra|less)\b"
    r"|\bwhat(?:['\N{RIGHT SINGLE QUOTATION MARK}]?s| is) the difference\b(?! between)"
)
APART = re.compile(r"\b(?:vs\.?|versus|and|or|with|to|than|from|between)\b|[,/&?]", re.IGNORECASE)
PRONOUN = re.compile(
    r"\b(?:it|its|this|that|they|them|these|those|that one|this one|the one)\b", re.IGNORECASE
)
TWO = re.compile(
    r"\b(?:use|using|connect|pair|hook up|plug|combine|put|run|charge)\b(.+?)\b(?:with|on|in|to|into|onto)\b(.+)",
    re.IGNORECASE,
)
WHICH = re.compile(r"\b(?:which|what)\b", re.IGNORECASE)
GOES_ON = re.compile(
    r"(?:and|or|what about|how about|what if|with|for|does the|would the|will the|also|then)\b"
)
LONGEST_GOING_ON = 12
MOST = 3  # products side by side


@dataclass(frozen=True)
class Side:
    """One side of "does the X fit my Y": a product, several of a kind, or words for something else."""

    words: str
    products: tuple[Product, ...] = ()

    @property
    def one(self) -> Product | None:
        """The only product that is meant."""
        return self.products[0] if len(self.products) == 1 else None


@cache
def cues() -> Mapping[str, tuple[str, ...]]:
    """Read by which words a question is told, the longest first."""
    table = yaml.read(TABLE)
    return {name: tuple(sorted(map(str, found), key=len, reverse=True)) for name, found in table.items()}


def asks(kind: str, words: str) -> bool:
    """Tell whether words ask for something of product_words.yml."""
    return _found(kind, words) is not None


def _found(kind: str, words: str) -> re.Match[str] | None:
    """Find the longest cue of a kind."""
    plain = words.lower().replace("\u2019", "'")
    for cue in cues()[kind]:
        found = re.search(rf"(?<!\w){re.escape(cue)}(?!\w)", plain)
        if found:
            return found
    return None


def budget_in(words: str) -> Decimal | None:
    """Return the most that something may cost."""
    found = BUDGET.search(words)
    return Decimal(found[1]) if found else None


def another_in(words: str) -> tuple[str, bool] | None:
    """Return the scale on which another product is wanted, and whether more of it is."""
    return _longest(ANOTHER, words)


def first_in(words: str) -> tuple[str, bool] | None:
    """Return the scale of which the first of several products is wanted, and whether the highest is."""
    return _longest(FIRST, words)


def _longest(kinds: Mapping[str, tuple[str, bool]], words: str) -> tuple[str, bool] | None:
    """Return the scale whose cue in the words is the longest: a longer battery isn't a longer thing."""
    found = [(len(match[0]), scale) for kind, scale in kinds.items() if (match := _found(kind, words))]
    return max(found)[1] if found else None


def named_in(words: str, products: Sequence[Product]) -> list[Product]:
    """Return the products that words name one by one, as in "the pip earbuds and the aria headphones"."""
    found: list[Product] = []
    for part in APART.split(words):
        asked = _asked(part)
        fits, doubtful = closest(asked, products) if asked else ([], True)
        if len(fits) == 1 and not doubtful and fits[0] not in found:
            found.append(fits[0])
    return found[:MOST]


def kind_in(words: str, products: Sequence[Product]) -> list[Product]:
    """Return all products that are of the kind that words name: "tents", "floor lamp", "charger"."""
    asked = _asked(BUDGET.sub(" ", words))
    whole = [product for product in products if asked and _is_called(product, asked)]
    return whole or (closest(asked, products)[0] if asked else [])


def _is_called(product: Product, asked: Sequence[str]) -> bool:
    """Tell whether the name of a product holds all the words."""
    name = matching.words(product.name)
    return all(any(matching.same(word, known) for known in name) for word in asked)


def _asked(words: str) -> list[str]:
    """Return the words that may name a product."""
    aside = {word for cue in cues()["aside"] for word in matching.words(cue)}
    return [word for word in matching.content_words(words) if word not in aside]


def sides(words: str, products: Sequence[Product], last: Product | None) -> tuple[Side, Side] | None:
    """Split a question about compatibility at its cue; None where it has none."""
    both = TWO.search(words)
    found = None if both else _found("fit", words)
    if both:
        left, right = both[1], both[2]
    elif found:
        left, right = words[: found.start()], words[found.end() :]
    else:
        return None
    which = WHICH.search(left)
    if which:  # "I have the Oslo lamp, which bulb fits it?"
        before, left = left[: which.start()], left[which.start() :]
        context = _side(before, products, None).one
        return _side(left, products, last, kind=True), _side(right, products, context or last)
    return _side(left, products, last), _side(right, products, last)


def _side(words: str, products: Sequence[Product], last: Product | None, *, kind: bool = False) -> Side:
    """Find out what one side means; "it" is the product that was spoken of last."""
    asked = _asked(words)
    fits, doubtful = (
        (kind_in(words, products), False) if kind else closest(asked, products) if asked else ([], True)
    )
    plain = words.strip(" ?.!,")
    if fits and not doubtful:
        return Side(plain, tuple(fits))
    return Side(plain, (last,) if last is not None and PRONOUN.search(words) and not asked else ())


def goes_on(words: str) -> bool:
    """Tell whether words go on with the question before: "and the desk lamp?", "what about a 27 inch one?"."""
    return len(words.split()) <= LONGEST_GOING_ON and bool(GOES_ON.match(words.strip().lower()))


def placed_in(words: str, offered: Sequence[Product], last: Product | None) -> Product | None:
    """Return the product that is meant by its place in what was told: "the second one", "the other one"."""
    if not offered or not asks("other", words):
        return None
    place = PLACE.search(words)
    at = PLACES.get(place[1].lower()) if place else None
    if at is not None:
        return offered[at] if at < len(offered) else None
    others = [product for product in offered if product != last]
    return others[0] if len(others) == 1 or (others and last is None) else None

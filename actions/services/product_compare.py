"""What differs between products, and which of them is the cheaper, larger or lighter one: pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from actions.commerce.model import Product, Variant
from actions.services import matching

NOT_ON_FILE = "not on file"
FIGURE = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(?:by\s*[\d.]+\s*)*(?:by\s*[\d.]+\s*)?([a-z]+)?", re.IGNORECASE)
# By which properties one thing is larger, longer lasting and so on than another; the first that both have counts.
SCALES = {
    "size": (
        "capacity",
        "tank",
        "hopper",
        "size",
        "height",
        "length",
        "diameter",
        "width",
        "top",
        "floor",
        "load",
    ),
    "weight": ("weight",),
    "battery": ("battery",),
    "brightness": ("light", "power"),
}


@dataclass(frozen=True)
class Row:
    """One property of several products, in their order."""

    name: str
    values: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return len(set(self.values)) == 1


def compare(
    products: Sequence[Product], price: Callable[[Product], str], options: Callable[[Product], str]
) -> list[Row]:
    """Put products side by side: price, stock, options, and every property that one of them has."""
    rows = [
        Row("price", tuple(price(product) for product in products)),
        Row(
            "stock", tuple("available" if product.available else "sold out right now" for product in products)
        ),
        Row("comes in", tuple(options(product) or "one version" for product in products)),
    ]
    names = dict.fromkeys(name for product in products for name in product.specs)
    rows += [Row(name, tuple(product.specs.get(name, NOT_ON_FILE) for product in products)) for name in names]
    return rows


def figure_of(text: str) -> tuple[Decimal, str] | None:
    """Return the first figure of a property with its unit: "40 hours (35 with case)" is 40 hours."""
    found = FIGURE.search(text)
    if not found:
        return None
    return Decimal(found[1].replace(",", "")), matching.singular((found[2] or "").lower())


def on_scale(product: Product, scale: str, name: str | None = None) -> tuple[str, Decimal, str] | None:
    """Return the property by which a product stands on a scale, with figure and unit."""
    for spec in (name,) if name else SCALES[scale]:
        figure = figure_of(product.specs.get(spec, "")) if spec else None
        if spec and figure:
            return spec, *figure
    return None


def ranked(products: Sequence[Product], scale: str) -> list[Product]:
    """Rank the products that can be compared on a scale, the smallest first; those that can't are left out."""
    if scale == "price":
        return sorted(products, key=lambda product: product.price_range[0])
    standing = [(product, on_scale(product, scale)) for product in products]
    known = [(product, place) for product, place in standing if place]
    if not known:
        return []
    name, unit = known[0][1][0], known[0][1][2]
    alike = [(product, place[1]) for product, place in known if (place[0], place[2]) == (name, unit)]
    return [product for product, _ in sorted(alike, key=lambda entry: entry[1])]


def alternatives(product: Product, products: Sequence[Product], scale: str, *, more: bool) -> list[Product]:
    """Return similar products that are cheaper, larger and so on, the nearest first."""
    similar = [other for other in products if other.id != product.id and _similar(product, other)]
    if scale == "price":
        price = product.price_range[0]
        found = [o for o in similar if (o.price_range[0] > price if more else o.price_range[0] < price)]
        return sorted(found, key=lambda other: abs(other.price_range[0] - price))
    mine = on_scale(product, scale)
    if mine is None:
        return []
    placed = [(other, on_scale(other, scale, mine[0])) for other in similar]
    fits = [
        (other, place[1]) for other, place in placed if place and place[2] == mine[2]
        and (place[1] > mine[1] if more else place[1] < mine[1])
    ]  # fmt: skip
    return [other for other, _ in sorted(fits, key=lambda entry: abs(entry[1] - mine[1]))]


def versions(product: Product, *, more: bool) -> list[Variant]:
    """Return the largest versions of a product (the smallest, without `more`), where an option is a size."""
    sized = [(variant, _size(variant)) for variant in product.variants]
    known = [(variant, size) for variant, size in sized if size is not None]
    if len({size for _, size in known}) < 2:
        return []
    end = (max if more else min)(size for _, size in known)
    return [variant for variant, size in known if size == end]


def _size(variant: Variant) -> Decimal | None:
    """Return the figure of the option that is a size."""
    figures = [figure_of(value) for value in variant.options.values() if value[:1].isdigit()]
    return next((figure[0] for figure in figures if figure), None)


def _similar(product: Product, other: Product) -> bool:
    """Tell whether two products are of one kind: one category, and one word of the name in common."""
    if product.category != other.category:
        return False
    return bool(_kind(product) & _kind(other))


def _kind(product: Product) -> set[str]:
    """Return the words of a name that say what a thing is: all but the first, which is its brand name."""
    bare = re.sub(r"\([^)]*\)", " ", product.name)
    words = matching.words(bare)
    return set(words[1:] or words)


def within_budget(products: Sequence[Product], most: Decimal) -> list[Product]:
    """Return the products of which a version costs no more than that, the dearest first."""
    return sorted(
        (product for product in products if product.price_range[0] <= most), key=lambda p: -p.price_range[0]
    )

"""The catalogue, as customers ask for it."""

from __future__ import annotations

from collections.abc import Callable

from actions.commerce.model import Order, Product, Variant
from actions.commerce.port import Commerce
from actions.services import matching


class Products:
    """Finds products by the words that people use for them.

    >>> products.search("wireless headphones")
    """

    def __init__(self, commerce: Commerce) -> None:
        self._commerce = commerce

    def search(self, text: str, limit: int = 5) -> list[Product]:
        """Find the products that fit best, the closest first; an empty list when nothing does."""
        asked = matching.content_words(text)
        scored = [(product, _score(product, asked)) for product in self._commerce.products()]
        fitting = sorted((entry for entry in scored if entry[1] > 0), key=lambda entry: -entry[1])
        top = fitting[0][1] if fitting else 0.0
        return [product for product, points in fitting if points > top / 2][:limit]

    def all(self) -> list[Product]:
        """List the whole catalogue, as it is at this moment."""
        return self._commerce.products()

    def find(self, product_id: str) -> Product | None:
        """Find a product by its id."""
        return self._commerce.product(product_id)

    def variants(self, product: Product, text: str) -> list[Variant]:
        """Find the variants that a description means ("the black one in large"); all when it names none."""
        asked = matching.content_words(text)
        found = matching.best(
            asked, [(entry, matching.score(asked, "-", entry.options.values())) for entry in product.variants]
        )
        return found or list(product.variants)


def products_of(order: Order, find: Callable[[str], Product | None]) -> dict[str, Product]:
    """Look up the products of an order as they are sold now."""
    found = (find(each) for each in dict.fromkeys(item.product_id for item in order.items))
    return {product.id: product for product in found if product}


def _score(product: Product, asked: list[str]) -> float:
    """Count how well a product answers to the asked words."""
    options = {value for variant in product.variants for value in variant.options.values()}
    described = matching.score(asked, "-", [product.description or "", *product.specs.values()])
    return matching.score(asked, product.name, [product.category or "", *options]) + described / 10

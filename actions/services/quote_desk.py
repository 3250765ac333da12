"""What quotes are read and worked out with: one look at the catalogue, and pure functions on what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from actions.commerce.model import Product, Variant
from actions.services.policy import Decision
from actions.services.quote_policy import QuoteFigures, Wanted, decide_quote, work_out
from actions.services.quote_reading import Edit, Piece, read_edit, resolve
from actions.services.rulebook import Policies

Line = Mapping[str, Any]  # {"variant": id, "quantity": pieces}


@dataclass(frozen=True)
class QuoteDesk:
    """Reads wishes and works out lines, at the prices and the stock of one moment.

    >>> desk = quotes.desk()
    >>> desk.work_out([{"variant": "LT-101-BLACK", "quantity": 20}]).total
    """

    products: Sequence[Product]
    policies: Policies

    @cached_property
    def _variants(self) -> Mapping[str, tuple[Product, Variant]]:
        """Every variant with its product, by its id."""
        return {variant.id: (product, variant) for product in self.products for variant in product.variants}

    def wanted(self, lines: Sequence[Line]) -> list[Wanted]:
        """Find the variants of some lines; what the catalogue doesn't have any more is left out."""
        return [
            Wanted(*self._variants[line["variant"]], quantity=int(line["quantity"]))
            for line in lines
            if line.get("variant") in self._variants and int(line.get("quantity") or 0) > 0
        ]

    def work_out(self, lines: Sequence[Line]) -> QuoteFigures:
        """Work out what some lines come to."""
        return work_out(self.wanted(lines), self.policies)

    def decide(self, lines: Sequence[Line]) -> Decision:
        """Decide whether a quote may be written for some lines."""
        return decide_quote(self.wanted(lines), self.policies)

    def read(self, text: str, lines: Sequence[Line]) -> Edit:
        """Apply what some words say to some lines."""
        known = [{"variant": each.variant.id, "quantity": each.quantity} for each in self.wanted(lines)]
        return read_edit(text, known, self.products)

    def meant(self, piece: Piece) -> list[Product]:
        """List the products of which a wish may speak."""
        known = {product.id: product for product in self.products}
        return [known[each] for each in piece.products if each in known]

    def resolve(self, piece: Piece, text: str) -> Piece | None:
        """Take an answer to the question about a wish; None for no answer."""
        return resolve(piece, text, self.products)

    def accept(self, piece: Piece) -> Piece | None:
        """Take the one product that was offered for a wish."""
        offered = self.meant(piece)
        return self.resolve(piece, offered[0].name) if offered else None

    def pick(self, piece: Piece, variant: str) -> Piece | None:
        """Take the variant whose button was pressed."""
        product, _ = self._variants.get(variant, (None, None))
        if product is None or product.id not in piece.products:
            return None
        return replace(piece, products=(product.id,), variant=variant, doubtful=False)

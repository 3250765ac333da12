"""Read what belongs into a quote from words: "20 desk lamps in black and 5 mugs", "make that 30", "drop the mugs"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from actions.commerce.model import Product, Variant
from actions.services import matching
from actions.services.quote_terms import (
    MOST,
    counts_in,
    empty_words,
    has,
    is_option,
    meaning_of,
    name_in,
    only_options,
    quantity_in,
)

CHOICES = 5
JOINTS = re.compile(r"[,;\n.!?]+\s|[;\n]+|\band\b|&|\+|\bplus\b|\bas well as\b", re.IGNORECASE)
NOISE = re.compile(
    r"\S+@\S+|\$\s?[\d,.]+|\bq-?\d{4,}\b|(?<!\w)#?[lL][ -]?\d{6}\b"
    r"|\b\d{5}(?:-\d{4})?\b(?=\s*(?:$|[,.;!?]))|\bto \d{5}\b"  # ZIP codes
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2}\b",
    re.IGNORECASE,
)
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
INSTEAD = re.compile(
    r"\b(?:rather than|instead of|not|down from|up from)\s+\d+\b(?:\s+of\s+them)?|\bfrom\s+\d+(?=\s+to\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Piece:
    """A wish for one thing: how many, in which words, and which products may be meant.

    `variant` is set where everything is clear. `doubtful` says that the words hold more than the product's name.
    """

    words: str
    quantity: int | None = None
    products: tuple[str, ...] = ()  # ids
    variant: str | None = None
    doubtful: bool = False

    @property
    def clear(self) -> bool:
        """Whether it can become a line."""
        return self.variant is not None and self.quantity is not None

    def row(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "words": self.words, "quantity": self.quantity, "products": list(self.products),
            "variant": self.variant, "doubtful": self.doubtful,
        }  # fmt: skip

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Piece:
        """Read it from JSON."""
        return cls(**{**row, "products": tuple(row.get("products") or ())})


@dataclass
class Edit:
    """The lines of a quote after some words, and what has to be asked back."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    pending: list[Piece] = field(default_factory=list)
    changed: bool = False


def read_edit(text: str, lines: Sequence[Mapping[str, Any]], products: Sequence[Product]) -> Edit:
    """Apply what the words say to the lines of a quote; without lines, everything is new."""
    text = INSTEAD.sub(" ", NOISE.sub(" ", THOUSANDS.sub("", text.replace("\u2019", "'"))))
    edit = Edit([dict(line) for line in lines])
    known = {product.id: product for product in products}
    removing = has("removes", text)
    for words in _clauses(text, products):
        if removing and edit.lines:
            _remove(words, edit, known)
        else:
            _apply(piece_of(words, products), words, edit, known, len(lines))
    return edit


def piece_of(words: str, products: Sequence[Product]) -> Piece:
    """Read one wish from words that speak of one thing."""
    quantity, rest = quantity_in(words, products)
    rest = name_in(rest)
    asked = [word for word in matching.content_words(rest) if word not in empty_words()]
    if not asked:
        return Piece("", quantity)
    found, doubtful = closest(asked, products)
    if len(found) != 1:
        return Piece(rest, quantity, tuple(product.id for product in found[:CHOICES]), doubtful=doubtful)
    variant = _variant(found[0], asked)
    return Piece(rest, quantity, (found[0].id,), variant.id if variant else None, doubtful)


def closest(asked: Sequence[str], products: Sequence[Product]) -> tuple[list[Product], bool]:
    """Return the products that fit best, and whether some of the words fit none of them."""
    scored = [(product, matching.score(asked, product.name, _options(product))) for product in products]
    found = matching.best(asked, scored)
    head = [word for word in asked if not any(_narrowed(product, [word]) for product in found)][-1:]
    named = [product for product in found if _in_name(head or asked, product)]
    if not named:
        return [], True
    full = [product for product in named if not _left_over(asked, product)]
    return (full, False) if full else (named, True)


def _clauses(text: str, products: Sequence[Product]) -> list[str]:
    """Split a message where another thing begins: at commas and "and", and in front of a second count."""
    found: list[str] = []
    for part in JOINTS.split(text):
        rest = part
        counts = counts_in(rest, products)
        leading = bool(counts) and not meaning_of(rest[: counts[0].start()])
        starts = [match.start() for match in counts[1:]] if leading and len(counts) > 1 else []
        for start, end in zip([0, *starts], [*starts, len(rest)], strict=True):
            found.append(rest[start:end])
    merged: list[str] = []
    for words in found:
        counted = counts_in(words, products)
        if not meaning_of(words) and not counted:
            continue
        lacks = bool(merged) and not counts_in(merged[-1], products)
        if lacks and counted and not meaning_of(quantity_in(words, products)[1]):
            merged[-1] = f"{words} {merged[-1]}"  # "candles, like 300"
        elif (
            merged
            and not counted
            and only_options(words, products)
            and not only_options(merged[-1], products)
        ):
            merged[-1] = f"{merged[-1]} {words}"  # "mugs, in slate"
        else:
            merged.append(words)
    return _borrowed(merged, products)


def _borrowed(clauses: list[str], products: Sequence[Product]) -> list[str]:
    """Give "10 black and 10 white lamps" its name twice."""
    for place, words in enumerate(clauses[:-1]):
        if counts_in(words, products) and only_options(words, products):
            after = name_in(quantity_in(clauses[place + 1], products)[1])
            names = [
                w
                for w in matching.content_words(after)
                if w not in empty_words() and not is_option(w, products)
            ]
            clauses[place] = f"{words} {' '.join(names)}" if names else words
    return clauses


def _apply(piece: Piece, words: str, edit: Edit, known: Mapping[str, Product], old: int) -> None:
    """Add a wish to the lines, or change the one of the first `old` lines that it speaks of."""
    owners = {v.id: product for product in known.values() for v in product.variants}
    if not piece.words:
        if piece.quantity is None or not edit.lines:
            return
        if len(edit.lines) == 1:  # "make it 30"
            edit.lines[0]["quantity"] = piece.quantity
            edit.changed = True
        return
    present = [line for line in edit.lines[:old] if owners[line["variant"]].id in piece.products]
    only = edit.lines[0] if len(edit.lines) == old == 1 else None
    if (not piece.products and only and piece.quantity is None) or (
        only and _names_option(piece.words, owners[only["variant"]])
    ):
        product = owners[only["variant"]] if only else None
        variant = _variant(product, matching.content_words(piece.words)) if product else None
        if only and variant and not has("adds", words):
            only["variant"] = variant.id
            only["quantity"] = piece.quantity or only["quantity"]
            edit.changed = True
            return
    if len(present) == 1 and not (has("adds", words) and piece.variant not in (None, present[0]["variant"])):
        line, more = present[0], has("more", words)
        before = dict(line)
        line["variant"] = piece.variant or line["variant"]
        if piece.quantity is not None:
            line["quantity"] = min(line["quantity"] * more + piece.quantity, MOST)
        edit.changed = edit.changed or line != before
        return
    same = next((line for line in edit.lines if line["variant"] == piece.variant), None)
    if same is not None and piece.quantity is not None:
        same["quantity"] = min(same["quantity"] + piece.quantity, MOST)
        edit.changed = True
    elif piece.clear and not piece.doubtful:
        edit.lines.append({"variant": piece.variant, "quantity": piece.quantity})
        edit.changed = True
    elif piece.products or piece.quantity is not None:
        edit.pending.append(piece)
        edit.changed = True


def _remove(words: str, edit: Edit, known: Mapping[str, Product]) -> None:
    """Take the lines out that the words name."""
    owners = {v.id: product for product in known.values() for v in product.variants}
    asked = [word for word in matching.content_words(name_in(words)) if word not in empty_words()]
    scored = []
    for line in edit.lines:
        product = owners[line["variant"]]
        label = [variant.label for variant in product.variants if variant.id == line["variant"]]
        scored.append((line, matching.score(asked, product.name, label)))
    for line in matching.best(asked, scored):
        edit.lines.remove(line)
        edit.changed = True


def resolve(piece: Piece, text: str, products: Sequence[Product]) -> Piece | None:
    """Take an answer to the question about a wish: which product, which version, how many; None for no answer."""
    known = {product.id: product for product in products}
    quantity, rest = quantity_in(NOISE.sub(" ", text), products)
    asked = [word for word in matching.content_words(name_in(rest)) if word not in empty_words()]
    if piece.quantity is None and quantity is not None:
        piece = replace(piece, quantity=quantity)
        if not asked:
            return piece
    offered = [known[each] for each in piece.products if each in known]
    if len(offered) == 1 and not piece.doubtful:
        variant = _any_variant(offered[0]) if has("any", text) else _variant(offered[0], asked)
        narrowed = _narrowed(offered[0], asked)
        if variant is None and narrowed:
            return replace(
                piece, words=f"{piece.words} {' '.join(narrowed)}", quantity=quantity or piece.quantity
            )
        return replace(piece, variant=variant.id, quantity=quantity or piece.quantity) if variant else None
    chosen = _chosen(offered, asked) or closest(asked, products)[0]
    if len(chosen) != 1:
        return None
    both = [*asked, *matching.content_words(piece.words)]
    variant = _variant(chosen[0], both)
    return replace(
        piece,
        products=(chosen[0].id,),
        variant=variant.id if variant else None,
        doubtful=False,
        quantity=quantity or piece.quantity,
    )


def missing(piece: Piece, product: Product) -> list[Variant]:
    """Return the variants between which a wish doesn't choose."""
    asked = matching.content_words(piece.words)
    scored = [(variant, matching.score(asked, "-", variant.options.values())) for variant in product.variants]
    return matching.best(asked, scored) or list(product.variants)


def added(lines: Sequence[Mapping[str, Any]], piece: Piece) -> list[dict[str, Any]]:
    """Add a clear wish to some lines."""
    made = [dict(line) for line in lines]
    same = next((line for line in made if line["variant"] == piece.variant), None)
    if same is not None:
        same["quantity"] += piece.quantity
        return made
    return [*made, {"variant": piece.variant, "quantity": piece.quantity}]


def _narrowed(product: Product, asked: Sequence[str]) -> list[str]:
    """Return the words that name an option of a product."""
    values = [
        word for variant in product.variants for v in variant.options.values() for word in matching.words(v)
    ]
    return [word for word in asked if any(matching.same(word, value) for value in values)]


def _chosen(offered: Sequence[Product], asked: Sequence[str]) -> list[Product]:
    """Return the offered products that an answer means."""
    scored = [(product, matching.score(asked, product.name, _options(product))) for product in offered]
    return matching.best(asked, scored)


def _variant(product: Product, asked: Sequence[str]) -> Variant | None:
    """Return the one variant that the words mean; the only one of a product needs no words."""
    if len(product.variants) == 1:
        return product.variants[0]
    scored = [
        (v, matching.score(asked, "-", [*v.options.values(), "".join(v.options.values())]))
        for v in product.variants
    ]
    found = matching.best(asked, scored)
    return found[0] if len(found) == 1 else None


def _any_variant(product: Product) -> Variant | None:
    """Return the variant of which the most is there."""
    return max(product.variants, key=lambda variant: (variant.can_be_had(), variant.stock or 0), default=None)


def _names_option(words: str, product: Product) -> bool:
    """Tell whether the words name nothing but options of a product."""
    asked = [word for word in matching.content_words(words) if word not in empty_words()]
    return bool(asked) and len(_narrowed(product, asked)) == len(asked)


def _in_name(asked: Sequence[str], product: Product) -> bool:
    """Tell whether the thing itself is named, rather than only its kind or color."""
    name = matching.words(product.name)
    return any(matching.same(word, known) for word in asked for known in name) or any(
        len(word) > 6 and word in "".join(name) for word in asked
    )


def _left_over(asked: Sequence[str], product: Product) -> list[str]:
    """Return the words that say something that the product isn't known for."""
    known = [word for text in (product.name, *_options(product)) for word in matching.words(text)]
    joined = "".join(matching.words(product.name))
    return [
        word
        for word in asked
        if not any(matching.same(word, other) for other in known) and not (len(word) > 6 and word in joined)
    ]


def _options(product: Product) -> list[str]:
    """Return the words by which a product is known besides its name."""
    values = sorted({value for variant in product.variants for value in variant.options.values()})
    return [product.category or "", product.description or "", *values]

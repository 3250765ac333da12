"""The counts and the names in words about a quote: "5 dozen", "thirty", and the thing that is counted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from actions.commerce.model import Product
from actions.services import matching
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("quote_words.yml")
THE = re.compile(
    r"\b(?:the|that|this|which) (?:[\w-]+ ){0,3}$", re.IGNORECASE
)  # "the cream one" counts nothing
MOST = 100_000  # pieces that are taken for a count


@cache
def table() -> Mapping[str, Any]:
    """Read the words."""
    found: Mapping[str, Any] = yaml.read(TABLE)
    return found


@cache
def _numbers() -> re.Pattern[str]:
    """Match a count in digits or in a word."""
    words = "|".join(sorted(map(re.escape, table()["numbers"]), key=len, reverse=True))
    units = "|".join(re.escape(unit) for unit in table()["units"])
    unit = rf"(?![\w%]|-\w|[.,/]\d|\s*(?:{units})(?!\w))"
    digits = r"(?P<digits>\d{1,6})(?P<dozen>\s*dozen\b)?(?:\s?x(?!\w)|(?=\D|$))"
    count = rf"(?<![\w$.#-])(?<!set of )(?:x\s?)?(?:{digits}|(?P<word>{words})\b)"
    return re.compile(count + unit, re.IGNORECASE)


def counts_in(words: str, products: Sequence[Product]) -> list[re.Match[str]]:
    """Return the counts in some words; "10 in", where it is an option of something, is none if there is another."""
    found = list(_numbers().finditer(words))
    sizes = _sizes(products)
    found = [match for match in found if not (match["word"] == "one" and THE.search(words[: match.start()]))]
    counts = [match for match in found if not _is_size(words[match.start() :], sizes)]
    return counts or found


def _sizes(products: Sequence[Product]) -> list[str]:
    """Return the options that begin with a number."""
    values = {v for product in products for variant in product.variants for v in variant.options.values()}
    return sorted((value for value in values if value[:1].isdigit()), key=len, reverse=True)


def _is_size(words: str, sizes: Sequence[str]) -> bool:
    """Tell whether words begin with an option that is a size."""
    return any(re.match(rf"{re.escape(size)}\b", words, re.IGNORECASE) for size in sizes)


def quantity_in(words: str, products: Sequence[Product]) -> tuple[int | None, str]:
    """Return the count in some words, and the words without it."""
    found = counts_in(words, products)
    if not found:
        return None, words
    match = found[0]
    value = int(match["digits"]) if match["digits"] else table()["numbers"][match["word"].lower()]
    before, after = words[: match.start()], words[match.end() :]
    rest = after if meaning_of(after) else before  # "20 lamps", but also "lamps x 20"
    value *= 12 if match["dozen"] else 1
    return (value, rest) if 0 < value <= MOST else (None, rest)


def name_in(words: str) -> str:
    """Cut words where the name of a thing ends; what stands in front of it says nothing."""
    tokens = re.findall(r"[\w'-]+", words)
    kept: list[str] = []
    for token in tokens:
        plain = token.lower().replace("'", "")
        if plain in table()["ends"] and any(each.lower() not in empty_words() for each in kept):
            break
        if plain not in table()["ends"]:
            kept.append(token)
    while kept and kept[0].lower() in empty_words():
        kept.pop(0)
    return " ".join(kept)


def meaning_of(words: str) -> list[str]:
    """Return the words that say something."""
    return [
        word
        for word in matching.content_words(name_in(words))
        if word not in empty_words() and not word.isdigit()
    ]


def only_options(words: str, products: Sequence[Product]) -> bool:
    """Tell whether words name options, and no thing."""
    said = meaning_of(quantity_in(words, products)[1])
    return bool(said) and all(is_option(word, products) for word in said)


def is_option(word: str, products: Sequence[Product]) -> bool:
    """Tell whether a word is an option of something, and part of no product's name."""
    names = {each for product in products for each in matching.words(product.name)}
    values = {
        each
        for product in products
        for v in product.variants
        for o in v.options.values()
        for each in matching.words(o)
    }
    return word in values and word not in names


def empty_words() -> frozenset[str]:
    """Return the words that say nothing about which thing is meant."""
    return frozenset(matching.singular(word) for word in table()["empty"]) | frozenset(table()["empty"])


def has(kind: str, words: str) -> bool:
    """Tell whether words hold a cue."""
    plain = f" {' '.join(re.sub(r'[^a-z0-9]+', ' ', words.lower().replace(chr(39), '')).split())} "
    return any(f" {cue} " in plain for cue in table()[kind])

"""Which payment method the words mean: one on file, by its kind, brand or last digits; never a new one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from actions.commerce.model import PaymentMethod
from actions.flows.turn import EMAIL, Said
from frontdesk.redaction import without_cards

TABLE = Path(__file__).with_name("payment_words.yml")
DIGITS = re.compile(r"(?<![\w#.,$-])(\d{4})(?![\w-]|[.,]\d)")
CARDS = frozenset({"credit_card", "debit_card"})


@cache
def words() -> tuple[Mapping[str, re.Pattern[str]], Mapping[str, re.Pattern[str]]]:
    """Read the table: patterns of kinds and brands, and patterns of the other lists."""
    table = YAML(typ="safe", pure=True).load(TABLE.read_text(encoding="utf-8"))
    methods = {name: _pattern(cues) for name, cues in table.pop("methods").items()}
    return methods, {name: _pattern(cues) for name, cues in table.items()}


def _pattern(cues: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted((str(cue) for cue in cues), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})s?\b")


def plain(text: str) -> str:
    """Write words in lower case, without marks."""
    bare = re.sub(r"['\N{RIGHT SINGLE QUOTATION MARK}]", "", EMAIL.sub(" ", text.lower()))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare).split())


def speaks(text: str, name: str) -> bool:
    """Tell whether words of a list stand in the text."""
    return bool(words()[1][name].search(plain(text)))


def meant(heard: Said, methods: Sequence[PaymentMethod], paying: frozenset[str]) -> list[PaymentMethod]:
    """Return the methods on file that the words may mean; one that pays already only where no other one fits."""
    chosen = heard.entity("payment_method")
    if chosen:
        return [method for method in methods if method.id == chosen]
    bare = without_cards(heard.text)
    text, digits = plain(bare), set(DIGITS.findall(EMAIL.sub(" ", bare)))
    found = [method for method in methods if method.last_four in digits]
    if not found:
        named = {name for name, pattern in words()[0].items() if pattern.search(text)}
        found = [method for method in methods if {method.kind, (method.brand or "").lower()} & named]
        brands = [method for method in found if (method.brand or "").lower() in named]
        found = brands + [method for method in found if method.kind not in CARDS] if brands else found
        if not found and not named and words()[1]["card"].search(text):
            found = [method for method in methods if method.kind in CARDS]
        if not found and not named and words()[1]["other"].search(text):
            found = [method for method in methods if method.id not in paying]
    others = [method for method in found if method.id not in paying]
    return others or found


def names_some(text: str) -> bool:
    """Tell whether the words name a way to pay at all, on file or not."""
    said = plain(text)
    kinds, lists = words()
    return any(pattern.search(said) for pattern in kinds.values()) or bool(lists["unknown"].search(said))

"""Which payment method the words mean for an order: one on file that doesn't pay it yet; never a new one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from actions.commerce.model import PaymentMethod
from actions.flows.turn import EMAIL, Said
from actions.services.method_matching import match_methods, names_method
from actions.services.orders import OTHER_NUMBER
from frontdesk.redaction import without_cards

TABLE = Path(__file__).with_name("payment_words.yml")


@cache
def words() -> Mapping[str, re.Pattern[str]]:
    """Read the lists of words, each as one pattern."""
    table = YAML(typ="safe", pure=True).load(TABLE.read_text(encoding="utf-8"))
    return {
        name: re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, cues), key=len, reverse=True))})s?\b")
        for name, cues in table.items()
    }


def plain(text: str) -> str:
    """Write words in lower case, without marks."""
    bare = re.sub(r"['\N{RIGHT SINGLE QUOTATION MARK}]", "", EMAIL.sub(" ", text.lower()))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare).split())


def speaks(text: str, name: str) -> bool:
    """Tell whether words of a list stand in the text."""
    return bool(words()[name].search(plain(text)))


def meant(heard: Said, methods: Sequence[PaymentMethod], paying: frozenset[str]) -> list[PaymentMethod]:
    """Return the methods on file that the words may mean; one that pays already only where no other one fits."""
    chosen = heard.entity("payment_method")
    if chosen:
        return [method for method in methods if method.id == chosen]
    text = OTHER_NUMBER.sub(" ", EMAIL.sub(" ", without_cards(heard.text)))
    found = match_methods(methods, text)
    if not found and not names_method(text) and speaks(text, "other"):
        found = [method for method in methods if method.id not in paying]
    others = [method for method in found if method.id not in paying]
    return others or found


def names_some(text: str) -> bool:
    """Tell whether the words name a way to pay at all, on file or not."""
    return names_method(text) or speaks(text, "unknown")


def names_digits(text: str, methods: Sequence[PaymentMethod]) -> bool:
    """Tell whether the words name a card on file by its last digits."""
    return any(method.last_four and method.last_four in text for method in methods)

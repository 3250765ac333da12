"""Which payment method the words mean for an order: one on file that doesn't pay it yet; never a new one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from actions.commerce.model import PaymentMethod
from actions.flows import phrases
from actions.flows.turn import EMAIL, Said
from actions.services.method_matching import match_methods, names_method
from actions.services.orders import OTHER_NUMBER
from frontdesk.redaction import without_cards

TABLE = Path(__file__).with_name("payment_words.yml")


def speaks(subject: str, text: str) -> bool:
    """Tell whether words of a list stand in the text."""
    return phrases.speaks(TABLE, subject, EMAIL.sub(" ", text))


def meant(heard: Said, methods: Sequence[PaymentMethod], paying: frozenset[str]) -> list[PaymentMethod]:
    """Return the methods on file that the words may mean; one that pays already only where no other one fits."""
    chosen = heard.entity("payment_method")
    if chosen:
        return [method for method in methods if method.id == chosen]
    text = OTHER_NUMBER.sub(" ", EMAIL.sub(" ", without_cards(heard.text)))
    found = match_methods(methods, text)
    if not found and not names_method(text) and speaks("other", text):
        found = [method for method in methods if method.id not in paying]
    others = [method for method in found if method.id not in paying]
    return others or found


def names_some(text: str) -> bool:
    """Tell whether the words name a way to pay at all, on file or not."""
    return names_method(text) or speaks("unknown", text)


def names_digits(text: str, methods: Sequence[PaymentMethod]) -> bool:
    """Tell whether the words name a card on file by its last digits."""
    return any(method.last_four and method.last_four in text for method in methods)

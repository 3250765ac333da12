"""Which payment method on file the words mean for an order; never a new one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from actions.commerce.model import Customer, Order, PaymentMethod
from actions.flows import phrases
from actions.flows.turn import EMAIL, Said
from actions.services.item_matching import PLACE, PLACES
from actions.services.method_matching import ORIGINAL, match_methods, names_method
from actions.services.order_numbers import OTHER_NUMBER
from actions.services.policy import paying
from frontdesk.redaction import without_cards

TABLE = Path(__file__).with_name("payment_words.yml")


def speaks(subject: str, text: str) -> bool:
    """Tell whether words of a list stand in the text."""
    return phrases.speaks(TABLE, subject, EMAIL.sub(" ", text))


def methods_meant(
    customer: Customer, order: Order, heard: Said, *, instead: bool = False
) -> list[PaymentMethod]:
    """Return the methods on file that the words may mean for an order; several where they leave it open.

    "The same" is what pays it, "the other one" what doesn't. With `instead`, what pays it already counts only where
    nothing else fits.
    """
    methods, now = customer.payment_methods, paying(order)
    chosen = heard.entity("payment_method")
    if chosen:
        return [method for method in methods if method.id == chosen]
    text = OTHER_NUMBER.sub(" ", EMAIL.sub(" ", without_cards(heard.text)))
    found = match_methods(methods, text)
    if not found and (ORIGINAL.search(text) or speaks("same", text)):
        found = [method for method in methods if method.id in now]
    if not found and not names_method(text) and speaks("other", text):
        found = [method for method in methods if method.id not in now]
    others = [method for method in found if method.id not in now] if instead else []
    return others or found


def the_one(customer: Customer, order: Order, heard: Said, *, asked: bool) -> str | None:
    """Return the one method that the words name.

    Unasked only outright names count, since "the same one" may speak of an item. When it was asked for, its place
    in the list does, too.
    """
    if not asked and not heard.payload and not names_some(heard.text):
        return None
    found = methods_meant(customer, order, heard)
    if len(found) == 1:
        return found[0].id
    place = PLACE.search(heard.text) if asked and heard.short and not found else None
    at = PLACES.get(place[1].lower()) if place else None
    return customer.payment_methods[at].id if at is not None and at < len(customer.payment_methods) else None


def names_some(text: str) -> bool:
    """Tell whether the words name a way to pay at all, on file or not."""
    return names_method(text) or speaks("unknown", text)


def names_digits(text: str, methods: Sequence[PaymentMethod]) -> bool:
    """Tell whether the words name a card on file by its last digits."""
    return any(method.last_four and method.last_four in text for method in methods)

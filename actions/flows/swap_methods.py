"""With which payment method on file a difference in price is settled, in the customer's words."""

from __future__ import annotations

from actions.commerce.model import Customer, Order, PaymentMethod
from actions.flows import payment_words
from actions.flows.turn import Said
from actions.services.item_matching import PLACE, PLACES
from actions.services.method_matching import ORIGINAL
from actions.services.policy import paying


def methods_named(customer: Customer, order: Order, heard: Said) -> list[PaymentMethod]:
    """Return the methods of a customer that the words fit; several where they leave it open."""
    found = payment_words.meant(heard, customer.payment_methods, frozenset())
    if found or not (ORIGINAL.search(heard.text) or payment_words.speaks("same", heard.text)):
        return found
    return [method for method in customer.payment_methods if method.id in paying(order)]


def method_of(customer: Customer, order: Order, heard: Said, *, asked: bool) -> str | None:
    """Return the one method that the words name.

    Unasked only outright names count, since "the same one" may speak of an item. When it was asked for, its place
    in the list does, too.
    """
    if not asked and not heard.payload and not payment_words.names_some(heard.text):
        return None
    found = methods_named(customer, order, heard)
    if len(found) == 1:
        return found[0].id
    place = PLACE.search(heard.text) if asked and heard.short and not found else None
    at = PLACES.get(place[1].lower()) if place else None
    return customer.payment_methods[at].id if at is not None and at < len(customer.payment_methods) else None

"""With which payment method something is paid or paid back, in the customer's words."""

from __future__ import annotations

import re

from actions.commerce.model import Customer, Order, PaymentMethod
from actions.flows.turn import Said
from actions.services.item_matching import PLACE, PLACES

KINDS = {
    "gift_card": re.compile(r"\bgift[- ]?(?:card|certificate|voucher)s?\b"),
    "paypal": re.compile(r"\bpay[- ]?pal\b"),
    "apple_pay": re.compile(r"\bapple[- ]?pay\b"),
    "google_pay": re.compile(r"\bgoogle[- ]?pay\b"),
    "credit_card": re.compile(r"\bcredit[- ]?card\b"),
    "debit_card": re.compile(r"\bdebit[- ]?card\b"),
}
BRANDS = {
    "visa": re.compile(r"\bvisa\b"),
    "mastercard": re.compile(r"\bmaster[- ]?card\b"),
    "amex": re.compile(r"\b(?:amex|american express)\b"),
    "discover": re.compile(r"\bdiscover\b"),
}
CARD = re.compile(r"\bcard\b")
CARDS = frozenset({"credit_card", "debit_card"})
ORIGINAL = re.compile(
    r"\b(?:original|same)\b(?: \w+){0,2}? ?(?:method|way|card|account|one|payment)?"
    r"|\b(?:i|that i) (?:paid|used|ordered)\b|\bsame as before\b"
)
DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")


def methods_named(customer: Customer, order: Order, heard: Said) -> list[PaymentMethod]:
    """Return the methods of a customer that the words fit; several where they leave it open."""
    text = heard.text.lower()
    given = heard.entity("payment_method")
    if given:
        return [method for method in customer.payment_methods if method.id == given]
    ending = [method for method in customer.payment_methods if method.last_four in DIGITS.findall(text)]
    if ending:
        return ending
    brands = {brand for brand, pattern in BRANDS.items() if pattern.search(text)}
    branded = [each for each in customer.payment_methods if (each.brand or "").lower() in brands]
    if branded:
        return branded
    kinds = {kind for kind, pattern in KINDS.items() if pattern.search(text)}
    found = [method for method in customer.payment_methods if method.kind in kinds]
    if found or kinds:
        return found
    if ORIGINAL.search(text):
        used = {entry.method_id for entry in order.payments if entry.kind == "payment"}
        return [method for method in customer.payment_methods if method.id in used]
    return [method for method in customer.payment_methods if method.kind in CARDS and CARD.search(text)]


def method_of(customer: Customer, order: Order, heard: Said, *, asked: bool) -> str | None:
    """Return the one method that the words name.

    Unasked only outright names count, since "the same one" may speak of an item. When it was asked for, its place
    in the list does, too.
    """
    if not asked and not heard.payload:
        plain = heard.text.lower()
        outright = any(pattern.search(plain) for pattern in (*KINDS.values(), *BRANDS.values()))
        if not outright:
            return None
    found = methods_named(customer, order, heard)
    if len(found) == 1:
        return found[0].id
    place = PLACE.search(heard.text) if asked and heard.short and not found else None
    at = PLACES.get(place[1].lower()) if place else None
    return customer.payment_methods[at].id if at is not None and at < len(customer.payment_methods) else None

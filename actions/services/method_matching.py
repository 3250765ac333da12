"""Which payment method a customer means: by its kind, its brand, its last digits, or as "the way I paid"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from actions.commerce.model import PaymentMethod

GIFT_CARD = re.compile(r"\bgift[\s-]?(?:card|certificate)s?\b", re.I)
STORE_CREDIT = re.compile(
    r"\b(?:store|shop|account)[\s-]credit\b|\bcredit (?:to|on|in) (?:my|the) account\b", re.I
)
ORIGINAL = re.compile(
    r"\boriginal(?:ly)?\b|\b(?:same|way|method|card|account|one|how|what|whatever) (?:that |which )?(?:i |we )?"
    r"(?:have |had |'ve )?(?:paid|used|bought|ordered|pay)\b|\bpaid (?:with|from|by)\b"
    r"|\bsame (?:card|method|way|account|payment|place)\b"
    r"|\b(?:where|how) (?:it|i|the money) (?:came|paid)\b",
    re.I,
)
KINDS = {
    "paypal": re.compile(r"\bpay[\s-]?pal\b", re.I),
    "gift_card": GIFT_CARD,
    "apple_pay": re.compile(r"\bapple[\s-]?pay\b", re.I),
    "google_pay": re.compile(r"\b(?:google|g)[\s-]?pay\b", re.I),
    "debit_card": re.compile(r"\bdebit\b", re.I),
    "credit_card": re.compile(r"\bcredit[\s-]?card\b|(?<!gift )(?<!gift-)(?<!debit )\bcard\b", re.I),
}
BRANDS = {
    "visa": re.compile(r"\bvisa\b", re.I),
    "mastercard": re.compile(r"\bmaster[\s-]?card\b", re.I),
    "amex": re.compile(r"\b(?:amex|american express)\b", re.I),
    "discover": re.compile(r"\bdiscover\b", re.I),
}
LAST_FOUR = re.compile(r"(?<![\d$.,-])(\d{4})(?![\d.,]\d|\d)")


def match_methods(methods: Iterable[PaymentMethod], text: str) -> list[PaymentMethod]:
    """Return the methods that the words mean; several where they leave it open, none where they name none."""
    known = list(methods)
    named = [method for method in known if method.id.casefold() in text.casefold().split()]
    if named:
        return named
    digits = set(LAST_FOUR.findall(text))
    ending = [method for method in known if method.last_four in digits]
    if ending:
        return ending
    brands = [brand for brand, words in BRANDS.items() if words.search(text)]
    if brands:
        return [method for method in known if (method.brand or "").casefold() in brands]
    kinds = [kind for kind, words in KINDS.items() if words.search(text)]
    if kinds == ["credit_card"]:  # "my card"
        kinds.append("debit_card")
    return [method for method in known if method.kind in kinds]


def names_method(text: str) -> bool:
    """Tell whether the words name any way to pay, be it one that the customer has or not."""
    ways = (*KINDS.values(), *BRANDS.values(), STORE_CREDIT, ORIGINAL)
    return any(way.search(text) for way in ways)

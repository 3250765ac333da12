"""What the words of a customer say about a promo code: which one, and what for."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from rasa_sdk.interfaces import Tracker

from actions.flows.phrases import speaks
from actions.flows.turn import EMAIL, LIKE_A_NUMBER, SURE, Said, message
from actions.flows.wishes import wishes
from actions.services import services
from actions.services.orders import order_number

TABLE = Path(__file__).with_name("promo_words.yml")
WISH = "promo_code"
LONGEST = 24
NO_CODE = frozenset(
    {"deny", "affirm", "stop", "talk_to_human", "goodbye", "repeat", "ask_help", "greet", "thank"}
)
CODE = re.compile(r"(?<![\w@.])[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*(?![\w@])")
TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,}")
FEW = 3  # words of an answer that is hardly more than a code
SHARE = re.compile(r"\d\s*(?:%|percent\b|off\b)|\bhalf\b|\bfree\b", re.IGNORECASE)
LEAD = (
    r"(?:the|my|this|that|is|was|called|named|it|its|code|promo|coupon|voucher|discount|promotional|number)"
)
AFTER = re.compile(
    rf"\b(?:code|coupon|voucher|promo)\b[\s:\"']+(?:{LEAD}[\s:\"']+)*([A-Za-z0-9][\w-]{{2,23}})",
    re.IGNORECASE,
)


speaks_of = partial(speaks, TABLE)


def code_in(heard: Said, *, asked: bool = False) -> str | None:
    """Return the code that the words name, in capital letters: a known one in any spelling, else what looks like one.

    `asked` says that a code was asked for, so that a bare word is taken for one.
    """
    text = "" if heard.payload else EMAIL.sub(" ", heard.text)
    known = known_codes(text)
    if known:
        return known[0]
    shouted = text.upper() == text and len(text.split()) > FEW
    looks = [
        word
        for word in CODE.findall(text)
        if len(word) <= LONGEST and order_number(word) is None and _like_a_code(word, shouted)
    ]
    if looks:
        return str(looks[-1]).upper()
    named = AFTER.search(text)
    after = named[1] if named else ""
    if re.search(r"\d", after) and order_number(after) is None:
        return after.upper()
    words = TOKEN.findall(text)
    says_none = speaks_of("left", text) or speaks_of("none", text) or (_asks_else(heard) and len(words) > 1)
    answers = asked and heard.intent not in NO_CODE and not says_none
    if answers and 0 < len(words) <= FEW and order_number(text) is None:
        return max(words, key=len).upper() if len(text.split()) <= FEW else None
    return None


def _asks_else(heard: Said) -> bool:
    """Tell whether the words are surely about another wish."""
    return heard.intent in wishes() and heard.intent != WISH and heard.confidence >= SURE


def plainly_named(text: str) -> str | None:
    """Return the code that words about something else name beyond doubt: one of the shop's, or what follows "code"."""
    known = known_codes(text)
    if known:
        return known[0]
    after = AFTER.search(EMAIL.sub(" ", text))
    alone = None if after else CODE.fullmatch(text.strip(" .,!?"))  # an address isn't one, nor is "20pcs"
    word = after[1] if after else alone[0] if alone else ""
    looks = len(word) <= LONGEST and order_number(word) is None and _like_a_code(word, shouted=after is None)
    return word.upper() if word and looks else None


def known_code(heard: Said) -> str | None:
    """Return the code of the shop that the words name."""
    return None if heard.payload else next(iter(known_codes(heard.text)), None)


def named_code(tracker: Tracker) -> str | None:
    """Return the wish about codes if the last message is hardly more than a code, or names one of the shop's."""
    heard = message(tracker)
    known = known_code(heard)
    bare = heard.short and len(heard.text.split()) <= FEW and code_in(heard) and not heard.has(LIKE_A_NUMBER)
    return WISH if known or bare else None


def known_codes(text: str) -> list[str]:
    """Return the codes of the shop that stand in the words, in their order: "bright 15", "Bright-15"."""
    plain = re.sub(r"[^A-Z0-9]+", " ", EMAIL.sub(" ", text).upper())
    found: list[tuple[int, str]] = []
    for name in services().promotions.names:
        spelled = r" ?".join(re.escape(part) for part in re.findall(r"[A-Z]+|[0-9]+", name))
        match = re.search(rf"(?<![A-Z0-9]){spelled}(?![A-Z0-9])", plain)
        if match:
            found.append((match.start(), name))
    return [name for _, name in sorted(found)]


def _like_a_code(word: str, shouted: bool) -> bool:
    """Tell whether a word has the look of a code: letters and digits, or capitals among small letters."""
    bare = re.sub(r"[-_]", "", word)
    mixed = bool(re.search(r"[A-Za-z]{2}", bare) and re.search(r"\d", bare))
    capitals = bare.isupper() and len(bare) >= 5 and not shouted
    return mixed or capitals


def use_of(words: str, *, asked: bool = False) -> str | None:
    """Return what a code is for: an order that was placed, or a cart; None where the words don't say.

    `asked` says that the words answer the question which of the two it is.
    """
    cart, order = speaks_of("cart", words), speaks_of("order", words) or order_number(words) is not None
    if asked and not (cart or order):
        cart, order = speaks_of("cart_answer", words), speaks_of("order_answer", words)
    if cart and asked:
        return "cart"
    return "order" if order else "cart" if cart else None


def topic_of(heard: Said) -> str | None:
    """Return what a message without a code is about: a promise, which codes there are, how one is entered."""
    words = heard.text
    if speaks_of("left", words):
        return "left"
    if speaks_of("none", words):
        return "listing"
    if speaks_of("claim", words) and SHARE.search(words):
        return "claim"
    for topic in ("kinds", "listing", "how"):
        if speaks_of(topic, words):
            return topic
    return None

"""How many pieces a customer wants of a line: "make it three", "two more", "one less", "remove it"."""

from __future__ import annotations

from collections.abc import Sequence

from actions.commerce.model import OrderItem
from actions.services.variant_words import Token, phrases

Part = Sequence[Token | None]  # None: a word that says something else
SOME = frozenset({"of", "x", "piece", "pc"})
TAKE, AWAY, BETWEEN = frozenset({"take", "leave", "get"}), frozenset({"off", "out"}), 6
INSTEAD = ("instead", "not", "rather")


def pieces_wanted(part: Part, item: OrderItem) -> int | None:
    """Return how many pieces of a line the words want; None where they don't speak of it."""
    words = [token.word if token else "" for token in part]
    numbers = [(at, int(word)) for at, word in enumerate(words) if word.isdigit() and int(word) < 1000]
    taken_out = _has(words, "out") or _apart(words)
    for at, number in numbers:
        following, before = words[at + 1 : at + 3], words[max(at - 3, 0) : at]
        if _has(following[:1], "plus") or before[-1:] == ["another"]:
            return item.quantity + number
        if _has(following[:1], "minus") or (before[-1:] in (["minus"], ["by"]) and _has(words, "minus")):
            return max(item.quantity - number, 0)
        if taken_out and (following[:1] == ["of"] or _has(words[at : at + 3], "minus")):
            return max(item.quantity - number, 0)
    if taken_out:
        return 0
    if _has(words, "again_one"):
        return item.quantity + 1
    if "double" in words and ("amount" in words or "quantity" in words or "number" in words):
        return 2 * item.quantity
    for at, number in numbers:
        pronoun = (token := part[at]) is not None and token.end - token.start == len("one") and number == 1
        before, following = words[max(at - (1 if pronoun else 4), 0) : at], words[at + 1 : at + 3]
        if following[:1] and following[0] in INSTEAD:
            return number
        if before[-1:] and before[-1] in ("of", "than", "not", "from") and len(numbers) > 1:
            continue
        if _has(before, "exactly") or (following[:1] and following[0] in SOME):
            return number
    return None


def _apart(words: Sequence[str]) -> bool:
    """Tell whether "take ... off" stands in the words, with the item in between."""
    return any(word in TAKE and set(words[at + 1 : at + 1 + BETWEEN]) & AWAY for at, word in enumerate(words))


def _has(words: Sequence[str], entry: str) -> bool:
    """Tell whether one of an entry's phrases stands in the words."""
    said = tuple(words)
    return any(said[at : at + len(phrase)] == phrase for phrase in phrases(entry) for at in range(len(said)))

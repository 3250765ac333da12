"""Which thing is meant: matching a customer's words with names, without guessing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

LONGEST_TEXT = 600  # characters that are looked at
TYPO_LENGTH = 5  # shorter words have to match exactly
TWICE_LENGTH = 8  # in words as long as this two slips are forgiven
IRREGULAR = {"mice": "mouse", "knives": "knife", "shelves": "shelf", "does": "does", "dishes": "dish"}
WORD = re.compile(r"[a-z0-9]+")

# Words that say nothing about which thing is meant.
EMPTY_WORDS = frozenset((Path(__file__).parent / "empty_words.txt").read_text(encoding="utf-8").split())


def words(text: str) -> list[str]:
    """Split a text into lower-case words, without plural endings or accents of no meaning."""
    return [singular(word) for word in WORD.findall(text[:LONGEST_TEXT].casefold().replace("'s", ""))]


def singular(word: str) -> str:
    """Take a plural ending off a word."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def content_words(text: str) -> list[str]:
    """Keep the words that can tell one thing from another."""
    return [word for word in words(text) if word not in EMPTY_WORDS and singular(word) not in EMPTY_WORDS]


def is_plural(text: str, name: str) -> bool:
    """Tell whether the text speaks of several things of a name ("lamps" for "desk lamp")."""
    said = set(WORD.findall(text.casefold()))
    return any(f"{word}s" in said or f"{word}es" in said for word in words(name))


def same(word: str, other: str) -> bool:
    """Compare two words, forgiving a typo in long ones, and two in very long ones.

    "Forget" is no "forest": who slips twice in a short word has written another one.
    """
    if word == other:
        return True
    shorter = min(len(word), len(other))
    if shorter < TYPO_LENGTH or word[0] != other[0] or abs(len(word) - len(other)) > 2:
        return False
    return _slips(word, other) <= (1 if shorter < TWICE_LENGTH else 2)


@lru_cache(maxsize=20_000)
def _slips(word: str, other: str) -> int:
    """Count letters that are missing, too many or wrong, and neighbors in the wrong order."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, start=1):
        earlier, before, row = before, row, [i]
        for j, theirs in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != theirs))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == theirs:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]


def score(asked: Sequence[str], name: str, also: Iterable[str] = ()) -> float:
    """Count how many of the asked words a thing answers to; its name weighs more than the rest."""
    in_name = words(name)
    joined = "".join(in_name)
    elsewhere = [word for entry in also for word in words(entry)]
    points = 0.0
    for word in asked:
        if any(same(word, known) for known in in_name):
            points += 2.0 if word != in_name[-1] else 2.1  # "lamp" is a desk lamp before it is a lamp shade
        elif len(word) > 6 and word in joined:  # "keyboardtray", "toothbrush" for "tooth brush"
            points += 2.0
        elif any(same(word, known) for known in elsewhere):
            points += 1.5
    return points


def best(asked: Sequence[str], things: Sequence[tuple[T, float]]) -> list[T]:
    """Keep the things with the highest score, if any has one."""
    if not asked:
        return []
    top = max((points for _, points in things), default=0.0)
    return [thing for thing, points in things if points == top] if top > 0 else []

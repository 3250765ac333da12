"""Understand what is asked: follow-ups that lean on the message before, and two questions in one message."""

from __future__ import annotations

import re
from collections.abc import Sequence

from frontdesk.knowledge.words import raw_words, words

LONGEST = 600
"""Characters of a question that are searched for."""

_POINTING = "it its that this they them those these there one ones he she both same then"
_POINTERS = frozenset(_POINTING.split())
_OPENING = re.compile(r"\s*(?:ok(?:ay)?\b|and|but|or|so|also|what about|how about|what if)\b", re.IGNORECASE)
_ASKING = "how|what|when|where|which|who|why|can|could|do|does|did|is|are|will|would|should|may"
_CLAUSES = re.compile(
    rf"(?<=[?!])\s+|\?+\s*(?:and|also)\s+|(?:[,;]\s*|\s+)(?:and also|and|also|plus)\s+(?=(?:{_ASKING})\b)",
    re.IGNORECASE,
)


def searched(question: str, history: Sequence[str]) -> tuple[str, str | None]:
    """Return what to search for: the question, and both joined if it leans on the message before.

    >>> searched("and what does that cost?", ["do you open on Sundays"])
    ('and what does that cost?', 'do you open on Sundays and what does that cost?')
    """
    asked = question.strip()[:LONGEST]
    before = _before(asked, history)
    if before is None or not leans(asked):
        return asked, None
    return asked, f"{before} {asked}"[-LONGEST:]


def leans(question: str) -> bool:
    """Tell whether a question is too short, or points to something that was said before."""
    meaning = len(words(question))
    points = not _POINTERS.isdisjoint(raw_words(question))
    if points:
        return meaning <= 3
    return meaning <= 2 and (_OPENING.match(question) is not None or meaning == 0)


def points_back(question: str) -> bool:
    """Tell whether a question can hardly be understood alone: it points somewhere, and says little else."""
    return not _POINTERS.isdisjoint(raw_words(question)) and len(words(question)) <= 2


def clauses(question: str) -> list[str]:
    """Return the questions in a message, at most two; a message that asks one thing comes back whole.

    >>> clauses("how long does delivery take and can I send things back?")
    ['how long does delivery take', 'can I send things back?']
    """
    parts = [part.strip(" ,;") for part in _CLAUSES.split(question.strip()[:LONGEST]) if part]
    parts = [part for part in parts if words(part)]
    return (
        parts[:2]
        if len(parts) > 1 and all(len(words(part)) > 1 for part in parts[:2])
        else [question.strip()[:LONGEST]]
    )


def _before(question: str, history: Sequence[str]) -> str | None:
    """Return the last message that says something by itself."""
    # A message that begins with a slash is a button's payload, which nobody wrote.
    earlier = [text.strip() for text in history if text.strip() and not text.lstrip().startswith("/")]
    if earlier and earlier[-1] == question:
        earlier.pop()
    for text in reversed(earlier[-4:]):
        if words(text) and not points_back(text):
            return text[:LONGEST]
    return None

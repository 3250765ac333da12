"""Understand what is asked: follow-ups that lean on the message before, and two questions in one message."""

from __future__ import annotations

import re
from collections.abc import Sequence

from frontdesk.knowledge.words import raw_words, words

LONGEST = 600
"""Characters of a question that are searched for."""

_POINTING = "it its that this they them those these ones he she both"
_POINTERS = frozenset(_POINTING.split())
_OPENING = re.compile(r"\s*(?:ok(?:ay)?\b|and|but|or|so|also|what about|how about|what if)\b", re.IGNORECASE)
_ASKING = "how|what|when|where|which|who|why|can|could|do|does|did|is|are|will|would|should|may"
_ASKED = re.compile(rf"(?:and\s+|also\s+)*(?:{_ASKING})\b", re.IGNORECASE)
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

    >>> clauses("when do you open and can I park there?")
    ['when do you open', 'can I park there?']
    """
    whole = question.strip()[:LONGEST]
    parts = [part.strip(" ,;") for part in _CLAUSES.split(whole) if part]
    parts = [part for part in parts if words(part)][:2]
    two = len(parts) == 2 and not points_back(parts[1]) and _asks(parts[1])
    return parts if two else [whole]


def _asks(clause: str) -> bool:
    return clause.endswith("?") or _ASKED.match(clause) is not None


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

"""Quote the part of a passage that answers a question, word for word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from frontdesk.knowledge.passages import Passage
from frontdesk.knowledge.words import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 450
MOST = 4
_KEEP = 0.2
"""A sentence after the best one is quoted too when it is at most so much less near to the question."""
_BEFORE = 0.2
_WORDS = 0.1

# A sentence that begins like this can't be understood without the one before it.
_LEANS = re.compile(
    r"(?:it|its|this|that|these|those|they|their|them|he|she|then|after that|before that|from then on|"
    r"until then|otherwise|instead|such|so|but|or|if not|if so|in that case|the rest|the others?|the same|"
    r"for that|there|afterwards|both|either|you can then|once done|not)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a passage, and how near they are to the question."""

    text: str
    score: float


def quote(question: str, passage: Passage, nearness: NDArray[np.float32] | None) -> Quote:
    """Return the sentences or the list that answer best, in order; about 450 characters, but a list is whole.

    `nearness` is the cosine of each unit to the question.
    """
    scores = _scores(question, passage, nearness)
    best = int(np.argmax(scores))
    first = _beginning(passage, scores, best)
    chosen = _grown(passage, scores, first, best)
    return Quote(_joined(passage, chosen), float(scores[best]))


def _scores(question: str, passage: Passage, nearness: NDArray[np.float32] | None) -> NDArray[np.float32]:
    asked = set(words(question))
    shared = [len(asked & set(words(unit.text))) / max(len(asked), 1) for unit in passage.units]
    lexical = np.array(shared, dtype=np.float32)
    return lexical if nearness is None else nearness + _WORDS * lexical


def _beginning(passage: Passage, scores: NDArray[np.float32], best: int) -> int:
    """Go back from the best unit to where one can begin to read."""
    first = best
    length = len(passage.units[best].text)
    for at in range(best - 1, -1, -1):
        length += len(passage.units[at].text) + 1
        if length > LONGEST:
            break
        # What stands before is quoted too where it is nearly as good: authors put the answer first.
        if scores[at] >= scores[best] - _BEFORE:
            first = at
    while first > 0 and _leans(passage, first):
        first -= 1
    return first


def _leans(passage: Passage, position: int) -> bool:
    unit = passage.units[position]
    return bool(_LEANS.match(unit.lines[0] or unit.text))


def _grown(passage: Passage, scores: NDArray[np.float32], first: int, best: int) -> list[int]:
    """Add what follows while it is near to the question, or leans on what is quoted already."""
    units = passage.units
    chosen = list(range(first, best + 1))
    length = sum(len(units[at].text) + 1 for at in chosen)
    for at in range(best + 1, len(units)):
        own = len(units[at].text)
        if len(chosen) >= MOST or length + own > LONGEST:
            break
        follows = _leans(passage, at) and passage.paragraphs[at] == passage.paragraphs[at - 1]
        introduced = units[at].kind != "sentence" and passage.paragraphs[at] == passage.paragraphs[at - 1]
        if not (follows or introduced or scores[at] >= scores[best] - _KEEP):
            break
        chosen.append(at)
        length += own + 1
    return chosen


def _joined(passage: Passage, chosen: Sequence[int]) -> str:
    parts: list[str] = []
    for previous, at in zip([None, *chosen], chosen, strict=False):
        listed = passage.units[at].kind != "sentence" or (
            previous is not None and passage.units[previous].kind != "sentence"
        )
        parts += [("" if previous is None else "\n" if listed else " "), passage.units[at].text]
    return "".join(parts)

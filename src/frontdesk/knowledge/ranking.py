"""Rank articles for a question by meaning and by words, and the passages within an article."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.knowledge.bm25 import Bm25
from frontdesk.knowledge.passages import Passage
from frontdesk.knowledge.vectors import VectorIndex
from frontdesk.knowledge.words import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Chosen on questions left out one by one of a help centre's articles and on 170 questions of people with
# known articles; the optimum is flat (half or double of each changes the share of right articles by less than
# two points).
WEIGHTS: Mapping[str, float] = {"passage": 0.5, "question": 1.0, "unit": 1.0, "name": 0.3, "words": 0.3}
# The same for the passages within an article; the first one counts a little more, for authors put what
# matters first.
WITHIN: Mapping[str, float] = {"passage": 0.5, "question": 0.3, "unit": 1.0, "name": 0.6, "words": 0.3}
FIRST = 0.1
GENERAL = 0.1
"""What the first passage gets on top where a question only names what the article is about."""
EVERYWHERE = 0.6
"""In what share of an article's passages a word stands that singles out none."""
_EMPTY = frozenset(words("work works explain question information help rule policy details"))
WITHOUT_VECTORS: Mapping[str, float] = {"words": 1.0}
DEPTH = 16
"""How many hits each search adds to the articles that are compared."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """An article with its score (0 to about 1) and the position of its passages, the most fitting first."""

    article: int
    score: float
    passages: tuple[int, ...]


@dataclass(frozen=True)
class Vectors:
    """Unit vectors as rows: of passages, of their names and units, and of the articles' questions."""

    passages: NDArray[np.float32]
    names: NDArray[np.float32]
    units: NDArray[np.float32]
    questions: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question: the stems of its words, the share of them in each passage, and its vector."""

    stems: frozenset[str]
    shares: NDArray[np.float32]
    vector: NDArray[np.float32] | None
    leave_out: int | None


class Ranker:
    """Compares a question with every article.

    `passages` stand article by article. `questions` are (text, position of the passage that answers it).
    Without vectors only words count.
    """

    def __init__(
        self, passages: Sequence[Passage], questions: Sequence[tuple[str, int]], vectors: Vectors | None
    ) -> None:
        self.passages = passages
        self.questions = questions
        slugs = list(dict.fromkeys(passage.article for passage in passages))
        numbers = {slug: number for number, slug in enumerate(slugs)}
        self.count = len(slugs)
        self.article_of = np.array([numbers[passage.article] for passage in passages], dtype=np.intp)
        self.unit_of = np.array(
            [i for i, passage in enumerate(passages) for _ in passage.units], dtype=np.intp
        )
        self.question_of = np.array([at for _, at in questions], dtype=np.intp)
        self._question_articles = self.article_of[self.question_of]
        self.vectors = vectors
        self.weights = WEIGHTS if vectors is not None else WITHOUT_VECTORS
        self._bm25 = Bm25([_parts(passage) for passage in passages])
        self._stems = [frozenset(words(f"{one.name} {one.text}")) for one in passages]
        self._starts = np.searchsorted(self.article_of, np.arange(self.count + 1))
        self._indexes: list[tuple[VectorIndex, Any]] = []
        if vectors is not None:
            units = self.article_of[self.unit_of]
            self._indexes = [
                (VectorIndex(vectors.passages), self.article_of),
                (VectorIndex(vectors.units), units),
                (VectorIndex(vectors.questions), self._question_articles),
            ]

    def prepare(self) -> None:
        """Build the indexes now rather than with the first question."""
        for index, _ in self._indexes:
            index.prepare()

    def rank(
        self, text: str, vector: NDArray[np.float32] | None, limit: int, *, leave_out: int | None = None
    ) -> list[Ranked]:
        """Return the best articles, best first, as if the question numbered `leave_out` were not there."""
        asked = self._asked(text, vector, leave_out)
        ranked = [self._judge(article, asked) for article in self._candidates(asked)]
        ranked.sort(key=lambda one: (-one.score, one.article))
        return ranked[:limit]

    def best_passage(self, article: int, text: str, vector: NDArray[np.float32] | None) -> int:
        """Return the passage of an article that fits a question best."""
        return self._judge(article, self._asked(text, vector, None)).passages[0]

    def _asked(self, text: str, vector: NDArray[np.float32] | None, leave_out: int | None) -> _Asked:
        shares = self._bm25.scores(text) / max(self._bm25.best_possible(text), 1e-6)
        return _Asked(frozenset(words(text)) - _EMPTY, shares, vector, leave_out)

    def unit_scores(self, passage: int, vector: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Return how near each unit of a passage is to a question."""
        if self.vectors is None:
            return None
        first, last = np.searchsorted(self.unit_of, [passage, passage + 1])
        return self.vectors.units[first:last] @ vector

    def _candidates(self, asked: _Asked) -> list[int]:
        best = np.argsort(-asked.shares, kind="stable")[:DEPTH]
        found = {int(self.article_of[at]) for at in best if asked.shares[at] > 0}
        if asked.vector is not None:
            for index, owner in self._indexes:
                found |= {int(owner[hit.position]) for hit in index.search(asked.vector, DEPTH)}
        return sorted(found)

    def _judge(self, article: int, asked: _Asked) -> Ranked:
        first, last = int(self._starts[article]), int(self._starts[article + 1])
        parts = {"words": asked.shares[first:last]}
        if asked.vector is not None and self.vectors is not None:
            parts |= self._near(first, last, asked.vector, asked.leave_out)
        total = sum(weight for name, weight in self.weights.items() if name != "words") or 1.0
        score = sum(self.weights[name] * float(values.max()) for name, values in parts.items()) / total
        own = np.zeros(last - first, dtype=np.float32)
        own[0] = FIRST + (GENERAL if self._general(asked.stems, first, last) else 0.0)
        for name, values in parts.items():
            own += WITHIN[name] * values
        order = np.argsort(-own, kind="stable") + first
        return Ranked(article, score, tuple(int(at) for at in order))

    def _general(self, stems: frozenset[str], first: int, last: int) -> bool:
        """Tell whether a question only names a subject that stands in most passages: it singles out none."""
        if len(stems) != 1:
            return False
        return sum(stems <= held for held in self._stems[first:last]) >= EVERYWHERE * (last - first)

    def _near(
        self, first: int, last: int, vector: NDArray[np.float32], leave_out: int | None
    ) -> dict[str, NDArray[np.float32]]:
        """Return for each passage of an article the cosine of itself, its name, best unit, best question."""
        vectors = self.vectors
        assert vectors is not None
        names = vectors.names[first:last] @ vector
        units = np.full(last - first, -1.0, dtype=np.float32)
        low, high = np.searchsorted(self.unit_of, [first, last])
        np.maximum.at(units, self.unit_of[low:high] - first, vectors.units[low:high] @ vector)
        # An article without questions is asked by its headings.
        asked = names.copy()
        low, high = np.searchsorted(
            self._question_articles, [self.article_of[first], self.article_of[first] + 1]
        )
        rows = [row for row in range(int(low), int(high)) if row != leave_out]
        if rows:
            asked = np.zeros(last - first, dtype=np.float32)
            np.maximum.at(asked, self.question_of[rows] - first, vectors.questions[rows] @ vector)
        return {
            "passage": vectors.passages[first:last] @ vector,
            "name": names,
            "unit": units,
            "question": asked,
        }


def _parts(passage: Passage) -> list[tuple[str, float]]:
    return [(passage.title, 2.0), (passage.heading or "", 2.0), (passage.text, 1.0)]

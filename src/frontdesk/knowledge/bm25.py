"""Rank texts by the words that they share with a question (Okapi BM25; Robertson and Zaragoza, 2009)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from frontdesk.core.ports import Hit
from frontdesk.knowledge.words import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = "NDArray[np.float32]"


class Bm25:
    """An index over texts; a query costs one pass over the postings of its words.

        index = Bm25([("The lamp is blue.", 1.0)])
        index.search("blue lamps", 3)   # [Hit(position=0, score=...)]

    A text may come as several parts with weights (a heading counts more than what stands below it).
    """

    def __init__(
        self, texts: Sequence[Sequence[tuple[str, float]]], *, k1: float = 1.2, b: float = 0.5
    ) -> None:
        self.count = len(texts)
        lengths = np.zeros(self.count, dtype=np.float32)
        postings: dict[str, list[tuple[int, float]]] = {}
        for position, parts in enumerate(texts):
            counts: Counter[str] = Counter()
            for text, weight in parts:
                for word in words(text):
                    counts[word] += weight  # type: ignore[assignment]  # Counter's values may be any number
            lengths[position] = sum(counts.values())
            for word, number in counts.items():
                postings.setdefault(word, []).append((position, number))
        average = float(lengths.mean()) if self.count else 1.0
        norms = k1 * (1 - b + b * lengths / (average or 1.0))
        self._postings: dict[str, tuple[NDArray[np.intp], NDArray[np.float32]]] = {}
        self._idf: dict[str, float] = {}
        for word, found in postings.items():
            where = np.array([position for position, _ in found], dtype=np.intp)
            how_often = np.array([number for _, number in found], dtype=np.float32)
            self._idf[word] = self._rarity(len(found))
            share = how_often * (k1 + 1) / (how_often + norms[where])
            self._postings[word] = (where, (self._idf[word] * share).astype(np.float32))

    def scores(self, query: str) -> NDArray[np.float32]:
        """Return the score of every text, float32 (texts,)."""
        total = np.zeros(self.count, dtype=np.float32)
        for word in set(words(query)):
            if word in self._postings:
                where, share = self._postings[word]
                total[where] += share
        return total

    def best_possible(self, query: str) -> float:
        """Return about what a text with every word of the query would score; unseen words count in full."""
        return sum(self._idf.get(word, self._rarity(0)) for word in set(words(query)))

    def search(self, query: str, limit: int) -> list[Hit]:
        """Return the best texts that share a word with the query, best first."""
        scores = self.scores(query)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [Hit(int(position), float(scores[position])) for position in order if scores[position] > 0]

    def _rarity(self, holding: int) -> float:
        return float(np.log(1 + (self.count - holding + 0.5) / (holding + 0.5)))

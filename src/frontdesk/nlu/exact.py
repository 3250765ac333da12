"""Sentences that are training examples, word for word: there is nothing to guess about them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from frontdesk.core.message import IntentScore

SURE = 0.9
"""So much of the confidence an example's own label gets."""
_WORD = re.compile(r"\w+")


class ExactExamples:
    """Knows the label of each example; one that stands under two labels has none."""

    def __init__(self, labels: Mapping[str, str] | None = None) -> None:
        self.labels = dict(labels or {})

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> ExactExamples:
        """Learn from (text, label); case and punctuation do not count."""
        found: dict[str, str] = {}
        ambiguous: set[str] = set()
        for text, label in pairs:
            key = _key(text)
            if key and found.setdefault(key, label) != label:
                ambiguous.add(key)
        return cls({key: label for key, label in found.items() if key not in ambiguous})

    def sharpened(self, text: str, ranking: Sequence[IntentScore]) -> tuple[IntentScore, ...]:
        """Return a ranking in which the label of the example that the text is, if it is one, comes first."""
        label = self.labels.get(_key(text)) if ranking else None
        if label is None:
            return tuple(ranking)
        rest = [IntentScore(s.name, s.confidence * (1 - SURE)) for s in ranking if s.name != label]
        own = sum(score.confidence for score in ranking if score.name == label)
        return (IntentScore(label, SURE + own * (1 - SURE)), *rest)[: len(ranking)]


def _key(text: str) -> str:
    words = _WORD.findall(text.casefold())
    return hashlib.blake2b(" ".join(words).encode("utf-8"), digest_size=9).hexdigest() if words else ""

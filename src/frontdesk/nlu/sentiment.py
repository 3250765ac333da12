"""Tell how a person feels from what they write: negative, neutral or positive."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import IntentScore, Message, SparseVector
from frontdesk.core.ports import Embedder, LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.count_vectors import padded_ngrams, vocabulary, word_ngrams
from frontdesk.nlu.linear import Fit, LinearModel, Row, fit
from frontdesk.nlu.options import LONGEST, merged, number
from frontdesk.nlu.storage import read_arrays, read_json, write_arrays, write_json
from frontdesk.nlu.vectors import sparse

NAME = "SentimentClassifier"
NEUTRAL = "neutral"
DEFAULTS: Mapping[str, Any] = {
    "C": 10.0,
    "threshold": 0.0,
    "calibration_folds": 5,
    "max_iter": 200,
    "random_state": 42,
}
_WORD = re.compile(r"\w+(?:'\w+)?|[!?]+|[^\w\s]")
_NAMES, _ARRAYS, _TERMS = "sentiment.json", "sentiment.npz", "terms.json"
_VECTOR = "vector"
_KINDS = ("words", "pieces", "manner")


class SentimentClassifier:
    """Set each message's sentiment from the encoder's vector, its words, and the manner in which it is typed.

    It learns from the sentences under `sentiment:`, whose labels are its classes. Below `threshold` the
    sentiment is neutral. It works without an encoder too, less well.
    """

    uses_embedder = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self._threshold = number(NAME, self.options, "threshold", 0, 1)
        self._fit = Fit(
            C=number(NAME, self.options, "C", 1e-6, 1e6),
            max_iter=int(number(NAME, self.options, "max_iter", 1, 1e6)),
            folds=int(number(NAME, self.options, "calibration_folds", 0, 20)),
            seed=int(self.options["random_state"] or 0),
        )
        self._embedder: Embedder | None = None
        self._columns: dict[str, dict[str, int]] = {}
        self._model: LinearModel | None = None

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn from the labelled sentences; without any, messages get no sentiment."""
        self._embedder = context.embedder
        labelled = [one for one in examples.sentiment if one.text.strip()]
        if not labelled:
            context.progress(f"{NAME}: there are no sentences under 'sentiment:' to learn from.")
            return
        texts = [one.text[:LONGEST] for one in labelled]
        counted = [_terms(text) for text in texts]
        self._columns = {kind: vocabulary([terms[kind] for terms in counted], 2, 1.0) for kind in _KINDS}
        vectors = None if self._embedder is None else self._embedder.embed(texts)
        rows = [self._row(text, None if vectors is None else vectors[n]) for n, text in enumerate(texts)]
        self._model = fit(rows, [one.label for one in labelled], self._fit)

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Set the sentiment; a payload has none."""
        processed = list(messages)
        chosen = [
            index for index, message in enumerate(messages) if not message.final and message.text.strip()
        ]
        if self._model is None or not chosen:
            return processed
        vectors = self._vectors([messages[index] for index in chosen])
        rows = [
            self._row(messages[index].text[:LONGEST], None if vectors is None else vectors[n])
            for n, index in enumerate(chosen)
        ]
        for index, shares in zip(chosen, self._model.probabilities(rows), strict=True):
            best = int(shares.argmax())
            score = IntentScore(self._model.labels[best], float(shares[best]))
            if score.confidence < self._threshold:
                score = IntentScore(NEUTRAL, self._threshold)
            processed[index] = messages[index].but(sentiment=score)
        return processed

    def _vectors(self, messages: Sequence[Message]) -> Any:
        if self._embedder is None:
            return None
        found = [_encoded(message, self._embedder.size) for message in messages]
        missing = [n for n, vector in enumerate(found) if vector is None]
        if missing:
            made = self._embedder.embed([messages[n].text[:LONGEST] for n in missing])
            for n, vector in zip(missing, made, strict=True):
                found[n] = vector
        return found

    def _row(self, text: str, vector: Any) -> Row:
        terms = _terms(text)
        row: dict[str, Any] = {
            kind: self._count(kind, terms[kind]) for kind in _KINDS if self._columns.get(kind)
        }
        if vector is not None:
            row[_VECTOR] = vector
        return row

    def _count(self, kind: str, terms: Mapping[str, int]) -> SparseVector:
        known = self._columns[kind]
        return sparse(
            {known[term]: float(count) for term, count in terms.items() if term in known}, len(known)
        )

    def save(self, folder: Path) -> None:
        """Write labels, terms and weights."""
        if self._model is not None:
            write_json(folder / _NAMES, self._model.names())
            write_json(folder / _TERMS, {k: sorted(v, key=v.__getitem__) for k, v in self._columns.items()})
            write_arrays(folder / _ARRAYS, self._model.arrays())

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read labels, terms and weights."""
        self._embedder = context.embedder
        if (folder / _NAMES).is_file():
            stored = read_json(folder / _TERMS)
            self._columns = {
                kind: {term: n for n, term in enumerate(terms)} for kind, terms in stored.items()
            }
            self._model = LinearModel.stored(read_json(folder / _NAMES), read_arrays(folder / _ARRAYS))


def _encoded(message: Message, size: int) -> Any:
    # A dense vector of the encoder's own length is taken to be the encoder's.
    for features in message.features:
        vector = features.sentence
        if vector is not None and not isinstance(vector, SparseVector) and len(vector) == size:
            return vector
    return None


def _terms(text: str) -> dict[str, Counter[str]]:
    words = _WORD.findall(text.lower().replace("\u2019", "'"))
    return {
        "words": Counter(word_ngrams(words, 1, 2)),
        "pieces": Counter(padded_ngrams(words, 2, 4)),
        "manner": Counter(_manner(text)),
    }


def _manner(text: str) -> Iterator[str]:
    words = text.split()
    shouted = [word for word in words if len(word) > 1 and word.isupper()]
    yield "any"
    if shouted:
        yield "all shouted" if len(shouted) == len(words) else "some shouted"
    for sign, name in (("!", "exclaimed"), ("?", "asked")):
        count = text.count(sign)
        if count:
            yield name if count == 1 else f"{name} often"
    if "..." in text or "\u2026" in text:
        yield "trailing"
    if re.search(r"(\w)\1\1", text):
        yield "drawn out"
    yield "short" if len(words) < 4 else "long" if len(words) > 20 else "middling"

"""Count the words, or the pieces of words, that the training examples have too."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Features, Message, SparseVector, Token
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.options import merged, one_of
from frontdesk.nlu.storage import read_json, write_json
from frontdesk.nlu.vectors import TokenFeatures, add, sparse

DEFAULTS: Mapping[str, Any] = {
    "use_shared_vocab": False,
    "analyzer": "word",
    "strip_accents": None,
    "stop_words": None,
    "min_df": 1,
    "max_df": 1.0,
    "min_ngram": 1,
    "max_ngram": 1,
    "max_features": None,
    "lowercase": True,
    "OOV_token": None,
    "OOV_words": [],
    "use_lemma": True,
    "additional_vocabulary_size": None,
}
_NUMBER = re.compile(r"\b[0-9]+\b")
_WORD = re.compile(r"\b\w+\b")
_FILE = "vocabulary.json"


class CountVectorsFeaturizer:
    """Count n-grams of words (`word`), of characters (`char`), or of characters inside words (`char_wb`).

    Numbers count as one word. With `OOV_token`, words that were not in the examples count as that one. The texts of
    messages alone are counted, so that `use_shared_vocab` and `additional_vocabulary_size` change nothing.
    """

    prepares = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        name = "CountVectorsFeaturizer"
        self.options = merged(name, DEFAULTS, options)
        self.analyzer = one_of(name, self.options, "analyzer", ("word", "char", "char_wb"))
        one_of(name, self.options, "strip_accents", (None, "ascii", "unicode"))
        self.origin = str(self.options.get("alias") or f"{name}.{self.analyzer}")
        low, high = self.options["min_ngram"], self.options["max_ngram"]
        if not (isinstance(low, int) and isinstance(high, int) and 1 <= low <= high <= 10):
            raise ConfigError(
                f"{name}: n-grams from {low!r} to {high!r} were asked for; 1 to 10 can be counted."
            )
        self._lengths = (low, high)
        self._stop = _stop_words(self.options["stop_words"])
        self._oov, self._oov_words = self._unknown_words()
        self._columns: dict[str, int] = {}

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Give a number to each n-gram of the examples that is frequent enough."""
        if self.options["stop_words"] == "english":
            from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

            self._stop = frozenset(ENGLISH_STOP_WORDS)
        for line in self._doubts(context.messages):
            context.progress(f"CountVectorsFeaturizer: {line}")
        documents = [
            Counter(self.terms(self._joined(message.tokens, training=True))) for message in context.messages
        ]
        self._columns = vocabulary(
            documents, self.options["min_df"], self.options["max_df"], self.options["max_features"]
        )

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add the counts of each message, for the sentence and for each token."""
        return [message if message.final else self._describe(message) for message in messages]

    def _describe(self, message: Message) -> Message:
        if not self._columns:
            return message
        words = self._cleaned(message.tokens)

        def compute() -> list[SparseVector]:
            return [self.count(word) for word in words]

        return add(
            message, Features(self.origin, self.count(" ".join(words)), TokenFeatures(len(words), compute))
        )

    def count(self, text: str) -> SparseVector:
        """Count the known n-grams of a text that is lower-cased and cleaned already."""
        known = self._columns
        columns = (known[term] for term in self.terms(text) if term in known)
        return sparse(Counter(columns), len(known))

    def terms(self, text: str) -> Iterable[str]:
        """Yield the n-grams of a text."""
        if self.analyzer == "word":
            words = [word for word in _WORD.findall(text) if word not in self._stop]
            return word_ngrams(words, *self._lengths)
        if self.analyzer == "char":
            return char_ngrams(" ".join(text.split()), *self._lengths)
        return padded_ngrams(text.split(), *self._lengths)

    def _joined(self, tokens: Sequence[Token], *, training: bool = False) -> str:
        return " ".join(self._cleaned(tokens, training=training))

    def _cleaned(self, tokens: Sequence[Token], *, training: bool = False) -> list[str]:
        words = [_NUMBER.sub("__NUMBER__", token.text) for token in tokens]
        if self.options["lowercase"]:
            words = [word.lower() for word in words]
        if self.options["strip_accents"]:
            words = [stripped(word, self.options["strip_accents"]) for word in words]
        if self._oov is None:
            return words
        if training:
            return [self._oov if word in self._oov_words else word for word in words]
        if self._oov not in self._columns:
            return words
        return [word if word in self._columns else self._oov for word in words]

    def _unknown_words(self) -> tuple[str | None, frozenset[str]]:
        token, words = self.options["OOV_token"], self.options["OOV_words"]
        if token is None or self.analyzer != "word":
            return None, frozenset()
        change: Callable[[str], str] = str.lower if self.options["lowercase"] else str
        return change(str(token)), frozenset(
            change(str(w)) for w in ([words] if isinstance(words, str) else words)
        )

    def _doubts(self, messages: Sequence[Message]) -> Iterator[str]:
        token, words = self.options["OOV_token"], self.options["OOV_words"]
        if self.analyzer != "word" and (token is not None or self.options["stop_words"] is not None):
            yield f"'OOV_token' and 'stop_words' are about words and change nothing with '{self.analyzer}'."
        elif words and token is None:
            yield "'OOV_words' change nothing without an 'OOV_token'."
        elif self._oov is not None and not self._oov_words and not self._seen(self._oov, messages):
            yield f"no example has the 'OOV_token' ({token}), so that unknown words are left out."

    def _seen(self, token: str, messages: Sequence[Message]) -> bool:
        return any(token in word for message in messages for word in self._cleaned(message.tokens))

    def save(self, folder: Path) -> None:
        """Write the vocabulary, and the words that are not counted."""
        terms = sorted(self._columns, key=self._columns.__getitem__)
        write_json(folder / _FILE, {"terms": terms, "stop_words": sorted(self._stop)})

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read them back."""
        known = read_json(folder / _FILE)
        self._columns = {term: column for column, term in enumerate(known["terms"])}
        self._stop = frozenset(known["stop_words"])


def vocabulary(
    documents: Sequence[Mapping[str, int]], min_df: float, max_df: float, most: int | None = None
) -> dict[str, int]:
    """Give a number to each term that occurs in enough and in not too many documents.

    Numbers follow the alphabet. A whole number is a number of documents, a fraction a share of them; `most`
    keeps the most frequent terms.
    """
    spread: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for document in documents:
        spread.update(document.keys())
        total.update(document)
    low = min_df if isinstance(min_df, int) else min_df * len(documents)
    high = max_df if isinstance(max_df, int) else max_df * len(documents)
    kept = [term for term, count in spread.items() if low <= count <= high]
    if most is not None:
        kept = sorted(kept, key=lambda term: (-total[term], term))[:most]
    return {term: column for column, term in enumerate(sorted(kept))}


def word_ngrams(words: Sequence[str], low: int, high: int) -> Iterator[str]:
    """Yield runs of words, joined by spaces."""
    for length in range(low, min(high, len(words)) + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def char_ngrams(text: str, low: int, high: int) -> Iterator[str]:
    """Yield runs of characters."""
    for length in range(low, min(high, len(text)) + 1):
        for start in range(len(text) - length + 1):
            yield text[start : start + length]


def padded_ngrams(words: Iterable[str], low: int, high: int) -> Iterator[str]:
    """Yield runs of characters inside each word, with a space before and after it."""
    for word in words:
        padded = f" {word} "
        for length in range(low, high + 1):
            yield padded[:length]
            if length >= len(padded):
                break
            for start in range(1, len(padded) - length + 1):
                yield padded[start : start + length]


def stripped(text: str, how: str) -> str:
    """Take the accents off a text ("unicode"), or everything that is not ASCII ("ascii")."""
    taken_apart = unicodedata.normalize("NFKD", text)
    if how == "ascii":
        return taken_apart.encode("ascii", "ignore").decode("ascii")
    return "".join(char for char in taken_apart if not unicodedata.combining(char))


def _stop_words(given: Any) -> frozenset[str]:
    if given is None:
        return frozenset()
    if isinstance(given, str):
        if given != "english":
            raise ConfigError(
                f"CountVectorsFeaturizer: there are no stop words for '{given}'.",
                hint="List the words themselves.",
            )
        return frozenset()  # they are read in training
    return frozenset(str(word) for word in given)

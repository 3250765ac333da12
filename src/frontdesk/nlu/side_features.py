"""What a classifier sees of a text beside the pipeline's features: words, their pieces, the encoder's vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from frontdesk.core.message import Features, Message, SparseVector
from frontdesk.core.ports import Embedder, LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.count_vectors import CountVectorsFeaturizer
from frontdesk.nlu.options import LONGEST
from frontdesk.nlu.storage import read_json, write_json
from frontdesk.nlu.vectors import add

ENCODER = "encoder"
"""The origin of the encoder's vector; it stays on the message, so that a text is encoded once."""
WORDS, PIECES = "words", "pieces"
_COUNTS: Mapping[str, Mapping[str, Any]] = {
    WORDS: {"analyzer": "word", "alias": WORDS},
    PIECES: {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4, "alias": PIECES},
}
_OTHER = ("RegexFeaturizer", "LexicalSyntacticFeaturizer")
_FILE = "side_features.json"


def wants_embedder(options: Mapping[str, Any], language: str | None) -> bool:
    """Tell whether the sentence encoder is to be used.

    `use_encoder` says so; without it, it is used for English, the language that the default encoder knows. Where
    `featurizers` are named, only those count.
    """
    if options.get("featurizers"):
        return False
    told = options.get("use_encoder")
    if told is not None:
        return bool(told)
    return language is None or language.lower().replace("_", "-").partition("-")[0] == "en"


class SideFeatures:
    """Add the features that a pipeline does not make itself.

    Where no featurizer counts words, or pieces of words, they are counted; where none makes dense vectors, the
    encoder does (for each token, too, if `tokens`). `makes` names what is added.
    """

    def __init__(self) -> None:
        self.makes: tuple[str, ...] = ()
        self.tokens = False
        self._counts: dict[str, CountVectorsFeaturizer] = {}
        self._embedder: Embedder | None = None

    def train(
        self, examples: NluExamples, context: TrainContext, *, encoder: bool, tokens: bool
    ) -> list[Message]:
        """Learn the words; returns the context's messages with all features."""
        given = _given(context.messages)
        self._counts = {
            name: CountVectorsFeaturizer(options) for name, options in _COUNTS.items() if name not in given
        }
        self._embedder = context.embedder if encoder and ENCODER not in given else None
        self.tokens = tokens
        for featurizer in self._counts.values():
            featurizer.train(examples, context)
        self.makes = (*self._counts, *([ENCODER] if self._embedder is not None else []))
        return self.process(context.messages)

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages with all features; final ones as they are."""
        found = list(messages)
        for featurizer in self._counts.values():
            found = featurizer.process(found)
        return self._encoded(found) if self._embedder is not None else found

    def _encoded(self, messages: list[Message]) -> list[Message]:
        assert self._embedder is not None
        waiting = [n for n, message in enumerate(messages) if self._lacks(message)]
        if not waiting:
            return messages
        texts = [messages[n].text[:LONGEST] for n in waiting]
        tokens: Sequence[Any] | None = None
        if self.tokens:
            spans = [[(token.start, token.end) for token in messages[n].tokens] for n in waiting]
            sentences, tokens = self._embedder.embed_tokens(texts, spans)
        else:
            sentences = self._embedder.embed(texts)
        for row, n in enumerate(waiting):
            made = Features(ENCODER, sentences[row], None if tokens is None else tokens[row])
            kept = tuple(f for f in messages[n].features if f.origin != ENCODER)
            messages[n] = add(messages[n].but(features=kept), made)
        return messages

    def _lacks(self, message: Message) -> bool:
        if message.final or not message.text.strip():
            return False
        made = next((f for f in message.features if f.origin == ENCODER), None)
        return made is None or (self.tokens and made.tokens is None)

    def save(self, folder: Path) -> None:
        """Write the words and what else is made."""
        write_json(folder / _FILE, {"makes": list(self.makes), "tokens": self.tokens})
        for name, featurizer in self._counts.items():
            (folder / name).mkdir()
            featurizer.save(folder / name)

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read them back."""
        known = read_json(folder / _FILE)
        self.makes, self.tokens = tuple(known["makes"]), bool(known["tokens"])
        self._counts = {name: CountVectorsFeaturizer(_COUNTS[name]) for name in self.makes if name in _COUNTS}
        for name, featurizer in self._counts.items():
            featurizer.load(folder / name, context)
        self._embedder = context.embedder if ENCODER in self.makes else None


def handed_on(message: Message, before: Message) -> Message:
    """Return the message with the features that it had before, and the encoder's vector of the sentence."""
    made = [replace(f, tokens=None) for f in message.features if f.origin == ENCODER]
    kept = [f for f in before.features if f.origin != ENCODER]
    return message.but(features=(*kept, *made))


def _given(messages: Sequence[Message]) -> set[str]:
    found: set[str] = set()
    for features in {f.origin: f for message in messages for f in message.features}.values():
        if isinstance(features.sentence, SparseVector):
            _, dot, analyzer = features.origin.partition(".")
            if features.origin in _OTHER:
                continue
            # an alias does not say what is counted
            found |= {WORDS if analyzer == "word" else PIECES} if dot else {WORDS, PIECES}
        elif isinstance(features.sentence, np.ndarray):
            found.add(ENCODER)
    return found

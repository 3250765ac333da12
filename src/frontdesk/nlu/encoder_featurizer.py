"""Describe each text by its vector of the shared sentence encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Features, Message
from frontdesk.core.ports import Embedder, LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.options import LONGEST, merged
from frontdesk.nlu.vectors import add

ORIGIN = "SentenceEncoderFeaturizer"
DEFAULTS: Mapping[str, Any] = {"token_features": True}


class SentenceEncoderFeaturizer:
    """Add the encoder's vector of each text, and, unless `token_features` is false, one for each token.

    Sentence vectors have length 1; a token's vector is the mean of its word pieces.
    """

    prepares = True
    uses_embedder = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged("SentenceEncoderFeaturizer", DEFAULTS, options)
        self.origin = str(self.options.get("alias") or ORIGIN)
        self._embedder: Embedder | None = None

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Take the encoder that the training uses."""
        self._embedder = context.embedder

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add the vectors; texts that occur twice are encoded once."""
        waiting = [
            index for index, message in enumerate(messages) if not message.final and message.text.strip()
        ]
        processed = list(messages)
        if not waiting:
            return processed
        if self._embedder is None:
            raise ConfigError(
                "SentenceEncoderFeaturizer has no encoder.",
                hint="Train again where the encoder's weights are installed.",
            )
        first: dict[str, int] = {}
        for index in waiting:
            first.setdefault(messages[index].text, index)
        texts = [text[:LONGEST] for text in first]
        row = {text: number for number, text in enumerate(first)}
        if self.options["token_features"]:
            spans = [
                [(token.start, token.end) for token in messages[index].tokens] for index in first.values()
            ]
            sentences, tokens = self._embedder.embed_tokens(texts, spans)
        else:
            sentences, tokens = self._embedder.embed(texts), None
        for index in waiting:
            number = row[messages[index].text]
            found = Features(self.origin, sentences[number], None if tokens is None else tokens[number])
            processed[index] = add(messages[index], found)
        return processed

    def save(self, folder: Path) -> None:
        """Write nothing: the encoder is stored once for the whole package."""

    def load(self, folder: Path, context: LoadContext) -> None:
        """Take the encoder of the process."""
        self._embedder = context.embedder

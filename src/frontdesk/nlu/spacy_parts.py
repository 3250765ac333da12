"""The components on top of SpacyNLP: tokens, vectors and named entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from frontdesk.core.message import Entity, Features, Message, Token
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.options import merged, one_of
from frontdesk.nlu.overlap import resolve
from frontdesk.nlu.spacy_nlp import doc_of, require
from frontdesk.nlu.token_pattern import OPTIONS, cut, token_pattern
from frontdesk.nlu.vectors import add


class _OnSpacy:
    """A component that learns nothing and needs SpacyNLP before it."""

    name = ""
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        require(self.name)
        self.options = merged(self.name, self.defaults, options)

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Do nothing: there is nothing to learn."""

    def save(self, folder: Path) -> None:
        """Write nothing: the options say it all."""

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read nothing."""


class SpacyTokenizer(_OnSpacy):
    """Take the words as spaCy cut them."""

    prepares = True
    name = "SpacyTokenizer"
    defaults: ClassVar[Mapping[str, Any]] = OPTIONS

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._pattern = token_pattern(self.name, self.options)

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Set the tokens of each message, as they are written in it."""
        return [self._tokenized(message) for message in messages]

    def _tokenized(self, message: Message) -> Message:
        spans = [(token.idx, token.idx + len(token.text)) for token in doc_of(message, self.name)]
        words = [(message.text[start:end], start, end) for start, end in spans]
        found = (Token(*word) for word in words if word[0].strip())
        return message.but(tokens=tuple(cut(found, self._pattern)))


class SpacyFeaturizer(_OnSpacy):
    """Describe texts and words by spaCy's vectors; `pooling` (mean, max) makes one of a sentence's words."""

    prepares = True
    name = "SpacyFeaturizer"
    defaults: ClassVar[Mapping[str, Any]] = {"pooling": "mean"}

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        one_of(self.name, self.options, "pooling", ("mean", "max"))
        self.origin = str(self.options.get("alias") or self.name)

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add the vectors of each message; a model without vectors adds none."""
        return [message if message.final else self._described(message) for message in messages]

    def _described(self, message: Message) -> Message:
        doc = doc_of(message, self.name)
        vectors = [token.vector for token in doc if token.text.strip()]
        if not vectors or not len(vectors[0]):
            return message
        tokens = np.stack(vectors).astype(np.float32)
        rows = tokens[np.any(tokens != 0, axis=1)]
        if not len(rows):
            pooled = np.zeros(tokens.shape[1], dtype=np.float32)
        else:
            pooled = rows.max(axis=0) if self.options["pooling"] == "max" else rows.mean(axis=0)
        fits = len(tokens) == len(message.tokens)
        rows_of_tokens: Any = tokens if fits else None
        return add(message, Features(self.origin, pooled, rows_of_tokens))


class SpacyEntityExtractor(_OnSpacy):
    """Add the named entities that spaCy found (PERSON, GPE ...); `dimensions` lists the kinds to take."""

    name = "SpacyEntityExtractor"
    defaults: ClassVar[Mapping[str, Any]] = {"dimensions": None}

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add the entities of each message."""
        return [message if message.final else self._extract(message) for message in messages]

    def _extract(self, message: Message) -> Message:
        wanted = self.options["dimensions"]
        found = [
            Entity(
                entity.label_,
                message.text[entity.start_char : entity.end_char],
                entity.start_char,
                entity.end_char,
                extractor=self.name,
            )
            for entity in doc_of(message, self.name).ents
            if not wanted or entity.label_ in wanted
        ]
        return message.but(entities=resolve([*message.entities, *found])) if found else message

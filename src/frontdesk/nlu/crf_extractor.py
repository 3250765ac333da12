"""Find entities with a conditional random field learnt from annotated examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.core.message import Entity, Message, Token
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.nlu.crf_dense import neighbourhood, principal_axes, token_vectors
from frontdesk.nlu.crf_features import WINDOW, WindowFeatures
from frontdesk.nlu.crf_model import OUTSIDE, CrfModel, CrfOptions, Tag, learn
from frontdesk.nlu.options import merged, number
from frontdesk.nlu.overlap import resolve
from frontdesk.nlu.storage import read_arrays, read_json, write_arrays, write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NAME = "CRFEntityExtractor"
DEFAULTS: Mapping[str, Any] = {
    "BILOU_flag": True,
    "split_entities_by_comma": True,
    "features": WINDOW,
    "max_iterations": 50,
    "L1_c": 0.1,
    "L2_c": 0.1,
    "featurizers": [],
    "dense_dimensions": 64,
}
_NAMES, _ARRAYS = "crf.json", "crf.npz"
_GLUE = frozenset(" ,.")


class CRFEntityExtractor:
    """Add the entities that examples taught it, with roles and groups.

    Options as in Rasa; `features` may also name shape, stem, pair, and prefixes and suffixes of any length,
    and by default takes two neighbours on either side. `text_dense_features` uses the token vectors of the
    featurizers before it, if any, brought down to `dense_dimensions`. Entities that an exact pattern found in
    the same place are kept instead of its own.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self._window = WindowFeatures(self.options["features"])
        self._learning = CrfOptions(
            l1=number(NAME, self.options, "L1_c", 0, 1e3),
            l2=number(NAME, self.options, "L2_c", 0, 1e3),
            rounds=int(number(NAME, self.options, "max_iterations", 1, 1e5)),
        )
        self._model: CrfModel | None = None

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn from the annotated examples; without any, it finds nothing."""
        pairs = [
            (message, _trainable(example))
            for example, message in zip(examples.examples, context.messages, strict=True)
            if message.tokens
        ]
        if not any(entities for _, entities in pairs):
            context.progress(f"{NAME}: no example has an annotated entity.")
            return
        messages = [message for message, _ in pairs]
        axes = self._reduction(messages)
        model = learn(
            [self._features(message) for message in messages],
            [self._dense(message, axes) for message in messages],
            [_tags(message.tokens, found, bool(self.options["BILOU_flag"])) for message, found in pairs],
            self._learning,
        )
        # Axes and weights are both linear: joined, they apply to the vectors as they come.
        self._model = model if axes is None else model.over(axes)

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add the entities to each message."""
        return [message if message.final else self._extract(message) for message in messages]

    def _extract(self, message: Message) -> Message:
        if self._model is None or not message.tokens:
            return message
        decoded = self._model.decode(self._features(message), self._dense(message))
        found = list(self._entities(message, decoded))
        return message.but(entities=resolve([*message.entities, *found])) if found else message

    def _entities(self, message: Message, decoded: Sequence[tuple[Tag, float]]) -> list[Entity]:
        found: list[Entity] = []
        last: Tag = OUTSIDE
        for token, (tag, share) in zip(message.tokens, decoded, strict=True):
            if tag == OUTSIDE:
                last = OUTSIDE
                continue
            same = tag.continues or (not tag.prefix and last == tag)
            if same and self._joined(message.text, found[-1].end or 0, token.start, tag.entity):
                start = found[-1].start or 0
                lower = min(found[-1].confidence or 0.0, share)
                found[-1] = replace(
                    found[-1], end=token.end, value=message.text[start : token.end], confidence=lower
                )
            else:
                role, group = tag.role or None, tag.group or None
                found.append(Entity(tag.entity, token.text, token.start, token.end, role, group, share, NAME))
            last = tag
        return found

    def _joined(self, text: str, start: int, end: int, entity: str) -> bool:
        between = text[start:end]
        if len(between) <= 1 or between.isspace():
            return True
        split = self.options["split_entities_by_comma"]
        if isinstance(split, Mapping):
            split = split.get(entity, True)
        return not split and len(between) <= 3 and set(between) <= _GLUE

    def _features(self, message: Message) -> list[list[str]]:
        patterns: list[list[int]] = []
        for features in message.features:
            if features.origin == "RegexFeaturizer" and features.tokens is not None:
                patterns = [vector.indices.tolist() for vector in features.tokens]
        return self._window.describe(message.tokens, patterns)

    def _reduction(self, messages: Sequence[Message]) -> Floats | None:
        if not self._window.dense:
            return None
        dimensions = int(number(NAME, self.options, "dense_dimensions", 1, 1e5))
        return principal_axes([token_vectors(m, self.options["featurizers"]) for m in messages], dimensions)

    def _dense(self, message: Message, axes: Floats | None = None) -> Floats | None:
        if not self._window.dense:
            return None
        vectors = token_vectors(message, self.options["featurizers"])
        if vectors is None:
            return None
        return neighbourhood(vectors if axes is None else vectors @ axes, self._window.dense)

    def save(self, folder: Path) -> None:
        """Write tags, features and weights."""
        if self._model is not None:
            write_json(folder / _NAMES, self._model.names())
            write_arrays(folder / _ARRAYS, self._model.arrays())

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read tags, features and weights."""
        if (folder / _NAMES).is_file():
            self._model = CrfModel.stored(read_json(folder / _NAMES), read_arrays(folder / _ARRAYS))


def _trainable(example: Example) -> list[Entity]:
    return [
        entity for entity in example.entities if entity.extractor in (None, NAME) and entity.start is not None
    ]


def _tags(tokens: Sequence[Token], entities: Sequence[Entity], bilou: bool) -> list[Tag]:
    """Return a tag for each token; a token belongs to an entity that covers at least half of it."""
    tags = [OUTSIDE] * len(tokens)
    for entity in entities:
        start, end = entity.start or 0, entity.end or 0
        inside = [
            n for n, token in enumerate(tokens) if _covered(token, start, end) * 2 >= token.end - token.start
        ]
        for place, position in enumerate(inside):
            prefix = _prefix(place, len(inside)) if bilou else ""
            tags[position] = Tag(prefix, entity.entity, entity.role or "", entity.group or "")
    return tags


def _covered(token: Token, start: int, end: int) -> int:
    return min(token.end, end) - max(token.start, start)


def _prefix(place: int, length: int) -> str:
    if length == 1:
        return "U"
    return "B" if place == 0 else "L" if place == length - 1 else "I"

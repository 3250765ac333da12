"""Which entity each word of an example belongs to: as it was annotated, and as each extractor says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from frontdesk.core.message import Entity, Message, Token
from frontdesk.core.training import Example

NO_ENTITY = "no_entity"
PRETRAINED = frozenset(("DucklingEntityExtractor", "SpacyEntityExtractor"))
"""Extractors that learn nothing from examples, so that examples cannot judge them."""
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Tagged:
    """The words of one example: the label that each should have and the one that it got, and how sure that is."""

    example: Example
    found: tuple[Entity, ...]
    expected_labels: tuple[str, ...]
    found_labels: tuple[str, ...]
    confidences: tuple[float, ...]

    @property
    def wrong(self) -> bool:
        """Tell whether a word has another label than it should have."""
        return self.expected_labels != self.found_labels

    @property
    def right(self) -> bool:
        """Tell whether at least one word of an entity has its label."""
        pairs = zip(self.expected_labels, self.found_labels, strict=True)
        return any(expected == found != NO_ENTITY for expected, found in pairs)


def by_extractor(understood: Iterable[tuple[Example, Message]]) -> dict[str, list[Tagged]]:
    """Return what each extractor that found anything made of each example; nothing where no entity is annotated."""
    pairs = list(understood)
    if not any(example.entities for example, _ in pairs):
        return {}
    names = sorted(
        {e.extractor for _, m in pairs for e in m.entities if e.extractor and e.extractor not in PRETRAINED}
    )
    return {name: [_tagged(example, message, name) for example, message in pairs] for name in names}


def _tagged(example: Example, message: Message, extractor: str) -> Tagged:
    tokens = message.tokens or tuple(Token(m[0], m.start(), m.end()) for m in _WORD.finditer(message.text))
    all_found = tuple(e for e in message.entities if e.extractor not in PRETRAINED)
    found = [e for e in all_found if e.extractor == extractor]
    best = [_best(token, found) for token in tokens]
    return Tagged(
        example=example,
        found=all_found,
        expected_labels=tuple(_label(token, example.entities) for token in tokens),
        found_labels=tuple(_label(token, found) for token in tokens),
        confidences=tuple((e.confidence or 1.0) if e else 0.0 for e in best),
    )


def _label(token: Token, entities: Sequence[Entity]) -> str:
    """Return `type`, `type.group`, `type.role` or `type.group.role`, as Rasa joins them."""
    entity = _best(token, entities)
    parts = (entity.entity, entity.group, entity.role) if entity else ()
    return ".".join(part for part in parts if part) or NO_ENTITY


def _best(token: Token, entities: Sequence[Entity]) -> Entity | None:
    """Return the entity that has most of a word; of equals the first."""
    shared: Callable[[Entity], int] = lambda e: min(token.end, e.end or 0) - max(token.start, e.start or 0)  # noqa: E731
    candidates = [e for e in entities if e.start is not None and e.end is not None and shared(e) > 0]
    return max(candidates, key=shared, default=None)

"""Give entities that are worded differently one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.options import merged
from frontdesk.nlu.storage import read_json, write_json

NAME = "EntitySynonymMapper"
_FILE = "synonyms.json"


class EntitySynonymMapper:
    """Replace the value of an entity by the one that synonyms and annotated examples give for its wording.

    As in Rasa, upper and lower case of a wording count as one, and so do all kinds of entities. A value is its own
    synonym: where an example has `[Vienna](city)`, "VIENNA" becomes "Vienna".
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, {}, options)
        self._values: dict[str, str] = {}

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn values from synonyms and from the annotations of the examples."""
        self._values = {}
        for wording, value in examples.synonyms.items():
            self._learn(str(wording), str(value), context)
        for example in examples.examples:
            for entity in example.entities:
                if entity.start is not None and entity.end is not None and entity.value is not None:
                    self._learn(example.text[entity.start : entity.end], str(entity.value), context)

    def _learn(self, wording: str, value: str, context: TrainContext) -> None:
        key = wording.lower()
        if wording != value:
            known = self._values.get(key, value)
            if known != value:
                context.progress(f"{NAME}: '{key}' means '{known}' and '{value}'; the latter counts.")
            self._values[key] = value
        self._values.setdefault(value.lower(), value)

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Replace the values."""
        return [
            message.but(entities=tuple(self._mapped(entity) for entity in message.entities))
            if message.entities and not message.final
            else message
            for message in messages
        ]

    def _mapped(self, entity: Entity) -> Entity:
        value = self._values.get(str(entity.value).lower())
        if value is None:
            return entity
        return replace(entity, value=value, processors=(*entity.processors, NAME))

    def save(self, folder: Path) -> None:
        """Write the synonyms."""
        write_json(folder / _FILE, self._values)

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read the synonyms."""
        self._values = dict(read_json(folder / _FILE))

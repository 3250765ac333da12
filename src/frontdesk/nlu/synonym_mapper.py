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


AS_WRITTEN = ""
"""Stands for the wording itself."""


class EntitySynonymMapper:
    """Replace the value of an entity by the one that synonyms and annotated examples give for its wording.

    Upper and lower case of a wording count as one. A wording that was annotated for this kind of entity comes before
    the others; one that was annotated without another value stays as it is written, unless a `synonym` says what
    it means.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, {}, options)
        self._any: dict[str, str] = {}
        self._typed: dict[str, dict[str, str]] = {}

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn values from synonyms and from the annotations of the examples."""
        self._any, self._typed = {}, {}
        for wording, value in examples.synonyms.items():
            self._learn(self._any, str(wording), str(value), context)
        explained = {str(wording).lower() for wording in examples.synonyms}
        for example in examples.examples:
            for entity in example.entities:
                if entity.start is None or entity.end is None or entity.value is None:
                    continue
                wording = example.text[entity.start : entity.end]
                typed = self._typed.setdefault(entity.entity, {})
                if wording == str(entity.value):
                    if wording.lower() not in explained:
                        typed.setdefault(wording.lower(), AS_WRITTEN)
                    continue
                if typed.get(wording.lower()) == AS_WRITTEN:
                    del typed[wording.lower()]
                self._learn(typed, wording, str(entity.value), context)
                self._any.setdefault(wording.lower(), typed[wording.lower()])

    def _learn(self, table: dict[str, str], wording: str, value: str, context: TrainContext) -> None:
        key = wording.lower()
        if wording != value:
            if table.get(key, value) not in (value, wording):
                context.progress(f"{NAME}: '{key}' means '{table[key]}' and '{value}'; the latter counts.")
            table[key] = value
        # The value itself, in whatever case, is its own synonym.
        table.setdefault(value.lower(), value)
        table.setdefault(key, value)

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Replace the values."""
        return [
            message.but(entities=tuple(self._mapped(entity) for entity in message.entities))
            if message.entities and not message.final
            else message
            for message in messages
        ]

    def _mapped(self, entity: Entity) -> Entity:
        key = str(entity.value).lower()
        value = self._typed.get(entity.entity, {}).get(key, self._any.get(key))
        if value is None or value == AS_WRITTEN:
            return entity
        return replace(entity, value=value, processors=(*entity.processors, NAME))

    def save(self, folder: Path) -> None:
        """Write the synonyms."""
        write_json(folder / _FILE, {"any": self._any, "typed": self._typed})

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read the synonyms."""
        found = read_json(folder / _FILE)
        self._any, self._typed = (
            dict(found["any"]),
            {kind: dict(table) for kind, table in found["typed"].items()},
        )

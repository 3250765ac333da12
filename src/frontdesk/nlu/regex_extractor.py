"""Take entities out of a text by regular expressions and lookup tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.options import merged
from frontdesk.nlu.overlap import resolve
from frontdesk.nlu.patterns import CompiledPattern, collect, compile_pattern
from frontdesk.nlu.storage import read_json, write_json

NAME = "RegexEntityExtractor"
DEFAULTS: Mapping[str, Any] = {
    "case_sensitive": False,
    "use_lookup_tables": True,
    "use_regexes": True,
    "use_word_boundaries": True,
    "entities": None,
}
_FILE = "patterns.json"


class RegexEntityExtractor:
    """Add an entity for every match of a pattern or of a lookup table; its value is the text that matched.

    The name of a pattern is the kind of entity. As in Rasa, patterns count that are named like an entity which some
    example has; `entities` lists the kinds itself, and then no annotated example is needed. What matches exactly wins
    over what another component guessed in the same place.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self._patterns: list[CompiledPattern] = []

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Compile the patterns and lookup tables of the examples."""
        given = self.options["entities"]
        wanted = set(_annotated(examples) if given is None else given)
        found = collect(examples, self.options)
        self._patterns = [pattern for pattern in found if pattern.name in wanted]
        if not found:
            context.progress(f"{NAME}: the training data has neither patterns nor lookup tables.")
        left_out = sorted({pattern.name for pattern in found} - wanted)
        if left_out and given is None:
            context.progress(
                f"{NAME}: no example has an entity called {', '.join(left_out)}, so that these patterns extract "
                "nothing; annotate one, or list the names under 'entities'."
            )

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add the entities to each message."""
        return [message if message.final else self._extract(message) for message in messages]

    def _extract(self, message: Message) -> Message:
        text = message.text
        found = [
            Entity(pattern.name, text[start:end], start, end, extractor=NAME)
            for pattern in self._patterns
            for start, end in pattern.spans(text)
        ]
        return message.but(entities=resolve([*message.entities, *found])) if found else message

    def save(self, folder: Path) -> None:
        """Write the patterns."""
        write_json(folder / _FILE, [[pattern.name, pattern.source] for pattern in self._patterns])

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read and compile the patterns."""
        flags = 0 if self.options["case_sensitive"] else re.IGNORECASE
        self._patterns = [compile_pattern(name, source, flags) for name, source in read_json(folder / _FILE)]


def _annotated(examples: NluExamples) -> set[str]:
    return {entity.entity for example in examples.examples for entity in example.entities}

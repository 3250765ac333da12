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

    The name of a pattern is the kind of entity; patterns named like an intent are features of that intent and
    are left alone. No annotated example is needed. `entities` lists the kinds to extract, where not all are
    wanted. What matches exactly wins over what another component guessed in the same place.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self._patterns: list[CompiledPattern] = []

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Compile the patterns and lookup tables of the examples."""
        annotated = {entity.entity for example in examples.examples for entity in example.entities}
        intents = {example.intent for example in examples.examples} - annotated
        wanted = self.options["entities"]
        self._patterns = [
            pattern
            for pattern in collect(examples, self.options)
            if (pattern.name in wanted if wanted is not None else pattern.name not in intents)
        ]
        if not self._patterns:
            context.progress(f"{NAME}: the training data has neither patterns nor lookup tables.")

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

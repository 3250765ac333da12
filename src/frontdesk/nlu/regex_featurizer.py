"""Tell later components which patterns and lookup tables match, and where."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Features, Message, SparseVector
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.options import merged
from frontdesk.nlu.patterns import CompiledPattern, collect, compile_pattern
from frontdesk.nlu.storage import read_json, write_json
from frontdesk.nlu.vectors import TokenFeatures, add, sparse

DEFAULTS: Mapping[str, Any] = {
    "case_sensitive": True,
    "use_word_boundaries": True,
    "use_lookup_tables": True,
    "use_regexes": True,
    "number_additional_patterns": None,
}
_FILE = "patterns.json"


class RegexFeaturizer:
    """Give each text one feature per pattern: 1 where it matches, for the sentence and its tokens."""

    prepares = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged("RegexFeaturizer", DEFAULTS, options)
        self.origin = str(self.options.get("alias") or "RegexFeaturizer")
        self._patterns: list[CompiledPattern] = []

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Compile the patterns and lookup tables of the examples."""
        self._patterns = collect(examples, self.options)

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add one feature per pattern."""
        if not self._patterns:
            return list(messages)
        return [message if message.final else self._describe(message) for message in messages]

    def _describe(self, message: Message) -> Message:
        spans = [list(pattern.spans(message.text)) for pattern in self._patterns]
        size = len(spans)
        touched = [
            {
                column
                for column, places in enumerate(spans)
                if any(a < token.end and b > token.start for a, b in places)
            }
            for token in message.tokens
        ]
        sentence = sparse(dict.fromkeys(set().union(*touched), 1.0), size)

        def tokens() -> list[SparseVector]:
            return [sparse(dict.fromkeys(columns, 1.0), size) for columns in touched]

        return add(message, Features(self.origin, sentence, TokenFeatures(len(touched), tokens)))

    def save(self, folder: Path) -> None:
        """Write the patterns."""
        write_json(folder / _FILE, [[pattern.name, pattern.source] for pattern in self._patterns])

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read and compile the patterns."""
        flags = 0 if self.options["case_sensitive"] else re.IGNORECASE
        self._patterns = [compile_pattern(name, source, flags) for name, source in read_json(folder / _FILE)]

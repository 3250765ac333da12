"""Find the intent by keywords: each example of the training data is one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.options import LONGEST, merged
from frontdesk.nlu.patterns import check_time, compile_pattern
from frontdesk.nlu.storage import read_json, write_json

DEFAULTS: Mapping[str, Any] = {"case_sensitive": True}
_FILE = "keywords.json"


class KeywordIntentClassifier:
    """Set the intent where an example occurs in the text as whole words, with confidence 1.

    As in Rasa an example is a regular expression ("what is this?" also finds "what is this"); one that is none, or
    that takes too long, stands for itself. A keyword of one intent that also occurs in a keyword of another is
    dropped, since it could not tell them apart. The ranking stays that of an earlier classifier.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged("KeywordIntentClassifier", DEFAULTS, options)
        self._flags = 0 if self.options["case_sensitive"] else re.IGNORECASE
        self._intents: dict[str, str] = {}
        self._compiled: list[tuple[re.Pattern[str], str]] = []

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Take the examples as keywords, but for those that are ambiguous."""
        intents: dict[str, set[str]] = {}
        for example in examples.examples:
            if example.intent and example.text.strip():
                intents.setdefault(example.text.strip(), set()).add(example.intent.partition("/")[0])
        certain = {keyword: next(iter(found)) for keyword, found in intents.items() if len(found) == 1}
        ambiguous = [keyword for keyword in certain if self._occurs_elsewhere(keyword, certain)]
        for keyword in sorted({*ambiguous, *(k for k, found in intents.items() if len(found) > 1)}):
            context.progress(
                f"KeywordIntentClassifier: '{keyword}' belongs to several intents and is not used."
            )
        self._adopt({keyword: intent for keyword, intent in certain.items() if keyword not in set(ambiguous)})

    def _occurs_elsewhere(self, keyword: str, certain: Mapping[str, str]) -> bool:
        pattern = _whole_words(keyword, self._flags)
        return any(certain[other] != certain[keyword] and pattern.search(other) for other in certain)

    def _adopt(self, intents: dict[str, str]) -> None:
        self._intents = intents
        self._compiled = [(_whole_words(keyword, self._flags), intent) for keyword, intent in intents.items()]

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Set the intent of each text with a keyword; elsewhere keep what an earlier classifier found."""
        return [message if message.final else self._classify(message) for message in messages]

    def _classify(self, message: Message) -> Message:
        text = message.text[:LONGEST]
        for pattern, intent in self._compiled:
            if pattern.search(text):
                score = IntentScore(intent, 1.0)
                return message.but(intent=score)
        return message if message.intent is not None else message.but(intent=IntentScore(None, 0.0))

    def save(self, folder: Path) -> None:
        """Write the keywords."""
        write_json(folder / _FILE, list(self._intents.items()))

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read the keywords."""
        self._adopt(dict(read_json(folder / _FILE)))


def _whole_words(keyword: str, flags: int) -> re.Pattern[str]:
    literal = re.compile(rf"(?<!\w){re.escape(keyword)}(?!\w)", flags)
    if re.escape(keyword).replace("\\ ", " ") == keyword or not re.search(r"\w", keyword):
        return literal
    try:
        found = compile_pattern(keyword, rf"\b{keyword}\b", flags)
        check_time(found)
    except ConfigError:
        return literal
    return found.expression

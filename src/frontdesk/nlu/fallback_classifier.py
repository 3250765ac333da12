"""Say `nlu_fallback` where the intent is too uncertain to act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.options import merged, number

DEFAULTS: Mapping[str, Any] = {"threshold": 0.3, "ambiguity_threshold": 0.1}
FALLBACK = "nlu_fallback"


class FallbackClassifier:
    """Put `nlu_fallback` first where an intent is uncertain.

    That is where the best one is below `threshold`, or the two best are closer than `ambiguity_threshold`.
    Its confidence is the threshold; what was found before stays in the ranking behind it.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged("FallbackClassifier", DEFAULTS, options)
        self._threshold = number("FallbackClassifier", self.options, "threshold", 0, 1)
        self._ambiguity = number("FallbackClassifier", self.options, "ambiguity_threshold", 0, 1)

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Do nothing: there is nothing to learn."""

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Replace uncertain intents."""
        score = IntentScore(FALLBACK, self._threshold)
        return [
            message.but(intent=score, ranking=(score, *message.ranking))
            if not message.final and self._uncertain(message)
            else message
            for message in messages
        ]

    def _uncertain(self, message: Message) -> bool:
        if message.intent is None or message.intent.confidence < self._threshold:
            return True
        best = message.ranking[:2]
        return len(best) == 2 and best[0].confidence - best[1].confidence < self._ambiguity

    def save(self, folder: Path) -> None:
        """Write nothing: the options say it all."""

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read nothing."""

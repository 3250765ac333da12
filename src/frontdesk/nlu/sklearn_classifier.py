"""SklearnIntentClassifier by name: a linear model in place of a support vector machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.logistic_regression import LogisticRegressionClassifier
from frontdesk.nlu.options import merged

NAME = "SklearnIntentClassifier"
DEFAULTS: Mapping[str, Any] = {
    "C": [1, 2, 5, 10, 20, 100],
    "gamma": [0.1],
    "kernels": ["linear"],
    "max_cross_validation_folds": 5,
    "scoring_function": "f1_weighted",
    "num_threads": 1,
    "featurizers": [],
}
_MIDDLE = 10.0


class SklearnIntentClassifier:
    """Set each message's intent and ranking from all sentence features, with a calibrated linear model.

    Rasa's options are taken. `C` may be one number, or a list, of which the one nearest to 10 is used: how sure the
    model may be is chosen on held-out examples in any case.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        inner = {"C": _strength(self.options["C"]), "featurizers": self.options["featurizers"] or []}
        self._model = LogisticRegressionClassifier(inner)

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn the intents. Raises ConfigError where no component made features before."""
        self._model.train(examples, context)
        context.progress(f"{NAME}: trained a linear model in place of a support vector machine.")

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Set the intent, and the ranking of the likeliest ones."""
        return self._model.process(messages)

    def save(self, folder: Path) -> None:
        """Write labels and weights."""
        self._model.save(folder)

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read labels and weights."""
        self._model.load(folder, context)


def _strength(given: Any) -> float:
    choices = given if isinstance(given, list) else [given]
    numbers = [c for c in choices if isinstance(c, int | float) and not isinstance(c, bool) and c > 0]
    if not numbers or len(numbers) < len(choices):
        raise ConfigError(f"{NAME}: 'C' is {given!r}; a number above 0, or a list of such, was expected.")
    return float(min(numbers, key=lambda number: abs(number - _MIDDLE)))

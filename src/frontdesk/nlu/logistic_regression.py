"""Find the intent with a logistic regression over all sentence features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.exact import ExactExamples
from frontdesk.nlu.linear import Fit, LinearModel, Row, fit
from frontdesk.nlu.options import merged, number, one_of
from frontdesk.nlu.storage import read_arrays, read_json, write_arrays, write_json
from frontdesk.nlu.vectors import by_name

NAME = "LogisticRegressionClassifier"
DEFAULTS: Mapping[str, Any] = {
    "max_iter": 100,
    "solver": "lbfgs",
    "tol": 1e-3,
    "random_state": 42,
    "ranking_length": 10,
    "featurizers": [],
    "class_weight": "balanced",
    "C": 10.0,
    "calibration_folds": 3,
    "dense_weight": None,
}
_SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
_NAMES, _ARRAYS = "classifier.json", "classifier.npz"


class LogisticRegressionClassifier:
    """Set each message's intent and ranking.

    `featurizers` restricts it to features of these origins; `C` is the inverse strength of regularisation;
    `calibration_folds` (0 for none) are used to make confidences match how often they are right; `dense_weight` says
    how much dense features count beside five words (without it, every kind of feature counts alike). A retrieval
    intent such as `faq/hours` counts as `faq`. A text that is an example, word for word, has the example's intent.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self._fit = Fit(
            C=number(NAME, self.options, "C", 1e-6, 1e6),
            solver=_solver(one_of(NAME, self.options, "solver", _SOLVERS)),
            max_iter=int(number(NAME, self.options, "max_iter", 1, 1e6)),
            tol=number(NAME, self.options, "tol", 0, 1),
            class_weight=one_of(NAME, self.options, "class_weight", ("balanced", None)),
            dense=None
            if self.options["dense_weight"] is None
            else number(NAME, self.options, "dense_weight", 0.1, 10),
            folds=int(number(NAME, self.options, "calibration_folds", 0, 20)),
            seed=int(self.options["random_state"] or 0),
        )
        self._longest = int(number(NAME, self.options, "ranking_length", 0, 1e6))
        self._model: LinearModel | None = None
        self._exact = ExactExamples()

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn the intents of the examples. Raises ConfigError where no component made features before."""
        pairs = [
            (self._row(message), example.intent.partition("/")[0])
            for example, message in zip(examples.examples, context.messages, strict=True)
            if example.intent and example.text.strip()
        ]
        if not pairs:
            context.progress(f"{NAME}: there are no examples to learn from.")
            return
        if not any(row for row, _ in pairs):
            raise ConfigError(
                f"{NAME} has no features to learn from.", hint="Put a featurizer before it in the pipeline."
            )
        self._model = fit([row for row, _ in pairs], [label for _, label in pairs], self._fit)
        self._exact = ExactExamples.of(
            (example.text, example.intent.partition("/")[0])
            for example in examples.examples
            if example.intent
        )

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Set the intent, and the ranking of the likeliest ones."""
        processed = list(messages)
        open_ones = [index for index, message in enumerate(messages) if not message.final]
        known = []
        for index in open_ones:
            if self._model is None or not messages[index].text.strip():
                processed[index] = messages[index].but(intent=IntentScore(None, 0.0), ranking=())
            else:
                known.append(index)
        if self._model is None or not known:
            return processed
        shares = self._model.probabilities([self._row(messages[index]) for index in known])
        for index, row in zip(known, shares, strict=True):
            ranking = self._exact.sharpened(messages[index].text, self._ranking(self._model.labels, row))
            processed[index] = messages[index].but(intent=ranking[0], ranking=ranking)
        return processed

    def _ranking(self, labels: Sequence[str], shares: Any) -> tuple[IntentScore, ...]:
        order = np.argsort(-shares, kind="stable")
        chosen = order[: self._longest] if self._longest > 0 else order
        return tuple(IntentScore(labels[column], float(shares[column])) for column in chosen)

    def _row(self, message: Message) -> Row:
        named = by_name(message, self.options["featurizers"])
        return {name: features.sentence for name, features in named.items() if features.sentence is not None}

    def save(self, folder: Path) -> None:
        """Write labels and weights."""
        if self._model is not None:
            write_json(folder / _NAMES, {**self._model.names(), "exact": self._exact.labels})
            write_arrays(folder / _ARRAYS, self._model.arrays())

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read labels and weights."""
        if (folder / _NAMES).is_file():
            names = read_json(folder / _NAMES)
            self._model = LinearModel.stored(names, read_arrays(folder / _ARRAYS))
            self._exact = ExactExamples(names.get("exact"))


def _solver(name: str) -> str:
    # it tells two labels apart only; "lbfgs" comes to the same weights
    return "lbfgs" if name == "liblinear" else name

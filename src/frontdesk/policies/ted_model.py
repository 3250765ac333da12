"""The model behind TEDPolicy: multinomial logistic regression, learnt by scikit-learn, applied with numpy."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.errors import PackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

STRENGTH = 10.0
ROUNDS = 100
FOLDS = 3
TEMPERATURES = tuple(float(t) for t in np.geomspace(0.5, 1.5, 23))
MANY = 5_000
"""With more moments than this, a feature that holds in one of them only is left out."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """The features of one moment, the action that follows, and the number of the story that it is from."""

    features: tuple[str, ...]
    action: str
    story: int


@dataclass(frozen=True)
class ActionModel:
    """A weight for each feature and action; `columns` numbers the features, `weights` is (features, actions)."""

    actions: tuple[str, ...]
    columns: Mapping[str, int]
    weights: Floats
    bias: Floats
    temperature: float = 1.0

    def best(self, features: Sequence[str]) -> tuple[str, float]:
        """Return the likeliest action, and how likely it is."""
        rows = [self.columns[name] for name in features if name in self.columns]
        scores = self.bias + self.weights[rows].sum(axis=0)
        shares = _softmax(scores[None, :] / np.float32(self.temperature))[0]
        chosen = int(shares.argmax())
        return self.actions[chosen], float(shares[chosen])

    def to_json(self) -> dict[str, Any]:
        """Return all but the numbers, JSON-ready."""
        names = sorted(self.columns, key=self.columns.__getitem__)
        return {"actions": list(self.actions), "features": names, "temperature": self.temperature}

    @classmethod
    def stored(cls, wire: Mapping[str, Any], arrays: Mapping[str, Any]) -> ActionModel:
        """Put a stored model together again. Raises PackageError where its parts do not fit."""
        columns = {name: number for number, name in enumerate(wire["features"])}
        actions = tuple(wire["actions"])
        weights, bias = arrays["weights"], arrays["bias"]
        if weights.shape != (len(columns), len(actions)) or bias.shape != (len(actions),):
            raise PackageError("The weights do not fit the actions.", hint="Train again: frontdesk train.")
        return cls(actions, columns, weights, bias, float(wire["temperature"]))


def learn(lessons: Sequence[Lesson], seed: int = 0) -> ActionModel:
    """Learn which action follows; the confidence is made to fit stories that were held out. Deterministic."""
    from threadpoolctl import threadpool_limits

    actions = tuple(sorted({lesson.action for lesson in lessons}))
    spread = Counter(name for lesson in lessons for name in lesson.features)
    least = 2 if len(lessons) > MANY else 1
    columns = {name: n for n, name in enumerate(sorted(k for k, count in spread.items() if count >= least))}
    targets = np.searchsorted(np.array(actions), np.array([lesson.action for lesson in lessons]))
    with threadpool_limits(1):
        matrix = _matrix(lessons, columns)
        weights, bias = _solve(matrix, targets, len(actions), seed)
        groups = np.array([lesson.story for lesson in lessons])
        temperature = _temperature(matrix, targets, groups, len(actions), seed)
    return ActionModel(actions, columns, weights, bias, temperature)


def _matrix(lessons: Sequence[Lesson], columns: Mapping[str, int]) -> Any:
    from scipy import sparse

    rows = [[columns[name] for name in lesson.features if name in columns] for lesson in lessons]
    starts = np.cumsum([0, *(len(row) for row in rows)])
    indices = np.array([column for row in rows for column in row], dtype=np.int32)
    ones = np.ones(len(indices), dtype=np.float32)
    return sparse.csr_matrix((ones, indices, starts), shape=(len(lessons), len(columns)))


def _solve(matrix: Any, targets: NDArray[np.int64], count: int, seed: int) -> tuple[Floats, Floats]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights = np.zeros((matrix.shape[1], count), dtype=np.float32)
    bias = np.full(count, -20.0, dtype=np.float32)
    known = np.unique(targets)
    if len(known) == 1:
        bias[known] = 0.0
        return weights, bias
    model = LogisticRegression(C=STRENGTH, max_iter=ROUNDS, tol=1e-3, random_state=seed)
    with warnings.catch_warnings():
        # To stop early is a mild regularisation; the temperature is chosen for what comes out.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, targets)
    if len(known) == 2:
        weights[:, known[1]] = model.coef_[0]
        bias[known] = (0.0, model.intercept_[0])
    else:
        weights[:, known], bias[known] = model.coef_.T, model.intercept_
    return weights, bias


def _temperature(
    matrix: Any, targets: NDArray[np.int64], groups: NDArray[np.int64], count: int, seed: int
) -> float:
    """Return the temperature under which the actions of held-out stories are likeliest."""
    stories = np.unique(groups)
    if len(stories) < FOLDS:
        return 1.0
    fold_of = dict(zip(np.random.default_rng(seed).permutation(stories), range(len(stories)), strict=True))
    folds = np.array([fold_of[story] % FOLDS for story in groups])
    scores = np.zeros((len(targets), count), dtype=np.float32)
    for fold in range(FOLDS):
        weights, bias = _solve(matrix[folds != fold], targets[folds != fold], count, seed)
        scores[folds == fold] = matrix[folds == fold] @ weights + bias
    rows = np.arange(len(targets))

    def loss(temperature: float) -> float:
        shares = _softmax(scores / np.float32(temperature))[rows, targets]
        return float(-np.log(np.maximum(shares, 1e-6)).mean())

    return min(TEMPERATURES, key=loss)


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares

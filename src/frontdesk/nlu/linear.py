"""A linear classifier over several blocks of features: learnt with scikit-learn, applied with numpy alone.

Every block (the encoder's vector, counts of words ...) is brought to a length of its own before it is weighed, so
that none drowns the others: to 1, or (`Fit.dense`) vectors to more than counts, for they know more of a text than its
letters, and counts by how many terms a text has. Counts are first weighed by how rare their terms are. A temperature,
chosen on examples that the weights had not seen, makes the confidences mean what they say.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.core.message import SparseVector
from frontdesk.errors import PackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

Row = Mapping[str, Any]
"""The features of one text: a SparseVector or a float32 array for each block."""
_Planned = tuple[str, int, "Floats | None", np.float32]
"""A block's name, size, rarity of terms, and length."""
_FEW = 5.0
"""So many terms of a text make a block of length 1."""


@dataclass(frozen=True)
class Fit:
    """How weights are learnt.

    `C` is the inverse of regularisation; `dense` is the length of dense vectors, where that of the counts of five
    words is 1 (None: every block has length 1); `folds` below 2 choose no temperature.
    """

    C: float = 10.0
    dense: float | None = None
    solver: str = "lbfgs"
    max_iter: int = 200
    tol: float = 1e-3
    class_weight: str | None = "balanced"
    folds: int = 3
    seed: int = 0


@dataclass(frozen=True)
class Block:
    """One kind of features with its weights (size, labels); `rarity` (size,) is None for dense blocks."""

    name: str
    weights: Floats
    rarity: Floats | None = None


@dataclass(frozen=True)
class LinearModel:
    """Labels with a weight for every feature."""

    labels: tuple[str, ...]
    blocks: tuple[Block, ...]
    bias: Floats
    temperature: float = 1.0

    def probabilities(self, rows: Sequence[Row]) -> Floats:
        """Return how likely each label is for each text, as float32 (texts, labels)."""
        scores = self.logits(rows) / np.float32(self.temperature)
        return _softmax(scores)

    def logits(self, rows: Sequence[Row]) -> Floats:
        """Return the raw scores (texts, labels)."""
        scores = np.repeat(self.bias[None, :], len(rows), axis=0)
        for block in self.blocks:
            if block.rarity is None:
                dense = np.stack([_dense(row.get(block.name), len(block.weights)) for row in rows])
                scores += dense @ block.weights
                continue
            for number, row in enumerate(rows):
                vector = row.get(block.name)
                if vector is not None and len(vector.indices):
                    scores[number] += _scaled(vector, block.rarity) @ block.weights[vector.indices]
        return scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything but names as arrays, to be stored."""
        found: dict[str, NDArray[Any]] = {
            "bias": self.bias,
            "temperature": np.array([self.temperature], np.float64),
        }
        for number, block in enumerate(self.blocks):
            found[f"weights{number}"] = block.weights
            if block.rarity is not None:
                found[f"rarity{number}"] = block.rarity
        return found

    def names(self) -> dict[str, Any]:
        """Return labels and names of blocks, to be stored as JSON."""
        return {"labels": list(self.labels), "blocks": [block.name for block in self.blocks]}

    @classmethod
    def stored(cls, names: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LinearModel:
        """Put a stored model together again. Raises PackageError where the parts do not fit."""
        try:
            blocks = tuple(
                Block(name, arrays[f"weights{number}"], arrays.get(f"rarity{number}"))
                for number, name in enumerate(names["blocks"])
            )
            model = cls(tuple(names["labels"]), blocks, arrays["bias"], float(arrays["temperature"][0]))
            fits = all(block.weights.shape[1] == len(model.labels) for block in blocks)
        except (KeyError, IndexError, TypeError) as error:
            raise PackageError(f"The classifier is incomplete ({error!r}).", hint="Train again.") from error
        if not fits or model.bias.shape != (len(model.labels),):
            raise PackageError("The classifier's weights do not fit its labels.", hint="Train again.")
        return model


def fit(rows: Sequence[Row], labels: Sequence[str], how: Fit) -> LinearModel:
    """Learn to tell labels apart; `rows` and `labels` are parallel.

    One label alone is always certain. Training runs on one thread, so that it gives the same weights
    everywhere.
    """
    from threadpoolctl import threadpool_limits

    names = tuple(sorted(set(labels)))
    plan = _plan(rows, how.dense)
    if len(names) == 1:
        blocks = tuple(Block(n, np.zeros((s, 1), np.float32), r) for n, s, r, _ in plan)
        return LinearModel(names, blocks, np.zeros(1, np.float32))
    targets = np.searchsorted(np.array(names), np.array(labels))
    with threadpool_limits(1):
        matrix = _matrix(rows, plan)
        temperature = _temperature(matrix, targets, how) if how.folds >= 2 else 1.0
        weights, bias = _solve(matrix, targets, len(names), how)
    learnt, start = [], 0
    for name, size, rarity, length in plan:
        # in use a vector has length 1; the length of its block is in the weights
        learnt.append(Block(name, weights[start : start + size] * length, rarity))
        start += size
    return LinearModel(names, tuple(learnt), bias, temperature)


def _plan(rows: Sequence[Row], dense: float | None) -> list[_Planned]:
    names = dict.fromkeys(name for row in rows for name in row)
    plan: list[_Planned] = []
    for name in names:
        vectors = [row[name] for row in rows if row.get(name) is not None]
        if isinstance(vectors[0], SparseVector):
            spread = np.zeros(vectors[0].size, dtype=np.float64)
            for vector in vectors:
                spread[vector.indices] += 1
            rarity = (np.log((1 + len(rows)) / (1 + spread)) + 1).astype(np.float32)
            terms = max(float(spread.sum()), 1.0) / len(rows)
            length = 1.0 if dense is None else (terms / _FEW) ** 0.25
            plan.append((name, len(rarity), rarity, np.float32(length)))
        else:
            plan.append((name, len(vectors[0]), None, np.float32(1.0 if dense is None else dense)))
    return plan


def _matrix(rows: Sequence[Row], plan: Sequence[_Planned]) -> Any:
    from scipy import sparse

    parts = []
    for name, size, rarity, length in plan:
        if rarity is None:
            dense = np.stack([_dense(row.get(name), size) for row in rows])
            parts.append(sparse.csr_matrix(dense * length))
            continue
        vectors = [
            row.get(name) or SparseVector(np.zeros(0, np.int32), np.zeros(0, np.float32), size)
            for row in rows
        ]
        values = [_scaled(vector, rarity) * length for vector in vectors]
        starts = np.cumsum([0, *(len(value) for value in values)])
        columns = np.concatenate([vector.indices for vector in vectors])
        parts.append(sparse.csr_matrix((np.concatenate(values), columns, starts), shape=(len(rows), size)))
    return sparse.hstack(parts).tocsr()


def _solve(matrix: Any, targets: NDArray[np.int64], labels: int, how: Fit) -> tuple[Floats, Floats]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=how.C,
        solver=how.solver,
        max_iter=how.max_iter,
        tol=how.tol,
        class_weight=how.class_weight,
        random_state=how.seed,
    )
    with warnings.catch_warnings():
        # Stopping early is a mild regularisation; the temperature is chosen for what comes out.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, targets)
    weights = np.zeros((matrix.shape[1], labels), dtype=np.float32)
    bias = np.full(labels, -20.0, dtype=np.float32)
    if len(model.classes_) == 2:
        low, high = model.classes_
        weights[:, high], bias[low], bias[high] = model.coef_[0], 0.0, model.intercept_[0]
    else:
        weights[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return weights, bias


def _temperature(matrix: Any, targets: NDArray[np.int64], how: Fit) -> float:
    """Choose the temperature that makes held-out examples most likely."""
    labels = int(targets.max()) + 1
    shuffled = np.random.default_rng(how.seed).permutation(len(targets))
    # Examples of one label are dealt out in turn, so that every fold has its share of each.
    order = shuffled[np.argsort(targets[shuffled], kind="stable")]
    fold = np.empty(len(targets), dtype=np.int64)
    fold[order] = np.arange(len(targets)) % how.folds
    scores = np.zeros((len(targets), labels), dtype=np.float32)
    for number in range(how.folds):
        held = fold == number
        if len(np.unique(targets[~held])) < 2:
            return 1.0
        weights, bias = _solve(matrix[~held], targets[~held], labels, how)
        scores[held] = matrix[held] @ weights + bias
    rows = np.arange(len(targets))

    def loss(temperature: float) -> float:
        return float(
            -np.log(np.maximum(_softmax(scores / np.float32(temperature))[rows, targets], 1e-9)).mean()
        )

    candidates = np.geomspace(0.1, 4.0, 75)
    return float(min(candidates, key=loss))


def _scaled(vector: SparseVector, rarity: Floats) -> Floats:
    values: Floats = vector.values * rarity[vector.indices]
    length = float(np.sqrt(values @ values))
    return values / np.float32(length) if length > 0 else values


def _dense(vector: Any, size: int) -> Floats:
    if vector is None:
        return np.zeros(size, dtype=np.float32)
    values = np.asarray(vector, dtype=np.float32)
    length = float(np.sqrt(values @ values))
    return values / np.float32(length) if length > 0 else values


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares

"""A linear-chain conditional random field: learnt by CRFsuite, applied with numpy.

Lafferty, McCallum and Pereira (2001). Sequences of tags that cannot be (an I- tag after O) have no
probability, so that what is decoded is always a list of whole entities.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.errors import PackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FORBIDDEN = -1e4


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """A part of an entity: `prefix` is B, I, L or U, or empty; the tag without an entity is O."""

    prefix: str = ""
    entity: str = ""
    role: str = ""
    group: str = ""

    @property
    def kind(self) -> tuple[str, str, str]:
        """What the tag is a part of."""
        return (self.entity, self.role, self.group)

    @property
    def opens(self) -> bool:
        """Tell whether an entity goes on after this tag."""
        return self.prefix in ("B", "I")

    @property
    def continues(self) -> bool:
        """Tell whether an entity began before this tag."""
        return self.prefix in ("I", "L")


OUTSIDE = Tag()


@dataclass(frozen=True)
class CrfOptions:
    """How the weights are learnt: strengths of the L1 and L2 regularisation, and rounds of L-BFGS."""

    l1: float = 0.1
    l2: float = 0.1
    rounds: int = 50


class CrfModel:
    """Weights for features and for neighbouring tags.

    `columns` numbers the features; `weights` is (features, tags), `dense` (dimensions, tags), `transitions`
    (tags, tags).
    """

    def __init__(
        self,
        tags: Sequence[Tag],
        columns: Mapping[str, int],
        weights: Floats,
        dense: Floats,
        transitions: Floats,
    ) -> None:
        count = len(tags)
        if (
            weights.shape != (len(columns), count)
            or transitions.shape != (count, count)
            or dense.shape[1:] != (count,)
        ):
            raise PackageError("The entity extractor's weights do not fit its tags.", hint="Train again.")
        self.tags = tuple(tags)
        self.columns = columns
        self.weights = weights
        self.dense = dense
        self.transitions = transitions
        allowed = np.array([[_may_follow(one, other) for other in tags] for one in tags])
        self._steps = np.where(allowed, transitions, np.float32(FORBIDDEN)).astype(np.float64)
        self._first = np.array([FORBIDDEN if tag.continues else 0.0 for tag in tags])
        self._last = np.array([FORBIDDEN if tag.opens else 0.0 for tag in tags])
        self._chances = np.exp(np.where(allowed, transitions - transitions.max(), -np.inf).astype(np.float64))
        kinds = sorted({tag.kind for tag in tags})
        self._same = np.array([[float(one.kind == kind) for kind in kinds] for one in tags])
        self._kind_of = np.array([kinds.index(tag.kind) for tag in tags])

    def decode(
        self, features: Sequence[Sequence[str]], dense: Floats | None = None
    ) -> list[tuple[Tag, float]]:
        """Return the likeliest tags, and for each how likely a tag of that kind is in its place."""
        if not features:
            return []
        scores = self._scores(features, dense)
        path = self._path(scores)
        shares = self._marginals(scores) @ self._same
        return [(self.tags[tag], float(shares[place, self._kind_of[tag]])) for place, tag in enumerate(path)]

    def over(self, axes: Floats) -> CrfModel:
        """Return the same model for vectors before they were brought down to `axes` (size, dimensions).

        Where dense features of several places stand side by side, each place has its share of the weights.
        """
        parts = np.split(self.dense, len(self.dense) // axes.shape[1])
        dense = np.concatenate([axes @ part for part in parts])
        return CrfModel(self.tags, self.columns, self.weights, dense, self.transitions)

    def _scores(self, features: Sequence[Sequence[str]], dense: Floats | None) -> NDArray[np.float64]:
        columns = self.columns
        scores = np.zeros((len(features), len(self.tags)), dtype=np.float64)
        for place, names in enumerate(features):
            rows = [columns[name] for name in names if name in columns]
            if rows:
                scores[place] = self.weights[rows].sum(axis=0)
        if dense is not None and dense.shape[1] == len(self.dense):
            scores += dense @ self.dense
        scores[0] += self._first
        scores[-1] += self._last
        return scores

    def _path(self, scores: NDArray[np.float64]) -> list[int]:
        best = scores[0]
        back = []
        for row in scores[1:]:
            reached = best[:, None] + self._steps
            back.append(reached.argmax(axis=0))
            best = reached.max(axis=0) + row
        path = [int(best.argmax())]
        for origins in reversed(back):
            path.append(int(origins[path[-1]]))
        return path[::-1]

    def _marginals(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        # Each row is divided by its sum, which changes no share and keeps the numbers from vanishing.
        local = np.exp(scores - scores.max(axis=1, keepdims=True))
        ahead, behind = np.empty_like(local), np.empty_like(local)
        ahead[0] = local[0] / local[0].sum()
        for place in range(1, len(local)):
            row = (ahead[place - 1] @ self._chances) * local[place]
            ahead[place] = row / max(row.sum(), 1e-300)
        behind[-1] = 1.0
        for place in range(len(local) - 2, -1, -1):
            row = self._chances @ (behind[place + 1] * local[place + 1])
            behind[place] = row / max(row.sum(), 1e-300)
        shares = ahead * behind
        found: NDArray[np.float64] = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights, to be stored."""
        return {"weights": self.weights, "dense": self.dense, "transitions": self.transitions}

    def names(self) -> dict[str, Any]:
        """Return tags and features, to be stored as JSON."""
        tags = [[tag.prefix, tag.entity, tag.role, tag.group] for tag in self.tags]
        return {"tags": tags, "features": sorted(self.columns, key=self.columns.__getitem__)}

    @classmethod
    def stored(cls, names: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> CrfModel:
        """Put a stored model together again. Raises PackageError where the parts do not fit."""
        try:
            columns = {name: column for column, name in enumerate(names["features"])}
            tags = [Tag(*parts) for parts in names["tags"]]
            return cls(tags, columns, arrays["weights"], arrays["dense"], arrays["transitions"])
        except (KeyError, TypeError) as error:
            raise PackageError(
                f"The entity extractor is incomplete ({error!r}).", hint="Train again."
            ) from error


def _may_follow(one: Tag, other: Tag) -> bool:
    if one.opens:
        return other.continues and other.kind == one.kind
    return not other.continues


def learn(
    features: Sequence[Sequence[Sequence[str]]],
    dense: Sequence[Floats | None],
    tags: Sequence[Sequence[Tag]],
    options: CrfOptions,
) -> CrfModel:
    """Learn from sentences: the features, dense features and tags of each token. Deterministic."""
    import pycrfsuite

    known = [OUTSIDE, *sorted({tag for sentence in tags for tag in sentence} - {OUTSIDE})]
    number = {tag: position for position, tag in enumerate(known)}
    names = sorted({name for sentence in features for token in sentence for name in token})
    column = {name: str(position) for position, name in enumerate(names)}
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.select("lbfgs")
    trainer.set_params({"c1": options.l1, "c2": options.l2, "max_iterations": options.rounds})
    for sentence, vectors, answer in zip(features, dense, tags, strict=True):
        if sentence:
            items = [
                _item(token, column, None if vectors is None else vectors[n])
                for n, token in enumerate(sentence)
            ]
            trainer.append(items, [str(number[tag]) for tag in answer])
    size = next((vectors.shape[1] for vectors in dense if vectors is not None), 0)
    with tempfile.TemporaryDirectory() as scratch:
        file = str(Path(scratch) / "crf")
        trainer.train(file)
        tagger = pycrfsuite.Tagger()
        with tagger.open(file):
            info = tagger.info()
            return _read(info.state_features, info.transitions, known, names, size)


def _item(names: Sequence[str], column: Mapping[str, str], vector: Floats | None) -> dict[str, float]:
    item = {column[name]: 1.0 for name in names}
    if vector is not None:
        item.update({f"d{dimension}": float(value) for dimension, value in enumerate(vector)})
    return item


def _read(
    states: Mapping[tuple[str, str], float],
    steps: Mapping[tuple[str, str], float],
    tags: Sequence[Tag],
    names: Sequence[str],
    size: int,
) -> CrfModel:
    used = sorted({int(name) for name, _ in states if not name.startswith("d")})
    columns = {names[old]: new for new, old in enumerate(used)}
    row = {str(old): new for new, old in enumerate(used)}
    weights = np.zeros((len(used), len(tags)), dtype=np.float32)
    dense = np.zeros((size, len(tags)), dtype=np.float32)
    for (name, tag), weight in states.items():
        if name.startswith("d"):
            dense[int(name[1:]), int(tag)] = weight
        else:
            weights[row[name], int(tag)] = weight
    transitions = np.zeros((len(tags), len(tags)), dtype=np.float32)
    for (one, other), weight in steps.items():
        transitions[int(one), int(other)] = weight
    return CrfModel(tags, columns, weights, dense, transitions)

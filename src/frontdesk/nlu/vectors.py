"""Sparse vectors, and features that are computed only where somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, overload

import numpy as np

from frontdesk.core.message import Features, Message, SparseVector


def sparse(counts: Mapping[int, float], size: int) -> SparseVector:
    """Make a vector of the given entries, ordered by index."""
    indices = np.fromiter(sorted(counts), dtype=np.int32, count=len(counts))
    values = np.fromiter((counts[int(index)] for index in indices), dtype=np.float32, count=len(counts))
    return SparseVector(indices, values, size)


class TokenFeatures(Sequence[Any]):
    """The features of each token, computed when first asked for: most pipelines never ask."""

    def __init__(self, length: int, compute: Callable[[], Sequence[Any]]) -> None:
        self._length = length
        self._compute = compute
        self._known: Sequence[Any] | None = None

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if self._known is None:
            self._known = self._compute()
        return self._known[index]


def add(message: Message, features: Features) -> Message:
    """Return the message with one more set of features."""
    return message.but(features=(*message.features, features))


def by_name(message: Message, wanted: Iterable[str] = ()) -> dict[str, Features]:
    """Return the message's features by origin; the second of the same origin is called "origin#2".

    Where `wanted` names origins, only those are returned; `CountVectorsFeaturizer` names all of its analyzers.
    """
    chosen = set(wanted)
    seen: dict[str, int] = {}
    named: dict[str, Features] = {}
    for features in message.features:
        count = seen[features.origin] = seen.get(features.origin, 0) + 1
        if not chosen or features.origin in chosen or features.origin.partition(".")[0] in chosen:
            named[features.origin if count == 1 else f"{features.origin}#{count}"] = features
    return named

"""Vectors of tokens and of their neighbours, for the entity extractor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.core.message import Message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def token_vectors(message: Message, featurizers: Sequence[str] = ()) -> Floats | None:
    """Return the dense vectors of the tokens (tokens, size), or None where no featurizer made any.

    `featurizers` names the origins to take; empty takes all, side by side.
    """
    made: list[tuple[str, Any]] = [(features.origin, features.tokens) for features in message.features]
    parts = [
        tokens
        for origin, tokens in made
        if isinstance(tokens, np.ndarray) and (not featurizers or origin in featurizers)
    ]
    return np.concatenate(parts, axis=1).astype(np.float32) if parts else None


def neighbourhood(rows: Floats, offsets: Sequence[int]) -> Floats:
    """Return, for each place, the rows that are so many places on, side by side; zeros beyond the ends."""
    length = len(rows)
    parts = []
    for offset in offsets:
        moved = np.zeros_like(rows)
        first, last = max(0, -offset), min(length, length - offset)
        if first < last:
            moved[first:last] = rows[first + offset : last + offset]
        parts.append(moved)
    return np.concatenate(parts, axis=1)


def principal_axes(vectors: Sequence[Floats | None], most: int) -> Floats | None:
    """Return axes (size, dimensions) along which vectors differ most, scaled to unit variance.

    None where there are no vectors.
    """
    found = [rows for rows in vectors if rows is not None]
    if not found:
        return None
    stacked = np.concatenate(found).astype(np.float64)
    spread, axes = np.linalg.eigh(np.atleast_2d(np.cov(stacked, rowvar=False)))
    chosen = np.argsort(spread)[::-1][: min(most, len(spread))]
    scaled = axes[:, chosen] / np.sqrt(np.maximum(spread[chosen], 1e-9))
    # The sign of an axis is arbitrary; its largest part is made positive, so that training can be repeated.
    signs = np.sign(scaled[np.abs(scaled).argmax(axis=0), np.arange(len(chosen))])
    oriented: Floats = (scaled * signs).astype(np.float32)
    return oriented

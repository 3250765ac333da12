from __future__ import annotations

import numpy as np

from frontdesk.core.message import Features, Message
from frontdesk.nlu.crf_dense import neighbourhood, principal_axes, token_vectors


def test_neighbours_stand_side_by_side() -> None:
    rows = np.array([[1.0], [2.0], [3.0]], dtype=np.float32)
    assert neighbourhood(rows, (-1, 0, 1)).tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 0]]
    assert neighbourhood(rows[:1], (2, -2)).tolist() == [[0, 0]]


def test_axes_keep_the_largest_spread_at_unit_variance() -> None:
    random = np.random.default_rng(0)
    vectors = (random.normal(size=(200, 3)) * [5.0, 1.0, 0.1]).astype(np.float32)
    axes = principal_axes([vectors[:100], None, vectors[100:]], 2)
    assert axes is not None
    assert axes.shape == (3, 2)
    np.testing.assert_allclose((vectors @ axes).var(axis=0, ddof=1), 1, atol=1e-3)
    assert abs(axes[0, 0]) > abs(axes[1, 0])
    assert axes[0, 0] > 0
    assert principal_axes([None], 2) is None


def test_vectors_of_several_featurizers_are_joined() -> None:
    one, two = np.ones((2, 3), np.float32), np.zeros((2, 1), np.float32)
    message = Message(
        "a b",
        features=(Features("one", None, one), Features("counts", None, [1, 2]), Features("two", None, two)),
    )
    assert token_vectors(message).shape == (2, 4)
    assert token_vectors(message, ["two"]).shape == (2, 1)
    assert token_vectors(message, ["counts"]) is None

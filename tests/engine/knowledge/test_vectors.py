from __future__ import annotations

import numpy as np

from frontdesk.core.ports import Index
from frontdesk.knowledge.vectors import VectorIndex


def test_the_nearest_come_first_with_their_cosine():
    index: Index = VectorIndex(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    hits = index.search(np.array([0, 1], dtype=np.float32), 2)
    assert [hit.position for hit in hits] == [1, 2]
    assert np.allclose([hit.score for hit in hits], [1.0, 0.8])


def test_more_asked_than_there_is():
    index = VectorIndex(np.eye(3, dtype=np.float32))
    assert len(index) == 3
    assert len(index.search(np.eye(3, dtype=np.float32)[0], 10)) == 3


def test_an_empty_index():
    index = VectorIndex(np.zeros((0, 4), dtype=np.float32))
    assert index.search(np.zeros(4, dtype=np.float32), 3) == []

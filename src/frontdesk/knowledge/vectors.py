"""Find the nearest of many unit vectors, exactly (FAISS, flat inner product)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.core.ports import Hit

if TYPE_CHECKING:
    from numpy.typing import NDArray


class VectorIndex:
    """An index over the rows of a float32 array (n, size) of unit vectors; a hit's score is the cosine.

    index = VectorIndex(encoder.embed(["good morning", "good night"]))
    index.search(encoder.embed(["hello"])[0], 1)   # [Hit(position=0, score=...)]
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._index: Any = None

    def __len__(self) -> int:
        return int(self.vectors.shape[0])

    def prepare(self) -> None:
        """Build the index now rather than with the first search."""
        if len(self):
            self._faiss()

    def search(self, query: NDArray[np.float32], limit: int) -> list[Hit]:
        """Return the best rows for one vector, best first."""
        limit = min(limit, len(self))
        if limit < 1:
            return []
        row = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        scores, positions = self._faiss().search(row, limit)
        return [
            Hit(int(at), float(score)) for at, score in zip(positions[0], scores[0], strict=True) if at >= 0
        ]

    def _faiss(self) -> Any:
        # Built on first use: training needs the vectors only, and importing FAISS costs a fifth of a second.
        if self._index is None:
            import faiss

            # Threads gain nothing on one query, and wait for each other on a busy machine.
            faiss.omp_set_num_threads(1)
            index = faiss.IndexFlatIP(self.vectors.shape[1])
            index.add(self.vectors)
            self._index = index
        return self._index

"""Read and write what a component learnt: JSON and npz, nothing that could run code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.errors import PackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RETRAIN = "Train again: frontdesk train."


def write_json(file: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that the same content gives the same bytes."""
    file.write_text(
        json.dumps(content, ensure_ascii=False, sort_keys=True, indent=0) + "\n", encoding="utf-8"
    )


def read_json(file: Path) -> Any:
    """Return the JSON of a file. Raises PackageError where it is missing or damaged."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PackageError(
            f"This part of the model cannot be read ({error}).", where=str(file), hint=RETRAIN
        ) from error


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write numeric arrays into one compressed npz file."""
    np.savez_compressed(file, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})  # type: ignore[arg-type]  # numpy's stub takes the keywords for its own flag


def read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file; pickled content is refused. Raises PackageError."""
    try:
        with np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise PackageError(
            f"This part of the model cannot be read ({error}).", where=str(file), hint=RETRAIN
        ) from error

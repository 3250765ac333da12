from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frontdesk.errors import PackageError
from frontdesk.nlu.storage import read_arrays, read_json, write_arrays, write_json


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": ["\u00e9", 1]})
    assert read_json(tmp_path / "a.json") == {"b": ["\u00e9", 1]}
    write_arrays(tmp_path / "a.npz", {"y": np.arange(3), "x": np.ones((2, 2), np.float32)})
    found = read_arrays(tmp_path / "a.npz")
    assert found["y"].tolist() == [0, 1, 2]
    assert found["x"].dtype == np.float32


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_arrays(tmp_path / name, {"x": np.arange(10)})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(PackageError, match="cannot be read"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"{"])
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken"
    file.write_bytes(content)
    with pytest.raises(PackageError, match="broken"):
        read_json(file)
    with pytest.raises(PackageError, match="broken"):
        read_arrays(file)
    with pytest.raises(PackageError, match="missing"):
        read_json(tmp_path / "missing")

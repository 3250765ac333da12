"""Counting what several models follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.errors import PackageError
from frontdesk.evaluation.models import compare_folder, compare_models


def quiet(_: str) -> None:
    pass


def test_each_model_by_its_name(tmp_path: Path) -> None:
    models = [tmp_path / "a" / "m.tar.gz", tmp_path / "b" / "m.tar.gz", tmp_path / "n.tar.gz"]
    counts = dict(zip(models, (3, 4, 5), strict=True))
    assert compare_models(models, counts.__getitem__, quiet) == {"m.tar.gz": [3, 4], "n.tar.gz": [5]}


def test_runs_of_a_comparison(tmp_path: Path) -> None:
    for run in ("run_1", "run_2"):
        (tmp_path / run).mkdir()
        for name in ("a__percentage__0", "a__percentage__5", "a__percentage__25", "b__percentage__0"):
            (tmp_path / run / f"{name}.tar.gz").touch()
        (tmp_path / run / "notes.txt").touch()
    (tmp_path / "num_stories.json").write_text("[]")

    def count(model: Path) -> int:
        return int(model.name.split("__")[2].split(".")[0]) + (100 if model.parent.name == "run_2" else 0)

    expected = {"a": [[0, 5, 25], [100, 105, 125]], "b": [[0], [100]]}
    assert compare_folder(tmp_path, count, quiet) == expected


def test_a_folder_without_runs(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no models to compare"):
        compare_folder(tmp_path, lambda _: 0, quiet)

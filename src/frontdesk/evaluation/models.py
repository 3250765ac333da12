"""Count how many test stories each of several models follows to the end."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from frontdesk.core.ports import Progress
from frontdesk.errors import PackageError

MARK = re.compile(r"__percentage__\d+$")
"""What `train core --config A B` adds to the name of a config."""

Count = Callable[[Path], int]
"""Returns how many test stories a model follows."""


def compare_models(models: Sequence[Path], count: Count, progress: Progress) -> dict[str, list[int]]:
    """Return, by the file name of each model, how many test stories it follows."""
    results: dict[str, list[int]] = defaultdict(list)
    for model in models:
        progress(f"testing {model.name}")
        results[model.name].append(count(model))
    return dict(results)


def compare_folder(folder: Path, count: Count, progress: Progress) -> dict[str, list[list[int]]]:
    """Return the same for the runs of a comparison: by config, a list a run, fewer and fewer stories learnt from.

    Raises PackageError where the folder holds no such runs.
    """
    results: dict[str, list[list[int]]] = defaultdict(list)
    for run in sorted(path for path in folder.iterdir() if path.is_dir()):
        found: dict[str, list[int]] = defaultdict(list)
        for model in sorted(run.glob("*.tar.gz"), key=_percentage):
            progress(f"testing {run.name}/{model.name}")
            found[MARK.sub("", model.name.removesuffix(".tar.gz"))].append(count(model))
        for name, numbers in found.items():
            results[name].append(numbers)
    if not results:
        hint = "Make some: frontdesk train core --config A.yml B.yml --out FOLDER."
        raise PackageError("There are no models to compare.", where=str(folder), hint=hint)
    return dict(results)


def _percentage(model: Path) -> tuple[str, int]:
    name, _, number = model.name.removesuffix(".tar.gz").rpartition("__percentage__")
    return name, int(number) if number.isdecimal() else 0

"""The Python files of a project, as text and as syntax trees; none of them is ever imported."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT = frozenset(
    ("venv", "env", "site-packages", "node_modules", "__pycache__", "models", "results", "build", "dist")
)
LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A file's path relative to the project (with '/'), and its text."""

    name: str
    text: str

    def tree(self) -> ast.Module | None:
        """Return its syntax tree, or None where it is not valid Python of this version."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError):
            return None


def python_files(folder: Path) -> Iterator[PythonFile]:
    """Yield the Python files below a folder in the order of their paths, without environments and hidden folders."""
    for root, folders, files in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(
            name for name in folders
            if name not in LEFT_OUT and not name.startswith(".") and not (here / name / "pyvenv.cfg").exists()
        )  # fmt: skip
        for name in sorted(files):
            path = here / name
            if path.suffix == ".py" and path.is_file() and path.stat().st_size <= LARGEST:
                yield PythonFile(
                    path.relative_to(folder).as_posix(), path.read_text("utf-8", errors="replace")
                )

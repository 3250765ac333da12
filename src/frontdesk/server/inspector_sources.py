"""Where the rules and stories stand that a policy went by, and what they say there."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from frontdesk.core.prediction import Basis
from frontdesk.core.training import Rule, Story, TrainingSet
from frontdesk.errors import FrontdeskError
from frontdesk.formats.excerpts import entry_at
from frontdesk.formats.project import read_training
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.sources import YAML_ENDINGS


@dataclass(frozen=True, slots=True)
class Passage:
    """A rule or story: its name, and, where it is found, its file, line and text."""

    name: str
    file: str | None = None
    line: int | None = None
    text: str = ""


class Library:
    """The training files of a project, read when somebody looks and again when one of them has changed."""

    def __init__(self, layout: Layout) -> None:
        self.folder = layout.folder
        self.data = layout.data or (layout.folder / "data",)
        self._lock = threading.Lock()
        self._seen: frozenset[tuple[str, int, int]] | None = None
        self._places: dict[tuple[str, str], tuple[Path, int]] = {}

    def passages(self, basis: Basis) -> list[Passage]:
        """Return the rules or stories of a basis; those that the files do not hold (any more) by name only."""
        if basis.kind not in ("rule", "story"):
            return []
        with self._lock:
            self._refresh()
        return [
            self._passage(basis.kind, name)
            for joined in basis.names
            for name in self._apart(basis.kind, joined)
        ]

    def _apart(self, kind: str, joined: str) -> list[str]:
        """Return the names of a story that goes on in others; a name may hold the sign that joins them, too."""
        return [joined] if (kind, joined) in self._places else joined.split(" > ")

    def _passage(self, kind: str, name: str) -> Passage:
        place = self._places.get((kind, name))
        if place is None:
            return Passage(name)
        path, line = place
        inside = path.is_relative_to(self.folder)
        file = path.relative_to(self.folder).as_posix() if inside else path.name
        return Passage(name, file, line, entry_at(path, line))

    def _refresh(self) -> None:
        seen = frozenset(self._stamps())
        if seen == self._seen:
            return
        places: dict[tuple[str, str], tuple[Path, int]] = {}
        try:
            for path in self.data:
                found = read_training(path, strict=False)
                _note(found, path if path.is_dir() else path.parent, places)
        except FrontdeskError:  # a file is being edited: what was known stands until it can be read
            return
        self._places, self._seen = places, seen

    def _stamps(self) -> Iterable[tuple[str, int, int]]:
        files = [file for path in self.data for file in (path.rglob("*") if path.is_dir() else [path])]
        for path in files:
            if path.suffix in YAML_ENDINGS and path.is_file():
                state = path.stat()
                yield str(path), state.st_mtime_ns, state.st_size


def _note(found: TrainingSet, base: Path, places: dict[tuple[str, str], tuple[Path, int]]) -> None:
    named: list[tuple[str, Rule | Story]] = [("rule", rule) for rule in found.rules]
    named += [("story", story) for story in found.stories]
    for kind, entry in named:
        if entry.place is not None and entry.place.line is not None:
            places.setdefault((kind, entry.name), (base / entry.place.file, entry.place.line))

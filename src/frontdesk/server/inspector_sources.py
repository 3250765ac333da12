"""Where the rules and stories stand that a policy went by, and what they say there."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from frontdesk.core.prediction import Basis
from frontdesk.core.training import Place, TrainingSet
from frontdesk.errors import FrontdeskError
from frontdesk.formats.excerpts import entry_at
from frontdesk.formats.project import read_training
from frontdesk.formats.sources import YAML_ENDINGS

DATA = "data"


@dataclass(frozen=True, slots=True)
class Passage:
    """A rule or story: its name, and, where it is found, its file, line and text."""

    name: str
    file: str | None = None
    line: int | None = None
    text: str = ""


class Library:
    """The training files of a project, read when somebody looks and again when one of them has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._seen: frozenset[tuple[str, int, int]] | None = None
        self._places: dict[tuple[str, str], Place] = {}

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
        file = f"{DATA}/{place.file}"
        return Passage(name, file, place.line, entry_at(self.folder / file, place.line or 0))

    def _refresh(self) -> None:
        seen = frozenset(self._stamps())
        if seen == self._seen:
            return
        try:
            found = read_training(self.folder / DATA, strict=False)
        except FrontdeskError:  # a file is being edited: what was known stands until it can be read
            return
        self._places = _places(found)
        self._seen = seen

    def _stamps(self) -> Iterable[tuple[str, int, int]]:
        for path in (self.folder / DATA).rglob("*"):
            if path.suffix in YAML_ENDINGS and path.is_file():
                state = path.stat()
                yield str(path), state.st_mtime_ns, state.st_size


def _places(found: TrainingSet) -> dict[tuple[str, str], Place]:
    named = [*(("rule", rule) for rule in found.rules), *(("story", story) for story in found.stories)]
    places: dict[tuple[str, str], Place] = {}
    for kind, entry in named:
        if entry.place is not None:
            places.setdefault((kind, entry.name), entry.place)
    return places

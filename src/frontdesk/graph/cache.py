"""Trained parts by fingerprint, so that what did not change is not trained again."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class TrainingCache:
    """A folder of trained parts, one folder each, named by fingerprint.

    >>> cache = TrainingCache(Path(".frontdesk/cache"))
    >>> folder = cache.find("ab12") or cache.keep("ab12", component.save)
    """

    def __init__(self, folder: Path, limit: int = 200) -> None:
        self.folder = folder
        self.limit = limit

    def find(self, fingerprint: str) -> Path | None:
        """Return the folder of a trained part, or None."""
        found = self.folder / fingerprint
        try:
            os.utime(found)
        except FileNotFoundError:
            return None
        return found

    def keep(self, fingerprint: str, save: Callable[[Path], None]) -> Path:
        """Let `save` write a part into a new folder and keep it, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self.folder))
        target = self.folder / fingerprint
        try:
            save(draft)
            if not target.exists():
                draft.rename(target)
        except OSError:
            if not target.exists():
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._forget_oldest()
        return target

    def _forget_oldest(self) -> None:
        """Delete the parts that nobody used for longest; other processes keep, use and delete parts meanwhile."""
        used = {part: last_used(part) for part in self.folder.iterdir()}
        for old in sorted(used, key=used.__getitem__, reverse=True)[self.limit :]:
            if last_used(old) == used[old]:
                discard(old)


def discard(folder: Path) -> None:
    """Delete a folder that others may be looking at: under another name first, so that nobody finds half of it."""
    with (
        suppress(OSError),
        tempfile.TemporaryDirectory(prefix="draft-", dir=folder.parent, ignore_cleanup_errors=True) as gone,
    ):
        folder.rename(gone)  # fails where somebody else was faster


def last_used(folder: Path) -> int:
    """Return when a folder was last used, in nanoseconds; 0 where another process took it away."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0

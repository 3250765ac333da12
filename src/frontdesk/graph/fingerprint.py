"""Digests that say whether something has to be done again."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import frontdesk


def digest(*parts: Any) -> str:
    """Return a SHA-256 over JSON-like values, dataclasses and sets; the same on every machine.

    Fields of a dataclass that do not count when it is compared (the line of a file) do not count here.
    """
    text = json.dumps(_plain(parts), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def engine_digest(*rooms: str) -> str:
    """Return a digest over the engine's version and its source in some rooms: a changed part may learn otherwise."""
    engine = Path(frontdesk.__file__).parent
    files = sorted(file for room in rooms for file in (engine / room).rglob("*.py"))
    return digest(frontdesk.__version__, [(f.relative_to(engine).as_posix(), file_digest(f)) for f in files])


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """Return a digest over the names and contents of all files under a folder."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return digest([(str(f.relative_to(folder).as_posix()), file_digest(f)) for f in files])


def _plain(value: Any) -> Any:
    """Return a value JSON-ready, so that only what is the same comes out the same, and in one order."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {"map": sorted(([_plain(key), _plain(item)] for key, item in value.items()), key=json.dumps)}
    if isinstance(value, set | frozenset):
        return {"set": sorted((_plain(item) for item in value), key=json.dumps)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        counting = [[f.name, _plain(getattr(value, f.name))] for f in dataclasses.fields(value) if f.compare]
        return {type(value).__name__: counting}
    return {"text": str(value)}

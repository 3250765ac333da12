"""Read one of a project's settings files by itself: config.yml, endpoints.yml or credentials.yml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from frontdesk.core.training import Place
from frontdesk.formats import config, credentials, endpoints
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.config import Config
from frontdesk.formats.credentials import Credentials
from frontdesk.formats.endpoints import Endpoints
from frontdesk.formats.sources import Sources
from frontdesk.formats.yaml import Block

T = TypeVar("T")


def read_config(folder: Path, path: Path | None = None) -> Config:
    """Return what config.yml (or the file at `path`) says; keys that Rasa ignores are ignored. Raises ProjectError."""
    return _read(folder, ("config.yml", "config.yaml"), config.read, path, strict=False)


def read_endpoints(folder: Path, path: Path | None = None, *, secrets: bool = True) -> Endpoints:
    """Return what endpoints.yml (or the file at `path`) says; nothing where there is none. Raises ProjectError.

    Without `secrets`, environment variables that are not set stay as they are written.
    """
    return _read(folder, ("endpoints.yml", "endpoints.yaml"), endpoints.read, path, secrets=secrets)


def read_credentials(folder: Path, path: Path | None = None) -> Credentials:
    """Return what credentials.yml (or the file at `path`) says; nothing where there is none. Raises ProjectError."""
    return _read(folder, ("credentials.yml", "credentials.yaml"), credentials.read, path)


def _read(
    folder: Path,
    names: tuple[str, ...],
    reader: Callable[[Block, Complaints], T],
    path: Path | None = None,
    *,
    strict: bool = True,
    secrets: bool = True,
) -> T:
    sources, complaints = Sources(folder, None), Complaints()
    path = path or sources.first(*names)
    root = Block(Place(names[0], 1))
    if path is not None:
        content = sources.read_yaml(path, "all", None if secrets else [])
        root = complaints.block(content, Place(sources.name(path), 1), "The content of the file")
    found = reader(root, complaints)
    complaints.raise_all(strict=strict)
    return found

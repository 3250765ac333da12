"""The files of a project: found, read once, and remembered with their digests for fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.errors import ConfigError, YamlError
from frontdesk.formats import yaml
from frontdesk.formats.yaml import Expansion

YAML_ENDINGS = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read: its path relative to the project (with '/'), and the SHA-256 of its content."""

    path: str
    digest: str


class Sources:
    """Reads a project's files and nothing outside of its folder.

    Places name files relative to the folder, so that complaints are the same on every machine.
    """

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._real = folder.resolve()
        self._env = env
        self._files: dict[str, SourceFile] = {}

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Every file that was read, in the order of their paths."""
        return tuple(self._files[name] for name in sorted(self._files))

    def name(self, path: Path) -> str:
        """Return how a file is called in complaints."""
        try:
            return path.relative_to(self.folder).as_posix()
        except ValueError:
            return path.as_posix()

    def first(self, *names: str) -> Path | None:
        """Return the first of these files or folders that exists."""
        return next((self.folder / name for name in names if (self.folder / name).exists()), None)

    def yaml_files(self, folder: Path) -> list[Path]:
        """Return the YAML files below a folder in the order of their paths; hidden ones are left out."""
        found = [p for p in sorted(folder.rglob("*")) if p.suffix in YAML_ENDINGS and p.is_file()]
        return [p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts)]

    def read_yaml(self, path: Path, expand: Expansion = "none", unset: list[YamlError] | None = None) -> Any:
        """Read a YAML file and remember its digest; variables that are not set go into `unset`, if given."""
        raw = self._read(path)
        return yaml.read_bytes(raw, self.name(path), expand=expand, env=self._env, unset=unset)

    def read_lines(self, path: Path) -> list[str]:
        """Read a text file's lines that are not empty, and remember its digest."""
        try:
            text = self._read(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise YamlError(
                "This is not UTF-8 text.", where=self.name(path), hint="Save it as UTF-8."
            ) from error
        return [line.strip() for line in text.splitlines() if line.strip()]

    def inside(self, written: str, near: str) -> Path:
        """Return the file that another one refers to: relative to that one's folder, or to the project's.

        Raises ConfigError where there is none, or where it lies outside of the project.
        """
        for base in ((self.folder / near).parent, self.folder):
            candidate = (base / written).resolve()
            if not candidate.is_relative_to(self._real):
                continue
            if candidate.is_file():
                return self.folder / candidate.relative_to(self._real)
        hint = "Give a path inside of the project, relative to this file or to the project's folder."
        raise ConfigError(f"There is no file '{written}' in the project.", hint=hint)

    def _read(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > yaml.MAX_BYTES:
                what = f"The file is larger than {yaml.MAX_BYTES // 1024 // 1024} MB."
                raise YamlError(what, where=self.name(path), hint="Split it into several files.")
            raw = path.read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            raise YamlError(f"The file cannot be read ({reason}).", where=self.name(path)) from error
        name = self.name(path)
        self._files[name] = SourceFile(name, hashlib.sha256(raw).hexdigest())
        return raw

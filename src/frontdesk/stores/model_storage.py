"""Trained models kept in a cloud: sent there after training, fetched when a server starts."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from frontdesk.errors import ConfigError, FrontdeskError, StoreError
from frontdesk.registry import resolve

log = logging.getLogger("frontdesk.models")

T = TypeVar("T")

PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds between tries."""
ENDING = ".tar.gz"


class Bucket(Protocol):
    """A place for files in a cloud; `place` names it for people.

    Every implementation passes `frontdesk.testing.contracts.bucket`. What fails for now raises whatever it does.
    """

    place: str

    def put(self, name: str, file: Path, digest: str) -> None:
        """Keep a file, and the digest of its bytes beside it; makes the bucket where there is none."""

    def get(self, name: str, target: Path) -> str | None:
        """Write what is kept to a file, and return the digest beside it. Raises FileNotFoundError."""

    def names(self) -> Sequence[tuple[float, str]]:
        """Return when each file was kept, and its name."""


class ModelStorage:
    """Keeps models in a bucket.

    >>> storage = ModelStorage.named("aws")
    >>> storage.upload(Path("models/20261130-120000.tar.gz"))
    >>> storage.fetch(None, Path("models"))

    Whatever fails is tried five times. A model that was fetched gets its name only when it is whole: its bytes are
    those that were sent.
    """

    def __init__(self, bucket: Bucket, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.bucket = bucket
        self._pause = pause

    @classmethod
    def named(cls, name: str) -> ModelStorage:
        """Return the storage of a name (`aws`, `gcs`, `azure`, or a dotted path). Raises ConfigError."""
        return cls(resolve("model storage", name, where="--remote-storage")())

    def upload(self, archive: Path) -> str:
        """Send a model there, under its file's name, and return where it is. Raises StoreError."""
        digest = digest_of(archive)
        self._patiently(lambda: self.bucket.put(archive.name, archive, digest))
        return f"{self.bucket.place}/{archive.name}"

    def fetch(self, name: str | None, models: Path) -> Path:
        """Bring a model (the one that was sent last) into a folder. Raises StoreError where it cannot be had."""
        chosen = self._patiently(self._newest) if name is None else name
        if not chosen.endswith(ENDING):
            chosen += ENDING
        models.mkdir(parents=True, exist_ok=True)
        draft = models / f".fetched-{secrets.token_hex(4)}"
        try:
            self._patiently(lambda: self._get(chosen, draft))
            target = models / Path(chosen).name
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)
        return target

    def _newest(self) -> str:
        names = sorted(pair for pair in self.bucket.names() if pair[1].endswith(ENDING))
        if not names:
            raise self._missing("It holds no model.")
        return names[-1][1]

    def _get(self, name: str, draft: Path) -> None:
        try:
            expected = self.bucket.get(name, draft)
        except FileNotFoundError as error:
            raise self._missing(f"There is no model '{name}'.") from error
        if expected is not None and expected != digest_of(draft):
            raise OSError("what arrived is not what was sent")

    def _missing(self, what: str) -> StoreError:
        return StoreError(
            what,
            where=self.bucket.place,
            hint="Check the name, or send one: frontdesk train --remote-storage.",
        )

    def _patiently(self, step: Callable[[], T]) -> T:
        for pause in (*PAUSES, None):
            try:
                return step()
            except FrontdeskError:
                raise
            except Exception as error:  # whatever the network or a cloud's library says
                said = f"{type(error).__name__}: {error}".partition("\n")[0]
                if pause is None:
                    what = f"The storage of models does not answer as it should ({said})."
                    hint = "Check that it can be reached from here, and its credentials."
                    raise StoreError(what, where=self.bucket.place, hint=hint) from error
                log.warning("%s: %s; trying again in %g s.", self.bucket.place, said, pause)
                self._pause(pause)
        raise AssertionError("the last try returns or raises")


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def variable(name: str, storage: str) -> str:
    """Return a variable of the environment. Raises ConfigError where it is not set."""
    value = os.environ.get(name)
    if not value:
        hint = f"Set {name}, as for Rasa."
        raise ConfigError(
            f"The storage of models '{storage}' needs the variable {name}.",
            where="--remote-storage",
            hint=hint,
        )
    return value

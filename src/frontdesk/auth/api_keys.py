"""API keys: made once and shown once, kept as hashes in a file, taken back at any time."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from frontdesk.auth.principal import CUSTOMER, ROLES, Principal
from frontdesk.errors import AuthError, ConfigError

log = logging.getLogger("frontdesk.auth")

PREFIX = "fdk_"
SHAPE = re.compile(rf"{PREFIX}([0-9a-f]{{12}})_([\w-]{{43}})", re.ASCII)
_NOBODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key. It holds 256 random bits, so a plain hash cannot be turned back.

    `subject` is who calls with it: for a customer the id of the conversation. Times are seconds since the epoch.
    """

    id: str
    name: str
    role: str
    subject: str
    hash: str = field(repr=False)
    made: float = 0.0
    expires: float | None = None
    revoked: float | None = None

    def is_good(self, now: float) -> bool:
        """Tell whether the key still opens anything."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class KeyFile:
    """The API keys of an installation, in a JSON file that holds only hashes.

    A server looks at the file again when it changes, so that a key that was taken back is refused at once. A file that
    can no longer be read changes nothing; one that is gone takes all keys along, and nothing is opened by that.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._keys: Mapping[str, ApiKey] = {}
        self._asked_for = path.exists()

    @property
    def asked_for(self) -> bool:
        """Tell whether callers have to show something: from the first key on, and also when all are taken back."""
        self._known()  # the first one may be made while a server runs
        return self._asked_for

    def list(self) -> Sequence[ApiKey]:
        """Return all keys, oldest first, also those that were taken back. Raises ConfigError."""
        return [*_read(self.path).values()]

    def add(
        self, name: str, role: str, *, subject: str | None = None, lifetime: float | None = None
    ) -> tuple[str, ApiKey]:
        """Make a key that is good for so many seconds (or for ever); returns its text, which is kept nowhere.

        Raises ConfigError for no role, and for a customer without a conversation.
        """
        if role not in ROLES:
            raise ConfigError(f"There is no role '{role}'.", hint=f"The roles are {', '.join(ROLES)}.")
        if role == CUSTOMER and not subject:
            what = "A customer's key opens one conversation, and none is named."
            raise ConfigError(what, hint="Name it with --conversation.")
        made, number, secret = time.time(), secrets.token_hex(6), secrets.token_urlsafe(32)
        expires = None if lifetime is None else made + lifetime
        key = ApiKey(number, name, role, subject or name, _hash(secret), made, expires)
        with self._changing() as keys:
            keys[key.id] = key
        return f"{PREFIX}{number}_{secret}", key

    def revoke(self, number: str) -> ApiKey:
        """Take a key back, by its id. Raises ConfigError where there is none."""
        with self._changing() as keys:
            found = keys.get(number)
            if found is None:
                hint = "See: frontdesk keys list."
                raise ConfigError(f"There is no key '{number}'.", where=str(self.path), hint=hint)
            keys[number] = found if found.revoked is not None else replace(found, revoked=time.time())
            return keys[number]

    def principal(self, shown: str) -> Principal | None:
        """Return who calls with a key; None for what is no key. Raises AuthError for one that is not good."""
        parts = SHAPE.fullmatch(shown)
        if parts is None:
            return None
        key = self._known().get(parts[1])
        # Compared in any case: how long it takes does not tell which ids there are.
        same = hmac.compare_digest(_hash(parts[2]), key.hash if key is not None else _NOBODY)
        if key is None or not same or not key.is_good(time.time()):
            raise AuthError("The API key is not valid.")
        return Principal(key.subject, frozenset({key.role}), "key", key.expires)

    def check(self) -> None:
        """Raise ConfigError where the file cannot be read; better at the start than with the first caller."""
        if self.path.exists():
            _read(self.path)

    def _known(self) -> Mapping[str, ApiKey]:
        stamp = _stamp(self.path)
        if stamp != self._stamp:
            self._asked_for = self._asked_for or stamp is not None
            try:
                self._keys = _read(self.path)
            except ConfigError as error:
                log.error("The API keys stay as they were: %s", error)
            self._stamp = stamp
        return self._keys

    @contextmanager
    def _changing(self) -> Iterator[dict[str, ApiKey]]:
        """Let nobody else change the file meanwhile, and write it whole or not at all, for its owner alone."""
        import fcntl  # where there is none, keys can be read and not made

        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f"{self.path.name}.lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            keys = dict(_read(self.path))
            yield keys
            draft = self.path.with_name(f"{self.path.name}.new")
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                json.dump({"version": 1, "keys": [asdict(key) for key in keys.values()]}, out, indent=2)
            os.replace(draft, self.path)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path) -> dict[str, ApiKey]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"The API keys cannot be read ({error}).", where=str(path)) from error
    try:
        keys = [_key(entry) for entry in json.loads(text)["keys"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        hint = "Put the file right, or make the keys anew: frontdesk keys add."
        raise ConfigError(f"This is no file of API keys ({error!r}).", where=str(path), hint=hint) from error
    return {key.id: key for key in keys}


def _key(entry: Mapping[str, Any]) -> ApiKey:
    key = ApiKey(**{f.name: entry[f.name] for f in fields(ApiKey) if f.name in entry})
    texts = (key.id, key.name, key.role, key.subject, key.hash)
    times = (key.made, key.expires or 0.0, key.revoked or 0.0)
    shaped = all(isinstance(text, str) for text in texts) and all(isinstance(t, int | float) for t in times)
    if not shaped or key.role not in ROLES or not re.fullmatch("[0-9a-f]{64}", key.hash):
        raise ValueError(f"the key {key.id!r}")
    return key

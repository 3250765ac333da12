"""The secret that this installation signs with."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from frontdesk.errors import ConfigError

VARIABLE = "FRONTDESK_SECRET"
SHORTEST = 32


def read_secret(folder: Path) -> str:
    """Return the secret from FRONTDESK_SECRET, else from the file `secret`, made on first use for its owner alone.

    Several servers of one installation need the same one: set the variable there.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        if len(given) < SHORTEST:
            hint = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))".'
            raise ConfigError(f"{VARIABLE} must have at least {SHORTEST} characters.", hint=hint)
        return given
    file = folder / "secret"
    if not file.exists():
        _write_new(file)
    secret = file.read_text("utf-8").strip()
    if len(secret) < SHORTEST:
        raise ConfigError(
            "The secret is too short or damaged.", where=str(file), hint="Delete the file; a new one is made."
        )
    return secret


def _write_new(file: Path) -> None:
    """Write a fresh secret whole or not at all; of two servers that start at once, one wins and both read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()

"""What the section `auth` of endpoints.yml says: JSON web tokens that are accepted, and where the API keys are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frontdesk.auth.api_keys import KeyFile
from frontdesk.auth.jwts import TokenRules
from frontdesk.core.options import tell_unknown
from frontdesk.errors import ConfigError

KEYS_FILE = ".frontdesk/keys.json"
_JWT = (
    "key", "key_file", "methods", "audience", "issuer", "leeway", "expiry_required", "roles_claim",
)  # fmt: skip


def key_file(options: Mapping[str, Any], folder: Path) -> KeyFile:
    """Return the API keys of a project; a relative path begins at its folder."""
    return KeyFile(folder / str(options.get("keys") or KEYS_FILE))


def token_rules(options: Mapping[str, Any], folder: Path, where: str | None = None) -> tuple[TokenRules, ...]:
    """Return what JSON web tokens have to be like: one mapping under `jwt`, or a list of them. Raises ConfigError."""
    tell_unknown("auth", sorted(options), ("jwt", "keys"))
    given = options.get("jwt")
    listed = given if isinstance(given, list) else [] if given is None else [given]
    return tuple(_rules(entry, folder, where) for entry in listed)


def _rules(entry: object, folder: Path, where: str | None) -> TokenRules:
    if not isinstance(entry, Mapping):
        raise ConfigError("'jwt' of 'auth' must be a mapping.", where=where, hint="Write 'key:' below it.")
    tell_unknown("auth: jwt", sorted(entry), _JWT)
    required = entry.get("expiry_required", True)
    if not isinstance(required, bool):
        raise ConfigError(
            f"'expiry_required' of 'jwt' is '{required}'.", where=where, hint="Write true or false."
        )
    try:
        return TokenRules(
            _key(entry, folder),
            methods=_texts(entry.get("methods")) or ("HS256",),
            audience=_texts(entry.get("audience")),
            issuer=str(entry["issuer"]) if entry.get("issuer") else None,
            leeway=_seconds(entry.get("leeway", 0)),
            needs_end=required,
            roles_claim=str(entry.get("roles_claim") or "roles"),
            label="'key' of 'auth: jwt'",
        )
    except ConfigError as error:
        raise error.at(where) from error.__cause__


def _key(entry: Mapping[str, Any], folder: Path) -> str:
    if (entry.get("key") is None) == (entry.get("key_file") is None):
        hint = "Give 'key: ${NAME}' or 'key_file: public.pem'."
        raise ConfigError("'jwt' of 'auth' needs either a key or a file with one.", hint=hint)
    if entry.get("key_file") is None:
        return str(entry["key"])
    file = folder / str(entry["key_file"])
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The key for JSON web tokens cannot be read ({error}).", where=str(file)
        ) from error


def _texts(given: object) -> tuple[str, ...]:
    if given is None or given == "":
        return ()
    return tuple(str(one) for one in given) if isinstance(given, list) else (str(given),)


def _seconds(given: object) -> float:
    try:
        found = float(str(given))
    except ValueError:
        found = -1.0
    if not 0 <= found <= 3600:
        raise ConfigError(f"'leeway' of 'jwt' is '{given}'.", hint="It must be seconds, from 0 to 3600.")
    return found

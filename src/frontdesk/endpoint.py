"""Where another server is and how to ask it, as a section of endpoints.yml says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from frontdesk.errors import ConfigError

OPTIONS = ("headers", "basic_auth", "token", "token_name", "params", "cafile")
"""What may stand beside `url` in every section that names another server."""


@dataclass(frozen=True)
class Endpoint:
    """Where a server is and how to ask it.

    `token` travels as the query parameter `token_name`; `basic_auth` is {username, password}; `cafile` is a file of
    trusted certificates. With `compress`, requests travel packed (`Content-Encoding: deflate`).
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    basic_auth: Mapping[str, str] | None = None
    token: str | None = None
    token_name: str = "token"  # noqa: S105  # the name of a parameter
    params: Mapping[str, str] = field(default_factory=dict)
    cafile: str | None = None
    compress: bool = False

    @property
    def place(self) -> str:
        """The address without user, password and query, which may be secret."""
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def at(self, path: str) -> Endpoint:
        """Return the same server's endpoint at another path."""
        parts = urlsplit(self.url)
        return replace(self, url=urlunsplit((parts.scheme, parts.netloc, path, parts.query, "")))

    @property
    def path(self) -> str:
        """The path of the address, without a slash at its end."""
        return urlsplit(self.url).path.rstrip("/")


def read_endpoint(
    options: Mapping[str, Any], section: str, where: str | None = None, *, compress: bool = False
) -> Endpoint:
    """Return what a section of endpoints.yml says of its server. Raises ConfigError at the section's line."""

    def refuse(what: str, hint: str) -> ConfigError:
        return ConfigError(f"'{section}': {what}", where=where, hint=hint)

    url = str(options.get("url") or "").strip()
    if not is_address(url):
        raise refuse(f"'{url}' is no address of a server.", "Write 'url: http://host:port/path'.")
    for key in ("headers", "params", "basic_auth"):
        if options.get(key) is not None and not isinstance(options[key], Mapping):
            raise refuse(f"'{key}' must be a mapping.", f"Write '{key}:' with 'name: value' lines below it.")
    login = options.get("basic_auth")
    if login is not None and not {"username", "password"} <= set(login):
        raise refuse("'basic_auth' needs a user and a password.", "Give 'username:' and 'password:'.")
    token = options.get("token")
    return Endpoint(
        url,
        headers=_texts(options.get("headers")),
        basic_auth=_texts(login) if login else None,
        token=str(token) if token else None,
        token_name=str(options.get("token_name") or "token"),
        params=_texts(options.get("params")),
        cafile=str(options["cafile"]) if options.get("cafile") else None,
        compress=compress,
    )


def is_address(url: str) -> bool:
    """Tell whether a text is the address of a server."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that are not closed
        return False


def _texts(values: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (values or {}).items() if value is not None}


def number(
    options: Mapping[str, Any],
    key: str,
    default: float,
    section: str,
    where: str | None = None,
    *,
    of: str = "",
) -> float:
    """Return a number above zero that a section sets; it may have come as text. Raises ConfigError.

    `of` says of what it is a number, as in " of seconds".
    """
    value = options.get(key, default)
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = 0.0
    if not 0 < found < float("inf"):
        hint = f"It must be a number{of} above zero."
        raise ConfigError(f"'{key}' of '{section}' is '{value}'.", where=where, hint=hint)
    return found


def whole(options: Mapping[str, Any], key: str, default: int, section: str, where: str | None = None) -> int:
    """Return a whole number above zero that a section sets. Raises ConfigError."""
    found = number(options, key, default, section, where)
    if found != int(found):
        what = f"'{key}' of '{section}' is '{options[key]}'."
        raise ConfigError(what, where=where, hint="It must be a whole number.")
    return int(found)


def seconds(options: Mapping[str, Any], default: float, section: str, where: str | None = None) -> float:
    """Return the deadline that a section sets (`deadline`, or `timeout`). Raises ConfigError."""
    timeout = number(options, "timeout", default, section, where, of=" of seconds")
    return number(options, "deadline", timeout, section, where, of=" of seconds")

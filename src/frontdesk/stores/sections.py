"""What every store reads in its section of `endpoints.yml`, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from frontdesk.errors import ConfigError

WHERE = "endpoints.yml: tracker_store"


def host_and_port(
    host: object, options: Mapping[str, Any], usual: int, where: str
) -> tuple[str | None, int | None]:
    """Return a host without its port, and the port that stands behind it or in the options. Raises ConfigError.

    `usual` is the port of such servers: an example for whoever wrote one that cannot be meant.
    """
    try:
        parts = urlsplit(f"scheme://{host or ''}")
        port = parts.port
    except ValueError as error:
        what = f"The host '{host}' has no valid port."
        raise ConfigError(what, where=where, hint=f"Write host:{usual}.") from error
    return parts.hostname, port or _port(options.get("port"), where)


def _port(value: object, where: str) -> int | None:
    if value is None or value == "":
        return None
    text = str(value)
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise ConfigError(f"The port is '{value}'.", where=where, hint="It must be a number from 1 to 65535.")
    return int(text)


def positive(options: Mapping[str, Any], name: str, default: float, where: str = WHERE) -> float:
    """Return an option that is a number above zero. Raises ConfigError."""
    value = options.get(name)
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigError(f"'{name}' is '{value}'.", where=where, hint="It must be a number above zero.")
    return number


def days(options: Mapping[str, Any], name: str, default: float) -> float:
    """Return an option that is given in days, in seconds.

    Raises ConfigError where it is not a number above zero.
    """
    return positive(options, name, default) * 86_400.0

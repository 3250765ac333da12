"""Options of policies, read with a clear word where one is not meant as written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from frontdesk.core.options import tell_unknown
from frontdesk.errors import ConfigError

TAKEN_SILENTLY = frozenset({"name", "alias", "featurizer", "enable_feature_string_compression"})
"""Options of Rasa's that change nothing here."""


def check_names(policy: str, options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Log each option that the policy does not have."""
    tell_unknown(policy, options, {*known, "priority", *TAKEN_SILENTLY})


def number(policy: str, options: Mapping[str, Any], name: str, default: float) -> float:
    """Return a number. Raises ConfigError."""
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"The option '{name}' of {policy} is {value!r}; it must be a number.")
    return float(value)


def whole(policy: str, options: Mapping[str, Any], name: str, default: int | None) -> int | None:
    """Return a whole number from 1 on, or None where that is the default or written. Raises ConfigError."""
    value = options.get(name, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(
            f"The option '{name}' of {policy} is {value!r}; it must be a whole number from 1 on."
        )
    return value


def switch(policy: str, options: Mapping[str, Any], name: str, default: bool) -> bool:
    """Return True or False. Raises ConfigError."""
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise ConfigError(f"The option '{name}' of {policy} is {value!r}; it must be true or false.")
    return value

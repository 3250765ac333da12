"""The options of a component: defaults, what config.yml says instead, and words for what cannot be meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from frontdesk.core.message import IntentScore
from frontdesk.core.options import tell_unknown
from frontdesk.errors import ConfigError

LONGEST = 5_000
"""Characters of a message that components look at; what comes after is not searched."""


def merged(component: str, defaults: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the defaults with the given options in their place; an unknown option is logged and kept."""
    chosen = dict(given or {})
    tell_unknown(component, chosen, {*defaults, "name", "alias"})
    return {**defaults, **chosen}


def number(component: str, options: Mapping[str, Any], name: str, low: float, high: float) -> float:
    """Return an option that must be a number from `low` to `high`. Raises ConfigError."""
    value = options[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ConfigError(
            f"{component}: '{name}' is {value!r}; a number from {low:g} to {high:g} was expected."
        )
    return float(value)


def one_of(component: str, options: Mapping[str, Any], name: str, values: Iterable[Any]) -> Any:
    """Return an option that must be one of some values. Raises ConfigError."""
    allowed = list(values)
    if options[name] not in allowed:
        shown = ", ".join(str(value) for value in allowed)
        raise ConfigError(f"{component}: '{name}' is {options[name]!r}; one of {shown} was expected.")
    return options[name]


def renormalized(ranking: Sequence[IntentScore]) -> tuple[IntentScore, ...]:
    """Return a ranking that was cut, with confidences that add up to 1 again."""
    total = sum(score.confidence for score in ranking)
    return tuple(IntentScore(s.name, s.confidence / total) for s in ranking) if total else tuple(ranking)

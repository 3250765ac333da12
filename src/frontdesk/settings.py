"""Settings that come from the environment, in one table; a bad value stops the start with one sentence."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

from frontdesk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set by environment variables.

    `max_message` is in characters, `max_body` and `max_header` in bytes, deadlines and `drain` are in seconds.
    `log_conversations` says how conversations are named in logs, `rate_limits` can switch them all off, as for a load
    test.
    """

    max_message: int = 8_000
    max_body: int = 1_000_000
    max_actions: int = 10
    action_deadline: float = 10.0
    turn_deadline: float = 60.0
    log_level: str = "INFO"
    log_json: bool = False
    log_conversations: str = "hashed"
    drain: float = 0.0
    inspector: bool = False
    rate_limits: bool = True
    max_header: int = 16_384


VARIABLES = {
    "max_message": "FRONTDESK_MAX_MESSAGE",
    "max_body": "FRONTDESK_MAX_BODY",
    "max_header": "FRONTDESK_MAX_HEADER",
    "max_actions": "MAX_NUMBER_OF_PREDICTIONS",
    "action_deadline": "FRONTDESK_ACTION_DEADLINE",
    "turn_deadline": "FRONTDESK_TURN_DEADLINE",
    "log_level": "LOG_LEVEL",
    "log_json": "FORCE_JSON_LOGGING",
    "log_conversations": "FRONTDESK_LOG_CONVERSATIONS",
    "drain": "FRONTDESK_DRAIN",
    "inspector": "FRONTDESK_INSPECTOR",
    "rate_limits": "FRONTDESK_RATE_LIMITS",
}
_WORDS = {
    "LOG_LEVEL": ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    "FRONTDESK_LOG_CONVERSATIONS": ("hashed", "plain", "none"),
}
_SWITCH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings. Raises ConfigError naming the variable and what it may hold."""
    found = os.environ if environment is None else environment
    defaults = Settings()
    values: dict[str, object] = {}
    for field, variable in VARIABLES.items():
        text = found.get(variable)
        if text is not None and text.strip():
            values[field] = _parse(variable, text.strip(), getattr(defaults, field))
    return Settings(**values)  # type: ignore[arg-type]  # each value has its default's type, by _parse


def _parse(variable: str, text: str, default: object) -> object:
    if isinstance(default, bool):
        if text.lower() not in _SWITCH:
            raise ConfigError(f"{variable} is '{text}'.", hint="Use true or false.")
        return _SWITCH[text.lower()]
    if isinstance(default, str):
        known = _WORDS[variable]
        found = next((word for word in known if word.lower() == text.lower()), None)
        if found is None:
            hint = f"Use {', '.join(known[:-1])} or {known[-1]}."
            raise ConfigError(f"{variable} is '{text}'.", hint=hint)
        return found
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and (number > 0 or number == default == 0)):
        least = "above zero" if default else "not below zero"
        raise ConfigError(f"{variable} is '{text}'.", hint=f"It must be a number {least}.")
    if not isinstance(default, int):
        return number
    if number != int(number):
        raise ConfigError(f"{variable} is '{text}'.", hint="It must be a whole number.")
    return int(number)

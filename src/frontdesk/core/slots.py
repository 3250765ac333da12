"""Slots: what the assistant remembers, and how much a policy sees of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from frontdesk.core.training import Place
from frontdesk.errors import ConfigError

SLOT_TYPES = ("text", "bool", "categorical", "float", "list", "any")
OTHER = "__other__"


@dataclass(frozen=True, slots=True)
class SlotMapping:
    """Where a slot takes its value from; `type` is one of Rasa's five, or `from_sentiment`.

    `options` holds the keys of that type: entity, role, group, intent, not_intent (lists), value, action.
    `conditions` is a list of {active_loop, requested_slot}.
    """

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Mapping[str, Any], ...] = ()


class SlotType(Protocol):
    """A type of a project's own, named by its dotted path (`type: my.module.Party`); made with the slot's other keys.

    >>> class Party:
    ...     size = 2
    ...     def __init__(self, options): ...
    ...     def features(self, value): return [value <= 6, value > 6] if value else [0, 0]
    """

    size: int

    def features(self, value: Any) -> Sequence[float]:
        """Return `size` numbers that policies see of a value, which is None where the slot is empty."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing to remember, as the domain defines it.

    `type` is one of `SLOT_TYPES` or the dotted path of a class, of which `own` is what was made. `values` belong to
    categorical slots, `minimum` and `maximum` to float slots.
    """

    name: str
    type: str = "any"
    initial_value: Any = None
    influence_conversation: bool = True
    mappings: tuple[SlotMapping, ...] = ()
    values: tuple[str, ...] = ()
    minimum: float = 0.0
    maximum: float = 1.0
    own: SlotType | None = field(default=None, compare=False, repr=False)
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def featurized(self) -> bool:
        """Tell whether policies look at it at all."""
        if not self.influence_conversation or self.type == "any":
            return False
        return self.type != "categorical" or bool(self.values)

    def features(self, value: Any) -> tuple[float, ...] | None:
        """Return what policies see of a value, as Rasa encodes it; None where the slot does not count or is empty."""
        if not self.influence_conversation or self.type == "any":
            return None
        if self.own is not None:
            return self._own_features(self.own, value)
        if value is None:
            return None
        if self.type == "text":
            return (1.0,)
        if self.type == "bool":
            return (1.0, 1.0 if truthy(value) else 0.0)
        if self.type == "float":
            return self._float_features(value)
        if self.type == "list":
            return (1.0,) if isinstance(value, Sequence) and len(value) else (0.0,)
        if self.type == "categorical":
            return self._category_features(value)
        return (1.0,)

    def _own_features(self, own: SlotType, value: Any) -> tuple[float, ...]:
        """Return what the project's own type says. Raises ConfigError where that is no such thing."""
        try:
            found = tuple(float(number) for number in own.features(value))
        except Exception as error:  # the project's own code may raise anything
            what = f"The slot type '{self.type}' failed at a value of '{self.name}' ({type(error).__name__})."
            raise ConfigError(what, where=_place(self.place)) from error
        if len(found) != own.size:
            what = f"The slot type '{self.type}' of '{self.name}' gave {len(found)} numbers; its size is {own.size}."
            raise ConfigError(what, where=_place(self.place))
        return found

    def _float_features(self, value: Any) -> tuple[float, ...]:
        try:
            number = min(max(float(value), self.minimum), self.maximum)
        except (TypeError, ValueError):
            return (0.0, 0.0)
        span = abs(self.maximum - self.minimum) or 1.0
        return (1.0, (number - self.minimum) / span)

    def _category_features(self, value: Any) -> tuple[float, ...]:
        known = [v.lower() for v in self.values]
        text = str(value).lower()
        if text not in known and OTHER in known:
            text = OTHER
        return tuple(1.0 if v == text else 0.0 for v in known)


def _place(place: Place | None) -> str | None:
    return str(place) if place is not None else None


def truthy(value: Any) -> bool:
    """Read a bool as slots and payloads write it: True, "true", "1", 1.0, "yes"."""
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "1.0", "yes"}
    return bool(value)

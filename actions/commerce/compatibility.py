"""What a product goes together with, as its shop has put it on file: facts to decide by, never to guess from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Span:
    """Between which measures something fits: "a laptop of 10 to 17 in"."""

    thing: str  # as in "laptop"
    unit: str  # as in "in"
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def text(self) -> str:
        """Write the span in words."""
        if self.low is not None and self.high is not None:
            return f"{self.low:f} to {self.high:f} {self.unit}"
        return (
            f"up to {self.high:f} {self.unit}" if self.high is not None else f"from {self.low:f} {self.unit}"
        )

    def holds(self, value: Decimal) -> bool:
        """Tell whether a measure is within it; both ends are."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, kw_only=True)
class Device:
    """Something that the shop doesn't sell, and whether the product works with it."""

    names: tuple[str, ...]  # as in "iPhone", "iPad"
    works: bool
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Compatibility:
    """All that is on file about what a product goes together with."""

    works_with: tuple[str, ...] = ()  # product ids
    not_with: tuple[str, ...] = ()
    goes_with: tuple[str, ...] = ()  # what is often used along with it
    has: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # as in {"socket": ("E26", "GU10")}
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # as in {"socket": ("E26",)}
    spans: tuple[Span, ...] = ()
    devices: tuple[Device, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All products that are named."""
        return (*self.works_with, *self.not_with, *self.goes_with)


NOTHING_ON_FILE = Compatibility()

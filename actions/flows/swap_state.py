"""What the swap form knows so far: the items, what each is to become, and what was offered instead."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rasa_sdk.interfaces import Tracker

from actions.services.swap_policy import Swap

KNOWN = "known"
SLOTS = ("swap_items", "swap_changes", "swap_offered", "swap_to")


@dataclass(frozen=True)
class SwapState:
    """The slots of the form as one value; each step gives a new one."""

    items: tuple[str, ...] = ()
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # item id -> variant, quantity
    offered: Mapping[str, Any] = field(
        default_factory=dict
    )  # what was offered for an item, or which item is unclear

    @classmethod
    def of(cls, tracker: Tracker) -> SwapState:
        """Read the slots; between extraction and validation all of it stands in one of them."""
        packed = tracker.get_slot("swap_items")
        slots = packed if isinstance(packed, Mapping) else {name: tracker.get_slot(name) for name in SLOTS}
        items, changes = slots.get("swap_items") or [], slots.get("swap_changes") or {}
        offered = slots.get("swap_offered") or {}
        return cls(
            tuple(str(item) for item in items),
            changes if isinstance(changes, Mapping) else {},
            offered if isinstance(offered, Mapping) else {},
        )

    @property
    def pending(self) -> str | None:
        """The first item of which it isn't known yet what it becomes."""
        return next((item for item in self.items if item not in self.changes), None)

    def swaps(self) -> list[Swap]:
        """Return what the services are asked for; nothing while something is still missing."""
        if not self.items or self.pending:
            return []
        return [self.swap(item) for item in self.items]

    def settled(self) -> list[Swap]:
        """Return what is known so far."""
        return [self.swap(item) for item in self.items if item in self.changes]

    def swap(self, item: str) -> Swap:
        """Return what becomes of one item."""
        change = self.changes[item]
        return Swap(item, change.get("variant"), change.get("quantity"))

    def naming(self, item: str) -> SwapState:
        """Add an item of which nothing more is known."""
        items = self.items if item in self.items else (*self.items, item)
        return dataclasses.replace(self, items=items)

    def becoming(self, item: str, variant: str | None, quantity: int | None) -> SwapState:
        """Settle what an item becomes; what was said of it before and isn't said again stays."""
        before = self.changes.get(item, {})
        change = {
            "variant": variant or before.get("variant"),
            "quantity": before.get("quantity") if quantity is None else quantity,
        }
        kept = {} if self.offered.get("item") == item else self.offered
        named = self.naming(item)
        return dataclasses.replace(named, changes={**self.changes, item: change}, offered=kept)

    def offering(self, item: str, offered: Mapping[str, Any]) -> SwapState:
        """Note what is offered for an item that can't become what was wished."""
        changes = {each: change for each, change in self.changes.items() if each != item}
        return dataclasses.replace(self.naming(item), changes=changes, offered={"item": item, **offered})

    def without(self, item: str) -> SwapState:
        """Leave an item as it is."""
        changes = {each: change for each, change in self.changes.items() if each != item}
        items = tuple(each for each in self.items if each != item)
        kept = {} if self.offered.get("item") == item else self.offered
        return SwapState(items, changes, kept)

    def slots(self) -> dict[str, Any]:
        """Write the slots."""
        complete = bool(self.items) and self.pending is None
        return {
            "swap_items": list(self.items) or None,
            "swap_changes": {item: dict(change) for item, change in self.changes.items()} or None,
            "swap_offered": dict(self.offered) or None,
            "swap_to": KNOWN if complete else None,
        }

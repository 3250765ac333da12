"""Read the slots of a domain and where they take their values from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frontdesk.core.domain import REQUESTED_SLOT, SESSION_START_METADATA
from frontdesk.core.slots import OTHER, SLOT_TYPES, Slot, SlotMapping
from frontdesk.core.training import Place
from frontdesk.errors import suggestion
from frontdesk.formats.complaints import Complaints, describe
from frontdesk.formats.yaml import Block, plain

MAPPING_KEYS: Mapping[str, tuple[str, ...]] = {
    "from_entity": ("entity", "role", "group", "intent", "not_intent"),
    "from_text": ("intent", "not_intent"),
    "from_intent": ("value", "intent", "not_intent"),
    "from_trigger_intent": ("value", "intent", "not_intent"),
    "custom": ("action",),
    "from_sentiment": ("intent", "not_intent"),
}
"""The kinds of mapping with the keys of each; the last is Frontdesk's own (the mood of the last message)."""

_NEEDED = {"from_entity": "entity", "from_intent": "value", "from_trigger_intent": "value"}
_SLOT_KEYS = (
    "type", "initial_value", "influence_conversation", "mappings", "values", "min_value", "max_value",
)  # fmt: skip
_CLASSES = {
    f"rasa.shared.core.slots.{name}Slot": kind
    for name, kind in (
        ("Text", "text"), ("Boolean", "bool"), ("Categorical", "categorical"), ("Float", "float"), ("List", "list"),
        ("Any", "any"),
    )
}  # fmt: skip
"""Rasa's own slot types, named by their classes, as Rasa wrote them into domains."""
_UNMAPPED = frozenset((REQUESTED_SLOT, SESSION_START_METADATA))
"""Slots that the engine fills by itself."""


def read_slot(name: str, value: Any, place: Place, complaints: Complaints) -> Slot:
    """Read one entry of `slots`."""
    block = complaints.block(value, place, f"The slot '{name}'")
    kind = _kind(name, block, place, complaints)
    if "." not in kind:
        complaints.keys(block, _SLOT_KEYS, f"The slot '{name}'", tolerable=True)
    minimum, maximum = complaints.number(block, "min_value", 0.0), complaints.number(block, "max_value", 1.0)
    if kind == "float" and minimum >= maximum:
        what = f"The slot '{name}' has 'min_value' {minimum:g}, which is not below 'max_value' {maximum:g}."
        complaints.error(what, block.at("min_value"), "Give both, the smaller one first.")
    return Slot(
        name=name,
        type=kind,
        initial_value=plain(block.get("initial_value")),
        influence_conversation=complaints.flag(block, "influence_conversation", True),
        mappings=_mappings(name, block, place, complaints),
        values=_values(name, kind, block, complaints),
        minimum=minimum,
        maximum=maximum,
        place=block.at("type") if "type" in block else place,
    )


def _kind(name: str, block: Block, place: Place, complaints: Complaints) -> str:
    if block.get("type") is None:
        hint = f"Add 'type:' with one of: {', '.join(SLOT_TYPES)}."
        complaints.error(f"The slot '{name}' has no type.", place, hint)
        return "any"
    kind = (
        complaints.text(block["type"], block.at("type"), f"The type of the slot '{name}'") or "any"
    ).strip()
    kind = _CLASSES.get(kind, kind)
    if kind not in SLOT_TYPES and "." not in kind:
        complaints.error(f"No slot type is called '{kind}'.", block.at("type"), suggestion(kind, SLOT_TYPES))
    return kind


def _values(name: str, kind: str, block: Block, complaints: Complaints) -> tuple[str, ...]:
    if kind != "categorical":
        return ()
    values = complaints.texts(block.get("values"), block.at("values"), f"'values' of the slot '{name}'")
    if not values:
        hint = "List them: 'values: [small, large]'."
        complaints.doubt(f"The categorical slot '{name}' has no values.", block.place, hint)
    # As in Rasa, a value that is not listed counts as one of its own.
    return values if OTHER in [v.lower() for v in values] else (*values, OTHER)


def _mappings(name: str, block: Block, place: Place, complaints: Complaints) -> tuple[SlotMapping, ...]:
    if "mappings" not in block:
        if name not in _UNMAPPED:
            hint = "Add 'mappings:' ('- type: custom' if only actions set it)."
            complaints.error(f"The slot '{name}' has no mappings.", place, hint)
        return ()
    items = complaints.items(block["mappings"], block.at("mappings"), f"'mappings' of the slot '{name}'")
    found = [_mapping(name, item, at, complaints) for item, at in items.placed()]
    return tuple(mapping for mapping in found if mapping)


def _mapping(slot: str, item: Any, place: Place, complaints: Complaints) -> SlotMapping | None:
    block = complaints.block(item, place, f"A mapping of the slot '{slot}'")
    kind = complaints.text(
        block.get("type"), block.at("type"), f"The 'type' of a mapping of the slot '{slot}'"
    )
    if kind is None:
        return None
    if kind == "custom" and block.get("from") == "sentiment":
        # so written, Rasa reads the domain, too, and leaves the slot alone
        return SlotMapping("from_sentiment", {}, _conditions(block, complaints))
    if kind not in MAPPING_KEYS:
        hint = suggestion(kind, MAPPING_KEYS)
        complaints.error(f"No slot mapping is called '{kind}' (slot '{slot}').", block.at("type"), hint)
        return None
    if kind != "custom":
        known = ("type", "conditions", *MAPPING_KEYS[kind])
        complaints.keys(block, known, f"A mapping '{kind}'", tolerable=True)
    needed = _NEEDED.get(kind)
    if needed and block.get(needed) is None:
        what = f"The mapping '{kind}' of the slot '{slot}' says no '{needed}'."
        complaints.error(what, place, f"Add '{needed}: ...'.")
        return None
    options: dict[str, Any] = {}
    for key, value in block.items():
        if key in ("intent", "not_intent"):
            if value is not None:
                options[key] = list(complaints.texts(value, block.at(key), f"'{key}'"))
        elif key not in ("type", "conditions"):
            options[key] = plain(value)
    return SlotMapping(kind, options, _conditions(block, complaints))


def _conditions(block: Block, complaints: Complaints) -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    items = complaints.items(block.get("conditions"), block.at("conditions"), "'conditions'")
    for item, place in items.placed():
        condition = complaints.block(item, place, "A condition of a mapping")
        complaints.keys(condition, ("active_loop", "requested_slot"), "A condition of a mapping")
        named = {key: value for key, value in condition.items() if value is None or isinstance(value, str)}
        for key in condition.keys() - named.keys():
            what = f"'{key}' must be a name, not {describe(condition[key])}."
            complaints.error(what, condition.at(key))
        found.append(named)
    return tuple(found)

"""Slot types of a project's own, named by their dotted path in the domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.ports import Progress
from frontdesk.core.slots import Slot, SlotType
from frontdesk.errors import ConfigError, PackageError
from frontdesk.graph.recipe import source_digest
from frontdesk.registry import resolve

_NOT_OPTIONS = ("type", "mappings", "initial_value", "influence_conversation")


def own_types(domain: Domain) -> dict[str, str]:
    """Return the dotted path of each slot that has one and that policies look at, by the slot's name."""
    return {
        name: slot.type
        for name, slot in domain.slots.items()
        if "." in slot.type and slot.influence_conversation
    }


def with_slot_types(domain: Domain, *, allowed: Iterable[str] | None = None) -> Domain:
    """Return a domain whose own slot types are made, each with what else stands at its slot.

    `allowed` are the paths that the project's own domain names (None: this is that domain). Raises ConfigError at the
    slot's line, PackageError for a path that a model brought along.
    """
    named = own_types(domain)
    known = set(named.values()) if allowed is None else set(allowed)
    for name, path in named.items():
        if path not in known:
            hint = (
                "Name it as the type of a slot in the domain if you trust it; where the model was trained with another "
                "domain, name that with -d."
            )
            raise PackageError(f"The model wants to run '{path}' for the slot '{name}'.", hint=hint)
    made = {name: replace(domain.slots[name], own=_made(domain, domain.slots[name])) for name in named}
    return replace(domain, slots={**domain.slots, **made}) if made else domain


def without_slot_types(domain: Domain, progress: Progress) -> Domain:
    """Return a domain in which a type that cannot be had counts as `text`: filled or empty."""
    for name in own_types(domain):
        try:
            _made(domain, domain.slots[name])
        except ConfigError as error:
            progress(f"Goes on with the slot '{name}' as text: filled or empty. {error.sentence}")
            written = dict(domain.wire.get("slots") or {})
            if name in written:
                written[name] = {**written[name], "type": "text"}
            slots = {**domain.slots, name: replace(domain.slots[name], type="text")}
            domain = replace(domain, slots=slots, wire={**domain.wire, "slots": written})
    return domain


def slot_types_digest(domain: Domain) -> list[str | None]:
    """Return digests over the source of a domain's own slot types: a changed one shows something else."""
    made = [slot.own for slot in domain.slots.values() if slot.own is not None]
    return [source_digest(type(own).__module__) for own in made]


def _made(domain: Domain, slot: Slot) -> SlotType:
    where = str(slot.place) if slot.place else None
    written: Mapping[str, Any] = (domain.wire.get("slots") or {}).get(slot.name) or {}
    options = {key: value for key, value in written.items() if key not in _NOT_OPTIONS}
    made = resolve("slot type", slot.type, where=where)(options)
    size = getattr(made, "size", None)
    if not isinstance(size, int) or size < 1 or not callable(getattr(made, "features", None)):
        hint = "Give it 'size' (how many numbers) and 'features(value)' (these numbers)."
        raise ConfigError(f"The slot type '{slot.type}' of '{slot.name}' is none.", where=where, hint=hint)
    own: SlotType = made
    return own

"""Decide what one slot mapping takes out of the last message, as Rasa does."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from frontdesk.core.domain import DEFAULT_INTENTS, REQUESTED_SLOT, Domain
from frontdesk.core.slots import Slot, SlotMapping
from frontdesk.core.tracker import Tracker

log = logging.getLogger("frontdesk.actions")

CUSTOM = "custom"


def applies(slot: Slot, mapping: SlotMapping, tracker: Tracker, domain: Domain) -> bool:
    """Tell whether a mapping may fill its slot now."""
    return (
        is_valid(slot, mapping, domain)
        and intent_is_wanted(mapping, tracker, domain)
        and (mapping.type == "from_trigger_intent" or conditions_hold(slot, mapping, tracker))
        and not is_ambiguous(slot, mapping, tracker, domain)
    )


def is_valid(slot: Slot, mapping: SlotMapping, domain: Domain) -> bool:
    """Tell whether the entity or the intents of a mapping exist; otherwise it never fills its slot."""
    if mapping.type == "from_entity" and mapping.options.get("entity") not in domain.entities:
        log.warning(
            "The slot '%s' is mapped from '%s', which is no entity.", slot.name, mapping.options.get("entity")
        )
        return False
    if mapping.type == "from_intent":
        for intent in listed(mapping.options.get("intent")):
            if intent not in domain.intents and intent not in DEFAULT_INTENTS:
                log.warning("The slot '%s' is mapped from '%s', which is no intent.", slot.name, intent)
                return False
    return True


def intent_is_wanted(mapping: SlotMapping, tracker: Tracker, domain: Domain) -> bool:
    """Tell whether the last intent is one of the mapping's `intent`, or none of its `not_intent`.

    The `ignored_intents` of the active form count as `not_intent`, unless the mapping is for other forms.
    """
    wanted = listed(mapping.options.get("intent"))
    intent = tracker.latest_message.intent if tracker.latest_message else None
    if wanted:
        return intent in wanted
    unwanted = listed(mapping.options.get("not_intent"))
    form = domain.forms.get(tracker.active_loop_name or "")
    if form is not None:
        meant = not mapping.conditions or any(c.get("active_loop") == form.name for c in mapping.conditions)
        unwanted = [*unwanted, *(form.ignored_intents if meant else ())]
    return intent not in unwanted


def conditions_hold(slot: Slot, mapping: SlotMapping, tracker: Tracker) -> bool:
    """Tell whether one of the mapping's conditions holds (or it has none).

    A condition without `active_loop` (or with null) means "while no form is active"; one without
    `requested_slot` (or with null) means "whatever is asked for". Where the form has just rejected its input,
    what it asks for isn't filled.
    """
    if not mapping.conditions:
        return True
    loop, requested = tracker.active_loop, tracker.slots.get(REQUESTED_SLOT)
    if loop is not None and loop.rejected and requested == slot.name:
        return False
    for condition in mapping.conditions:
        form, asked = condition.get("active_loop"), condition.get("requested_slot")
        if form is None:
            if loop is None:
                return True
        elif loop is not None and form == loop.name and (not asked or asked == requested):
            return True
    return False


def is_ambiguous(slot: Slot, mapping: SlotMapping, tracker: Tracker, domain: Domain) -> bool:
    """Tell whether an entity could mean several slots of the active form, and this one was not asked for."""
    if mapping.type != "from_entity" or tracker.active_loop is None:
        return False
    form = domain.forms.get(tracker.active_loop.name)
    if form is None or slot.name not in form.required_slots or tracker.slots.get(REQUESTED_SLOT) == slot.name:
        return False
    key = _key(mapping)
    same = [
        other
        for name in form.required_slots
        for other in (domain.slots[name].mappings if name in domain.slots else ())
        if other.type == "from_entity" and _key(other) == key
    ]
    return len(same) > 1


def _key(mapping: SlotMapping) -> str:
    conditions = [dict(condition) for condition in mapping.conditions]
    return json.dumps([dict(mapping.options), conditions], sort_keys=True, default=str)


def values(mapping: SlotMapping, tracker: Tracker) -> list[Any]:
    """Return what a mapping finds in the last message: nothing, one value, or one for each entity."""
    message, options = tracker.latest_message, mapping.options
    if mapping.type == "from_entity":
        return entity_values(tracker, options.get("entity"), options.get("role"), options.get("group"))
    if mapping.type == "from_intent":
        return [options.get("value")]
    if mapping.type == "from_trigger_intent":
        return [options.get("value")] if _is_of_active_form(mapping, tracker) else []
    if mapping.type == "from_text":
        return [message.text if message else None]
    if mapping.type == "from_sentiment":
        sentiment = (message.parse_data.get("sentiment") if message else None) or {}
        return [sentiment["name"]] if sentiment.get("name") is not None else []
    return []


def entity_values(tracker: Tracker, entity: Any, role: Any = None, group: Any = None) -> list[Any]:
    """Return the values of the last message's entities of exactly this kind, role and group."""
    found = tracker.latest_message.entities if tracker.latest_message else ()
    return [e.value for e in found if e.entity == entity and e.role == role and e.group == group]


def _is_of_active_form(mapping: SlotMapping, tracker: Tracker) -> bool:
    name = tracker.active_loop_name
    forms = [condition.get("active_loop") for condition in mapping.conditions]
    return name is not None and (not forms or name in forms)


def listed(value: Any) -> Sequence[Any]:
    """Return a value as a list: none is empty, and one that is no list is alone in it."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]

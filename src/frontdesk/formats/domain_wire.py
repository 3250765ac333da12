"""Put a domain into Rasa's JSON form: what custom actions receive and what stands in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frontdesk.core.domain import (
    DEFAULT_INTENTS,
    REQUESTED_SLOT,
    SESSION_START_METADATA,
    Domain,
    EntityType,
    Form,
    Intent,
    SessionConfig,
)
from frontdesk.core.slots import OTHER, Slot
from frontdesk.formats.domain_merge import Entry, Merged
from frontdesk.formats.responses import written_response
from frontdesk.formats.yaml import plain

_OWN_SLOTS = (REQUESTED_SLOT, SESSION_START_METADATA)


def to_wire(domain: Domain) -> dict[str, Any]:
    """Return a domain in Rasa's JSON form, made from its fields; for one that was changed in code."""
    content: dict[str, Any] = {
        "intents": [_written_intent(i) for n, i in sorted(domain.intents.items()) if not _is_default(i)],
        "entities": [_written_entity(e) for e in domain.entities.values()],
        "slots": {n: _written_slot(s) for n, s in domain.slots.items() if n not in _OWN_SLOTS},
        "responses": {n: [dict(written_response(v)) for v in vs] for n, vs in domain.responses.items()},
        "actions": [_written_action(name, domain) for name in domain.actions],
        "forms": {n: _written_form(f) for n, f in domain.forms.items()},
        "e2e_actions": list(domain.e2e_action_texts),
    }
    if not domain.store_entities_as_slots:
        content["config"] = {"store_entities_as_slots": False}
    return _finished(content, domain.session)


def merged_wire(merged: Merged) -> dict[str, Any]:
    """Return the domain as its files say it, with the defaults that Rasa adds."""
    content: dict[str, Any] = {
        "intents": [_wire_intent(n, e) for n, e in sorted(merged.of("intents").items())],
        "entities": [_named(n, e) for n, e in merged.of("entities").items()],
        "slots": {n: plain(e.value) for n, e in merged.of("slots").items()},
        "responses": {n: plain(e.value) for n, e in merged.of("responses").items()},
        "actions": [_named(n, e) for n, e in merged.of("actions").items()],
        "forms": {n: {"required_slots": [], **_written(e)} for n, e in merged.of("forms").items()},
        "e2e_actions": list(merged.e2e_actions),
    }
    if merged.config is not None:
        content["config"] = plain(merged.config)
    wire = _finished(content, SessionConfig())
    if merged.session is not None:
        wire["session_config"] = plain(merged.session)
    return wire


def _written(entry: Entry) -> Mapping[str, Any]:
    """Return a form as its file says it; of one that is no mapping, which is complained about elsewhere, nothing."""
    return plain(entry.value) if isinstance(entry.value, Mapping) else {}


def _finished(content: Mapping[str, Any], session: SessionConfig) -> dict[str, Any]:
    minutes = session.expiration_minutes
    return {
        "version": "3.1",
        **{key: value for key, value in content.items() if value},
        "session_config": {
            "session_expiration_time": int(minutes) if minutes == int(minutes) else minutes,
            "carry_over_slots_to_new_session": session.carry_over_slots,
        },
    }


def _named(name: str, entry: Entry) -> Any:
    return {name: plain(entry.value)} if entry.value is not None else name


def _wire_intent(name: str, entry: Entry) -> Any:
    if entry.value is None:
        return name
    options = plain(entry.value)
    for key in ("use_entities", "ignore_entities"):
        if key in options and not options[key]:
            options[key] = []
    return {name: options}


def _is_default(intent: Intent) -> bool:
    return intent.name in DEFAULT_INTENTS and intent.use_entities is None


def _written_intent(intent: Intent) -> Any:
    options: dict[str, Any] = {}
    if intent.use_entities is not None:
        options["use_entities"] = list(intent.use_entities)
    if intent.ignore_entities:
        options["ignore_entities"] = list(intent.ignore_entities)
    return {intent.name: options} if options else intent.name


def _written_entity(entity: EntityType) -> Any:
    options: dict[str, Any] = {}
    if entity.roles:
        options["roles"] = list(entity.roles)
    if entity.groups:
        options["groups"] = list(entity.groups)
    if not entity.influence_conversation:
        options["influence_conversation"] = False
    return {entity.name: options} if options else entity.name


def _written_slot(slot: Slot) -> dict[str, Any]:
    written: dict[str, Any] = {"type": slot.type}
    if slot.initial_value is not None:
        written["initial_value"] = plain(slot.initial_value)
    if not slot.influence_conversation:
        written["influence_conversation"] = False
    if slot.values:
        written["values"] = [value for value in slot.values if value != OTHER]
    if slot.type == "float":
        written |= {"min_value": slot.minimum, "max_value": slot.maximum}
    written["mappings"] = [
        {"type": m.type, **plain(m.options), **({"conditions": plain(m.conditions)} if m.conditions else {})}
        for m in slot.mappings
    ]
    return written


def _written_action(name: str, domain: Domain) -> Any:
    explicit = name in domain.send_domain_actions and not name.startswith("validate_")
    return {name: {"send_domain": True}} if explicit else name


def _written_form(form: Form) -> dict[str, Any]:
    written: dict[str, Any] = {"required_slots": list(form.required_slots)}
    if form.ignored_intents:
        written["ignored_intents"] = list(form.ignored_intents)
    return written

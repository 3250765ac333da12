"""Check that the parts of a domain fit together: what one names, another defines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from frontdesk.core.domain import DEFAULT_ACTIONS, Domain
from frontdesk.core.slots import SlotMapping
from frontdesk.core.training import Place
from frontdesk.errors import suggestion
from frontdesk.formats.complaints import Complaints

Places = Mapping[str, Mapping[str, Place]]
"""Section of the domain -> name -> where it stands."""


def check(domain: Domain, places: Places, complaints: Complaints) -> None:
    """Doubt every name in the domain that the domain does not define."""
    _intents(domain, places, complaints)
    _actions(domain, places, complaints)
    _forms(domain, places, complaints)
    for name, slot in domain.slots.items():
        where = places["slots"].get(name)
        for mapping in slot.mappings:
            _mapping(name, mapping, domain, where, complaints)
    for name, variations in domain.responses.items():
        for condition in (c for v in variations for c in v.conditions):
            if condition.name not in domain.slots:
                what = f"The response '{name}' depends on the slot '{condition.name}', which is not defined."
                complaints.doubt(
                    what, places["responses"].get(name), suggestion(condition.name, domain.slots)
                )


def _intents(domain: Domain, places: Places, complaints: Complaints) -> None:
    labels = {f"{e.name}#{label}" for e in domain.entities.values() for label in (*e.roles, *e.groups)}
    for name, where in places["intents"].items():
        intent = domain.intents[name]
        for entity in (*(intent.use_entities or ()), *intent.ignore_entities):
            if entity not in domain.entities and entity not in labels:
                what = f"The intent '{name}' names the entity '{entity}', which is not defined."
                complaints.doubt(what, where, suggestion(entity, domain.entities))


def _actions(domain: Domain, places: Places, complaints: Complaints) -> None:
    parents = {name.split("/")[0] for name in (*domain.actions, *domain.responses) if "/" in name}
    for name in domain.actions:
        if name.startswith("utter_") and name not in domain.responses and name not in parents:
            what = f"The action '{name}' has no response."
            near = suggestion(name, domain.responses) if domain.responses else ""
            hint = near if near.startswith("Did") else f"Add '{name}:' with '- text: ...' to 'responses'."
            complaints.doubt(what, places["actions"].get(name), hint)


def _forms(domain: Domain, places: Places, complaints: Complaints) -> None:
    for name, form in domain.forms.items():
        where = places["forms"].get(name)
        for slot in form.required_slots:
            if slot not in domain.slots:
                what = f"The form '{name}' asks for the slot '{slot}', which is not defined."
                complaints.doubt(what, where, suggestion(slot, places["slots"]))
        for intent in form.ignored_intents:
            _intent(f"The form '{name}' ignores", intent, domain, where, complaints)
        if name in domain.responses or name in DEFAULT_ACTIONS:
            complaints.error(f"'{name}' is a form and an action as well.", where, "Rename the form.")


def _mapping(
    slot: str, mapping: SlotMapping, domain: Domain, where: Place | None, complaints: Complaints
) -> None:
    entity = mapping.options.get("entity")
    if mapping.type == "from_entity" and str(entity) not in domain.entities:
        what = f"The slot '{slot}' is filled from the entity '{entity}', which is not defined."
        complaints.doubt(what, where, suggestion(str(entity), domain.entities))
    elif mapping.type == "from_entity":
        kind = domain.entities[str(entity)]
        _label(slot, "role", mapping.options.get("role"), kind.roles, where, complaints)
        _label(slot, "group", mapping.options.get("group"), kind.groups, where, complaints)
    for key in ("intent", "not_intent"):
        for intent in mapping.options.get(key) or ():
            _intent(f"A mapping of the slot '{slot}' names", intent, domain, where, complaints)
    action = mapping.options.get("action")
    if action is not None and action not in domain.action_names:
        what = f"The slot '{slot}' is filled by the action '{action}', which is not defined."
        complaints.doubt(what, where, suggestion(str(action), domain.actions))
    for condition in mapping.conditions:
        loop, asked = condition.get("active_loop"), condition.get("requested_slot")
        if loop is not None and loop not in domain.forms:
            what = f"A mapping of the slot '{slot}' depends on the form '{loop}', which is not defined."
            complaints.doubt(what, where, suggestion(str(loop), domain.forms))
        if asked is not None and asked not in domain.slots:
            what = f"A mapping of the slot '{slot}' depends on the slot '{asked}', which is not defined."
            complaints.doubt(what, where, suggestion(str(asked), domain.slots))


def _label(
    slot: str, kind: str, name: object, known: Iterable[str], where: Place | None, complaints: Complaints
) -> None:
    if name is not None and name not in tuple(known):
        what = f"The slot '{slot}' is filled from the {kind} '{name}', which its entity does not have."
        complaints.doubt(what, where, suggestion(str(name), known))


def _intent(who: str, name: str, domain: Domain, where: Place | None, complaints: Complaints) -> None:
    if name.split("/")[0] not in domain.intents:
        complaints.doubt(
            f"{who} the intent '{name}', which is not defined.", where, suggestion(name, domain.intents)
        )

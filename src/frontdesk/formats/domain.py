"""Read and write a domain, in one file or in several that are merged as Rasa merges them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from frontdesk.core.slots import Slot
from frontdesk.formats import domain_checks
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.domain_merge import KEYS, Entry, Merged, merge, refuse_rasa_2
from frontdesk.formats.domain_wire import merged_wire, to_wire
from frontdesk.formats.responses import read_response
from frontdesk.formats.slots import read_slot
from frontdesk.formats.writer import dump
from frontdesk.formats.yaml import Block, Items


def read(files: Iterable[Block], complaints: Complaints) -> Domain:
    """Read a domain from the content of its files, checking that its parts fit together.

    What is wrong is noted in `complaints`; the domain returned then lacks the parts that could not be read.
    """
    blocks = list(files)
    for block in blocks:
        complaints.keys(block, KEYS, "The domain", tolerable=True)
    if refuse_rasa_2(blocks, complaints):
        return Domain()
    merged = merge(blocks, complaints)
    slots = {n: read_slot(n, e.value, e.place, complaints) for n, e in merged.of("slots").items()}
    forms = {n: _form(n, e, complaints) for n, e in merged.of("forms").items()}
    if forms and REQUESTED_SLOT not in slots:
        slots[REQUESTED_SLOT] = Slot(REQUESTED_SLOT, "text", influence_conversation=False)
    if KNOWLEDGE_ACTION in merged.of("actions"):
        for name in KNOWLEDGE_SLOTS:
            slots.setdefault(name, Slot(name, "text", influence_conversation=False))
    slots.setdefault(SESSION_START_METADATA, Slot(SESSION_START_METADATA, "any"))
    domain = Domain(
        intents=_intents(merged, complaints),
        entities={n: _entity(n, e, complaints) for n, e in merged.of("entities").items()},
        slots=slots,
        responses={
            n: read_response(n, e.value, e.place, complaints) for n, e in merged.of("responses").items()
        },
        forms=forms,
        actions=tuple(merged.of("actions")),
        send_domain_actions=frozenset(_wanting_domain(merged, complaints)),
        e2e_action_texts=tuple(merged.e2e_actions),
        session=_session(merged.session, complaints),
        store_entities_as_slots=complaints.flag(merged.config, "store_entities_as_slots", True)
        if merged.config is not None
        else True,
        wire=merged_wire(merged),
    )
    domain_checks.check(
        domain, {k: {n: e.place for n, e in v.items()} for k, v in merged.sections.items()}, complaints
    )
    return domain


KNOWLEDGE_ACTION = "action_query_knowledge_base"
"""The SDK's own action over a knowledge base; a domain that lists it has its slots without naming them, as in Rasa."""
KNOWLEDGE_SLOTS = (
    "knowledge_base_listed_objects", "knowledge_base_last_object", "knowledge_base_last_object_type",
)  # fmt: skip


def write(domain: Domain) -> str:
    """Write a domain file from what `wire` says (from the fields if it is empty); `read` gives the same."""
    return dump(domain.wire or to_wire(domain))


def _intents(merged: Merged, complaints: Complaints) -> dict[str, Intent]:
    uncounted = tuple(
        name
        for name, entry in merged.of("entities").items()
        if entry.value is not None and entry.value.get("influence_conversation") is False
    )
    found = {}
    for name, entry in merged.of("intents").items():
        block: Block = entry.value if entry.value is not None else Block(entry.place)
        complaints.keys(block, ("use_entities", "ignore_entities"), f"The intent '{name}'", tolerable=True)
        used: tuple[str, ...] | None = None
        if "use_entities" in block and block["use_entities"] is not True:
            used = complaints.texts(block["use_entities"] or None, block.at("use_entities"), "'use_entities'")
        ignored = uncounted
        if "ignore_entities" in block:
            ignored = complaints.texts(
                block["ignore_entities"] or None, block.at("ignore_entities"), "'ignore_entities'"
            )
        found[name] = Intent(name, used, ignored)
    for name in DEFAULT_INTENTS:
        found.setdefault(name, Intent(name, None, uncounted))
    return found


def _entity(name: str, entry: Entry, complaints: Complaints) -> EntityType:
    block: Block = entry.value if entry.value is not None else Block(entry.place)
    complaints.keys(
        block, ("roles", "groups", "influence_conversation"), f"The entity '{name}'", tolerable=True
    )
    return EntityType(
        name,
        complaints.texts(block.get("roles"), block.at("roles"), f"'roles' of '{name}'"),
        complaints.texts(block.get("groups"), block.at("groups"), f"'groups' of '{name}'"),
        complaints.flag(block, "influence_conversation", True),
    )


def _form(name: str, entry: Entry, complaints: Complaints) -> Form:
    if isinstance(entry.value, Items):
        what = f"The form '{name}' must be a mapping ('key: value'), not a list."
        complaints.error(what, entry.place, "Write 'required_slots:' above the list.")
        return Form(name)
    block = complaints.block(entry.value, entry.place, f"The form '{name}'")
    complaints.keys(block, ("required_slots", "ignored_intents"), f"The form '{name}'", tolerable=True)
    if "ignored_intents" in block and "required_slots" not in block:
        what = f"The form '{name}' has 'ignored_intents' but no 'required_slots'."
        complaints.error(what, entry.place, "Add 'required_slots: [...]'.")
    asked = block.get("required_slots") or None
    ignored = block.get("ignored_intents") or None
    return Form(
        name,
        complaints.texts(asked, block.at("required_slots"), f"'required_slots' of '{name}'"),
        complaints.texts(ignored, block.at("ignored_intents"), f"'ignored_intents' of '{name}'"),
    )


def _wanting_domain(merged: Merged, complaints: Complaints) -> Iterator[str]:
    for name, entry in merged.of("actions").items():
        if entry.value is None:
            if name.startswith("validate_"):
                yield name
            continue
        complaints.keys(entry.value, ("send_domain",), f"The action '{name}'", tolerable=True)
        if complaints.flag(entry.value, "send_domain", False):
            yield name


def _session(block: Block | None, complaints: Complaints) -> SessionConfig:
    if block is None:
        return SessionConfig()
    known = ("session_expiration_time", "carry_over_slots_to_new_session")
    complaints.keys(block, known, "'session_config'", tolerable=True)
    minutes = 60.0
    if block.get(known[0]) is not None:
        minutes = complaints.number(block, known[0], 60.0)
    if minutes < 0:
        complaints.error(f"'{known[0]}' is negative.", block.at(known[0]), "Give minutes; 0 means never.")
    return SessionConfig(minutes, complaints.flag(block, known[1], True))

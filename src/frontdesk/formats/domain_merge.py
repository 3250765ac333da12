"""Join the files of a domain, section by section, before anything is read from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from frontdesk.core.training import Place
from frontdesk.formats.complaints import Complaints, describe
from frontdesk.formats.yaml import Block, Items, plain

LISTS = ("intents", "entities", "actions")
MAPPINGS = ("slots", "responses", "forms")
KEYS = ("version", *LISTS, *MAPPINGS, "e2e_actions", "session_config", "config")


DEFAULT_SESSION = {"session_expiration_time": 60, "carry_over_slots_to_new_session": True}


@dataclass(frozen=True, slots=True)
class Entry:
    """One named thing of a domain as written, and where."""

    value: Any
    place: Place


@dataclass
class Merged:
    """All files of a domain together: the entries of each section by name."""

    sections: dict[str, dict[str, Entry]] = field(
        default_factory=lambda: {k: {} for k in (*LISTS, *MAPPINGS)}
    )
    e2e_actions: list[str] = field(default_factory=list)
    session: Block | None = None
    config: Block | None = None

    def of(self, section: str) -> dict[str, Entry]:
        """Return the entries of a section by name."""
        return self.sections[section]


def merge(blocks: Iterable[Block], complaints: Complaints) -> Merged:
    """Join the sections of several files; of what stands in two of them the first one counts."""
    merged = Merged()
    for block in blocks:
        for section in (*LISTS, *MAPPINGS):
            _merge_section(merged, section, block, complaints)
        texts = complaints.items(block.get("e2e_actions"), block.at("e2e_actions"), "'e2e_actions'")
        merged.e2e_actions += [str(text) for text in texts if str(text) not in merged.e2e_actions]
        for key in ("session_config", "config"):
            if block.get(key) is None:
                continue
            found = complaints.block(block[key], block.at(key), f"'{key}'")
            if key == "session_config":
                # As in Rasa, one that says nothing but the defaults gives way to one that says more.
                if merged.session is None or plain(merged.session) == DEFAULT_SESSION:
                    merged.session = found
            else:
                merged.config = merged.config or found
    return merged


def _merge_section(merged: Merged, section: str, block: Block, complaints: Complaints) -> None:
    known = merged.of(section)
    here: set[str] = set()
    for name, entry in _entries(section, block, complaints):
        if name in here:
            first = known[name].place.line
            what = f"'{name}' stands twice in '{section}', in line {first} and in line {entry.place.line}."
            complaints.error(what, entry.place, "Rename or remove one.")
        elif name in known:
            what = f"'{name}' stands in '{section}' of {known[name].place} as well; that one counts."
            if plain(known[name].value) != plain(entry.value):
                complaints.doubt(what, entry.place, "Remove one.")
            else:
                complaints.notice(what, entry.place, "Remove one.")
        else:
            known[name] = entry
        here.add(name)


def _entries(section: str, block: Block, complaints: Complaints) -> Iterator[tuple[str, Entry]]:
    if section in MAPPINGS:
        content = complaints.block(block.get(section), block.at(section), f"'{section}'")
        for name, value in content.items():
            yield name, Entry(value, content.at(name))
        return
    # Rasa writes `entities: {}` where there are none.
    for item, place in complaints.items(
        block.get(section) or None, block.at(section), f"'{section}'"
    ).placed():
        if isinstance(item, Block):
            yield from _mapped_entry(section, item, place, complaints)
            continue
        written = complaints.text(item, place, f"An entry of '{section}'")
        if written:
            yield written.strip(), Entry(None, place)


def _mapped_entry(
    section: str, item: Block, place: Place, complaints: Complaints
) -> Iterator[tuple[str, Entry]]:
    names = list(item)
    if not names:
        complaints.error(f"An entry of '{section}' is empty.", place, "Write '- name'.")
        return
    name = names[0]
    if len(names) > 1:
        hint = f"Indent '{names[1]}' below '{name}:'."
        complaints.error(f"'{names[1]}' stands beside '{name}', not below it.", item.at(names[1]), hint)
    elif item[name] is None:
        complaints.error(f"Nothing follows '{name}:'.", place, f"Write '- {name}' without the colon.")
    elif not isinstance(item[name], Block):
        complaints.error(f"What follows '{name}:' must be a mapping, not {describe(item[name])}.", place)
    yield name, Entry(item[name] if isinstance(item[name], Block) else None, place)


def refuse_rasa_2(blocks: list[Block], complaints: Complaints) -> bool:
    """Complain of a domain that is in the format of Rasa 2, once and with its most telling sign."""
    for block in blocks:
        sign = _rasa_2_sign(block)
        if sign is not None:
            what = f"This domain is in the format of Rasa 2: {sign[0]}."
            complaints.error(what, sign[1], "Convert it: frontdesk data migrate.")
            return True
    return False


def _rasa_2_sign(block: Block) -> tuple[str, Place] | None:
    forms = block.get("forms")
    if isinstance(forms, Items) and forms:
        return "'forms' is a list", block.at("forms")
    if isinstance(forms, Block):
        for name, form in forms.items():
            if _holds_mappings(form):
                return f"the form '{name}' holds slot mappings", forms.at(name)
    slots = block.get("slots")
    if not isinstance(slots, Block):
        return None
    for name, slot in slots.items():
        if isinstance(slot, Block) and "auto_fill" in slot:
            return f"the slot '{name}' has 'auto_fill'", slot.at("auto_fill")
        if isinstance(slot, Block) and slot.get("type") == "unfeaturized":
            return f"the slot '{name}' is of type 'unfeaturized'", slot.at("type")
    old = str(block.get("version", "")).startswith("2")
    if old and slots and not any(isinstance(s, Block) and "mappings" in s for s in slots.values()):
        return "its slots have no mappings", block.at("slots")
    return None


def _holds_mappings(form: Any) -> bool:
    asked = form.get("required_slots", form) if isinstance(form, Block) else None
    if not isinstance(asked, Block):
        return False
    return any(isinstance(value, Items) for key, value in asked.items() if key != "ignored_intents")

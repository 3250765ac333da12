"""Read markers: descriptions of points in conversations that one wants to find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.training import Place
from frontdesk.errors import ConfigError, suggestion
from frontdesk.formats.complaints import Complaints, describe
from frontdesk.formats.sources import YAML_ENDINGS, Sources
from frontdesk.formats.yaml import Block, Items

NEGATED = {
    "at_least_one_not": "and", "never": "at_least_once", "not_action": "action", "not_intent": "intent",
    "slot_was_not_set": "slot_was_set",
}  # fmt: skip
"""Words for the opposite of another one."""
CONDITIONS = ("action", "intent", "slot_was_set")
OPERATORS = ("and", "or", "not", "seq", "at_least_once")
ALONE = ("not", "at_least_once")
"""Operators over exactly one marker."""
WORDS = (*CONDITIONS, *OPERATORS, *NEGATED)


@dataclass(frozen=True, slots=True)
class Marker:
    """A condition (`kind` action, intent, slot_was_set, with its `text`) or an operator over other markers.

    `negated` turns it into its opposite. Only markers at the top of a file have a `name`.
    """

    kind: str
    negated: bool = False
    text: str | None = None
    parts: tuple[Marker, ...] = ()
    name: str = ""
    description: str | None = None
    place: Place | None = field(default=None, compare=False)

    def conditions(self) -> Iterator[Marker]:
        """Yield all conditions in it."""
        if self.text is not None:
            yield self
        for part in self.parts:
            yield from part.conditions()


def read_markers(path: Path, domain: Domain | None = None) -> tuple[Marker, ...]:
    """Read the markers of a file, or of all YAML files below a folder; with a `domain` their names are checked.

    Raises ConfigError where there is no such file, ProjectError for what is wrong in it.
    """
    hint = "Name a YAML file or a folder of them: --config PATH."
    if not path.exists():
        raise ConfigError("There are no markers here.", where=str(path), hint=hint)
    sources, complaints = Sources(path if path.is_dir() else path.parent), Complaints()
    files = sources.yaml_files(path) if path.is_dir() else [path] if path.suffix in YAML_ENDINGS else []
    if not files:
        raise ConfigError("This is no YAML file, nor a folder with any.", where=str(path), hint=hint)
    found: dict[str, Marker] = {}
    for file in files:
        try:
            content = sources.read_yaml(file)
        except ConfigError as error:
            complaints.caught(error)
            continue
        block = complaints.block(content, Place(sources.name(file), 1), "A file of markers")
        for name, value in block.items():
            _add(name, value, block, found, complaints)
    if not found and not complaints.errors:
        complaints.error("There are no markers here.", Place(str(path)), hint)
    if domain is not None:
        _check(found.values(), domain, complaints)
    complaints.raise_all()
    return tuple(found.values())


def _add(name: str, value: Any, block: Block, found: dict[str, Marker], complaints: Complaints) -> None:
    place = block.at(name)
    if name in WORDS:
        what = f"'{name}' is a word of the marker language, and stands where a marker's name is expected."
        complaints.error(what, place, "Put a name above it.")
    elif name in found:
        complaints.error(f"The marker '{name}' stands in {found[name].place} as well.", place, "Rename one.")
    else:
        marker = _marker(value, place, complaints, name)
        if marker is not None:
            found[name] = marker


def _marker(value: Any, place: Place, complaints: Complaints, name: str = "") -> Marker | None:
    block = complaints.block(value, place, "A marker")
    words = [key for key in block if key != "description"]
    if len(words) != 1:
        what = f"A marker is one of these words and what follows it: {', '.join(WORDS)}."
        complaints.error(what, place, f"Here are {len(words)} keys beside 'description'.")
        return None
    [word] = words
    kind = NEGATED.get(word, word)
    at = block.at(word)
    description = str(block["description"]) if block.get("description") is not None else None
    if kind in CONDITIONS:
        text = complaints.text(block[word], at, f"What follows '{word}'")
        return Marker(kind, word != kind, text, (), name, description, at) if text is not None else None
    if kind not in OPERATORS:
        complaints.error(f"No word of the marker language is '{word}'.", at, suggestion(word, WORDS))
        return None
    parts = _parts(word, block[word], at, complaints)
    if kind in ALONE and len(parts) > 1:
        complaints.error(f"'{word}' is about one marker, not {len(parts)}.", at, "Combine them by 'or'.")
    return Marker(kind, word != kind, None, parts, name, description, at)


def _parts(word: str, value: Any, at: Place, complaints: Complaints) -> tuple[Marker, ...]:
    if not isinstance(value, Items) or not value:
        what = f"'{word}' must be followed by a list of markers, not {describe(value)}."
        complaints.error(what, at, "Write '- intent: ...' and the like below it.")
        return ()
    found = [_marker(item, place, complaints) for item, place in value.placed()]
    return tuple(marker for marker in found if marker is not None)


def _check(markers: Any, domain: Domain, complaints: Complaints) -> None:
    known = {
        "action": {*domain.action_names, *domain.e2e_action_texts},
        "intent": set(domain.intents),
        "slot_was_set": set(domain.slots),
    }
    for marker in markers:
        for condition in marker.conditions():
            name = condition.text.split("/")[0] if condition.kind == "intent" else condition.text
            if name not in known[condition.kind]:
                kind = condition.kind.removesuffix("_was_set")
                complaints.unknown(kind, name, known[condition.kind], condition.place)

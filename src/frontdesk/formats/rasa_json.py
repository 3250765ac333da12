"""Read and write NLU examples in Rasa's JSON format; recognise the formats of others, and say so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from frontdesk.core.codec import entity_from_wire
from frontdesk.core.message import Entity
from frontdesk.core.training import Example, Lookup, NluExamples, Pattern, Place
from frontdesk.errors import ConfigError
from frontdesk.formats import nlu
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.sources import YAML_ENDINGS, Sources
from frontdesk.formats.yaml import Block, read

ROOT = "rasa_nlu_data"
_LISTS = ("common_examples", "intent_examples", "entity_examples")
_HINT = "Convert it with Rasa 3.6 (rasa data convert nlu) first, and go on with what that writes."
_OTHERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("LUIS", ("luis_schema_version",)),
    ("wit.ai", ("utterances",)),
    ("Dialogflow", ("userSays",)),
    ("Dialogflow", ("responses", "webhookUsed")),
    ("Dialogflow", ("googleAssistant",)),
    ("Dialogflow", ("isOverridable", "entries")),
)
"""Keys by which a file of another product is known."""


def read_any(path: Path, target: str = "yaml") -> tuple[NluExamples, list[str]]:
    """Read a file or a folder of YAML and JSON files; returns the examples, and sentences on what is lost.

    `target` is what they are converted to. Raises ConfigError for a format of another product, ProjectError for
    what is wrong in a file.
    """
    if not path.exists():
        raise ConfigError("There is no such file or folder.", where=str(path), hint="Name it: --data PATH.")
    complaints = Complaints()
    sources = Sources(path if path.is_dir() else path.parent)
    parts: list[NluExamples] = []
    for file in _files(path):
        name = sources.name(file)
        if file.suffix in YAML_ENDINGS:
            content = read(file, name=name)
            if isinstance(content, Block):
                parts.append(nlu.read(content, complaints, sources))
        elif file.suffix == ".md" and re.search(r"^## *(?:intent|lookup|regex|synonym):", _text(file), re.M):
            raise ConfigError("This is Markdown, as Rasa 1 wrote it.", where=name, hint=_HINT)
        elif file.suffix == ".json":
            parts.append(read_json(_text(file), name))
    complaints.raise_all(strict=False)
    found = nlu.merge(parts)
    if not found.examples:
        raise ConfigError(
            "There are no NLU examples.", where=str(path), hint="Name another file: --data PATH."
        )
    return found, _lost(found) if target == "json" else []


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    wanted = (*YAML_ENDINGS, ".json", ".md")
    return [p for p in sorted(path.rglob("*")) if p.suffix in wanted and p.is_file()]


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("This is not UTF-8 text.", where=str(file), hint="Save it as UTF-8.") from error


def _lost(found: NluExamples) -> list[str]:
    lost = {"the sentences with a sentiment": found.sentiment, "the responses": found.responses}
    return [
        f"The JSON format has no place for {what}; they are left out." for what, part in lost.items() if part
    ]


def read_json(text: str, name: str) -> NluExamples:
    """Read Rasa's JSON; `name` is how complaints call the file. Raises ConfigError."""
    try:
        content = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        where = f"{name}:{line}" if line else name
        raise ConfigError(f"This is not valid JSON ({error}).", where=where, hint="Correct it.") from error
    root = content.get(ROOT) if isinstance(content, dict) else None
    if not isinstance(root, dict):
        raise ConfigError(_not_rasa(content), where=name, hint=_HINT)
    return _Reader(name).read(root)


def _not_rasa(content: Any) -> str:
    if isinstance(content, dict):
        for product, keys in _OTHERS:
            if all(key in content for key in keys):
                return f"This file is {product}'s, which is not read here."
    if isinstance(content, list) and content and isinstance(content[0], dict) and "isTemplate" in content[0]:
        return "This file is Dialogflow's, which is not read here."
    return f"This is no training file of Rasa: it has no '{ROOT}'."


class _Reader:
    def __init__(self, name: str) -> None:
        self.place = Place(name)

    def read(self, root: Mapping[str, Any]) -> NluExamples:
        examples = [self.example(e) for key in _LISTS for e in self.items(root, key)]
        patterns = [
            Pattern(self.word(p, "name"), self.word(p, "pattern"), self.place)
            for p in self.items(root, "regex_features")
        ]
        lookups = [self.lookup(item) for item in self.items(root, "lookup_tables")]
        synonyms = {
            str(wording).lower(): self.word(entry, "value")
            for entry in self.items(root, "entity_synonyms")
            for wording in entry.get("synonyms") or ()
        }
        for example in examples:
            for entity in example.entities:
                wording = example.text[entity.start : entity.end]
                if wording != str(entity.value):
                    synonyms.setdefault(wording.lower(), str(entity.value))
        return NluExamples(tuple(examples), tuple(patterns), tuple(lookups), synonyms)

    def items(self, root: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        found = root[key] if root.get(key) is not None else []
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self.bad(f"'{key}' must be a list of mappings")
        return found

    def word(self, item: Mapping[str, Any], key: str) -> str:
        value = item.get(key)
        if not isinstance(value, str) or not value:
            raise self.bad(f"'{key}' must be a text, in {_short(item)}")
        return value

    def bad(self, what: str) -> ConfigError:
        return ConfigError(f"{what}.", where=str(self.place), hint="Correct the file.")

    def example(self, item: Mapping[str, Any]) -> Example:
        text = self.word(item, "text")
        entities = []
        for wire in self.items(item, "entities"):
            entity = entity_from_wire(wire)
            start, end = entity.start, entity.end
            if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
                raise self.bad(f"an entity does not lie within its text, in {_short(item)}")
            entities.append(Entity(entity.entity, entity.value, start, end, entity.role, entity.group))
        metadata = item.get("metadata")
        return Example(
            text,
            self.word(item, "intent"),
            tuple(entities),
            dict(metadata) if isinstance(metadata, dict) else {},
            self.place,
        )

    def lookup(self, item: Mapping[str, Any]) -> Lookup:
        elements = item.get("elements")
        if not isinstance(elements, list):
            raise self.bad(
                f"the lookup table '{item.get('name')}' names a file; list its words in 'elements'"
            )
        return Lookup(self.word(item, "name"), tuple(str(word) for word in elements), self.place)


def _short(item: Mapping[str, Any]) -> str:
    text = json.dumps(item, ensure_ascii=False)
    return text if len(text) < 80 else text[:77] + "..."


def write(examples: NluExamples) -> str:
    """Return the examples as Rasa's JSON; `read_json` gives the same again, but for the places."""
    inline = {(e.text[x.start : x.end].lower(), str(x.value)) for e in examples.examples for x in e.entities}
    groups: dict[str, list[str]] = {}
    for wording, value in examples.synonyms.items():
        if (wording, value) not in inline:
            groups.setdefault(value, []).append(wording)
    root = {
        "common_examples": [_example(e) for e in examples.examples],
        "regex_features": [{"name": p.name, "pattern": p.pattern} for p in examples.patterns],
        "lookup_tables": [{"name": i.name, "elements": list(i.words)} for i in examples.lookups],
        "entity_synonyms": [{"value": value, "synonyms": found} for value, found in groups.items()],
    }
    return json.dumps({ROOT: root}, ensure_ascii=False, indent=2) + "\n"


def _example(example: Example) -> dict[str, Any]:
    written: dict[str, Any] = {"text": example.text, "intent": example.intent}
    if example.entities:
        written["entities"] = [_entity(entity) for entity in example.entities]
    if example.metadata:
        written["metadata"] = dict(example.metadata)
    return written


def _entity(entity: Entity) -> dict[str, Any]:
    wire = {"start": entity.start, "end": entity.end, "value": entity.value, "entity": entity.entity}
    return {**wire, **{k: v for k, v in (("role", entity.role), ("group", entity.group)) if v is not None}}

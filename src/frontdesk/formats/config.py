"""Read config.yml: language, pipeline and policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from frontdesk.core.training import Place
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.yaml import Block, plain

KEYS = (
    "version", "recipe", "language", "assistant_id", "pipeline", "policies", "importers", "imports", "spaces",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A component or a policy by its name, with its options."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Config:
    """What an assistant is trained with; names are checked when they are looked up in the registry."""

    recipe: str = "default.v1"
    language: str = "en"
    assistant_id: str | None = None
    pipeline: tuple[Part, ...] = ()
    policies: tuple[Part, ...] = ()
    importers: tuple[Part, ...] = ()
    imports: tuple[str, ...] = ()
    imports_place: Place | None = field(default=None, compare=False)


def read(root: Block, complaints: Complaints) -> Config:
    """Read the content of config.yml; an empty pipeline or list of policies stays empty."""
    complaints.keys(root, KEYS, "config.yml", tolerable=True)
    for key in ("recipe", "language", "assistant_id"):
        if root.get(key) is not None:
            complaints.text(root[key], root.at(key), f"'{key}'")
    own_id = root.get("assistant_id")
    return Config(
        recipe=str(root.get("recipe") or "default.v1"),
        language=str(root.get("language") or "en"),
        assistant_id=str(own_id) if own_id is not None else None,
        pipeline=_parts("pipeline", "component", root, complaints),
        policies=_parts("policies", "policy", root, complaints),
        importers=_parts("importers", "importer", root, complaints),
        imports=complaints.texts(root.get("imports"), root.at("imports"), "'imports'"),
        imports_place=root.at("imports"),
    )


def write(config: Config) -> dict[str, Any]:
    """Return the content of config.yml."""
    content: dict[str, Any] = {"recipe": config.recipe, "language": config.language}
    if config.assistant_id is not None:
        content["assistant_id"] = config.assistant_id
    for key, parts in (("pipeline", config.pipeline), ("policies", config.policies)):
        content[key] = [{"name": part.name, **plain(part.options)} for part in parts]
    return content


def _parts(key: str, kind: str, root: Block, complaints: Complaints) -> tuple[Part, ...]:
    value = root.get(key)
    if isinstance(value, str):
        hint = f"List each {kind}: '- name: ...'."
        complaints.error(f"'{key}: {value}' names a template; there are none.", root.at(key), hint)
        return ()
    found: list[Part] = []
    for item, place in complaints.items(value, root.at(key), f"'{key}'").placed():
        if isinstance(item, str) and item.strip():
            found.append(Part(item.strip(), {}, place))
            continue
        block = complaints.block(item, place, f"An entry of '{key}'")
        if "name" not in block:
            hint = f"Begin it with '- name: ...', the name of the {kind}."
            complaints.error(f"An entry of '{key}' has no name.", place, hint)
            continue
        name = complaints.text(block["name"], block.at("name"), f"The name of a {kind}")
        if name is not None:
            options = {option: plain(inner) for option, inner in block.items() if option != "name"}
            found.append(Part(name.strip(), options, place))
    return tuple(found)

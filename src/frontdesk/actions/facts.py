"""Read figures and wordings that responses and articles take from policy files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from frontdesk.errors import YamlError
from frontdesk.formats import yaml


def read_facts(folder: Path) -> dict[str, str]:
    """Return every value of the folder's YAML files by dotted name: the file's stem, then its keys.

    >>> read_facts(Path("facts"))["opening.first_hour"]
    '9'

    A list of plain values is one fact, joined by commas; in a list of mappings, positions (from 0) are keys.
    A missing folder has no facts. Raises YamlError for a file that is not a mapping, or where two names are
    the same.
    """
    facts: dict[str, str] = {}
    for file in sorted(folder.glob("*.y*ml")) if folder.is_dir() else ():
        if file.suffix not in (".yml", ".yaml"):
            continue
        content = yaml.read(file)
        if content is None:
            continue
        if not isinstance(content, Mapping):
            raise YamlError(
                "A file of facts holds keys with values.", where=str(file), hint="Write `key: value`."
            )
        for name, value in _flattened(file.stem, content):
            if name in facts:
                hint = "Rename one of them."
                raise YamlError(f"The fact '{name}' stands in two places.", where=str(file), hint=hint)
            facts[name] = value
    return facts


def _flattened(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flattened(f"{name}.{key}", item)
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for index, item in enumerate(value):
            yield from _flattened(f"{name}.{index}", item)
    elif isinstance(value, list):
        yield name, ", ".join(plain(item) for item in value)
    elif value is not None:
        yield name, plain(value)


def plain(value: Any) -> str:
    """Return a value as people write it: yes and no, and numbers without needless zeros or exponents."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:.10f}".rstrip("0").rstrip(".")
        return "0" if text in ("", "-0") else text
    return str(value)

"""Write plain values as YAML 1.2 that people like to read: blocks, `|` for lines, quotes where needed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from frontdesk.formats.yaml import resolve_plain

_PLAIN = re.compile(r"[A-Za-z_/äöüßéèáñ][^\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_OLD_WORDS = frozenset(("yes", "no", "on", "off", "y", "n", "true", "false", "null"))
"""Words that readers of YAML 1.1 take for booleans; they are quoted for their sake."""


@dataclass(frozen=True, slots=True)
class Style:
    """How deep things stand: a list below its key, an entry behind the start of its dash, a mapping below its key."""

    offset: int = 0
    gap: int = 2
    indent: int = 2


_USUAL = Style()


def dump(value: Any) -> str:
    """Return mappings, lists, texts, numbers, booleans and None as YAML that `yaml.read_text` reads back."""
    return "\n".join(lines_of(value)) + "\n"


def inline(text: str) -> str:
    """Return a text as it is written on one line: in quotes where it would else mean something different."""
    return _inline(text)


def lines_of(value: Any, style: Style = _USUAL) -> list[str]:
    """Return the lines in which a value is written, without their ends."""
    if isinstance(value, Mapping) and value:
        return _mapping(value, style)
    if isinstance(value, list | tuple) and value:
        return _sequence(value, style)
    return _scalar(value)


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a YAML file in place and keep its comments, order and quotes.

    `change` gets the content as mappings and lists and alters it.
    """
    editor = YAML(typ="rt")
    editor.preserve_quotes = True
    editor.width = 4096
    content = editor.load(path.read_text(encoding="utf-8"))
    change(content)
    stream = StringIO()
    editor.dump(content, stream)
    path.write_text(stream.getvalue(), encoding="utf-8")


def _mapping(value: Mapping[Any, Any], style: Style) -> list[str]:
    lines: list[str] = []
    for key, inner in value.items():
        name = _inline(str(key))
        content = lines_of(inner, style)
        if isinstance(inner, Mapping) and inner:
            lines += [f"{name}:", *_deeper(content, style.indent)]
        elif isinstance(inner, list | tuple) and inner:
            lines += [f"{name}:", *_deeper(content, style.offset)]
        elif inner is None:
            lines.append(f"{name}: null")
        else:
            lines += [f"{name}: {content[0]}", *_deeper(content[1:], style.indent)]
    return lines


def _sequence(value: list[Any] | tuple[Any, ...], style: Style) -> list[str]:
    lines: list[str] = []
    for inner in value:
        content = lines_of(inner, style)
        lines += [f"-{' ' * (style.gap - 1)}{content[0]}", *_deeper(content[1:], style.gap)]
    return lines


def _deeper(lines: list[str], columns: int) -> list[str]:
    return [" " * columns + line if line else "" for line in lines]


def _scalar(value: Any) -> list[str]:
    if isinstance(value, str):
        return _block(value) if _fits_block(value) else [_inline(value)]
    if isinstance(value, Mapping):
        return ["{}"]
    if isinstance(value, list | tuple):
        return ["[]"]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if value is None:
        return ["null"]
    if isinstance(value, float):
        return [_float(value)]
    return [str(value)]


def _float(value: float) -> str:
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    return repr(value)


def _fits_block(text: str) -> bool:
    if "\n" not in text.rstrip("\n") and not text.endswith("\n"):
        return False
    if _UNPRINTABLE.search(text) or not text.strip():
        return False
    lines = text.split("\n")
    # The first line sets the indentation, and spaces at an end are easily lost in an editor.
    return lines[0][:1] not in ("", " ", "\t") and not any(line != line.rstrip() for line in lines)


def _block(text: str) -> list[str]:
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    chomp = {0: "-", 1: ""}.get(ends, "+")
    # A block's content stands deeper than its key: every line after the first is indented by the caller.
    return [f"|{chomp}", *body.split("\n"), *[""] * max(0, ends - 1)]


def _inline(text: str) -> str:
    plain = (
        _PLAIN.fullmatch(text)
        and text.lower() not in _OLD_WORDS
        and not text.endswith((" ", ":"))
        and ": " not in text
        and " #" not in text
        and "${" not in text
        and not any(c in text for c in "[]{},&*!|>'\"%@`\t")
        and isinstance(resolve_plain(text), str)
    )
    if plain:
        return text
    return _UNPRINTABLE.sub(lambda m: _escaped(m[0]), json.dumps(text, ensure_ascii=False))


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"

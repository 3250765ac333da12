"""Fill `{placeholders}` in responses with values, and never with anything else.

A placeholder is a plain name that is looked up in a mapping: there is no attribute access, no index, no
format specification, so `{name.__class__}` is looked up as it stands, is not found, and stays as it was
written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_PART = re.compile(r"\{\{[^\n{}]+\}\}|\{\{|\}\}|\{[^\n{}]+\}")
"""A placeholder in doubled braces (which stays as a text), a doubled brace, or a placeholder."""

Values = Mapping[str, Any]


def fill_text(text: str, values: Values, render: Callable[[Any], str] = str) -> str:
    """Return the text with its placeholders filled, all of them or none; `{{name}}` becomes `{name}`.

    As in Rasa, a text that names something unknown stays as it was written, and so does one that has placeholders
    both to be filled and in doubled braces. Values are put in once: a placeholder within a value is text.
    """
    parts = [found.group() for found in _PART.finditer(text)]
    known = [part[1:-1] in values for part in parts if _is_placeholder(part)]
    if not all(known) or (known and any(part.startswith("{{") and len(part) > 2 for part in parts)):
        return text

    def replace(found: re.Match[str]) -> str:
        part = found.group()
        if _is_placeholder(part):
            return render(values[part[1:-1]])
        return part[1:-1] if len(part) > 2 else part[0]

    return _PART.sub(replace, text)


def _is_placeholder(part: str) -> bool:
    return len(part) > 2 and not part.startswith("{{")


def fill(value: Any, values: Values) -> Any:
    """Return a new value in which every text, at any depth of lists and mappings, is filled."""
    if isinstance(value, str):
        return fill_text(value, values)
    if isinstance(value, Mapping):
        return {key: fill(item, values) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [fill(item, values) for item in value]
    return value


def fill_payload(payload: str, values: Values) -> str:
    """Return a button's payload, filled; in `/intent{...}` no value breaks out of the JSON around it.

    The braces of the JSON are doubled, as in Rasa; where they are not, what is known is filled all the same.
    """
    if not payload.startswith("/") or "{" not in payload:
        return fill_text(payload, values)
    if "{{" in payload:
        return fill_text(payload, values, _within_json)

    def replace(found: re.Match[str]) -> str:
        name = found.group()[1:-1]
        return _within_json(values[name]) if name in values else found.group()

    return _PART.sub(replace, payload)


def _within_json(value: Any) -> str:
    return json.dumps(str(value), ensure_ascii=False)[1:-1]

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

_PLACEHOLDER = re.compile(r"\{\{([^\n{}]+?)\}\}|\{([^\n{}]+?)\}")

Values = Mapping[str, Any]


def fill_text(text: str, values: Values, render: Callable[[Any], str] = str) -> str:
    """Return the text with known placeholders filled; an unknown one stays, `{{name}}` becomes `{name}`.

    Values are put in once: a placeholder within a value is text. (Rasa leaves the whole text unfilled where
    one placeholder is unknown; here the known ones are filled.)
    """

    def replace(found: re.Match[str]) -> str:
        escaped, name = found.groups()
        if escaped is not None:
            return f"{{{escaped}}}"
        return render(values[name]) if name in values else found.group()

    return _PLACEHOLDER.sub(replace, text)


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
    """Return a button's payload, filled; in `/intent{...}` no value breaks out of the JSON around it."""
    if not payload.startswith("/") or "{" not in payload:
        return fill_text(payload, values)
    return fill_text(payload, values, lambda value: json.dumps(str(value), ensure_ascii=False)[1:-1])

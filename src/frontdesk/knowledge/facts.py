"""Put figures into the texts of articles, so that each one is written in a single place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from frontdesk.core.training import Place
from frontdesk.errors import suggestion
from frontdesk.formats.complaints import Complaints, describe

_SPOT = re.compile(r"`+[^`]*`+|\{\{([^\n{}]+)\}\}|\{([^\n{}]+)\}")
_NAME = re.compile(r"\w[\w-]*(\.\w[\w-]*)*")


class Facts:
    """Fills `{file.key}` from a mapping, which may be nested or have dotted keys.

    >>> facts = Facts({"opening": {"hours": "9 to 5"}})
    >>> facts.fill("We are open {opening.hours}.", Place("a.md", 1), Complaints())
    'We are open 9 to 5.'
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(_flat(values))

    def fill(self, text: str, where: Place, complaints: Complaints) -> str:
        """Return the text with every fact put in; an unknown one is complained of.

        `{{name}}` becomes `{name}`, and code in backticks stays as it is. A value is put in once: braces
        within it are text.
        """

        def replace(found: re.Match[str]) -> str:
            escaped, name = found.groups()
            if escaped is not None:
                return f"{{{escaped}}}"
            if name is None or not _NAME.fullmatch(name.strip()):
                return found[0]
            return self._value(name.strip(), found[0], where, complaints)

        return _SPOT.sub(replace, text)

    def addresses(self) -> Iterator[str]:
        """Yield the facts that are web addresses: their hosts are the project's own."""
        for value in self._values.values():
            if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
                yield value

    def _value(self, name: str, spot: str, where: Place, complaints: Complaints) -> str:
        if name not in self._values:
            complaints.error(f"No fact is called '{name}'.", where, suggestion(name, self._values))
            return spot
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            hint = "Name a fact that is a text or a number, or add one that says it in words."
            complaints.error(
                f"The fact '{name}' is {describe(value)}, which can't stand in a sentence.", where, hint
            )
            return spot
        return str(value)


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield name, value

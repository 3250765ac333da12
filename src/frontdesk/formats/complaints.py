"""Collect everything that is wrong with a project, so that a person sees it at once and not one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from frontdesk.core.training import Place
from frontdesk.errors import ConfigError, suggestion
from frontdesk.formats.yaml import Block, Items

SHOWN = 20


class ProjectError(ConfigError):
    """Several complaints about a project's files; the first 20 are shown, `complaints` holds them all."""

    def __init__(self, complaints: Iterable[ConfigError]) -> None:
        self.complaints = tuple(complaints)
        count = len(self.complaints)
        lines = [c.sentence for c in self.complaints[:SHOWN]]
        if count > SHOWN:
            lines.append(f"... and {count - SHOWN} more.")
        title = (
            "There is a problem in the project:"
            if count == 1
            else f"There are {count} problems in the project:"
        )
        super().__init__("\n  ".join([title, *lines]))


class Complaints:
    """Everything found so far.

    An `error` cannot be meant; a `doubt` is what Rasa would only warn of (an intent that the domain does not
    know); a `notice` is for reading only (an old version number).
    """

    def __init__(self) -> None:
        self.errors: list[ConfigError] = []
        self.doubts: list[ConfigError] = []
        self.notices: list[ConfigError] = []

    def error(self, what: str, where: Place | None, hint: str | None = None) -> None:
        """Note something that cannot be meant."""
        self.errors.append(_complaint(what, where, hint))

    def doubt(self, what: str, where: Place | None, hint: str | None = None) -> None:
        """Note something that is most likely a mistake."""
        self.doubts.append(_complaint(what, where, hint))

    def notice(self, what: str, where: Place | None, hint: str | None = None) -> None:
        """Note something that is worth reading and stops nothing."""
        self.notices.append(_complaint(what, where, hint))

    def caught(self, error: ConfigError) -> None:
        """Note an error that was raised while reading a file."""
        self.errors.append(error)

    def raise_all(self, *, strict: bool = True) -> None:
        """Raise ProjectError where there are errors or, if `strict`, doubts."""
        found = [*self.errors, *(self.doubts if strict else [])]
        if found:
            raise ProjectError(sorted(found, key=_order))

    def unknown(self, kind: str, name: str, known: Iterable[str], where: Place | None) -> None:
        """Doubt a name that nothing answers to, suggesting the nearest."""
        self.doubt(f"No {kind} is called '{name}'.", where, suggestion(name, known))

    # Shapes: each returns the value where it is as it should be, else complains and returns what is empty.

    def block(self, value: Any, where: Place, what: str) -> Block:
        """Expect a mapping (nothing counts as an empty one)."""
        if isinstance(value, Block):
            return value
        if value is not None:
            self.error(f"{what} must be a mapping ('key: value'), not {describe(value)}.", where)
        return Block(where)

    def items(self, value: Any, where: Place, what: str) -> Items:
        """Expect a list (nothing counts as an empty one)."""
        if isinstance(value, Items):
            return value
        if value is not None:
            self.error(f"{what} must be a list ('- ...'), not {describe(value)}.", where)
        return Items(where)

    def text(self, value: Any, where: Place, what: str) -> str | None:
        """Expect a text that is not empty; a number or a boolean counts as its own spelling."""
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        self.error(f"{what} must be a text, not {describe(value)}.", where)
        return None

    def texts(self, value: Any, where: Place, what: str) -> tuple[str, ...]:
        """Expect a list of texts; a single text counts as a list of one."""
        if isinstance(value, str) and value.strip():
            return (value,)
        found = [
            self.text(v, at, f"Each entry of {what}") for v, at in self.items(value, where, what).placed()
        ]
        return tuple(f for f in found if f is not None)

    def flag(self, block: Block, key: str, default: bool) -> bool:
        """Expect true or false under a key; a key with nothing after it says false, as in Rasa."""
        value = block.get(key, default)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.error(f"'{key}' must be true or false, not {describe(value)}.", block.at(key))
        return default

    def number(self, block: Block, key: str, default: float) -> float:
        """Expect a number under a key."""
        value = block.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        self.error(f"'{key}' must be a number, not {describe(value)}.", block.at(key))
        return default

    def keys(self, block: Block, known: Iterable[str], what: str, *, tolerable: bool = False) -> None:
        """Complain of unknown keys, suggesting the nearest; `tolerable` where Rasa ignores them."""
        names = tuple(known)
        for key in block:
            if key not in names:
                complain = self.doubt if tolerable else self.error
                complain(f"{what} has no key '{key}'.", block.at(key), suggestion(key, names))


def describe(value: Any) -> str:
    """Say what a value is, for a complaint."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    if isinstance(value, bool):
        text = text.lower()
    return f"'{text if len(text) <= 40 else text[:37] + '...'}'"


def _complaint(what: str, where: Place | None, hint: str | None) -> ConfigError:
    return ConfigError(what, where=str(where) if where else None, hint=hint)


def _order(error: ConfigError) -> tuple[str, int]:
    file, _, line = (error.where or "").rpartition(":")
    return (file, int(line)) if line.isdigit() else (error.where or "", 0)

"""What a check of a project finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from frontdesk.errors import FrontdeskError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or looks like it.

    An `error` always fails the check; a `warning` does where warnings are to; a `note` never does. `lines` say more.
    """

    severity: Severity
    what: str
    where: str | None = None
    hint: str | None = None
    lines: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The whole finding: place, what it is, what to do."""
        return FrontdeskError(self.what, where=self.where, hint=self.hint).sentence

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(f"    {line}" for line in self.lines)])

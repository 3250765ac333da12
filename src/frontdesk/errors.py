"""Every error that Frontdesk raises on purpose has one root.

    FrontdeskError
      + ConfigError             a file of the project says something that cannot be meant
        + YamlError             a file is not valid YAML, or not of the expected shape
        + UnknownName           a component, policy, action, channel or store name that nothing answers to
        + MissingExtra          an optional part is used that is not installed
      + TrainingError           training cannot go on with these examples
      + PackageError            a model package is missing, damaged, too new or unsafe
      + ActionError             a custom action could not be run
        + ActionImportError     the module of custom actions cannot be imported
        + ActionTimeout         a custom action took longer than its deadline
        + ActionRejected        a custom action refused to run (`ActionExecutionRejection`)
      + StoreError              a conversation could not be read or written
        + StaleConversation     somebody else wrote to the conversation in between
        + Overloaded            too many messages wait already
        + LockLost              the conversation's lock went to somebody else in the middle of a turn
      + AuthError               a token is missing, expired, forged or not meant for this
      + LimitError              a message or a body is larger than allowed
        + TooMany               somebody asks more often than allowed
      + AddressRefused          an address that a caller or a file from elsewhere names is not connected to
      + LLMError                the language model did not give a usable answer in time
      + EndpointError           another server (actions, responses, NLU) gave no usable answer
        + EndpointTimeout       it took longer than its deadline

A message says what happened, where (file:line), what was expected, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Self


class FrontdeskError(Exception):
    """Report a failure in one readable sentence.

    `where` is "file:line" or another place that a reader can go to; `hint` says what to do next.
    """

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(self.sentence)

    def at(self, where: str | None) -> Self:
        """Return the same error with its place, where it did not know one."""
        if self.where is None and where is not None:
            self.where = where
            self.args = (self.sentence,)
        return self

    @property
    def sentence(self) -> str:
        """The whole message: place, what happened, what to do."""
        place = f"{self.where}: " if self.where else ""
        gap = "\n" if "\n" in self.what else " "  # below a list, not behind its last line
        advice = f"{gap}{self.hint}" if self.hint else ""
        return f"{place}{self.what}{advice}"


class ConfigError(FrontdeskError):
    """A file of the project says something that cannot be meant."""


class YamlError(ConfigError):
    """A file is not valid YAML, or not of the expected shape."""


class UnknownName(ConfigError):
    """A name in a file that nothing answers to."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str | None = None) -> None:
        names = sorted(set(known))
        super().__init__(f"No {kind} is called '{name}'.", where=where, hint=suggestion(name, names))
        self.name = name


class MissingExtra(ConfigError):
    """An optional part is used that is not installed."""

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(
            f"{part} needs an optional part.", hint=f"Install it: pip install 'frontdesk[{extra}]'."
        )


class TrainingError(FrontdeskError):
    """Training cannot go on with these examples."""


class PackageError(FrontdeskError):
    """A model package is missing, damaged, too new or unsafe."""


class ActionError(FrontdeskError):
    """A custom action could not be run."""


class ActionImportError(ActionError):
    """The module of custom actions cannot be imported."""


class ActionTimeout(ActionError):
    """A custom action took longer than its deadline."""


class ActionRejected(ActionError):
    """A custom action refused to run; policies choose another one."""

    def __init__(self, action: str, reason: str = "") -> None:
        super().__init__(reason or f"The action '{action}' refused to run.")
        self.action = action


class StoreError(FrontdeskError):
    """A conversation could not be read or written."""


class StaleConversation(StoreError):
    """Somebody else wrote to the conversation in between."""


class LockLost(StoreError):
    """The conversation's lock went to somebody else in the middle of a turn; `fence` is the one to be above of."""

    def __init__(self, fence: int = 0) -> None:
        what = "The conversation's lock went to another server in the middle of a turn."
        super().__init__(what, hint="Wait for the lock again, and look whether the message was answered.")
        self.fence = fence


class Overloaded(StoreError):
    """Too many messages wait already; nothing was written down."""


class AuthError(FrontdeskError):
    """A token is missing, expired, forged or not meant for this."""


class LimitError(FrontdeskError):
    """A message or a body is larger than allowed."""


class TooMany(LimitError):
    """Somebody asks more often than allowed; `after` is in how many seconds there is room again."""

    def __init__(self, what: str, after: int) -> None:
        unit = "second" if after == 1 else "seconds"
        super().__init__(what, hint=f"Please try again in {after} {unit}.")
        self.after = after


class AddressRefused(FrontdeskError):
    """An address that a caller or a file from elsewhere names is not connected to."""


class LLMError(FrontdeskError):
    """The language model did not give a usable answer in time."""


class EndpointError(FrontdeskError):
    """Another server gave no usable answer."""


class EndpointTimeout(EndpointError):
    """Another server took longer than its deadline."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'?" for a near miss, else the list of what there is."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    if not names:
        return "None is defined."
    shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
    return f"There are: {shown}."


def place(file: str | Path | None, line: int | None = None) -> str | None:
    """Return "file:line" as terminals make it clickable, or None where nothing is known."""
    if file is None:
        return None
    return str(file) if line is None else f"{file}:{line}"

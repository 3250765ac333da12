"""What an assistant is trained from, as read from its files. Every part knows where it stands (file, line)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from frontdesk.core.message import Entity


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line is not None else self.file


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence of the training data; entities carry offsets into `text` (annotations are taken out)."""

    text: str
    intent: str
    entities: tuple[Entity, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression with a name: an intent's or an entity's."""

    name: str
    pattern: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Words that an entity may have as its value."""

    name: str
    words: tuple[str, ...]
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence with a label beside the intents (sentiment)."""

    text: str
    label: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True)
class NluExamples:
    """Everything that the NLU learns from. `synonyms` maps a lower-case wording to its value."""

    examples: tuple[Example, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)
    sentiment: tuple[Labelled, ...] = ()
    responses: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserStep:
    """The user says something; `text` is given in end-to-end stories and test stories."""

    intent: str | None = None
    text: str | None = None
    entities: tuple[Entity, ...] = ()
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ActionStep:
    """An action runs, or a text is said (`bot:`)."""

    name: str | None = None
    text: str | None = None
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SlotStep:
    """Slots have values; `has_value` False where the file names the slot only (any value but none)."""

    name: str
    value: Any = None
    has_value: bool = True
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LoopStep:
    """A form becomes active, or (None) is left."""

    name: str | None
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CheckpointStep:
    """Stories are joined here; `slots` are conditions."""

    name: str
    slots: tuple[SlotStep, ...] = ()
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OrStep:
    """One of several steps happens."""

    options: tuple[UserStep | SlotStep, ...]
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EllipsisStep:
    """`...` in a rule: anything may stand here."""

    place: Place | None = field(default=None, compare=False)


Step = UserStep | ActionStep | SlotStep | LoopStep | CheckpointStep | OrStep | EllipsisStep


@dataclass(frozen=True, slots=True)
class Story:
    """A conversation as it may go."""

    name: str
    steps: tuple[Step, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A short piece of conversation that always goes the same way."""

    name: str
    steps: tuple[Step, ...]
    conditions: tuple[SlotStep | LoopStep, ...] = ()
    conversation_start: bool = False
    wait_for_user_input: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True)
class TrainingSet:
    """All training files of a project together."""

    nlu: NluExamples = NluExamples()
    stories: tuple[Story, ...] = ()
    rules: tuple[Rule, ...] = ()

"""What a user sent, what was understood of it, and what the assistant says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What a channel received, before anything is understood.

    `authenticated` is decided by the channel alone: True where the conversation belongs to a token that this
    server issued, to a verified signature, or to a caller that credentials.yml trusts.
    """

    text: str
    sender_id: str
    channel: str = "cmdline"
    message_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    authenticated: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text with its character offsets, end exclusive."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of text that means something: `text[start:end]` says `value` of kind `entity`."""

    entity: str
    value: Any
    start: int | None = None
    end: int | None = None
    role: str | None = None
    group: str | None = None
    confidence: float | None = None
    extractor: str | None = None
    processors: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IntentScore:
    """An intent (or a sentiment) and how sure the classifier is, from 0 to 1."""

    name: str | None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class SparseVector:
    """The few features of a text that are not zero: parallel `indices` and `values` out of `size`."""

    indices: Any
    values: Any
    size: int


@dataclass(frozen=True, slots=True)
class Features:
    """What one featurizer says of a text.

    `sentence` is a SparseVector or a float32 array of shape (size,); `tokens` is None, or one such value a token.
    """

    origin: str
    sentence: Any = None
    tokens: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A text on its way through the pipeline; every component returns a new one with its part filled in."""

    text: str
    tokens: tuple[Token, ...] = ()
    features: tuple[Features, ...] = ()
    intent: IntentScore | None = None
    ranking: tuple[IntentScore, ...] = ()
    entities: tuple[Entity, ...] = ()
    sentiment: IntentScore | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    final: bool = False
    """True when the text was a payload such as `/greet`: no component may guess over it."""

    def but(self, **changes: Any) -> Message:
        """Return the same message with some fields replaced."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Button:
    """A choice that the user can press; `payload` is what is sent then, `extra` what few channels know (`url`)."""

    title: str
    payload: str | None = None
    type: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BotMessage:
    """One thing the assistant says, independent of the channel.

    `data` holds the parts that channels render, in Rasa's names: `buttons`, `elements`, `quick_replies`,
    `attachment`, `image`, `custom`. `metadata` is kept with the event (`utter_action`, sources of an answer ...).
    """

    text: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

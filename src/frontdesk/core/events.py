"""Everything that can happen in a conversation, as frozen facts.

The names on the wire are Rasa's (`type_name`); `core/codec.py` translates. A timestamp is seconds since the epoch; 0.0
means "not yet logged" and is filled in when the event is appended by the runtime.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from frontdesk.core.message import Entity

IN_REPLY_TO = "in_reply_to"
"""Metadata of what is said before the message is logged that it answers: the id of that message."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One fact of a conversation."""

    type_name: ClassVar[str] = "event"

    timestamp: float = field(default=0.0, compare=False)
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)
    extra: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)
    """Keys of the wire form that this version does not know; apart from `metadata`, which users can write."""


@dataclass(frozen=True)
class UserUttered(Event):
    """The user said something, and this is what was understood.

    `parse_data` is the NLU result in Rasa's wire form (text, intent, intent_ranking, entities, sentiment ...).
    """

    type_name: ClassVar[str] = "user"
    text: str | None = None
    parse_data: Mapping[str, Any] = field(default_factory=dict, compare=False)
    entities: tuple[Entity, ...] = field(default=(), compare=False)
    input_channel: str | None = field(default=None, compare=False)
    message_id: str | None = field(default=None, compare=False)
    use_text_for_featurization: bool | None = field(default=None, compare=False)

    @property
    def intent(self) -> str | None:
        """The name of the intent that was understood."""
        name = (self.parse_data.get("intent") or {}).get("name")
        return name if isinstance(name, str) else None

    @property
    def intent_confidence(self) -> float:
        """How sure the NLU was, from 0 to 1."""
        return float((self.parse_data.get("intent") or {}).get("confidence") or 0.0)


@dataclass(frozen=True)
class UserFeaturized(Event):
    """A policy says whether the last message counts by its text or by its intent."""

    type_name: ClassVar[str] = "user_featurization"
    use_text_for_featurization: bool | None = None


@dataclass(frozen=True)
class EntitiesAdded(Event):
    """A policy found entities in the last message."""

    type_name: ClassVar[str] = "entities"
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class BotUttered(Event):
    """The assistant said something."""

    type_name: ClassVar[str] = "bot"
    text: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SlotSet(Event):
    """A slot got a value (None empties it)."""

    type_name: ClassVar[str] = "slot"
    name: str = ""
    value: Any = None


@dataclass(frozen=True)
class Restarted(Event):
    """The conversation starts over; its history is no longer looked at."""

    type_name: ClassVar[str] = "restart"


@dataclass(frozen=True)
class UserUtteranceReverted(Event):
    """Everything back to before the last user message is undone."""

    type_name: ClassVar[str] = "rewind"


@dataclass(frozen=True)
class AllSlotsReset(Event):
    """Every slot is back at its initial value."""

    type_name: ClassVar[str] = "reset_slots"


@dataclass(frozen=True)
class ReminderScheduled(Event):
    """An intent is to be triggered at a time (`date_time`, ISO 8601)."""

    type_name: ClassVar[str] = "reminder"
    intent: str = ""
    date_time: str = ""
    entities: Any = None
    name: str | None = None
    kill_on_user_msg: bool = True


@dataclass(frozen=True)
class ReminderCancelled(Event):
    """Reminders are called off, by name, intent or entities; all of them where none is given."""

    type_name: ClassVar[str] = "cancel_reminder"
    name: str | None = None
    intent: str | None = None
    entities: Any = None


@dataclass(frozen=True)
class ActionReverted(Event):
    """Everything back to before the last action is undone."""

    type_name: ClassVar[str] = "undo"


@dataclass(frozen=True)
class StoryExported(Event):
    """The conversation was written to a file as a story."""

    type_name: ClassVar[str] = "export"
    path: str | None = None


@dataclass(frozen=True)
class FollowupAction(Event):
    """An action is to run next, whatever the policies say."""

    type_name: ClassVar[str] = "followup"
    name: str | None = None


@dataclass(frozen=True)
class ConversationPaused(Event):
    """The assistant says nothing until the conversation is resumed."""

    type_name: ClassVar[str] = "pause"


@dataclass(frozen=True)
class ConversationResumed(Event):
    """The assistant answers again."""

    type_name: ClassVar[str] = "resume"


@dataclass(frozen=True)
class ActionExecuted(Event):
    """An action ran (`name`), or an end-to-end text was said (`action_text`)."""

    type_name: ClassVar[str] = "action"
    name: str | None = None
    policy: str | None = field(default=None, compare=False)
    confidence: float | None = field(default=None, compare=False)
    action_text: str | None = None
    hide_rule_turn: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class AgentUttered(Event):
    """A person said something to the user."""

    type_name: ClassVar[str] = "agent"
    text: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ActiveLoop(Event):
    """A form became active, or (with None) was left."""

    type_name: ClassVar[str] = "active_loop"
    name: str | None = None


@dataclass(frozen=True)
class LoopInterrupted(Event):
    """The form was left for a question, and must not validate the next input."""

    type_name: ClassVar[str] = "loop_interrupted"
    is_interrupted: bool = False


@dataclass(frozen=True)
class ActionExecutionRejected(Event):
    """An action refused to run."""

    type_name: ClassVar[str] = "action_execution_rejected"
    name: str | None = None
    policy: str | None = field(default=None, compare=False)
    confidence: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class SessionStarted(Event):
    """A new conversation session began."""

    type_name: ClassVar[str] = "session_started"


@dataclass(frozen=True)
class HandoffRequested(Event):
    """A person is asked to take over (an event of Frontdesk's own; Rasa has none)."""

    type_name: ClassVar[str] = "handoff"
    reason: str | None = None
    ticket: str | None = None
    summary: str | None = None


@dataclass(frozen=True)
class UnknownEvent(Event):
    """An event of a kind that this version does not know, kept word for word."""

    type_name: ClassVar[str] = "unknown"
    wire: Mapping[str, Any] = field(default_factory=dict)


def same(one: Event | None, other: Event | None) -> bool:
    """Tell whether two events are one and the same, and not only alike: then they happened at one time."""
    return one is not None and other is not None and one == other and one.timestamp == other.timestamp


def stamped(event: Event, timestamp: float) -> Event:
    """Return the event with a timestamp, unless it has one."""
    return event if event.timestamp else dataclasses.replace(event, timestamp=timestamp)

"""What an assistant understands, remembers, says and does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from frontdesk.core.message import Button
from frontdesk.core.slots import Slot

DEFAULT_ACTIONS = (
    "action_listen", "action_restart", "action_session_start", "action_default_fallback", "action_deactivate_loop",
    "action_revert_fallback_events", "action_default_ask_affirmation", "action_default_ask_rephrase",
    "action_two_stage_fallback", "action_unlikely_intent", "action_back", "action_extract_slots",
    "action_validate_slot_mappings", "action_send_text", "action_answer_question",
)  # fmt: skip
"""Actions that the engine brings; all but the last are Rasa's."""

DEFAULT_INTENTS = ("restart", "back", "out_of_scope", "session_start", "nlu_fallback")
REQUESTED_SLOT = "requested_slot"
SESSION_START_METADATA = "session_started_metadata"


@dataclass(frozen=True, slots=True)
class Intent:
    """An intent and which entities count beside it; `use_entities` None means all but `ignore_entities`."""

    name: str
    use_entities: tuple[str, ...] | None = None
    ignore_entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityType:
    """A kind of entity with its roles and groups."""

    name: str
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    influence_conversation: bool = True


@dataclass(frozen=True, slots=True)
class ResponseCondition:
    """A slot that must hold a value for a variation to be chosen."""

    name: str
    value: Any
    type: str = "slot"


@dataclass(frozen=True, slots=True)
class Response:
    """One variation of a response; `data` holds image, custom, attachment, elements ... as written."""

    text: str | None = None
    buttons: tuple[Button, ...] = ()
    channel: str | None = None
    conditions: tuple[ResponseCondition, ...] = ()
    id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """The slots that a form asks for, in order, and the intents that it overhears."""

    name: str
    required_slots: tuple[str, ...] = ()
    ignored_intents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """When a conversation counts as lapsed (minutes; 0 is never), and whether slots survive that."""

    expiration_minutes: float = 60.0
    carry_over_slots: bool = True


@dataclass(frozen=True)
class Domain:
    """Everything that config.yml's components and policies need to know of an assistant.

    `wire` is the domain as merged from its files, in Rasa's JSON form: what custom actions receive.
    """

    intents: Mapping[str, Intent] = field(default_factory=dict)
    entities: Mapping[str, EntityType] = field(default_factory=dict)
    slots: Mapping[str, Slot] = field(default_factory=dict)
    responses: Mapping[str, tuple[Response, ...]] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    send_domain_actions: frozenset[str] = frozenset()
    e2e_action_texts: tuple[str, ...] = ()
    session: SessionConfig = SessionConfig()
    store_entities_as_slots: bool = True
    wire: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def initial_slots(self) -> dict[str, Any]:
        """The value of every slot at the start of a conversation."""
        return {name: slot.initial_value for name, slot in self.slots.items()}

    @cached_property
    def featurized_slots(self) -> tuple[Slot, ...]:
        """The slots that policies look at."""
        return tuple(slot for slot in self.slots.values() if slot.featurized)

    @cached_property
    def wire_json(self) -> str:
        """What custom actions receive, as JSON."""
        return json.dumps(dict(self.wire), default=str)

    @cached_property
    def wire_digest(self) -> str:
        """A digest of what custom actions receive; a newer action server keeps domains by it."""
        return hashlib.sha256(json.dumps(self.wire, sort_keys=True, default=str).encode()).hexdigest()

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        """Every action that can be predicted, in Rasa's order: defaults, the domain's own, responses, forms."""
        names = [*DEFAULT_ACTIONS, *self.actions, *self.responses, *self.forms]
        return tuple(dict.fromkeys(n for n in names if n))

    @cached_property
    def custom_actions(self) -> frozenset[str]:
        """Actions that the action server runs."""
        own = {a for a in self.actions if a not in self.responses and a not in self.forms}
        return frozenset(a for a in own if not a.startswith("utter_"))

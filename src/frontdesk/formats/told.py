"""Make a story of what happened in a conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActiveLoop, AllSlotsReset, Event, SlotSet, UserUttered
from frontdesk.core.message import Entity
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.core.training import ActionStep, LoopStep, SlotStep, Step, Story, UserStep

_LEFT_OUT = (LISTEN, SESSION_START, "action_unlikely_intent")
_ENDS = re.compile(r"[\r\n]")
_NOT_UNDERSTOOD = "nlu_fallback"


def story_of(name: str, events: Sequence[Event], domain: Domain, *, e2e: bool = False) -> Story:
    """Return a conversation's events as a story.

    What was reverted, restarted or is an inner turn of a form is left out, and so are slots that do not influence the
    conversation. With `e2e` the user's words stand beside each intent.
    """
    tracker = Tracker.start(name, domain.initial_slots, events)
    steps: list[Step] = []
    for cell in [*tracker.applied.back()][::-1] if tracker.applied else ():
        if isinstance(cell.event, AllSlotsReset) and cell.previous is not None:
            # a story has no word for this: it names each slot that is emptied
            steps += _emptied(cell.previous.state.slots, domain)
            continue
        step = _step(cell.event, domain, e2e)
        if step is not None:
            steps.append(step)
    return Story(name, tuple(steps))


def _emptied(slots: Mapping[str, Any], domain: Domain) -> list[Step]:
    return [
        SlotStep(name, slot.initial_value)
        for name, slot in domain.slots.items()
        if slot.influence_conversation and slots.get(name) != slot.initial_value
    ]


def _step(event: Event, domain: Domain, e2e: bool) -> Step | None:
    if isinstance(event, UserUttered):
        return _said(event, domain, e2e)
    if isinstance(event, ActionExecuted):
        if event.name in _LEFT_OUT:
            return None
        return ActionStep(event.name) if event.name else ActionStep(text=event.action_text)
    if isinstance(event, ActiveLoop):
        return LoopStep(event.name)
    if isinstance(event, SlotSet):
        slot = domain.slots.get(event.name)
        if slot is None or not slot.influence_conversation:
            return None
        return SlotStep(event.name, event.value)
    return None


def _said(event: UserUttered, domain: Domain, e2e: bool) -> UserStep | None:
    text = _ENDS.sub(" ", (event.text or "").rstrip())  # as long as before, for the places of the entities
    by_text = bool(event.use_text_for_featurization)
    intent = None if by_text else event.intent
    entities = tuple(entity for entity in event.entities if entity.entity in domain.entities)
    if intent is not None:
        intent = intent.split("/")[0]
    if text and (by_text or (e2e and not text.startswith("/"))):
        placed = tuple(entity for entity in entities if entity.start is not None)
        return UserStep(intent, text, _bare(placed, keep_place=True))
    if intent is None:
        return UserStep(_NOT_UNDERSTOOD)
    return UserStep(intent, None, _bare(entities, keep_place=False))


def _bare(entities: Sequence[Entity], *, keep_place: bool) -> tuple[Entity, ...]:
    """Return entities as a story names them, once each: what they are, not who found them."""
    found: dict[tuple[object, ...], Entity] = {}
    for entity in entities:
        start, end = (entity.start, entity.end) if keep_place else (None, None)
        bare = Entity(entity.entity, entity.value, start, end, entity.role, entity.group)
        found.setdefault((bare.entity, repr(bare.value), start, end, bare.role, bare.group), bare)
    return tuple(found.values())

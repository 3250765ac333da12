"""Write a conversation as a test story, as Rasa's `GET /conversations/{id}/story` does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from frontdesk.core.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered
from frontdesk.core.tracker import LISTEN, SESSION_START
from frontdesk.formats.annotations import annotate
from frontdesk.formats.writer import dump

_LEFT_OUT = (LISTEN, SESSION_START, "action_unlikely_intent")


def sessions(events: Sequence[Event]) -> list[list[Event]]:
    """Return a conversation's events by session."""
    found: list[list[Event]] = [[]]
    for event in events:
        if isinstance(event, ActionExecuted) and event.name == SESSION_START and found[-1]:
            found.append([])
        found[-1].append(event)
    return [session for session in found if session]


def test_stories(conversation_id: str, parts: Sequence[Sequence[Event]]) -> str:
    """Return stories in YAML, one for each part; several are numbered."""
    stories = []
    for number, events in enumerate(parts, start=1):
        name = conversation_id if len(parts) == 1 else f"{conversation_id}, story {number}"
        steps = [step for event in events if (step := _step(event)) is not None]
        stories.append({"story": name, "steps": steps})
    return dump({"version": "3.1", "stories": stories} if stories else {"version": "3.1"})


def _step(event: Event) -> dict[str, Any] | None:
    if isinstance(event, UserUttered):
        return _said(event)
    if isinstance(event, ActionExecuted):
        if event.name in _LEFT_OUT:
            return None
        return {"action": event.name} if event.name else {"bot": event.action_text or ""}
    if isinstance(event, SlotSet):
        return {"slot_was_set": [{event.name: event.value}]}
    if isinstance(event, ActiveLoop):
        return {"active_loop": event.name}
    return None


def _said(event: UserUttered) -> dict[str, Any]:
    intent = event.parse_data.get("intent") or {}
    step: dict[str, Any] = {}
    if event.intent and not event.use_text_for_featurization:
        step["intent"] = intent.get("full_retrieval_intent_name") or event.intent
    if event.text:
        step["user"] = annotate(event.text, [e for e in event.entities if e.start is not None])
    return step

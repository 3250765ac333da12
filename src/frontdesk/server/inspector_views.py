"""Conversations and turns as the inspector shows them: JSON-ready, bounded, and nothing else than was stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from frontdesk.channels.render import plain, render
from frontdesk.core import events as ev
from frontdesk.core.codec import to_wire
from frontdesk.core.domain import DEFAULT_ACTIONS, DEFAULT_INTENTS, Domain
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import LISTEN, SESSION_START, Tracker
from frontdesk.nlu.pipeline import Passage
from frontdesk.runtime.processor import RESERVED
from frontdesk.runtime.trace import Proposal, Step, Stretch, Trace, stretches
from frontdesk.server.inspector_sources import Library
from frontdesk.server.inspector_understanding import understanding

OWN = "inspector-"
"""What the ids of the inspector's own conversations begin with; all others are shown and never written to."""
TURNS = 200
"""So many turns are shown; the ones before them if asked for."""
SHOWN = 60  # characters
_NOTES: Mapping[type[ev.Event], str] = {
    ev.UserUtteranceReverted: "The message was taken back: the assistant goes on as if it had not been said.",
    ev.ActionReverted: "The last action was taken back.",
    ev.Restarted: "The conversation starts over here.",
    ev.ConversationPaused: "The assistant falls silent until the conversation is resumed.",
    ev.ConversationResumed: "The assistant may answer again.",
    ev.HandoffRequested: "A person is asked to take over.",
}


def names(domain: Domain) -> dict[str, Any]:
    """Return what a correction can choose from."""
    custom = sorted(name for name in domain.custom_actions if name not in DEFAULT_ACTIONS)
    asked = [name.removeprefix("utter_") for name in domain.responses if "/" in name]  # of retrieval intents
    return {
        "intents": [
            *sorted((*domain.intents, *asked)),
            *(name for name in DEFAULT_INTENTS if name not in domain.intents),
        ],
        "entities": [
            {"name": kind.name, "roles": list(kind.roles), "groups": list(kind.groups)}
            for kind in sorted(domain.entities.values(), key=lambda kind: kind.name)
        ],
        "texts": texts(domain),
        "actions": [
            {"kind": "wait", "names": [LISTEN]},
            {"kind": "say", "names": sorted(domain.responses)},
            {"kind": "do", "names": custom},
            {"kind": "form", "names": sorted(domain.forms)},
            {"kind": "own", "names": [n for n in DEFAULT_ACTIONS if n not in (LISTEN, *custom)]},
        ],
    }


def texts(domain: Domain) -> dict[str, str]:
    """Return the beginning of what each response says, so that people recognize it."""
    firsts = {
        name: next((v.text for v in variations if v.text), "")
        for name, variations in domain.responses.items()
    }
    return {name: " ".join(text.split())[:SHOWN] for name, text in firsts.items() if text}


def conversation(tracker: Tracker, *, everything: bool = False) -> dict[str, Any]:
    """Return a conversation with a few lines for each turn."""
    events = tracker.events()
    parts = stretches(events)
    shown = parts if everything else parts[-TURNS:]
    return {
        "id": tracker.sender_id,
        "own": tracker.sender_id.startswith(OWN),
        "channel": tracker.latest_channel,
        "events": len(events),
        "earlier": len(parts) - len(shown),
        "turns": [_turn(part, events, tracker.sender_id) for part in shown],
        "loop": tracker.active_loop_name,
    }


def _turn(part: Stretch, events: Sequence[ev.Event], sender_id: str) -> dict[str, Any]:
    own = events[part.start : part.end]
    heard = events[part.heard] if part.heard is not None else None
    actions = [event for event in own if isinstance(event, ev.ActionExecuted) and event.name != LISTEN]
    session = any(event.name == SESSION_START for event in actions)
    turn: dict[str, Any] = {
        "number": part.number,
        "kind": "message" if heard else "session" if session else "own",
        "time": own[0].timestamp,
        "actions": [event.name or event.action_text for event in actions],
        "said": said(own, sender_id),
        "notes": [note for event in own if (note := _NOTES.get(type(event)))],
        "open": not (isinstance(own[-1], ev.ActionExecuted) and own[-1].name == LISTEN),
        "corrected": any(corrected(event) for event in own),
    }
    if isinstance(heard, ev.UserUttered):
        turn |= {
            "text": heard.text or "",
            "title": _title(heard),
            "time": heard.timestamp,
            "intent": heard.intent,
            "confidence": heard.intent_confidence,
            "entities": [{"entity": e.entity, "value": e.value} for e in heard.entities],
        }
    return turn


def corrected(event: ev.Event) -> bool:
    """Tell whether somebody corrected what was understood, or chose the action, in the inspector."""
    if isinstance(event, ev.ActionExecuted):
        return event.policy == "inspector"
    mark = event.metadata.get(RESERVED) if isinstance(event, ev.UserUttered) else None
    return isinstance(mark, Mapping) and "corrected" in mark


def _title(heard: ev.UserUttered) -> str | None:
    title = heard.metadata.get("title")
    return title if isinstance(title, str) else None


def said(events: Iterable[ev.Event], sender_id: str) -> list[dict[str, Any]]:
    """Return what the assistant said, as a REST client gets it."""
    return [plain(bubble) for e in events if isinstance(e, ev.BotUttered) for bubble in render(e, sender_id)]


def turn(
    found: Trace, sender_id: str, domain: Domain, library: Library, passages: Sequence[Passage]
) -> dict[str, Any]:
    """Return a turn in full."""
    events = (
        [*found.after.since(len(found.before))]
        if found.heard
        else found.after.events()[found.stretch.start :]
    )
    heard = found.heard
    return {
        "number": found.stretch.number,
        "text": heard.text if heard else None,
        "title": _title(heard) if heard else None,
        "time": heard.timestamp if heard else None,
        "channel": heard.input_channel if heard else None,
        "understanding": understanding(heard, passages) if heard else None,
        "filled": _changed(found.before, found.understood),
        "steps": [_step(step, sender_id, domain, library) for step in found.steps],
        "slots": _slots(found.before, found.after, domain),
        "loop": {"before": found.before.active_loop_name, "after": found.after.active_loop_name},
        "events": [to_wire(event) for event in events],
    }


def _step(step: Step, sender_id: str, domain: Domain, library: Library) -> dict[str, Any]:
    done = step.done
    return {
        "at": step.at,
        "action": step.action,
        "kind": _kind(step.action, domain),
        "refused": isinstance(done, ev.ActionExecutionRejected),
        "policy": done.policy,
        "confidence": done.confidence,
        "corrected": corrected(done),
        "asked": step.asked,
        "why": step.why,
        "agrees": step.agrees or corrected(done),
        "today": step.chosen.action if step.chosen else None,
        "proposals": [_proposal(proposal, step.chosen, library) for proposal in step.proposals],
        "said": said(step.events, sender_id),
        "slots": _changed(step.before, step.after),
        "loop": {"before": step.before.active_loop_name, "after": step.after.active_loop_name},
        "events": [to_wire(event) for event in (*_with(step.events, done),)],
    }


def _kind(action: str, domain: Domain) -> str:
    if action in (LISTEN, SESSION_START):
        return "wait" if action == LISTEN else "session"
    if action in domain.responses or action.startswith("utter_") or action not in domain.action_names:
        return "say"  # also a text of an end-to-end story
    return "form" if action in domain.forms else "do"


def _with(events: Sequence[ev.Event], done: ev.Event) -> Sequence[ev.Event]:
    return sorted((done, *events), key=lambda event: event is not done)


def _proposal(proposal: Proposal, chosen: Prediction | None, library: Library) -> dict[str, Any]:
    found = proposal.prediction
    if found is None:
        return {"policy": proposal.policy, "action": None}
    basis = found.basis
    return {
        "policy": proposal.policy,
        "action": found.action,
        "confidence": found.confidence,
        "priority": found.priority,
        "reason": found.reason,
        "basis": basis.kind if basis else None,
        "names": list(basis.names) if basis else [],
        "passages": [
            {"name": p.name, "file": p.file, "line": p.line, "text": p.text}
            for p in (library.passages(basis) if basis else ())
        ],
        "refused": proposal.refused,
        "chosen": _won(found, chosen),
    }


def _won(found: Prediction, chosen: Prediction | None) -> bool:
    return chosen is not None and (found.policy, found.action) == (chosen.policy, chosen.action)


def _changed(before: Tracker, after: Tracker) -> list[dict[str, Any]]:
    rows = [(name, before.slots.get(name), value) for name, value in after.slots.items()]
    return [{"name": name, "before": old, "after": new} for name, old, new in rows if old != new]


def _slots(before: Tracker, after: Tracker, domain: Domain) -> list[dict[str, Any]]:
    rows = []
    for name, value in after.slots.items():
        old = before.slots.get(name)
        slot = domain.slots.get(name)
        kind = slot.type if slot else "any"
        rows.append({"name": name, "before": old, "after": value, "changed": old != value, "type": kind})
    return rows


def preview(tracker: Tracker) -> dict[str, Any]:
    """Return a conversation as a line of a list: who last said what, and when."""
    last = next(tracker.newest_first(), None)
    words = next((e.text for e in tracker.newest_first() if isinstance(e, ev.UserUttered) and e.text), "")
    return {
        "id": tracker.sender_id,
        "own": tracker.sender_id.startswith(OWN),
        "channel": tracker.latest_channel,
        "time": last.timestamp if last else None,
        "text": words[:160],
    }

"""Replay conversations that were recorded from Rasa 3.6.21.

Domains, messages and the action server's answers were drawn at random; what `action_extract_slots`, forms and the
fallback actions made of them is what Rasa's own code made of them. Each line of `recorded/conversations.jsonl` is one
conversation: events that are added, and actions that run with what the server answered and what they returned.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.actions.catalog import action_for
from frontdesk.actions.responses import DomainResponses
from frontdesk.core.codec import from_wire, to_wire
from frontdesk.core.domain import REQUESTED_SLOT, Domain, EntityType, Form, Intent, Response
from frontdesk.core.events import ActionExecuted, ActionExecutionRejected, Event
from frontdesk.core.ports import ActionCall, ActionResult, Turn
from frontdesk.core.slots import Slot, SlotMapping
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionRejected

FILE = Path(__file__).parent / "recorded" / "conversations.jsonl"
CONVERSATIONS = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
INTENTS = ("greet", "inform", "affirm", "deny", "start", "other", "nlu_fallback", "out_of_scope")


class Recorded:
    """Answers as Rasa's action server was made to answer, in the same order."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Any]] = []

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        expected, answer = self.answers.pop(0)
        assert name == expected
        if answer == "reject":
            raise ActionRejected(name)
        return ActionResult(events=answer)

    async def names(self) -> frozenset[str]:
        return frozenset()

    async def close(self) -> None:
        self.answers.clear()


def read_domain(wire: dict[str, Any]) -> Domain:
    def mapping(found: dict[str, Any]) -> SlotMapping:
        options = {key: value for key, value in found.items() if key not in ("type", "conditions")}
        return SlotMapping(found["type"], options, tuple(found.get("conditions", ())))

    slots = {
        name: Slot(name, slot["type"], mappings=tuple(mapping(m) for m in slot["mappings"]))
        for name, slot in wire["slots"].items()
    }
    slots[REQUESTED_SLOT] = Slot(REQUESTED_SLOT, "any")
    return Domain(
        intents={name: Intent(name) for name in INTENTS},
        entities={name: EntityType(name) for name in ("city", "name")},
        slots=slots,
        responses={
            name: tuple(Response(v["text"]) for v in found) for name, found in wire["responses"].items()
        },
        forms={
            name: Form(name, tuple(form["required_slots"]), tuple(form.get("ignored_intents", ())))
            for name, form in wire["forms"].items()
        },
        actions=tuple(wire["actions"]),
    )


def plain(event: Event) -> dict[str, Any]:
    wire = to_wire(event)
    if wire["event"] == "user":
        return {"event": "user", "text": wire["text"], "intent": wire["parse_data"]["intent"]}
    if wire["event"] == "bot":
        return {"event": "bot", "text": wire["text"], "data": {k: v for k, v in wire["data"].items() if v}}
    if wire["event"] in ("action", "action_execution_rejected"):
        return {"event": wire["event"], "name": wire["name"]}
    return {key: value for key, value in wire.items() if key not in ("timestamp", "metadata")}


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=range(len(CONVERSATIONS)))
async def test_the_same_happens_as_in_rasa(conversation: dict[str, Any]) -> None:
    domain, server = read_domain(conversation["domain"]), Recorded()
    nlg = DomainResponses(domain)
    tracker = Tracker.start("ann", domain.initial_slots)
    for step in conversation["steps"]:
        if "add" in step:
            tracker = tracker.append(from_wire(step["add"]))
            continue
        name = step["run"]
        server.answers = [(asked, answer) for asked, answer in step.get("answers", ())]
        turn = Turn(tracker, domain, "rest", nlg, server)
        try:
            events = list(await action_for(name, domain).run(turn))
        except ActionRejected:
            assert step.get("rejected"), step
            tracker = tracker.append(ActionExecutionRejected(name))
            continue
        assert not server.answers
        assert [plain(event) for event in events] == step["events"]
        refused = any(isinstance(event, ActionExecutionRejected) for event in events)
        if name != "action_extract_slots" and not refused:
            tracker = tracker.append(ActionExecuted(name))
        tracker = tracker.extend(events)
    assert dict(tracker.slots) == conversation["slots"]
    assert tracker.active_loop_name == conversation["active_loop"]
    assert [event.type_name for event in tracker.applied_events()] == conversation["applied"]

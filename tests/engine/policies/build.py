"""Short ways to write rules, stories, domains and conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from frontdesk.core import events as ev
from frontdesk.core import training as tr
from frontdesk.core.domain import DEFAULT_INTENTS, Domain, EntityType, Form, Intent
from frontdesk.core.message import Entity
from frontdesk.core.ports import Policy
from frontdesk.core.prediction import Prediction
from frontdesk.core.slots import Slot, SlotMapping
from frontdesk.core.tracker import Tracker
from frontdesk.policies.ensemble import choose

INTENTS = ("greet", "ask", "inform", "stop", "affirm", "start", "chitchat")
DOMAIN = Domain(
    intents={name: Intent(name) for name in (*INTENTS, *DEFAULT_INTENTS)},
    entities={"size": EntityType("size", roles=("from", "to")), "colour": EntityType("colour")},
    slots={
        "size": Slot("size", "text", mappings=(SlotMapping("from_entity", {"entity": "size"}),)),
        "member": Slot("member", "bool"),
        "kind": Slot("kind", "categorical", values=("new", "old", "__other__")),
        "tags": Slot("tags", "list"),
        "note": Slot("note", "text", influence_conversation=False),
        "requested_slot": Slot("requested_slot", "text", influence_conversation=False),
    },
    responses=dict.fromkeys(
        ("utter_greet", "utter_answer", "utter_chat", "utter_done", "utter_more", "utter_bye"), ()
    ),
    forms={"form": Form("form", ("size",)), "other_form": Form("other_form")},
    actions=("action_look",),
)


def user(intent: str | None = None, *entities: Entity, text: str | None = None) -> tr.UserStep:
    return tr.UserStep(intent, text, entities)


def act(name: str) -> tr.ActionStep:
    return tr.ActionStep(name)


def slot(name: str, value: Any = None) -> tr.SlotStep:
    return tr.SlotStep(name, value)


def loop(name: str | None) -> tr.LoopStep:
    return tr.LoopStep(name)


def checkpoint(name: str, *slots: tr.SlotStep) -> tr.CheckpointStep:
    return tr.CheckpointStep(name, slots)


def either(*options: tr.UserStep | tr.SlotStep) -> tr.OrStep:
    return tr.OrStep(options)


def rule(
    name: str,
    *steps: tr.Step,
    given: Sequence[tr.SlotStep | tr.LoopStep] = (),
    start: bool = False,
    wait: bool = True,
    line: int = 1,
) -> tr.Rule:
    place = tr.Place("rules.yml", line)
    return tr.Rule(name, steps, tuple(given), conversation_start=start, wait_for_user_input=wait, place=place)


def story(name: str, *steps: tr.Step, line: int = 1) -> tr.Story:
    return tr.Story(name, steps, place=tr.Place("stories.yml", line))


def training(*parts: tr.Rule | tr.Story) -> tr.TrainingSet:
    return tr.TrainingSet(
        stories=tuple(p for p in parts if isinstance(p, tr.Story)),
        rules=tuple(p for p in parts if isinstance(p, tr.Rule)),
    )


def quiet(_: str) -> None:
    """Take progress and say nothing."""


def said(
    intent: str | None, *entities: Entity, text: str = "words", confidence: float = 0.9
) -> ev.UserUttered:
    return ev.UserUttered(
        text, parse_data={"intent": {"name": intent, "confidence": confidence}}, entities=entities
    )


LISTEN = ev.ActionExecuted("action_listen")


class Talk:
    """A conversation that is led by policies; actions do nothing but what `effects` lists."""

    def __init__(self, *policies: Policy, domain: Domain = DOMAIN) -> None:
        self.policies = policies
        self.domain = domain
        self.tracker = Tracker.start("ann", domain.initial_slots, [LISTEN])

    def add(self, *events: ev.Event) -> Talk:
        self.tracker = self.tracker.extend(events)
        return self

    def next(self) -> Prediction:
        found = [policy.predict(self.tracker, self.domain) for policy in self.policies]
        return choose([p for p in found if p is not None], self.tracker, self.domain)

    def step(self, *effects: ev.Event) -> str | None:
        """Do the next action with its effects, and return its name."""
        made = self.next()
        self.add(*made.events, ev.ActionExecuted(made.action, hide_rule_turn=made.hide_rule_turn), *effects)
        return made.action

    def say(self, intent: str, *entities: Entity) -> list[str | None]:
        """Say something, and return the actions up to the next time that the assistant listens."""
        self.add(said(intent, *entities))
        done: list[str | None] = []
        while not done or done[-1] != "action_listen":
            done.append(self.step())
            assert len(done) < 10
        return done[:-1]

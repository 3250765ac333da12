"""On random rules, stories and conversations the policies do what Rasa 3.6.21 did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core import training as tr
from frontdesk.core.codec import from_wire
from frontdesk.core.domain import DEFAULT_INTENTS, Domain, EntityType, Form, Intent
from frontdesk.core.message import Entity
from frontdesk.core.ports import Policy
from frontdesk.core.prediction import Prediction
from frontdesk.core.slots import Slot, SlotMapping
from frontdesk.core.tracker import Tracker
from frontdesk.errors import TrainingError
from frontdesk.policies.ensemble import choose
from frontdesk.policies.memoization import AugmentedMemoizationPolicy, MemoizationPolicy
from frontdesk.policies.rule import RulePolicy

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))
INTENTS = ("greet", "ask", "inform", "stop", "affirm")


def domain(b: bool | None) -> Domain:
    return Domain(
        intents={
            i: Intent(i, use_entities=() if i == "stop" else None) for i in (*INTENTS, *DEFAULT_INTENTS)
        },
        entities={"e1": EntityType("e1", roles=("r1", "r2")), "e2": EntityType("e2")},
        slots={
            "s": Slot("s", "text", mappings=(SlotMapping("from_entity", {"entity": "e1"}),)),
            "b": Slot("b", "bool", initial_value=b),
            "c": Slot("c", "categorical", values=("x", "y", "__other__")),
            "l": Slot("l", "list"),
            "n": Slot("n", "text", influence_conversation=False),
            "requested_slot": Slot("requested_slot", "text", influence_conversation=False),
        },
        responses=dict.fromkeys(("utter_a", "utter_b", "utter_d"), ()),
        forms={name: Form(name) for name in ("f1", "f2")},
        actions=("action_c",),
    )


def entity(written: dict[str, str]) -> Entity:
    role = written.get("role")
    name = next(key for key in written if key != "role")
    return Entity(name, written[name], role=role)


def steps(written: dict[str, Any]) -> list[Any]:
    if "checkpoint" in written:
        return [tr.CheckpointStep(written["checkpoint"], tuple(slots(written.get("slot_was_set", []))))]
    if "or" in written:
        return [tr.OrStep(tuple(steps(option)[0] for option in written["or"]))]
    if "intent" in written:
        return [
            tr.UserStep(written["intent"], entities=tuple(entity(e) for e in written.get("entities", [])))
        ]
    if "user" in written:
        return [tr.UserStep(None, written["user"])]
    if "action" in written:
        return [tr.ActionStep(written["action"])]
    if "slot_was_set" in written:
        return slots(written["slot_was_set"])
    return [tr.LoopStep(written["active_loop"])]


def slots(written: list[dict[str, Any]]) -> list[tr.SlotStep]:
    return [tr.SlotStep(name, value) for pair in written for name, value in pair.items()]


def training(case: dict[str, Any]) -> tr.TrainingSet:
    stories = [tr.Story(s["story"], tuple(x for w in s["steps"] for x in steps(w))) for s in case["stories"]]
    rules = [
        tr.Rule(
            r["rule"],
            tuple(x for w in r["steps"] for x in steps(w)),
            tuple(x for w in r.get("condition", []) for x in steps(w)),
            conversation_start=r.get("conversation_start", False),
            wait_for_user_input=r.get("wait_for_user_input", True),
        )
        for r in case["rules"]
    ]
    return tr.TrainingSet(stories=tuple(stories), rules=tuple(rules))


def plain(made: Prediction | None) -> list[Any]:
    if made is None or made.action is None:
        return [None, 0.0, [e.type_name for e in made.events] if made else []]
    events = [event.type_name for event in made.events]
    rest = [made.no_user_prediction, made.is_end_to_end, made.hide_rule_turn]
    return [made.action, round(made.confidence, 3), events, *rest]


@pytest.mark.parametrize("case", RECORDED["cases"])
def test_as_recorded(case: dict[str, Any]) -> None:
    known = domain(case["b"])
    policies: dict[str, Policy] = {
        "RulePolicy": RulePolicy(case["options"]),
        "MemoizationPolicy": MemoizationPolicy({"max_history": case["max_history"]}),
        "AugmentedMemoizationPolicy": AugmentedMemoizationPolicy({"max_history": case["max_history"]}),
    }
    if case["error"]:
        with pytest.raises(TrainingError):
            policies["RulePolicy"].train(training(case), known, lambda _: None)
        return
    for policy in policies.values():
        policy.train(training(case), known, lambda _: None)
    for talk in case["talks"]:
        tracker = Tracker.start("x", known.initial_slots)
        for item in talk:
            if "event" in item:
                tracker = tracker.append(from_wire(item["event"]))
                continue
            made = {name: policy.predict(tracker, known) for name, policy in policies.items()}
            expected = item["expect"]
            found = plain(made["RulePolicy"])
            assert found == expected["RulePolicy"][: len(found)]
            for name in ("MemoizationPolicy", "AugmentedMemoizationPolicy"):
                said = made[name]
                assert (said.action if said else None) == expected[name]
            if expected["chosen"]:
                best = choose([p for p in made.values() if p is not None], tracker, known)
                assert plain(best)[:3] == expected["chosen"]

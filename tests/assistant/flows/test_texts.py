"""What is said: every response that is named exists, and every figure of a policy comes from the policy files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk.interfaces import Action
from rasa_sdk.utils import all_subclasses
from ruamel.yaml import YAML

import actions
from tests.assistant.flows.talking import DOMAIN, ROOT

FLOWS = ROOT / "actions" / "flows"
CODE = "".join(path.read_text() for path in FLOWS.glob("*.py")) + (FLOWS / "wishes.yml").read_text()
RULES = [
    rule for path in (ROOT / "data" / "rules").glob("*.yml") for rule in YAML(typ="safe").load(path)["rules"]
]
FACTS = {path.stem: YAML(typ="safe").load(path) for path in (ROOT / "actions" / "policies").glob("*.yml")}
BUILT_IN = {"action_answer_question", "action_listen"}
FREQUENT = (
    "utter_introduction utter_greet utter_thank utter_goodbye utter_bot utter_small_talk utter_out_of_scope utter_insult "
    "utter_complain utter_stopped utter_clarify utter_ask_email utter_ask_identity_proof utter_identity_failed "
    "utter_order_shipped utter_order_delivered utter_ask_return_reason utter_return_started utter_password_reset_sent "
    "utter_handoff_done utter_offer_ticket utter_empathy utter_empathy_waiting utter_empathy_product utter_empathy_money"
).split()


def variations() -> list[tuple[str, str]]:
    return [(name, entry["text"]) for name, entries in DOMAIN["responses"].items() for entry in entries]


def fact(path: str) -> Any:
    value: Any = FACTS
    for key in path.split("."):
        value = value[key]
    return value


def own_actions() -> set[str]:
    import inspect

    assert actions.__all__
    found = [
        a for a in all_subclasses(Action) if a.__module__.startswith("actions.") and not inspect.isabstract(a)
    ]
    return {action().name() for action in found}


def test_that_the_domain_lists_the_actions_that_there_are():
    assert set(DOMAIN["actions"]) == own_actions()


def test_that_rules_name_only_what_there_is():
    known = set(DOMAIN["actions"]) | set(DOMAIN["forms"]) | set(DOMAIN["responses"]) | BUILT_IN
    for rule in RULES:
        for step in rule["steps"]:
            assert step.get("action", "action_listen") in known
            intents = (
                [step["intent"]] if "intent" in step else [entry["intent"] for entry in step.get("or", [])]
            )
            assert set(intents) <= {*DOMAIN["intents"], "nlu_fallback"}


def test_that_every_intent_is_answered():
    answered = set()
    for rule in RULES:
        first = rule["steps"][0]
        answered |= (
            {first["intent"]} if "intent" in first else {entry["intent"] for entry in first.get("or", [])}
        )
    assert set(DOMAIN["intents"]) | {"nlu_fallback"} == answered


def test_that_responses_named_in_code_exist():
    named = set(re.findall(r"utter_[a-z_]+[a-z]\b", CODE)) - {
        "utter_message",
        "utter_action",
        "utter_hint",
        "utter_later",
        "utter_order",
    }
    assert not {name for name in named if name not in DOMAIN["responses"]}


def test_that_every_slot_of_a_form_can_be_asked_and_explained():
    known = set(DOMAIN["actions"]) | set(DOMAIN["responses"])
    for form, settings in DOMAIN["forms"].items():
        for slot in [*settings["required_slots"], *(["return_part"] if form == "return_form" else [])]:
            asks = {
                f"action_ask_{form}_{slot}",
                f"utter_ask_{form}_{slot}",
                f"action_ask_{slot}",
                f"utter_ask_{slot}",
            }
            assert asks & known, (form, slot)
            assert f"utter_hint_{slot}" in DOMAIN["responses"]


@pytest.mark.parametrize(("name", "text"), variations())
def test_that_facts_in_responses_exist(name, text):
    for path in re.findall(r"{(\w+(?:\.\w+)+)}", text):
        assert fact(path) is not None, (name, path)


@pytest.mark.parametrize(("name", "text"), variations())
def test_that_no_response_writes_a_figure_itself(name, text):
    bare = re.sub(r"{[^}]*}", "", text)
    assert not re.search(r"\d", bare), (name, bare)


@pytest.mark.parametrize("name", FREQUENT)
def test_that_what_is_said_often_is_said_in_more_than_one_way(name):
    assert len(DOMAIN["responses"][name]) >= 2


def test_that_slots_about_identity_and_permission_are_out_of_reach():
    for name in ("verified", "customer_name", "identity_proof", "identity_block", "return_items", "return_order", "status_order",
                 "last_order", "pending_offer", "handoff_wish"):  # fmt: skip
        assert [mapping["type"] for mapping in DOMAIN["slots"][name]["mappings"]] == ["custom"], name
    mapped = DOMAIN["slots"]["return_confirmed"]["mappings"]
    assert all(
        m["type"] == "from_intent" and m["conditions"][0]["requested_slot"] == "return_confirmed"
        for m in mapped
    )


def test_that_no_slot_steers_the_policies():
    assert all(slot["influence_conversation"] is False for slot in DOMAIN["slots"].values())


def test_that_no_file_is_too_long():
    for path in [*FLOWS.glob("*.py"), *(ROOT / "domain").glob("*.yml"), Path(__file__)]:
        assert len(path.read_text().splitlines()) <= 400, path

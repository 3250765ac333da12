from __future__ import annotations

from frontdesk.core.domain import DEFAULT_ACTIONS, Domain, Form, Response, SessionConfig
from frontdesk.core.slots import Slot

DOMAIN = Domain(
    slots={"size": Slot("size", "text", initial_value="M"), "note": Slot("note")},
    responses={"utter_hello": (Response("Hello"),)},
    forms={"size_form": Form("size_form", ("size",))},
    actions=("action_look", "utter_hello", "size_form", "validate_size_form", "utter_by_code"),
)


def test_slots_begin_with_their_initial_values() -> None:
    assert DOMAIN.initial_slots == {"size": "M", "note": None}


def test_actions_are_in_rasas_order_and_named_once() -> None:
    own = ("action_look", "utter_hello", "size_form", "validate_size_form", "utter_by_code")
    assert DOMAIN.action_names == (*DEFAULT_ACTIONS, *own)
    assert Domain().action_names == DEFAULT_ACTIONS
    assert DEFAULT_ACTIONS[0] == "action_listen"


def test_custom_actions_are_neither_responses_nor_forms() -> None:
    assert DOMAIN.custom_actions == {"action_look", "validate_size_form"}


def test_sessions_last_an_hour_and_keep_slots_unless_said_otherwise() -> None:
    assert Domain().session == SessionConfig(60.0, True)

"""Danger to somebody: which kind it is, who is told, and that no form stands in the way."""

from __future__ import annotations

import pytest
from rasa_sdk.interfaces import ActionExecutionRejection

from actions.flows.aside import language_of
from actions.flows.emergency import ActionEmergency, kind_of
from actions.flows.handoff import ValidateTicketForm
from actions.flows.order_status import ValidateOrderStatusForm
from actions.flows.replies import ActionAffirm
from actions.services import services
from tests.assistant.flows.talking import Talk


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("I want to kill myself", "self_harm"),
        ("my friend says she'll kill herself", "self_harm"),
        ("nobody would miss me", "self_harm"),
        ("the heater caught fire", "product"),
        ("I cut myself on the broken glass", "product"),
        ("it gave my son an electric shock", "product"),
        ("I'll come and burn your office down", "threat"),
        ("I know where you live", "threat"),
    ],
)
def test_that_the_kind_of_danger_is_told_by_the_words(words: str, kind: str):
    assert kind_of(words) == kind


def test_that_a_person_is_told_at_once_and_only_once():
    talk = Talk().hear("I want to kill myself", "stop", danger="kill myself")
    events = talk.run(ActionEmergency())
    assert talk.responses() == ["utter_emergency_self_harm", "utter_emergency_passed_on_self_harm"]
    number = next(event["ticket"] for event in events if event["event"] == "handoff")
    ticket = services().tickets.find(number)
    assert ticket and ticket.priority == "urgent"
    again = talk.hear("I really want to die", "deny", danger="want to die").run(ActionEmergency())
    assert talk.responses() == ["utter_emergency_self_harm", "utter_emergency_known"]
    assert not [event for event in again if event["event"] == "handoff"]


def test_that_a_vague_word_is_asked_about_and_opens_no_ticket():
    talk = Talk().hear("I feel low", "emergency", confidence=0.7)
    assert talk.run(ActionEmergency()) == []
    assert talk.responses() == ["utter_emergency_unsure"]


@pytest.mark.parametrize("form", [ValidateOrderStatusForm, ValidateTicketForm])
def test_that_forms_give_way(form: type[ValidateOrderStatusForm] | type[ValidateTicketForm]):
    talk = Talk().hear("anna.bennett@example.com, I want to die", "inform", danger="want to die")
    with pytest.raises(ActionExecutionRejection):
        talk.run(form())


def test_that_a_lone_mark_is_no_yes():
    talk = Talk().hear(".", "affirm").set(pending_offer="cancel_order")
    talk.run(ActionAffirm())
    assert talk.responses() == ["utter_clarify"]


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("hola, donde esta mi pedido?", "spanish"),
        ("ich möchte meine bestellung zurückschicken", "german"),
        ("où est ma commande", "french"),
        ("no", None),
        ("where is my order, por favor", None),
        ("I want to return the mug", None),
    ],
)
def test_which_languages_are_told(words: str, language: str | None):
    assert language_of(words) == language

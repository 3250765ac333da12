"""Tickets and hand-offs, and offers to which a yes can follow."""

from __future__ import annotations

import pytest

from actions.flows.handoff import ActionHandoff, ActionPassOn, AnswerAddress, ValidateTicketForm
from actions.flows.replies import ActionAffirm, ActionDeny
from tests.assistant.conftest import MARCUS, verified, who
from tests.assistant.flows.talking import Talk, followups

pytestmark = pytest.mark.usefixtures("scratch_shop")


def test_that_a_ticket_holds_what_a_person_needs(scratch_shop):
    verified(scratch_shop, who(key="k"), MARCUS)
    talk = Talk().hear("where is my kettle", "order_status").hear("a person please", "talk_to_human")
    talk.set(wish="talk_to_human", wish_words="a person please", last_order="L204393", reply_to=MARCUS[0])
    events = talk.run(ActionHandoff())
    handoff = next(event for event in events if event["event"] == "handoff")
    assert handoff["reason"] == "talk_to_human"
    assert handoff["ticket"].startswith("T-")
    for wanted in ("Marcus Reed", "L204393", "where is my kettle", "a person please", MARCUS[0]):
        assert wanted in handoff["summary"]
    assert not any(event["event"] == "pause" for event in events)
    ticket = scratch_shop.tickets.find(handoff["ticket"])
    assert "order L204393" in ticket.subject
    assert talk.told("utter_handoff_done")["hours"] == str(ticket.reply_hours)


def test_that_an_unverified_caller_is_marked_as_such():
    talk = (
        Talk()
        .hear("a person, my order is L204393", "talk_to_human")
        .set(order_number="L204393", reply_to="none")
    )
    handoff = next(event for event in talk.run(ActionHandoff()) if event["event"] == "handoff")
    assert "not verified" in handoff["summary"]
    assert "not checked" in handoff["summary"]
    assert "Marcus" not in handoff["summary"]
    assert talk.responses() == ["utter_handoff_done_no_address"]


def test_that_the_same_message_makes_one_ticket(scratch_shop):
    talk = Talk().hear("a person", "talk_to_human").set(reply_to="none")
    talk.run(ActionHandoff())
    first = talk.told("utter_handoff_done_no_address")["ticket"]
    talk.set(reply_to="none").run(ActionHandoff())
    assert talk.told("utter_handoff_done_no_address")["ticket"] == first


def test_that_somebody_annoyed_is_answered_sooner(scratch_shop):
    talk = Talk().hear("a person, now!", "talk_to_human", mood="negative").set(reply_to="none")
    talk.run(ActionHandoff())
    assert scratch_shop.tickets.find(talk.told("utter_handoff_done_no_address")["ticket"]).priority == "high"


@pytest.mark.parametrize(
    ("text", "intent", "slots", "address"),
    [
        ("a person please", "talk_to_human", {}, None),
        ("anna@example.com", "inform", {}, "anna@example.com"),
        ("go on", "affirm", {"email": "anna@example.com"}, "anna@example.com"),
        ("skip", "deny", {}, "none"),
        ("just get me a human", "talk_to_human", {}, "none"),
    ],
)
def test_that_the_address_to_answer_is_found(text, intent, slots, address):
    asked = None if address is None else "reply_to"
    talk = Talk().within("handoff_form", asked).set(**slots).hear(text, intent)
    talk.run(AnswerAddress())
    assert talk.slots["reply_to"] == address


def test_that_a_ticket_takes_any_words():
    talk = (
        Talk()
        .within("ticket_form", "ticket_text")
        .hear("my parcel came broken and nobody cares", "delivery_problem")
    )
    talk.run(ValidateTicketForm())
    assert talk.slots["ticket_text"] == "my parcel came broken and nobody cares"
    stopped = Talk().within("ticket_form", "ticket_text").hear("stop", "stop")
    assert stopped.run(ValidateTicketForm()) == []


def test_that_a_long_opening_is_the_ticket():
    story = "I want to file a complaint about the driver who threw my parcel over the fence"
    talk = Talk().within("ticket_form").set(wish_words=story).hear(story, "open_ticket")
    talk.run(ValidateTicketForm())
    assert talk.slots["ticket_text"] == story
    short = Talk().within("ticket_form").set(wish_words="open a ticket").hear("open a ticket", "open_ticket")
    assert short.run(ValidateTicketForm()) == []


def test_that_a_return_is_canceled_by_a_person():
    talk = Talk().hear("cancel my return", "cancel_order").set(wish="cancel_order", wish_words="cancel it")
    talk.run(ActionPassOn())
    assert talk.responses() == ["utter_later_cancel_order_return", "utter_offer_ticket"]
    events = talk.hear("yes", "affirm").run(ActionAffirm())
    assert followups(events) == ["handoff_form"]
    assert (talk.slots["handoff_wish"], talk.slots["handoff_words"]) == ("cancel_order", "cancel it")
    talk.set(reply_to="none").run(ActionHandoff())
    assert talk.told("utter_handoff_done_no_address")["ticket"].startswith("T-")


@pytest.mark.parametrize(
    ("form", "text", "intent", "told"),
    [
        ("return_form", "cancel the return", "cancel_order", ["cancel_order_return", "after_form"]),
        ("return_form", "and my money?", "request_refund", ["request_refund_return"]),
        ("cancel_form", "refund it to my other card", "change_payment", ["request_refund_cancel"]),
    ],
)
def test_that_within_a_form_it_is_only_explained(form, text, intent, told):
    talk = Talk().within(form).hear(text, intent)
    talk.run(ActionPassOn())
    assert talk.responses() == [f"utter_later_{each}" for each in told]
    assert talk.slots["pending_offer"] is None


@pytest.mark.parametrize("slot", ["swap_order", "case_order", "cancel_number", "order_number"])
def test_that_a_ticket_is_about_the_order_spoken_of_last(scratch_shop, slot):
    verified(scratch_shop, who(key="k"), ("hugo.lindgren@example.com", "L204507"))
    talk = Talk().set(return_order="L204507").hear("return the kettle", "start_return")
    talk.set(**{slot: "L204512"}).hear("a person", "talk_to_human").set(reply_to="hugo.lindgren@example.com")
    handoff = next(event for event in talk.run(ActionHandoff()) if event["event"] == "handoff")
    assert "Order: L204512" in handoff["summary"]
    assert scratch_shop.tickets.find(handoff["ticket"]).subject.endswith("order L204512")


def test_that_an_old_offer_is_over():
    talk = Talk().hear("cancel it", "cancel_order").set(wish="cancel_order")
    talk.run(ActionPassOn())
    talk.hear("what are your hours", "ask_question").hear("yes", "affirm")
    assert followups(talk.run(ActionAffirm())) == []
    assert talk.responses() == ["utter_yes_to_what"]


def test_that_a_declined_offer_is_let_go():
    talk = Talk().hear("cancel it", "cancel_order").set(wish="cancel_order")
    talk.run(ActionPassOn())
    talk.hear("no", "deny").run(ActionDeny())
    assert talk.responses() == ["utter_offer_declined"]
    assert (talk.slots["pending_offer"], talk.slots["handoff_wish"]) == (None, None)


def test_that_an_unsure_yes_accepts_nothing():
    talk = Talk().hear("cancel it", "cancel_order").set(wish="cancel_order")
    talk.run(ActionPassOn())
    assert followups(talk.hear("why", "affirm", confidence=0.4).run(ActionAffirm())) == []
    assert talk.responses() == ["utter_clarify"]

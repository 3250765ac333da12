"""Hello, stop, once more, not understood, and short replies that no form took."""

from __future__ import annotations

import pytest

from actions.flows.aside import ActionOutOfScope
from actions.flows.password_reset import ActionRequestPasswordReset, ValidatePasswordResetForm
from actions.flows.products import ActionProductAnswer
from actions.flows.replies import ActionAffirm, ActionClarify, ActionCorrect, ActionDeny, ActionInform
from actions.flows.talk import ActionComplain, ActionGoodbye, ActionRepeat, ActionSessionStart, ActionStop
from tests.assistant.conftest import who
from tests.assistant.flows.talking import DOMAIN, Talk, followups


def test_that_a_session_begins_with_who_is_speaking():
    talk = Talk().set(email="anna@example.com", verified=True, return_order="L204393")
    events = talk.run(ActionSessionStart())
    assert talk.responses() == ["utter_introduction"]
    assert all("automated assistant" in text["text"] for text in DOMAIN["responses"]["utter_introduction"])
    assert [event["event"] for event in events] == ["session_started", "slot", "action"]
    assert events[1]["name"] == "email"


def test_that_stop_leaves_everything():
    talk = Talk().within("return_form", "return_reason").hear("never mind", "stop")
    talk.set(
        return_order="L204393", return_items=["L204393-1"], wish="start_return", next_wish="order_status"
    )
    talk.run(ActionStop())
    assert talk.responses() == ["utter_stopped"]
    assert talk.loop is None
    kept = ("return_order", "return_items", "wish", "next_wish", "requested_slot")
    assert [talk.slots[name] for name in kept] == [None] * 5


def test_that_stop_without_a_form_is_taken_easily():
    talk = Talk().hear("never mind", "stop")
    talk.run(ActionStop())
    assert talk.responses() == ["utter_nothing_to_stop"]


def test_that_stop_right_after_a_booking_is_honest():
    talk = Talk().hear("yes", "affirm")
    talk.events.append({"event": "slot", "name": "last_return", "value": "R-10042"})
    talk.set(last_return="R-10042").hear("undo that", "stop").run(ActionStop())
    assert talk.responses() == ["utter_return_change_later", "utter_offer_ticket"]


@pytest.mark.parametrize(
    ("form", "response"), [(None, "utter_goodbye"), ("return_form", "utter_goodbye_unfinished")]
)
def test_that_goodbye_says_whether_something_is_open(form, response):
    talk = Talk().hear("bye", "goodbye")
    if form:
        talk.within(form, "email")
    talk.run(ActionGoodbye())
    assert talk.responses() == [response]
    assert talk.loop is None


def test_that_the_last_answer_is_said_again_with_its_buttons():
    talk = Talk().hear("hi", "greet")
    talk.events.append(
        {"event": "bot", "text": "What now?", "data": {"buttons": [{"title": "A", "payload": "/a"}]}}
    )
    talk.hear("again?", "repeat").run(ActionRepeat())
    assert talk.said[0]["text"] == "What now?"
    assert talk.said[0]["buttons"] == [{"title": "A", "payload": "/a"}]


def test_that_there_may_be_nothing_to_repeat():
    talk = Talk().hear("again?", "repeat")
    talk.run(ActionRepeat())
    assert talk.responses() == ["utter_nothing_to_repeat"]


def test_that_a_second_misunderstanding_offers_a_person():
    talk = Talk().hear("blorp", "nlu_fallback", ranking=["ask_question"])
    talk.run(ActionClarify())
    assert talk.responses() == ["utter_clarify"]
    assert talk.said[0]["buttons"][0]["payload"] == "/ask_question"
    assert 3 <= len(talk.said[0]["buttons"]) <= 4
    talk.hear("blarp", "nlu_fallback").run(ActionClarify())
    assert talk.responses() == ["utter_offer_person"]
    assert followups(talk.hear("yes", "affirm").run(ActionAffirm())) == ["handoff_form"]


def test_that_clear_words_need_no_clarification():
    talk = Talk().hear("where is L204817", "nlu_fallback", ranking=["order_status"])
    assert followups(talk.run(ActionClarify())) == ["order_status_form"]
    assert talk.slots["wish_words"] == "where is L204817"


@pytest.mark.parametrize(
    ("text", "guess", "next_action"),
    [
        ("hmm so L204817 it is, I suppose, or not", "order_status", "order_status_form"),
        ("we are at 22 Oak Street, Denver CO 80218 these days", "change_address", "address_form"),
        ("L204817 came broken in two, what a day it was", "delivery_problem", "delivery_form"),
    ],
)
def test_that_what_is_only_told_is_a_wish_where_the_classifier_thought_of_it(text, guess, next_action):
    assert followups(Talk().hear(text, "nlu_fallback", ranking=[guess]).run(ActionClarify())) == [next_action]
    assert followups(Talk().hear(text, "nlu_fallback").run(ActionClarify())) == []


@pytest.mark.parametrize("action", [ActionAffirm, ActionDeny, ActionInform, ActionCorrect, ActionClarify])
def test_that_a_form_gives_a_hint_and_then_a_way_out(action):
    talk = Talk().within("order_status_form", "email").hear("hm")
    talk.run(action())
    assert talk.responses() == ["utter_hint_email"]
    talk.hear("hm").run(action())
    assert talk.responses() == ["utter_hint_email", "utter_person_or_stop"]


@pytest.mark.parametrize(
    ("text", "entities", "slots", "next_action"),
    [
        ("L204817", {"order_number": "L204817"}, {}, "order_status_form"),
        (
            "anna@example.com",
            {"email": "anna@example.com"},
            {"last_wish": "reset_password"},
            "password_reset_form",
        ),
        ("the desk lamp", {"product": "desk lamp"}, {}, "action_product_answer"),
    ],
)
def test_that_a_fragment_is_taken_for_what_it_most_likely_asks(text, entities, slots, next_action):
    assert followups(Talk().hear(text, **entities).set(**slots).run(ActionInform())) == [next_action]


def test_that_a_fragment_without_sense_is_asked_about():
    talk = Talk().hear("97214", postcode="97214")
    talk.run(ActionInform())
    assert talk.responses() == ["utter_what_about_it"]


@pytest.mark.parametrize(
    ("last", "text", "next_action"),
    [
        ("order_status", "no, the other one", "order_status_form"),
        ("start_return", "no, the other order", "return_form"),
        ("reset_password", "sorry, bob@example.com", "password_reset_form"),
    ],
)
def test_that_a_correction_serves_the_last_wish_again(last, text, next_action):
    assert followups(Talk().hear(text, "correct").set(last_wish=last).run(ActionCorrect())) == [next_action]


def test_that_a_booked_return_is_not_corrected_silently():
    talk = Talk().hear("no, the other order", "correct").set(last_wish="start_return", last_return="R-10042")
    assert followups(talk.run(ActionCorrect())) == []
    assert talk.responses() == ["utter_return_change_later", "utter_offer_ticket"]


def test_that_a_complaint_gets_offers_and_one_kind_word():
    talk = Talk().hear("you are the worst", "complain", mood="negative")
    talk.run(ActionComplain())
    assert talk.responses() == ["utter_complain"]
    talk.hear("really bad", "complain", mood="negative").run(ActionComplain())
    assert talk.responses() == ["utter_complain_again"]


def test_that_a_complaint_with_a_wish_is_served():
    talk = Talk().hear(
        "worst shop ever, I can't log in", "complain", mood="negative", ranking=["reset_password"]
    )
    assert followups(talk.run(ActionComplain())) == ["password_reset_form"]
    assert talk.responses() == ["utter_empathy"]


@pytest.mark.usefixtures("scratch_shop")
def test_that_a_reset_says_the_same_for_any_address(scratch_shop):
    told = []
    for number, email in enumerate(("anna.bennett@example.com", "nobody@example.com")):
        talk = (
            Talk(conversation=f"web-{number}").within("password_reset_form", "email").hear(email, email=email)
        )
        talk.run(ValidatePasswordResetForm())
        assert talk.slots["email"] == email
        talk.run(ActionRequestPasswordReset())
        told.append((talk.responses(), {k: v for k, v in talk.said[0].items() if k != "email"}))
    assert told[0] == told[1]
    assert who()


@pytest.mark.parametrize(
    ("text", "entities", "response", "words"),
    [
        (
            "how tall is the halden desk lamp",
            {"product": "halden desk lamp"},
            "utter_product_details",
            "17 in",
        ),
        (
            "is the desk lamp there in white",
            {"product": "desk lamp"},
            "utter_product",
            "Halden Desk Lamp (white)",
        ),
        (
            "do you have suitcases",
            {"product": "suitcases"},
            "utter_product_choices",
            "Voyager Checked Suitcase",
        ),
        ("how much is a trampoline", {"product": "trampoline"}, "utter_product_unknown", ""),
        ("how much is the soundbar", {"product": "soundbar"}, "utter_product_single", "Tempo Soundbar"),
    ],
)
@pytest.mark.usefixtures("scratch_shop")
def test_that_products_are_told_from_the_shop(text, entities, response, words):
    talk = Talk().hear(text, "ask_product", **entities)
    talk.run(ActionProductAnswer())
    assert response in talk.responses()
    assert words in str(talk.told(response))


@pytest.mark.usefixtures("scratch_shop")
def test_that_it_means_the_product_before():
    talk = Talk().hear("how much is the halden desk lamp", "ask_product", product="halden desk lamp")
    talk.run(ActionProductAnswer())
    talk.hear("does it come in white?", "ask_product").run(ActionProductAnswer())
    assert talk.told("utter_product")["product_name"] == "Halden Desk Lamp (white)"


@pytest.mark.usefixtures("scratch_shop")
def test_that_two_products_are_compared():
    talk = Talk().hear("compare the pip earbuds and the aria headphones", "ask_product")
    talk.message["entities"] = [
        {"entity": "product", "value": "pip earbuds"},
        {"entity": "product", "value": "aria headphones"},
    ]
    talk.run(ActionProductAnswer())
    told = talk.told("utter_product_compared")
    assert told["names"] == "Pip Wireless Earbuds | Aria Wireless Headphones"
    assert "$89.00 | $199.00" in told["lines"]


def test_that_another_time_right_after_a_booked_call_moves_it():
    talk = Talk().set(last_wish="schedule_callback").hear("actually tomorrow 10 is better", "out_of_scope")
    assert followups(talk.run(ActionOutOfScope())) == ["callback_form"]
    other = Talk().set(last_wish="order_status").hear("actually tomorrow 10 is better", "out_of_scope")
    assert followups(other.run(ActionOutOfScope())) == []

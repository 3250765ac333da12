"""What the customer said in this turn, and for whom it was meant."""

from __future__ import annotations

import pytest

from actions.flows.turn import (
    Said,
    feels_bad,
    message,
    message_before,
    said,
    set_in_last_turn,
    spoken,
    spoken_after,
    turn_number,
)
from tests.assistant.flows.talking import Talk


@pytest.mark.parametrize(
    ("text", "number", "email", "postcode"),
    [
        ("where is #L204817", "L204817", None, None),
        ("l-204817 please", "L204817", None, None),
        ("my mail is Anna.Bennett@Example.com, zip 97214", None, "anna.bennett@example.com", "97214"),
        ("97214-1234", None, None, "97214-1234"),
        ("#10567", None, None, None),
        ("a.b204817@example.com", None, "a.b204817@example.com", None),
        ("nothing of the kind", None, None, None),
    ],
)
def test_that_numbers_and_addresses_are_found_in_words(text, number, email, postcode):
    heard = Said(text)
    assert (heard.number, heard.email, heard.postcode) == (number, email, postcode)


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "answers"),
    [
        ("97214", "order_status", 0.99, True),
        ("the kettle", "inform", 0.9, True),
        ("the kettle", "ask_product", 0.4, True),
        ("how much is the kettle", "ask_product", 0.9, False),
        ("what is the return policy for L204817 and when does it end", "ask_question", 0.9, False),
        ("", "inform", 1.0, False),
    ],
)
def test_that_an_answer_is_told_from_another_wish(text, intent, confidence, answers):
    assert Said(text, intent, confidence).answers is answers


def test_that_a_payload_speaks_only_through_entities_that_stand_for_words():
    talk = Talk().hear("/inform{}", "inform", product="Halden Desk Lamp", verified="true")
    assert message(talk.tracker("a")).text == "Halden Desk Lamp"
    assert message(talk.hear("/inform{}", "inform", verified="true").tracker("a")).text == "inform"


@pytest.mark.parametrize(
    ("text", "single"),
    [
        (" where is \t my  order ", "where is my order"),
        ("1) the lamp\r\n \n  2) the mug", "1) the lamp\n2) the mug"),
        ("the\N{NO-BREAK SPACE}lamp", "the lamp"),
        (f"cancel{' ' * 8000}it", "cancel it"),
    ],
)
def test_that_white_space_is_read_once_however_long_it_is(text, single):
    talk = Talk().hear(text).hear(text)
    assert message(talk.tracker("a")).text == single
    assert message_before(talk.tracker("a")) == single


def test_that_what_was_found_in_wide_words_stands_where_it_stood():
    talk = Talk().hear("  return   the \n\n lamp  of  L204507", product="lamp", order_number="L204507")
    heard = message(talk.tracker("a"))
    assert [heard.text[each["start"] : each["end"]] for each in heard.entities] == ["lamp", "L204507"]


def test_that_of_several_messages_the_newest_words_are_kept():
    assert (
        spoken_after(["send it\nto", "", "12 Elm Street"], "no, 13", 40)
        == "send it to\n12 Elm Street\nno, 13"
    )
    assert (
        spoken_after(["send it to me", "12 Elm Street"], "no, 13", 26)
        == "send\N{HORIZONTAL ELLIPSIS}\n12 Elm Street\nno, 13"
    )
    assert spoken_after(["send it", "to me"], "no, thirteen", 12) == "no, thirteen"


def test_that_a_message_used_by_another_flow_is_not_read_again():
    talk = Talk().hear("L204817")
    talk.events += [
        {"event": "action", "name": "order_status_form"},
        {"event": "action", "name": "action_order_status"},
    ]
    assert said(talk.tracker("validate_return_form"), "return_form").text == ""


def test_that_the_words_of_a_wish_replace_the_message():
    talk = Talk().hear(
        "where is L204817 and return the mug from L204393", "order_status", order_number="L204393"
    )
    talk.events += [
        {"event": "action", "name": "order_status_form"},
        {"event": "action", "name": "action_next_wish"},
        {"event": "slot", "name": "wish", "value": "start_return"},
        {"event": "slot", "name": "wish_words", "value": "return the mug from L204393"},
        {"event": "action", "name": "return_form"},
    ]
    heard = said(talk.tracker("validate_return_form"), "return_form")
    assert (heard.text, heard.intent, heard.number) == (
        "return the mug from L204393",
        "start_return",
        "L204393",
    )


def test_that_an_acknowledgement_does_not_use_up_the_message():
    talk = Talk().hear("L204817")
    talk.events += [
        {"event": "action", "name": "action_acknowledge"},
        {"event": "action", "name": "return_form"},
    ]
    assert said(talk.tracker("validate_return_form"), "return_form").number == "L204817"


def test_that_only_a_sure_negative_mood_counts():
    assert feels_bad(Talk().hear("grr", mood="negative").tracker("a"))
    assert not feels_bad(Talk().hear("fine", mood="positive").tracker("a"))
    talk = Talk().hear("hm", mood="negative")
    talk.message["sentiment"]["confidence"] = 0.4
    assert not feels_bad(talk.tracker("a"))


def test_that_turns_are_counted_within_the_session():
    talk = Talk().hear("one").hear("two")
    assert turn_number(talk.tracker("a")) == 2
    talk.events.append({"event": "session_started"})
    assert turn_number(talk.hear("three").tracker("a")) == 1


def test_that_an_offer_stands_for_one_turn():
    talk = Talk().hear("cancel it")
    talk.events.append({"event": "slot", "name": "pending_offer", "value": "cancel_order"})
    assert set_in_last_turn(talk.hear("yes").tracker("a"), "pending_offer")
    assert not set_in_last_turn(talk.hear("yes").tracker("a"), "pending_offer")


def test_that_long_words_are_shortened_to_one_line():
    assert spoken("a\nb  c", 10) == "a b c"
    assert len(spoken("word " * 100, 50)) <= 50


@pytest.mark.parametrize("text", ["did it go thru", "so how does it work", "what happens then"])
def test_that_a_question_is_no_yes(text):
    assert not Said(text, "affirm", 0.99).plain_yes

from __future__ import annotations

import pytest

from frontdesk.knowledge.questions import clauses, leans, searched


@pytest.mark.parametrize(
    "text", ["and what does that cost?", "how much is it", "why?", "and on Sunday?", "is that free"]
)
def test_questions_that_lean_on_the_message_before(text):
    assert leans(text)


@pytest.mark.parametrize(
    "text", ["when are you open", "can I send it back without the original box and paper", "opening hours"]
)
def test_questions_that_stand_alone(text):
    assert not leans(text)


def test_the_message_before_is_joined():
    assert searched("what does that cost?", ["hello", "how do I get a card"]) == (
        "what does that cost?",
        "how do I get a card what does that cost?",
    )


def test_a_chain_of_follow_ups_goes_back_to_what_was_meant():
    history = ["how do I get a card", "and what does that cost?"]
    assert searched("why is it so?", history)[1] == "how do I get a card why is it so?"


def test_payloads_blank_messages_and_the_question_itself_are_not_the_message_before():
    history = ["how do I get a card", "/affirm", " ", "and how much is it?"]
    assert searched("and how much is it?", history)[1] == "how do I get a card and how much is it?"


def test_nothing_before():
    assert searched("how much is it?", []) == ("how much is it?", None)
    assert searched("how much is it?", ["ok", "/stop"]) == ("how much is it?", None)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "how long does delivery take and can I send things back",
            ["how long does delivery take", "can I send things back"],
        ),
        (
            "When does the door open? And is there a parking place?",
            ["When does the door open", "is there a parking place?"],
        ),
        ("are tables and chairs in stock", ["are tables and chairs in stock"]),
        ("what is it and why", ["what is it and why"]),
        ("which bulb fits and how do I change it", ["which bulb fits and how do I change it"]),
        ("Which papers are needed? My passport is lost.", ["Which papers are needed? My passport is lost."]),
        ("how much is it and where do I pay?", ["how much is it and where do I pay?"]),
        ("My lamp broke. What now?", ["My lamp broke. What now?"]),
    ],
)
def test_two_questions_in_one_message(text, parts):
    assert clauses(text) == parts


def test_a_very_long_message_is_cut():
    assert len(searched("word " * 5000, [])[0]) <= 600

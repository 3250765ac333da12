"""Typed words that stand for a button: its title, the yes that repeats it, and places in the list that was shown."""

from __future__ import annotations

import pytest

from actions.flows.buttons import Button, chosen
from actions.flows.turn import pressed, said
from tests.assistant.flows.talking import Talk


def listed(slot: str, *values: str) -> list[Button]:
    return [
        Button.of({"title": value.title(), "payload": f'/inform{{"{slot}": "{value}"}}'}) for value in values
    ]


MUGS = listed("product", "kettle", "earbuds", "blanket", "everything")
ORDERS = listed("order_number", "L204507", "L204512")
YES_NO = [
    Button.of({"title": "Yes, change it", "payload": "/affirm"}),
    Button.of({"title": "No, leave it", "payload": "/deny"}),
]


def values(found: list[Button]) -> list[str]:
    return [value for each in found for _, value in each.entities]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("the first one", ["kettle"]),
        ("the second", ["earbuds"]),
        ("ill take the 3rd one pls", ["blanket"]),
        ("option 2", ["earbuds"]),
        ("the last one", ["blanket"]),  # "all of them" has no place
        ("the latter", ["blanket"]),
        ("the first and the third", ["kettle", "blanket"]),
        ("the first one, the second one please", ["kettle", "earbuds"]),
        ("Blanket", ["blanket"]),
        ("the fourth one", []),
        ("2", []),  # may be a number of pieces
        ("is the first one black?", []),
        ("the first one broke and the other is fine", []),
        ("at first i wanted the kettle", []),
    ],
)
def test_that_places_are_those_of_the_list_that_was_shown(words, meant):
    assert values(chosen(words, MUGS)) == meant


def test_that_the_last_order_is_the_newest_and_only_one_is_chosen():
    assert values(chosen("the second order", ORDERS)) == ["L204512"]
    assert chosen("the last one", ORDERS) == []
    assert chosen("my first order", ORDERS) == []  # which is the oldest
    assert values(chosen("the first one", ORDERS)) == ["L204507"]
    assert chosen("the first and the second", ORDERS) == []


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("the 2nd", []),  # of December
        ("the 3rd please", []),
        ("the second one", ["2026-12-01T15:00:00+00:00"]),
        ("the 2nd option", ["2026-12-01T15:00:00+00:00"]),
        ("the last one", ["2026-12-02T10:00:00+00:00"]),
    ],
)
def test_that_the_2nd_is_a_day_among_times(words, meant):
    times = listed(
        "call_time", "2026-12-01T10:00:00+00:00", "2026-12-01T15:00:00+00:00", "2026-12-02T10:00:00+00:00"
    )
    assert values(chosen(words, times)) == meant


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("yes, change it", "affirm"),
        ("ok change it pls", "affirm"),
        ("change it", "affirm"),
        ("no leave it", "deny"),
        ("yes, change it to 80219", None),
        ("no, change it", None),
        ("change it back", None),
        ("change it?", None),
        ("change it\N{FULLWIDTH QUESTION MARK}", None),
        ("\N{THUMBS DOWN SIGN} change it", None),
        ("please", None),
    ],
)
def test_that_a_yes_that_repeats_the_question_is_the_button(words, intent):
    assert [each.intent for each in chosen(words, YES_NO)] == ([intent] if intent else [])


@pytest.mark.parametrize("payload", ["", "/inform{", "/inform[1]", "https://example.com", "/start_return"])
def test_that_a_button_that_sends_anything_else_is_none(payload):
    button = Button.of({"title": "This one", "payload": payload})
    assert chosen("this one", [button]) == []
    assert chosen("the first one", [button]) == []


def test_that_only_the_buttons_of_the_turn_before_count():
    talk = Talk().hear("x")
    talk.events.append({"event": "bot", "text": "Which?", "data": {"buttons": [
        {"title": "kettle", "payload": '/inform{"product": "kettle"}'},
    ]}})  # fmt: skip
    heard = said(talk.hear("the first one").tracker("return_form"), "return_form")
    assert (heard.text, heard.payload, heard.entity("product")) == ("kettle", True, "kettle")
    later = said(talk.hear("hm").hear("the first one").tracker("return_form"), "return_form")
    assert (later.text, later.payload) == ("the first one", False)


def test_that_a_pressed_button_is_left_alone():
    talk = Talk().hear('/inform{"product": "kettle"}', product="kettle")
    heard = said(talk.tracker("return_form"), "return_form")
    assert heard.payload
    assert pressed(heard, MUGS) is None

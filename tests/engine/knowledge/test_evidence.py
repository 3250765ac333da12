from __future__ import annotations

import pytest

from frontdesk.knowledge.evidence import unsupported

PASSAGE = """Getting a library card
You get a library card within 3-5 working days. It costs $4.50, or 10% less for students. From $1,000 of fines on we write
to you. The card is free for children. Write to desk@library.example or call 1-800-555-0142, Monday to Friday, 9 am to 8 pm.
More is on https://library.example/cards. Renew it after twenty months. Bring two photos."""


@pytest.mark.parametrize(
    "text",
    [
        "You get a library card within 3-5 working days.",
        "A library card takes 3 to 5 days and costs $4.50.",
        "It costs 4.50 dollars; students pay 10% less.",
        "Write to desk@library.example or call 1-800-555-0142.",
        "More is on https://library.example/cards.",
        "From $1000 of fines on, we write to you.",
        "The card is free for children.",
        "Renew the card after 20 months and bring 2 photos.",
    ],
)
def test_what_the_passages_say(text):
    assert unsupported(text, PASSAGE) is None


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("You get a library card within 7 working days.", "7"),
        ("You get a library card within 3-5 months.", "3 mo"),
        ("The library card costs $3.", "3"),
        ("The library card costs 10 dollars.", "10"),
        ("Students pay 15% less for the card.", "15"),
        ("Students pay ten percent less, and get two cards for six photos.", "6"),
        ("Renew the card after thirty months.", "30"),
        ("Write to help@library.example about the card.", "help@library.example"),
        ("More on the card is on https://library.example/fines.", "https://library.example/fines"),
        ("Get the card at evil.example/card.", "evil.example"),
        ("The card is always free for children.", "always"),
        ("You get a library card on Sunday.", "sunday"),
        ("You get a library card immediately.", "immediately"),
        ("Elephants wander through purple forests and sing about the card.", "most of it"),
        (
            "You get a library card, Monday to Friday, within 3-5 working days. Elephants wander through purple forests.",
            "Elephants",
        ),
    ],
)
def test_what_they_do_not_say(text, missing):
    found = unsupported(text, PASSAGE)
    assert found is not None
    assert missing in found


COVER = "The card covers books and films. It doesn't cover games. Tables can be booked, but rooms can't be booked."


@pytest.mark.parametrize(
    "text",
    [
        "The card covers games.",
        "Yes, the card covers games.",
        "Rooms can be booked.",
        "The card does not cover films and books.",
    ],
)
def test_a_statement_turned_into_its_opposite(text):
    assert unsupported(text, COVER) is not None


@pytest.mark.parametrize(
    "text",
    [
        "No, the card doesn't cover games.",
        "Yes, the card covers films.",
        "Rooms can't be booked, but tables can be booked.",
    ],
)
def test_the_same_statement_in_other_words(text):
    assert unsupported(text, COVER) is None


@pytest.mark.parametrize("text", ["See [the card](x)", "<b>card</b>", "# Card", "```card```"])
def test_markup_is_refused(text):
    assert unsupported(text, PASSAGE) == "it holds markup."


def test_numbers_of_a_list_are_no_claims():
    assert unsupported("1. Write to us.\n2. Bring photos.\n7. Renew the card.", PASSAGE) is None

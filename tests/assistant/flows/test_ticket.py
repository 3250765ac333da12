"""A ticket that is there: how it stands, what goes with it; of somebody else's nothing is told."""

from __future__ import annotations

import pytest

from actions.flows.ticket import ActionTicket, addition, meant, number_in
from actions.services.container import Services
from tests.assistant.conftest import count, who
from tests.assistant.flows.talking import Talk, followups


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ticket T-10042 please", "T-10042"),
        ("t10042", "T-10042"),
        ("case 10042", "T-10042"),
        ("L204817", None),
    ],
)
def test_that_a_ticket_number_is_found(text, number):
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("what's the status of my ticket", "asks"),
        ("is my ticket still open?", "asks"),
        ("has anybody looked at my case", "asks"),
        ("also tell them that I'm away", "adds"),
        ("add to my ticket: the box was open", "adds"),
        ("I want to open a ticket about my lamp", None),
    ],
)
def test_that_words_ask_or_add(text, kind):
    assert meant(text, "adds") == (kind == "adds")
    if kind != "adds":  # what is added may well hold the word "open"
        assert meant(text, "asks") == (kind == "asks")


def test_that_what_follows_is_added():
    assert addition("also tell them that I'm away until Monday") == "I'm away until Monday"
    assert addition("add to my ticket: the box was open") == "the box was open"


def heard(text: str, **slots: object) -> Talk:
    return Talk().hear(text, "open_ticket").set(wish="open_ticket", **slots)


def test_that_a_ticket_of_this_conversation_is_told_and_added_to(scratch_shop: Services):
    ticket = scratch_shop.tickets.open(who(), "Lamp", "It flickers.")
    talk = heard("status of my ticket")
    talk.run(ActionTicket())
    assert talk.told("utter_ticket_status")["ticket"] == ticket.number
    talk = heard("also tell them that it hums")
    talk.run(ActionTicket())
    assert talk.told("utter_ticket_added")["ticket"] == ticket.number
    assert count(scratch_shop, "ticket_notes", text="it hums") == 1


def test_that_nothing_is_told_of_others(scratch_shop: Services):
    ticket = scratch_shop.tickets.open(who("web-2"), "Lamp", "It flickers.")
    talk = heard(f"status of ticket {ticket.number}")
    talk.run(ActionTicket())
    assert talk.responses() == ["utter_ticket_unknown"]
    unsigned = Talk(signed=False, conversation="web-2").hear("status of my ticket", "open_ticket")
    unsigned.run(ActionTicket())
    assert unsigned.responses() == ["utter_ticket_unknown"]


def test_that_anything_else_opens_a_new_one(scratch_shop: Services):
    events = heard("I want to complain about the courier").run(ActionTicket())
    assert followups(events) == ["ticket_form"]


def test_that_a_running_form_waits_for_a_new_ticket(scratch_shop: Services):
    talk = Talk().hear("open a ticket", "open_ticket").within("return_form", "return_items")
    events = talk.run(ActionTicket())
    assert followups(events) == ["ticket_form"]
    assert talk.slots["wish_queue"] == [{"wish": "start_return", "words": "", "resumed": True}]

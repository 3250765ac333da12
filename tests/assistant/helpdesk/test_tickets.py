"""Tickets: one per call, with a number, whatever the customer wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from actions.commerce import schema
from actions.services.container import Services

from ..conftest import NOW, count, who


def test_a_ticket_is_opened_once(shop: Services) -> None:
    customer = shop.commerce.customer_by_email("anna.bennett@example.com")
    ticket = shop.tickets.open(who(), "Lamp flickers", "It flickers.", "urgent", customer)
    assert ticket.number.startswith("T-1")
    assert (ticket.created, ticket.priority, ticket.status) == (NOW, "urgent", "open")
    assert ticket.reply_hours == shop.policies.support.urgent_reply_hours
    assert shop.tickets.open(who(), "Lamp flickers", "It flickers.", "urgent", customer) == ticket
    assert shop.tickets.find(ticket.number) == ticket
    assert shop.tickets.find("T-0") is None
    other = shop.tickets.open(who(key="k2"), "Lamp flickers", "It flickers.")
    assert other.number != ticket.number


def test_two_at_once_open_one(shop: Services) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: shop.tickets.open(who(), "A", "B").number, range(8)))
    assert len(set(numbers)) == 1


def test_different_calls_at_once_get_different_numbers(shop: Services) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: shop.tickets.open(who(key=f"k{n}"), "A", "B").number, range(16)))
    assert len(set(numbers)) == 16


def test_anyone_may_open_one(shop: Services) -> None:
    stranger = who(authenticated=False, key="")
    assert (
        shop.tickets.open(stranger, "Help", "please").number
        != shop.tickets.open(stranger, "Help", "please").number
    )


def test_texts_are_tamed(shop: Services) -> None:
    ticket = shop.tickets.open(who(), "Line\r\none\x1b[31m" + "x" * 500, "a\x00b\n" + "y" * 90_000)
    assert ticket.subject.startswith("Line one[31mxx")
    assert len(ticket.subject) == 200
    with shop.database.read() as connection:
        body = connection.execute(select(schema.tickets.c.body)).scalar_one()
    assert body.startswith("ab\ny")
    assert len(body) == 20_000
    assert shop.tickets.open(who(key="k2"), "", "").subject == "Request"


def test_an_unknown_priority_is_an_error(shop: Services) -> None:
    with pytest.raises(ValueError, match="low, normal, high, urgent"):
        shop.tickets.open(who(), "A", "B", "whenever")


def test_one_open_ticket_for_one_case(shop: Services) -> None:
    first = shop.tickets.open(who(key="a"), "Cancellation", "first", case="cancel/L204991")
    again = shop.tickets.open(who(key="b"), "Cancellation", "second", case="cancel/L204991")
    other = shop.tickets.open(who(key="c"), "Cancellation", "third", case="cancel/L204735")
    assert (again.number, again.repeated, first.repeated) == (first.number, True, False)
    assert other.number != first.number
    assert (count(shop, "tickets"), count(shop, "ticket_notes", text="second")) == (2, 1)


def test_a_case_belongs_to_one_conversation_or_customer(shop: Services) -> None:
    first = shop.tickets.open(who("web-1", "a"), "Help", "x", case="talk_to_human/")
    other = shop.tickets.open(who("web-2", "b"), "Help", "x", case="talk_to_human/")
    assert other.number != first.number


def test_many_at_once_open_one_ticket_for_a_case(shop: Services) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = pool.map(
            lambda n: shop.tickets.open(who(key=f"k{n}"), "Help", "x", case="return/L204393"), range(6)
        )
        numbers = {ticket.number for ticket in made}
    assert len(numbers) == count(shop, "tickets") == 1


def test_notes_are_added_once_and_tickets_listed_for_their_owner(shop: Services) -> None:
    ticket = shop.tickets.open(who(key="a"), "Help", "x")
    for _ in range(2):
        shop.tickets.add(who(key="b"), ticket, "one more thing")
    assert count(shop, "ticket_notes") == 1
    assert [each.number for each in shop.tickets.of(who(), None)] == [ticket.number]
    assert shop.tickets.of(who("web-2"), None) == []
    assert shop.tickets.of(who(authenticated=False), None) == []

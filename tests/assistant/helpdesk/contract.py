"""What every help desk keeps, whoever runs it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from actions.commerce.model import Customer
from actions.helpdesk.port import Tickets
from actions.services.errors import KeyReused

from ..conftest import NOW, POLICIES, who


class TicketsContract:
    """The cases; a subclass gives the fixture `tickets`, and reads and closes a ticket its own way."""

    @pytest.fixture()
    def tickets(self) -> Tickets:
        raise NotImplementedError

    def close_ticket(self, tickets: Tickets, number: str) -> None:
        raise NotImplementedError

    def notes(self, tickets: Tickets, number: str) -> list[str]:
        raise NotImplementedError

    def customer(self) -> Customer:
        raise NotImplementedError

    def test_a_ticket_is_opened_once(self, tickets: Tickets) -> None:
        ticket = tickets.open(who(), "Lamp flickers", "It flickers.", "urgent", self.customer())
        assert ticket.number
        assert ticket.created == NOW
        assert (ticket.subject, ticket.priority, ticket.status) == ("Lamp flickers", "urgent", "open")
        assert ticket.reply_hours == POLICIES.support.urgent_reply_hours
        assert tickets.open(who(), "Lamp flickers", "It flickers.", "urgent", self.customer()) == ticket
        assert tickets.find(ticket.number) == ticket
        other = tickets.open(who(key="k2"), "Lamp flickers", "It flickers.")
        assert other.number != ticket.number
        assert other.priority == "normal"

    def test_a_key_belongs_to_its_request(self, tickets: Tickets) -> None:
        tickets.open(who(), "Lamp flickers", "It flickers.")
        with pytest.raises(KeyReused):
            tickets.open(who(), "Another matter", "It flickers.")
        with pytest.raises(KeyReused):
            tickets.open(who(), "Lamp flickers", "It flickers.", "urgent")

    def test_what_does_not_exist_is_not_found(self, tickets: Tickets) -> None:
        for number in ("T-0", "99", "", "../users/1", "9" * 40, "٣", "1 OR 1=1"):
            assert tickets.find(number) is None

    def test_two_at_once_open_one(self, tickets: Tickets) -> None:
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda _: tickets.open(who(), "A", "B").number, range(8)))
        assert len(set(numbers)) == 1

    def test_different_calls_at_once_get_different_numbers(self, tickets: Tickets) -> None:
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda n: tickets.open(who(key=f"k{n}"), "A", "B").number, range(16)))
        assert len(set(numbers)) == 16

    def test_anyone_may_open_one(self, tickets: Tickets) -> None:
        stranger = who(authenticated=False, key="")
        first, second = tickets.open(stranger, "Help", "please"), tickets.open(stranger, "Help", "please")
        assert first.number != second.number

    def test_texts_are_tamed(self, tickets: Tickets) -> None:
        ticket = tickets.open(who(), "Line\r\none\x1b[31m" + "x" * 500, "a\x00b\n" + "y" * 90_000)
        assert ticket.subject.startswith("Line one[31mxx")
        assert len(ticket.subject) == 200
        assert tickets.open(who(key="k2"), "", "").subject == "Request"

    def test_an_unknown_priority_is_an_error(self, tickets: Tickets) -> None:
        with pytest.raises(ValueError, match="low, normal, high, urgent"):
            tickets.open(who(), "A", "B", "whenever")
        ticket = tickets.open(who(), "A", "B")
        with pytest.raises(ValueError, match="low, normal, high, urgent"):
            tickets.escalate(who(), ticket, "whenever")

    def test_one_open_ticket_for_one_case(self, tickets: Tickets) -> None:
        first = tickets.open(who(), "Lamp", "It flickers.", case="lamp")
        again = tickets.open(who(key="k2"), "The lamp", "It smells.", case="lamp")
        assert (again.number, again.repeated) == (first.number, True)
        assert self.notes(tickets, first.number) == ["It smells."]
        self.close_ticket(tickets, first.number)
        assert tickets.open(who(key="k3"), "Lamp", "It burns.", case="lamp").number != first.number

    def test_notes_are_added_once(self, tickets: Tickets) -> None:
        ticket = tickets.open(who(), "Lamp", "It flickers.")
        for key in ("k2", "k2", "k3"):
            tickets.add(who(key=key), ticket, "Now it smells.")
        assert self.notes(tickets, ticket.number) == ["Now it smells."] * 2

    def test_a_priority_rises_and_never_falls(self, tickets: Tickets) -> None:
        ticket = tickets.open(who(), "Lamp", "It flickers.", "normal")
        for wanted, expected in (("low", "normal"), ("urgent", "urgent"), ("high", "urgent")):
            raised = tickets.escalate(who(key=wanted), ticket, wanted)
            assert raised.priority == expected
            assert raised.reply_hours == POLICIES.support.reply_hours(expected)
        found = tickets.find(ticket.number)
        assert found is not None
        assert found.priority == "urgent"

    def test_the_state_of_a_ticket_is_told(self, tickets: Tickets) -> None:
        ticket = tickets.open(who(), "Lamp", "It flickers.")
        self.close_ticket(tickets, ticket.number)
        found = tickets.find(ticket.number)
        assert found is not None
        assert (found.status, found.open) == ("closed", False)

    def test_customers_see_their_own(self, tickets: Tickets) -> None:
        customer = self.customer()
        one = tickets.open(who(), "Lamp", "It flickers.", customer=customer)
        two = tickets.open(who("web-2", "k2"), "Vase", "It broke.", customer=customer)
        other = tickets.open(who("web-3", "k3"), "Mug", "It leaks.")
        assert {each.number for each in tickets.of(who(), customer)} == {one.number, two.number}
        assert [each.number for each in tickets.of(who("web-3"), None)] == [other.number]
        assert tickets.of(who(authenticated=False), None) == []

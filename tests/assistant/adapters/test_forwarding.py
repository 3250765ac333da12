"""Tickets that go on to a help desk outside: promised at once, told there in order and once, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from actions.adapters.http import Rules
from actions.commerce import saga_tables, schema
from actions.commerce.model import Customer
from actions.helpdesk.forwarding import ForwardedTickets
from actions.helpdesk.port import Tickets
from actions.services.container import Services

from ..conftest import ANNA, POLICIES, Clock, count, who
from ..helpdesk.contract import TicketsContract
from .serving import Local, Told
from .test_zendesk import desk, texts
from .zendesk_server import ZendeskServer

RULES = Rules(deadline=60.0, first_wait=0.01, failures=1000)
DOWN = [Told(503)] * 200


@pytest.fixture()
def held(zendesk: ZendeskServer, shop: Services, clock: Clock) -> Iterator[ForwardedTickets]:
    outside = desk(zendesk.url, rules=RULES)
    yield ForwardedTickets(outside, shop.sagas, POLICIES.support.reply_hours, clock)
    outside.close()


class TestForwardedTickets(TicketsContract):
    """The contract, with a help desk that is told at once."""

    @pytest.fixture()
    def tickets(self, zendesk: ZendeskServer, shop: Services, held: ForwardedTickets) -> Tickets:  # type: ignore[override]
        self.zendesk, self.shop = zendesk, shop
        return held

    def outside(self, tickets: Tickets, number: str) -> int:
        assert isinstance(tickets, ForwardedTickets)
        self.shop.sagas.deliver()
        with self.shop.database.read() as connection:
            table = schema.tickets
            query = select(table.c.outside_number).where(table.c.number == number)
            return int(connection.execute(query).scalar_one())

    def close_ticket(self, tickets: Tickets, number: str) -> None:
        self.zendesk.tickets[self.outside(tickets, number)]["status"] = "closed"
        tickets.find(number)  # asks how it stands

    def notes(self, tickets: Tickets, number: str) -> list[str]:
        return texts(self.zendesk, str(self.outside(tickets, number)))[1:]

    def customer(self) -> Customer:
        customer = self.shop.commerce.customer_by_email(ANNA[0])
        assert customer is not None
        return customer


def rows(shop: Services) -> list[Any]:
    table = saga_tables.saga_steps
    with shop.database.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)).mappings())


def failures(shop: Services) -> int:
    table = saga_tables.sagas
    with shop.database.read() as connection:
        return connection.execute(select(table.c.failures)).scalar_one()


def test_a_ticket_goes_on_with_what_identifies_it(
    zendesk: ZendeskServer, shop: Services, held: ForwardedTickets
) -> None:
    customer = shop.commerce.customer_by_email(ANNA[0])
    ticket = held.open(who(), "Lamp", "It flickers.", "high", customer)
    assert zendesk.tickets == {}  # nobody waits for Zendesk
    assert shop.sagas.deliver() == 1
    assert shop.sagas.deliver() == 0
    ((number, theirs),) = zendesk.tickets.items()
    assert (theirs["subject"], theirs["priority"]) == ("Lamp", "high")
    assert list(zendesk.users) == [ANNA[0]]
    (comment,) = zendesk.comments[number]
    assert comment["body"] == f"It flickers.\n\nThe customer knows this ticket as {ticket.number}."
    assert count(shop, "tickets", number=ticket.number, outside_number=str(number)) == 1


def test_a_long_ticket_still_says_what_the_customer_knows_it_as(
    zendesk: ZendeskServer, shop: Services, held: ForwardedTickets
) -> None:
    ticket = held.open(who(), "Lamp", "y" * 30_000)
    shop.sagas.deliver()
    ((comment,),) = zendesk.comments.values()
    assert len(comment["body"]) == 20_000
    assert comment["body"].endswith(f"The customer knows this ticket as {ticket.number}.")


def test_a_ticket_is_promised_while_the_help_desk_is_down_and_goes_out_later(
    zendesk: ZendeskServer, zendesk_local: Local, shop: Services, held: ForwardedTickets, clock: Clock
) -> None:
    zendesk_local.faults = DOWN.copy()
    ticket = held.open(who(), "Lamp", "It flickers.", "high")
    held.add(who(key="k2"), ticket, "It smells.")
    held.escalate(who(key="k3"), ticket, "urgent")
    assert shop.sagas.deliver() == 0  # the next try is later, and in order
    assert failures(shop) == 1
    assert shop.sagas.deliver() == 0
    assert failures(shop) == 1
    zendesk_local.faults = []
    clock.forward(minutes=1)
    assert shop.sagas.deliver() == 3
    assert shop.sagas.deliver() == 0
    ((number, theirs),) = zendesk.tickets.items()
    assert theirs["priority"] == "urgent"
    assert texts(zendesk, str(number)) == ["It flickers.", "It smells."]
    assert all(row["done_at"] is not None and row["content"] == {} for row in rows(shop))


def test_a_ticket_that_was_made_without_our_knowing_is_not_made_again(
    zendesk: ZendeskServer, zendesk_local: Local, shop: Services, held: ForwardedTickets, clock: Clock
) -> None:
    zendesk_local.faults_after = [None, *DOWN]
    held.open(who(), "Lamp", "It flickers.")
    assert shop.sagas.deliver() == 0
    assert len(zendesk.tickets) == 1
    zendesk_local.faults_after = []
    zendesk.keys.clear()
    clock.forward(hours=3)
    assert shop.sagas.deliver() == 1
    assert len(zendesk.tickets) == 1


def test_several_forwarders_send_everything_once_and_in_order(
    zendesk: ZendeskServer, shop: Services, held: ForwardedTickets
) -> None:
    for n in range(6):
        ticket = held.open(who(key=f"k{n}"), f"Lamp {n}", "It flickers.")
        held.add(who(key=f"a{n}"), ticket, "It smells.")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: shop.sagas.deliver(), range(8)))
    shop.sagas.deliver()
    assert sorted(ticket["subject"] for ticket in zendesk.tickets.values()) == [f"Lamp {n}" for n in range(6)]
    assert {tuple(texts(zendesk, str(number))) for number in zendesk.tickets} == {
        ("It flickers.", "It smells.")
    }


def test_what_the_help_desk_refuses_waits_for_a_person_and_holds_nothing_up(
    zendesk: ZendeskServer, zendesk_local: Local, shop: Services, held: ForwardedTickets
) -> None:
    held.open(who(), "Lamp", "It flickers.")
    held.open(who(key="k2"), "Vase", "It broke.")
    zendesk_local.faults = [None, Told(422, {"error": "RecordInvalid"})]
    assert shop.sagas.deliver() == 2
    first, second = rows(shop)
    assert first["failed_at"] is not None
    assert "RecordInvalid" in first["last_error"]
    assert second["done_at"] is not None
    assert [ticket["subject"] for ticket in zendesk.tickets.values()] == ["Vase"]


def test_wrong_credentials_lose_no_ticket(zendesk: ZendeskServer, shop: Services, clock: Clock) -> None:
    wrong = desk(zendesk.url, "wrong-token", RULES)
    tickets = ForwardedTickets(wrong, shop.sagas, POLICIES.support.reply_hours, clock)
    tickets.open(who(), "Lamp", "It flickers.")
    assert shop.sagas.deliver() == 0
    wrong.close()
    right = desk(zendesk.url, rules=RULES)
    clock.forward(hours=1)
    ForwardedTickets(right, shop.sagas, POLICIES.support.reply_hours, clock)
    assert shop.sagas.deliver() == 1
    right.close()
    assert len(zendesk.tickets) == 1


def test_a_note_for_a_closed_ticket_becomes_another(
    zendesk: ZendeskServer, shop: Services, held: ForwardedTickets
) -> None:
    ticket = held.open(who(), "Lamp", "It flickers.")
    shop.sagas.deliver()
    (first,) = zendesk.tickets
    zendesk.tickets[first]["status"] = "closed"
    held.add(who(key="k2"), ticket, "It flickers again.")
    shop.sagas.deliver()
    _, second = zendesk.tickets
    assert texts(zendesk, str(second)) == ["It flickers again."]
    assert f"Follows ticket {first}" in zendesk.comments[second][0]["body"]
    held.add(who(key="k3"), ticket, "Hello?")
    shop.sagas.deliver()
    assert texts(zendesk, str(second)) == ["It flickers again.", "Hello?"]


def test_how_a_ticket_stands_is_read_when_it_is_asked(
    zendesk: ZendeskServer, zendesk_local: Local, shop: Services, held: ForwardedTickets
) -> None:
    ticket = held.open(who(), "Lamp", "It flickers.")
    assert [each.status for each in held.of(who(), None)] == ["open"]  # not there yet
    shop.sagas.deliver()
    (number,) = zendesk.tickets
    zendesk.tickets[number] |= {"status": "pending", "priority": "urgent"}
    (told,) = held.of(who(), None)
    assert (told.number, told.status, told.priority) == (ticket.number, "pending", "urgent")
    assert told.reply_hours == POLICIES.support.urgent_reply_hours
    zendesk.tickets[number]["status"] = "solved"
    zendesk_local.faults = DOWN.copy()
    assert held.of(who(), None) == [told]  # what is known has to do
    assert held.find(ticket.number) == told


def test_what_became_of_a_ticket_is_noted(
    zendesk: ZendeskServer, shop: Services, held: ForwardedTickets
) -> None:
    ticket = held.open(who(), "Lamp", "It flickers.", case="lamp")
    shop.sagas.deliver()
    (number,) = zendesk.tickets
    assert held.changed(str(number), "solved", "urgent")
    assert not held.changed("77", "solved")
    assert (
        count(shop, "tickets", number=ticket.number, status="solved", priority="urgent", open_case=None) == 1
    )


def test_a_held_ticket_outlives_a_forwarder_that_dies(
    zendesk: ZendeskServer, shop: Services, held: ForwardedTickets, clock: Clock
) -> None:
    held.open(who(), "Lamp", "It flickers.")
    table = saga_tables.sagas
    with shop.database.write() as connection:  # claimed, and then nothing
        later = clock.now.replace(minute=2)
        connection.execute(update(table).values(claims=1, next_try_at=later))
    assert shop.sagas.deliver() == 0
    clock.forward(minutes=3)
    assert shop.sagas.deliver() == 1
    assert len(zendesk.tickets) == 1

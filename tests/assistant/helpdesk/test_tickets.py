"""Tickets in the shop's own database: the contract, and what else is written."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.model import Customer
from actions.helpdesk.port import Tickets
from actions.services.container import Services

from ..conftest import ANNA, NOW, count, who
from .contract import TicketsContract


class TestEmbeddedTickets(TicketsContract):
    @pytest.fixture()
    def tickets(self, shop: Services) -> Tickets:
        self.shop = shop
        return shop.tickets

    def close_ticket(self, tickets: Tickets, number: str) -> None:
        table = schema.tickets
        values = {"status": "closed", "open_case": None}
        with self.shop.database.write() as connection:
            connection.execute(update(table).where(table.c.number == number).values(**values))

    def notes(self, tickets: Tickets, number: str) -> list[str]:
        table = schema.ticket_notes
        with self.shop.database.read() as connection:
            query = select(table.c.text).where(table.c.ticket_number == number).order_by(table.c.id)
            return list(connection.execute(query).scalars())

    def customer(self) -> Customer:
        customer = self.shop.commerce.customer_by_email(ANNA[0])
        assert customer is not None
        return customer


def test_numbers_and_times_are_the_shops(shop: Services) -> None:
    ticket = shop.tickets.open(who(), "Lamp flickers", "It flickers.")
    assert ticket.number.startswith("T-1")
    assert ticket.created == NOW


def test_bodies_are_tamed(shop: Services) -> None:
    shop.tickets.open(who(), "Lamp", "a\x00b\n" + "y" * 90_000)
    with shop.database.read() as connection:
        body = connection.execute(select(schema.tickets.c.body)).scalar_one()
    assert body.startswith("ab\ny")
    assert len(body) == 20_000


def test_every_write_is_in_the_audit_trail(shop: Services) -> None:
    ticket = shop.tickets.open(who(), "Lamp", "It flickers.")
    shop.tickets.add(who(key="k2"), ticket, "Now it smells.")
    shop.tickets.add(who(key="k2"), ticket, "Now it smells.")
    shop.tickets.escalate(who(key="k3"), ticket, "urgent")
    shop.tickets.escalate(who(key="k4"), ticket, "low")
    for action in ("ticket.open", "ticket.add", "ticket.escalate"):
        assert count(shop, "audit", action=action, subject=f"ticket {ticket.number}") == 1

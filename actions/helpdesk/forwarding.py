"""Tickets that go on to a help desk outside: written here first, told there as soon as it can be."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, RowMapping, insert, select, update

from actions.adapters.errors import AdapterError, Rejected
from actions.commerce import helpdesk_tables, schema
from actions.commerce.database import Database
from actions.commerce.model import Customer
from actions.commerce.store import find_customer_by_id
from actions.helpdesk.port import CLOSED, HelpDesk, Ticket
from actions.helpdesk.texts import LONGEST_BODY
from actions.helpdesk.tickets import ADD, OPEN, EmbeddedTickets, find_ticket
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller

logger = logging.getLogger(__name__)

CLAIM = timedelta(minutes=2)  # who dies while forwarding loses the claim after this
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=1)
MOST_ASKED = 5  # tickets whose state is asked for when a customer wants to know


class ForwardedTickets(EmbeddedTickets):
    """Tickets in the shop's database that a help desk outside gets, too.

    A customer is told our number at once, whether the help desk can be reached or not. What it has to be told
    is written in the ticket's own transaction and goes out by `forward`, in order, once each.
    """

    def __init__(
        self,
        desk: HelpDesk,
        database: Database,
        reply_hours: Callable[[str], int],
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(database, reply_hours, clock)
        self._desk = desk
        self._forwarding = Forwarding(desk, database, clock)

    def find(self, number: str) -> Ticket | None:
        """Find a ticket by its number, as it stands at the help desk if that can be asked."""
        ticket = super().find(number)
        return self._asked([ticket])[0] if ticket is not None else None

    def of(self, caller: Caller, customer: Customer | None) -> list[Ticket]:
        """List the tickets of this conversation and of its verified customer, newest first."""
        return self._asked(super().of(caller, customer))

    def forward(self) -> int:
        """Tell the help desk what it doesn't know yet; tell how much that was."""
        return self._forwarding.forward()

    def changed(self, outside_number: str, status: str, priority: str | None = None) -> bool:
        """Note what became of a ticket at the help desk; False for one that isn't ours."""
        table = schema.tickets
        values: dict[str, object] = {"status": status}
        if priority:
            values |= {"priority": priority, "reply_hours": self._reply_hours(priority)}
        if status in CLOSED:
            values["open_case"] = None
        with self._database.write() as connection:
            mine = update(table).where(table.c.outside_number == outside_number)
            return connection.execute(mine.values(**values)).rowcount > 0

    def refreshed(self, outside_number: str, status: str, priority: str | None) -> bool:
        """Note how a ticket stands now; what a notice says of it counts only if that can't be asked."""
        try:
            found = self._desk.find(outside_number)
        except AdapterError as error:
            logger.warning("how a ticket stands is taken from a notice: %s", error)
            found = None
        if found is not None:
            status, priority = found.status, found.priority
        return self.changed(outside_number, status, priority)

    def written(self, connection: Connection, number: str, action: str, content: dict[str, str]) -> None:
        """Hold what was written for the help desk."""
        now = self._clock()
        row = {
            "number": number,
            "action": action,
            "content": content,
            "key": secrets.token_hex(16),
            "created_at": now,
            "next_try_at": now,
            "attempts": 0,
        }
        connection.execute(insert(helpdesk_tables.held_tickets), row)

    def _asked(self, tickets: list[Ticket]) -> list[Ticket]:
        """Ask how the newest open tickets stand; while that fails, what is known has to do."""
        table = schema.tickets
        numbers = [ticket.number for ticket in tickets if ticket.open][:MOST_ASKED]
        query = select(table.c.number, table.c.outside_number).where(table.c.number.in_(numbers))
        with self._database.read() as connection:
            outside = {ours: theirs for ours, theirs in connection.execute(query) if theirs is not None}
        now = {}
        for number in numbers:
            try:
                found = self._desk.find(outside[number]) if number in outside else None
            except AdapterError as error:
                logger.warning("how tickets stand isn't known: %s", error)
                break
            if found is not None:
                now[number] = found
                self.changed(outside[number], found.status, found.priority)
        return [
            replace(
                ticket,
                status=now[ticket.number].status,
                priority=now[ticket.number].priority,
                reply_hours=now[ticket.number].reply_hours,
            )
            if ticket.number in now
            else ticket
            for ticket in tickets
        ]


class Forwarding:
    """Tells a help desk what is held for it; several may do so at once."""

    def __init__(self, desk: HelpDesk, database: Database, clock: Clock) -> None:
        self._desk = desk
        self._database = database
        self._clock = clock

    def forward(self) -> int:
        """Send what is held and due, each ticket's matters in order; tell how much went out."""
        sent, now = 0, self._clock()
        table = helpdesk_tables.held_tickets
        query = select(table).where(table.c.done_at.is_(None), table.c.failed_at.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.id)).mappings().all()
        waiting = set()
        for row in rows:
            number = row["number"]
            if number in waiting or row["next_try_at"] > now or not self._claimed(row):
                # An earlier matter of this ticket isn't done, or another forwarder is at it.
                waiting.add(number)
                continue
            if not self._forwarded(row):
                break  # the rest would fare no better
            sent += 1
        return sent

    def _claimed(self, row: RowMapping) -> bool:
        """Take a held row, so that nobody else forwards it meanwhile."""
        table = helpdesk_tables.held_tickets
        mine = (table.c.id == row["id"]) & (table.c.attempts == row["attempts"])
        values = {"attempts": row["attempts"] + 1, "next_try_at": self._clock() + CLAIM}
        with self._database.write() as connection:
            return connection.execute(update(table).where(mine).values(**values)).rowcount == 1

    def _forwarded(self, row: RowMapping) -> bool:
        """Tell the help desk one thing; False when it can't be told anything now."""
        now = self._clock()
        try:
            known_as = self._told(row)
        except Rejected as error:
            logger.error("ticket %s can't be forwarded and needs a person: %s", row["number"], error)
            self._mark(row, None, failed_at=now, last_error=str(error)[:300])
            return True
        except AdapterError as error:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(row["attempts"], 10))
            self._mark(row, None, next_try_at=now + wait, last_error=str(error)[:300])
            return False
        self._mark(row, known_as, done_at=now, last_error=None, content={})  # the words stand in the ticket
        return True

    def _told(self, row: RowMapping) -> str | None:
        """Tell the help desk, and return the number under which the ticket is known there from now on."""
        table, content, key = schema.tickets, row["content"], row["key"]
        with self._database.read() as connection:
            ticket = find_ticket(connection, row["number"])
            where = table.c.number == row["number"]
            query = select(table.c.outside_number, table.c.customer_id).where(where)
            known_as, customer_id = connection.execute(query).one()
            customer = find_customer_by_id(connection, customer_id) if customer_id else None
        if ticket is None or (row["action"] == OPEN and known_as is not None):
            return None
        if row["action"] == OPEN or known_as is None:
            return self._opened(key, ticket, content, customer)
        if row["action"] == ADD:
            if self._desk.add(key, known_as, content["text"]) is not None:
                return None
            follows = f"{content['text']}\n\nFollows ticket {known_as}, which takes no more."
            return self._opened(key, ticket, {"body": follows}, customer)
        self._desk.escalate(known_as, content["priority"])
        return None

    def _opened(self, key: str, ticket: Ticket, content: Mapping[str, str], customer: Customer | None) -> str:
        """Open a ticket at the help desk, with what identifies it for customer and agents."""
        text = content.get("body") or content.get("text") or ticket.subject
        known = f"The customer knows this ticket as {ticket.number}."
        body = f"{text[: LONGEST_BODY - len(known) - 2]}\n\n{known}"
        priority = content.get("priority") or ticket.priority
        return self._desk.open(key, ticket.subject, body, priority, customer).number

    def _mark(self, row: RowMapping, known_as: str | None, **values: object) -> None:
        """Note how forwarding went, and what the help desk calls the ticket."""
        table, tickets = helpdesk_tables.held_tickets, schema.tickets
        with self._database.write() as connection:
            connection.execute(update(table).where(table.c.id == row["id"]).values(**values))
            if known_as is not None:
                ours = update(tickets).where(tickets.c.number == row["number"])
                connection.execute(ours.values(outside_number=known_as))

"""Tickets kept in the shop's own database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.model import Customer
from actions.commerce.store import next_number
from actions.helpdesk.port import Ticket, checked_priority, higher
from actions.helpdesk.texts import body_of, subject_of
from actions.services import audit, receipts
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller

OPEN, ADD, ESCALATE = "ticket.open", "ticket.add", "ticket.escalate"
LONGEST_CASE = 200


class EmbeddedTickets:
    """A help desk in the same database as the shop.

    >>> tickets.open(caller, "Lamp flickers", "The customer says ...", "normal").number
    """

    def __init__(self, database: Database, reply_hours: Callable[[str], int], clock: Clock = utc_now) -> None:
        self._database = database
        self._reply_hours = reply_hours
        self._clock = clock

    def open(
        self,
        caller: Caller,
        subject: str,
        body: str,
        priority: str = "normal",
        customer: Customer | None = None,
        case: str | None = None,
    ) -> Ticket:
        """Open a ticket; the same call again, and another one about the same case, gives the same ticket."""
        checked_priority(priority)
        owner = customer.id if customer else caller.conversation
        about = f"{owner}/{case}"[:LONGEST_CASE] if case else None
        try:
            return self._open(caller, subject, body, priority, customer, about)
        except IntegrityError:  # the same call in another thread was a moment faster
            return self._open(caller, subject, body, priority, customer, about)

    def find(self, number: str) -> Ticket | None:
        """Find a ticket by its number."""
        with self._database.read() as connection:
            return find_ticket(connection, number)

    def of(self, caller: Caller, customer: Customer | None) -> list[Ticket]:
        """List the tickets of this conversation and of its verified customer, newest first."""
        if not caller.authenticated:  # whoever named the conversation could be anybody
            return []
        table = schema.tickets
        mine = [table.c.conversation == caller.conversation[:255]]
        if customer is not None:
            mine.append(table.c.customer_id == customer.id)
        query = select(table).where(or_(*mine)).order_by(table.c.created_at.desc(), table.c.number.desc())
        with self._database.read() as connection:
            return [read_ticket(row) for row in connection.execute(query).mappings()]

    def add(self, caller: Caller, ticket: Ticket, text: str) -> None:
        """Add a note to a ticket; the same call again adds nothing."""
        now, request = self._clock(), receipts.request_hash(ticket.number, text)
        with self._database.write() as connection:
            if receipts.find(connection, caller, ADD, request) is not None:
                return
            self._note(connection, caller, ticket.number, text, now)
            receipts.keep(connection, caller, ADD, request, {"number": ticket.number}, now)

    def escalate(self, caller: Caller, ticket: Ticket, priority: str) -> Ticket:
        """Raise a ticket's priority, which never falls."""
        table, number = schema.tickets, ticket.number
        checked_priority(priority)
        with self._database.write() as connection:
            before = find_ticket(connection, number) or ticket
            raised = higher(before.priority, priority)
            if raised != before.priority:
                values = {"priority": raised, "reply_hours": self._reply_hours(raised)}
                connection.execute(update(table).where(table.c.number == number).values(**values))
                old, new = {"priority": before.priority}, {"priority": raised}
                about = f"ticket {number}"
                audit.record(connection, caller, self._clock(), ESCALATE, about, before=old, after=new)
                self.written(connection, number, ESCALATE, {"priority": raised})
            return find_ticket(connection, number) or ticket

    def written(self, connection: Connection, number: str, action: str, content: dict[str, str]) -> None:
        """Notice what was written, within its transaction; for those who pass it on."""

    def _open(
        self,
        caller: Caller,
        subject: str,
        body: str,
        priority: str,
        customer: Customer | None,
        about: str | None,
    ) -> Ticket:
        """Open a ticket within one transaction, or find the one that this call repeats."""
        now = self._clock()
        subject, body = subject_of(subject), body_of(body)
        request = receipts.request_hash(subject, priority)
        with self._database.write() as connection:
            stored = receipts.find(connection, caller, OPEN, request)
            if stored is not None:
                query = select(schema.tickets).where(schema.tickets.c.number == stored["number"])
                return read_ticket(connection.execute(query).mappings().one())
            known = _open_about(connection, about)
            if known is not None:
                if body != known["body"]:
                    self._note(connection, caller, known["number"], body, now)
                return replace(read_ticket(known), repeated=True)
            row: dict[str, Any] = {
                "number": f"T-{next_number(connection, 'ticket')}",
                "conversation": caller.conversation[:255],
                "customer_id": customer.id if customer else None,
                "subject": subject,
                "body": body,
                "priority": priority,
                "status": "open",
                "reply_hours": self._reply_hours(priority),
                "created_at": now,
                "open_case": about,
            }
            connection.execute(insert(schema.tickets), row)
            receipts.keep(connection, caller, OPEN, request, {"number": row["number"]}, now)
            audit.record(
                connection,
                caller,
                now,
                OPEN,
                f"ticket {row['number']}",
                customer_id=row["customer_id"],
                after={"priority": priority},
            )
            self.written(
                connection, row["number"], OPEN, {"subject": subject, "body": body, "priority": priority}
            )
        return read_ticket(row)

    def _note(self, connection: Connection, caller: Caller, number: str, text: str, now: datetime) -> None:
        """Write a note and its audit row, which doesn't hold the words."""
        text = body_of(text)
        row = {"ticket_number": number, "conversation": caller.conversation[:255], "text": text}
        connection.execute(insert(schema.ticket_notes), row | {"created_at": now})
        audit.record(connection, caller, now, ADD, f"ticket {number}")
        self.written(connection, number, ADD, {"text": text})


def _open_about(connection: Connection, about: str | None) -> Any:
    """Find the row of the open ticket about a case."""
    if about is None:
        return None
    query = select(schema.tickets).where(schema.tickets.c.open_case == about)
    return connection.execute(query).mappings().first()


def find_ticket(connection: Connection, number: str) -> Ticket | None:
    """Find a ticket by its number within a transaction."""
    table = schema.tickets
    row = connection.execute(select(table).where(table.c.number == number)).mappings().first()
    return read_ticket(row) if row is not None else None


def read_ticket(row: Any) -> Ticket:
    """Make a ticket of its row."""
    created: datetime = row["created_at"]
    return Ticket(
        number=row["number"],
        created=created,
        subject=row["subject"],
        priority=row["priority"],
        status=row["status"],
        reply_hours=row["reply_hours"],
    )

"""Tickets that go on to a help desk outside: written here first, told there as soon as it can be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Connection, select, update

from actions.adapters.errors import AdapterError
from actions.commerce import schema
from actions.commerce.lookups import find_customer_by_id
from actions.commerce.model import Customer
from actions.helpdesk.port import CLOSED, HelpDesk, Ticket
from actions.helpdesk.texts import LONGEST_BODY
from actions.helpdesk.tickets import ADD, ESCALATE, OPEN, EmbeddedTickets, find_ticket
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.saga_notes import Content, NewStep, Saga, Step, note
from actions.services.sagas import Kind, Sagas

logger = logging.getLogger(__name__)

MOST_ASKED = 5  # tickets whose state is asked for when a customer wants to know
DESK = "help desk"
NOBODY = Caller(
    conversation="", authenticated=False, channel="", action="ticket", message_id="", idempotency_key=""
)


class ForwardedTickets(EmbeddedTickets):
    """Tickets in the shop's database that a help desk outside gets, too.

    A customer is told our number at once, whether the help desk can be reached or not. What it has to be told
    is written in the ticket's own transaction, as steps of a saga of its own, which go out in order, once each.
    """

    def __init__(
        self,
        desk: HelpDesk,
        sagas: Sagas,
        reply_hours: Callable[[str], int],
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(sagas.database, reply_hours, clock)
        self._desk = desk
        for action in (OPEN, ADD, ESCALATE):
            sagas.register(DESK, action, Kind(do=self._tell, noted=self._told, quiet=True))

    def find(self, number: str) -> Ticket | None:
        """Find a ticket by its number, as it stands at the help desk if that can be asked."""
        ticket = super().find(number)
        return self._asked([ticket])[0] if ticket is not None else None

    def of(self, caller: Caller, customer: Customer | None) -> list[Ticket]:
        """List the tickets of this conversation and of its verified customer, newest first."""
        return self._asked(super().of(caller, customer))

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
        """Note what the help desk is to be told."""
        saga = Saga(id=f"ticket:{number}", action="ticket", subject=f"ticket {number}", caller=NOBODY)
        step = NewStep(system=DESK, action=action, content=content)
        note(connection, saga, [step], self._clock())

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

    def _tell(self, step: Step) -> Content:
        """Tell the help desk one thing, and return the number under which it knows the ticket from now on."""
        table, content, number = schema.tickets, step.content, _number(step)
        with self._database.read() as connection:
            ticket = find_ticket(connection, number)
            query = select(table.c.outside_number, table.c.customer_id).where(table.c.number == number)
            known_as, customer_id = connection.execute(query).one()
            customer = find_customer_by_id(connection, customer_id) if customer_id else None
        if ticket is None or (step.action == OPEN and known_as is not None):
            return {}
        if step.action == OPEN or known_as is None:
            return self._opened(step.key, ticket, content, customer)
        if step.action == ESCALATE:
            self._desk.escalate(known_as, content["priority"])
            return {}
        if self._desk.add(step.key, known_as, content["text"]) is not None:
            return {}
        follows = f"{content['text']}\n\nFollows ticket {known_as}, which takes no more."
        return self._opened(step.key, ticket, {"body": follows}, customer)

    def _opened(
        self, key: str, ticket: Ticket, content: Mapping[str, str], customer: Customer | None
    ) -> Content:
        """Open a ticket at the help desk, with what identifies it for customer and agents."""
        text = content.get("body") or content.get("text") or ticket.subject
        known = f"The customer knows this ticket as {ticket.number}."
        body = f"{text[: LONGEST_BODY - len(known) - 2]}\n\n{known}"
        priority = content.get("priority") or ticket.priority
        return {"known_as": self._desk.open(key, ticket.subject, body, priority, customer).number}

    def _told(self, connection: Connection, step: Step) -> None:
        """Note what the help desk calls the ticket."""
        if "known_as" in step.result:
            table = schema.tickets
            ours = update(table).where(table.c.number == _number(step))
            connection.execute(ours.values(outside_number=step.result["known_as"]))


def _number(step: Step) -> str:
    """Tell which ticket a step is about."""
    return step.saga.subject.removeprefix("ticket ")

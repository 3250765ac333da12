"""Telling how a saga ended: the audit trail, the receipt, the customer, and a person where one has to act."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from actions.commerce.model import Customer
from actions.commerce.store import find_customer_by_id
from actions.helpdesk.port import Tickets
from actions.services import audit, mail_sagas, outbox, receipts
from actions.services.clock import Clock
from actions.services.mail import Letter
from actions.services.rulebook import Policies
from actions.services.saga_notes import Content, NewStep, Saga, Step, note
from actions.services.sagas import Kind, Sagas

DESK, MAIL = "desk", "mail"


class SagaTelling:
    """Writes down how sagas end, in the transaction in which they do."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def undone(self, connection: Connection, saga: Saga, now: datetime) -> None:
        """Tell the customer that a write was undone, and why; say so on its receipt."""
        reason = saga.reason or "refused"
        receipts.undo(connection, saga.id, reason)
        _record(connection, saga, now, "undone", {"reason": reason})
        customer = _customer(connection, saga)
        if customer is not None:
            letter = mail_sagas.undone(customer, self._policies, saga.action, saga.subject, reason)
            outbox.put(connection, letter, now)

    def needs_person(self, connection: Connection, saga: Saga, step: Step, now: datetime) -> None:
        """Let a person know that a step was refused, or can't be undone, and then the customer."""
        told = {"system": step.system, "step": step.action, **_ids(step.content)}
        _record(connection, saga, now, "needs_person", told)
        lines = [f"{name}: {value}" for name, value in told.items()]
        body = "\n".join(
            [
                f"A part of '{saga.action}' for {saga.subject} was refused and needs a person.",
                *lines,
                f"What was said: {step.error}",
                f"Undone by itself: {'in part' if saga.state == 'undoing' else 'nothing'}.",
            ]
        )
        ask_person(connection, saga, f"For a person: {saga.action} of {saga.subject}", body, now)


def ask_person(
    connection: Connection,
    saga: Saga,
    subject: str,
    body: str,
    now: datetime,
    *,
    quietly: bool = False,
    priority: str = "high",
) -> None:
    """Note that a ticket has to be opened; unless that is done quietly, the customer gets its number by e-mail."""
    new = replace(saga, id=f"person:{secrets.token_hex(16)}")
    content = {"subject": subject, "body": body, "quietly": quietly, "priority": priority}
    note(connection, new, [NewStep(system=DESK, action="person", content=content)], now)


def register_telling(sagas: Sagas, tickets: Tickets, policies: Policies, clock: Clock) -> None:
    """Let sagas open tickets, and send e-mails that wait for what comes before them."""

    def open_ticket(step: Step) -> Content:
        with sagas.database.read() as connection:
            customer = _customer(connection, step.saga)
        caller = replace(step.saga.caller, idempotency_key=f"saga {step.key}")
        subject, body = step.content["subject"], step.content["body"]
        priority = step.content.get("priority", "high")
        return {"number": tickets.open(caller, subject, body, priority, customer).number}

    def ticket_opened(connection: Connection, step: Step) -> None:
        customer = _customer(connection, step.saga)
        if customer is not None and not step.content["quietly"]:
            words = (step.saga.action, step.saga.subject, step.result["number"])
            outbox.put(connection, mail_sagas.person(customer, policies, *words), clock())

    def send(connection: Connection, step: Step) -> None:
        outbox.put(connection, Letter(**step.content), clock())

    sagas.register(DESK, "person", Kind(do=open_ticket, noted=ticket_opened))
    sagas.register(MAIL, "send", Kind(noted=send))


def _record(connection: Connection, saga: Saga, now: datetime, what: str, after: Content) -> None:
    """Write an audit row about what became of a write."""
    audit.record(
        connection,
        saga.caller,
        now,
        f"{saga.action}.{what}",
        saga.subject,
        customer_id=saga.customer_id,
        rule=saga.reason,
        after=after,
    )


def _customer(connection: Connection, saga: Saga) -> Customer | None:
    """Find whom a saga is about."""
    return find_customer_by_id(connection, saga.customer_id) if saga.customer_id else None


def _ids(content: Content) -> Content:
    """Take the ids and amounts of a step, by which a person finds it."""
    return {name: value for name, value in content.items() if isinstance(value, str | int)}

"""The port: what the assistant needs from a help desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from actions.commerce.model import Customer
from actions.services.context import Caller

PRIORITIES = ("low", "normal", "high", "urgent")
STATUSES = ("open", "pending", "solved", "closed")  # pending: a person waits for the customer's answer
CLOSED = frozenset({"solved", "closed"})


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A case that a person will look at."""

    number: str  # as in "T-10042"
    created: datetime
    subject: str
    priority: str
    status: str = "open"  # one of STATUSES
    reply_hours: int = 24  # within how many hours a person answers
    repeated: bool = False  # it was open before this call

    @property
    def open(self) -> bool:
        """Whether somebody still works on it."""
        return self.status not in CLOSED


class Tickets(Protocol):
    """A help desk."""

    def open(
        self,
        caller: Caller,
        subject: str,
        body: str,
        priority: str = "normal",
        customer: Customer | None = None,
        case: str | None = None,
    ) -> Ticket:
        """Open a ticket; the same call again gives the same ticket.

        So does another call about the same case while its ticket is open: the body is added to that as a note.
        """

    def find(self, number: str) -> Ticket | None:
        """Find a ticket by its number."""

    def of(self, caller: Caller, customer: Customer | None) -> list[Ticket]:
        """List the tickets of this conversation and of its verified customer, newest first."""

    def add(self, caller: Caller, ticket: Ticket, text: str) -> None:
        """Add a note to a ticket; the same call again adds nothing."""

    def escalate(self, caller: Caller, ticket: Ticket, priority: str) -> Ticket:
        """Raise a ticket's priority, which never falls."""


class HelpDesk(Protocol):
    """A help desk outside, which gets the tickets that are kept here. Whatever has a key happens once."""

    def open(self, key: str, subject: str, body: str, priority: str, customer: Customer | None) -> Ticket:
        """Open a ticket."""

    def find(self, number: str) -> Ticket | None:
        """Find a ticket by the help desk's own number."""

    def add(self, key: str, number: str, text: str) -> Ticket | None:
        """Add a note; None for no such ticket, or one that takes no more."""

    def escalate(self, number: str, priority: str) -> Ticket | None:
        """Raise a ticket's priority, which never falls; None for no such ticket, or one that takes no more."""


def checked_priority(priority: str) -> str:
    """Give back a priority, or say which there are."""
    if priority not in PRIORITIES:
        raise ValueError(f"'{priority}' isn't a priority; those are {', '.join(PRIORITIES)}.")
    return priority


def higher(one: str, other: str) -> str:
    """Tell the higher of two priorities."""
    return max(one, other, key=PRIORITIES.index)

"""The port: what the assistant needs from a help desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from actions.commerce.model import Customer
from actions.services.context import Caller

PRIORITIES = ("low", "normal", "high", "urgent")
CLOSED = frozenset({"solved", "closed"})


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A case that a person will look at."""

    number: str  # as in "T-10042"
    created: datetime
    subject: str
    priority: str
    status: str = "open"
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

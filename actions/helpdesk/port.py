"""The port: what the assistant needs from a help desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from actions.commerce.model import Customer
from actions.services.context import Caller

PRIORITIES = ("low", "normal", "high", "urgent")


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A case that a person will look at."""

    number: str  # as in "T-10042"
    created: datetime
    subject: str
    priority: str
    status: str = "open"
    reply_hours: int = 24  # within how many hours a person answers


class Tickets(Protocol):
    """A help desk."""

    def open(
        self,
        caller: Caller,
        subject: str,
        body: str,
        priority: str = "normal",
        customer: Customer | None = None,
    ) -> Ticket:
        """Open a ticket; the same call again gives the same ticket."""

    def find(self, number: str) -> Ticket | None:
        """Find a ticket by its number."""

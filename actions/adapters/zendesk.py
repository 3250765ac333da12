"""Tickets in Zendesk, over its Support API v2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from actions.adapters.errors import BadAnswer, Missing, Rejected
from actions.adapters.http import Budget, Rules, System
from actions.adapters.keys import digest
from actions.adapters.settings import ZendeskSettings
from actions.commerce.model import Customer
from actions.helpdesk.port import PRIORITIES, Ticket, checked_priority, higher
from actions.helpdesk.texts import body_of, subject_of

TAG = "frontdesk"
TICKETS = "/api/v2/tickets"
LONGEST_NUMBER = 18  # digits; a ticket's id has 64 bits
# Zendesk knows more states than a customer needs to.
STATUSES = {
    "new": "open",
    "open": "open",
    "hold": "open",
    "pending": "pending",
    "solved": "solved",
    "closed": "closed",
}


class ZendeskTickets:
    """A help desk in Zendesk; a ticket's number is Zendesk's own.

    What the assistant writes is an internal note: it holds the conversation and is for agents, and Zendesk
    would e-mail a public comment to the customer. The key of a new ticket is its external id and Zendesk's
    Idempotency-Key; since Zendesk forgets those, the ticket is looked up by its external id first.
    """

    def __init__(
        self, settings: ZendeskSettings, reply_hours: Callable[[str], int], rules: Rules | None = None
    ) -> None:
        self._settings = settings
        self._reply_hours = reply_hours
        login = (f"{settings.email}/token", settings.token)
        self._system = System("Zendesk", settings.url, auth=login, rules=rules)

    def close(self) -> None:
        """Close the connections."""
        self._system.close()

    def open(self, key: str, subject: str, body: str, priority: str, customer: Customer | None) -> Ticket:
        """Open a ticket; the same key again gives the same ticket."""
        ticket = self._new(subject_of(subject), body_of(body), checked_priority(priority), customer)
        external_id = f"{TAG}-{digest(key)[:40]}"
        budget = self._system.budget()
        found = self._by_external_id(external_id, budget)
        if found is None:
            body_sent = {"ticket": ticket | {"external_id": external_id}}
            answer = self._system.call("POST", TICKETS, body=body_sent, key=external_id, budget=budget)
            found = self._content(answer.json())
        return self._ticket(found)

    def find(self, number: str) -> Ticket | None:
        """Find a ticket by its number."""
        found = self._read(number, self._system.budget())
        return self._ticket(found) if found is not None else None

    def add(self, key: str, number: str, text: str) -> Ticket | None:
        """Add a note; the same key again adds nothing. None for no such ticket, or a closed one."""
        budget = self._system.budget()
        found = self._read(number, budget)
        if found is None or found["status"] == "closed":
            return None
        mark = f"[{TAG} {digest(key)[:24]}]"
        if self._has_comment(number, mark, budget):
            return self._ticket(found)
        comment = {"ticket": {"comment": {"body": f"{body_of(text)}\n\n{mark}", "public": False}}}
        return self._updated(number, comment, budget, repeatable=False)

    def escalate(self, number: str, priority: str) -> Ticket | None:
        """Raise a ticket's priority, which never falls. None for no such ticket, or a closed one."""
        checked_priority(priority)
        budget = self._system.budget()
        found = self._read(number, budget)
        if found is None or found["status"] == "closed":
            return None
        raised = higher(found["priority"] or PRIORITIES[0], priority)
        if raised == found["priority"]:
            return self._ticket(found)
        return self._updated(number, {"ticket": {"priority": raised}}, budget)

    def _new(self, subject: str, body: str, priority: str, customer: Customer | None) -> dict[str, Any]:
        """Write down a new ticket as Zendesk wants it."""
        settings = self._settings
        ticket: dict[str, Any] = {
            "subject": subject,
            "comment": {"body": body or subject, "public": False},
            "priority": priority,
            "tags": [TAG],
        }
        if customer is not None:
            ticket["requester"] = {"name": customer.name or customer.email, "email": customer.email}
        places = {name: getattr(settings, name) for name in ("group_id", "brand_id", "ticket_form_id")}
        return ticket | {name: value for name, value in places.items() if value is not None}

    def _by_external_id(self, external_id: str, budget: Budget) -> dict[str, Any] | None:
        """Find the ticket of an earlier call; external ids needn't be unique, so the first one counts."""
        answer = self._system.call("GET", TICKETS, params={"external_id": external_id}, budget=budget).json()
        listed = answer.get("tickets") if isinstance(answer, Mapping) else None
        if not isinstance(listed, list):
            raise BadAnswer("Zendesk", "the list of tickets has another form than described.")
        tickets = [self._checked(entry) for entry in listed]
        same = [ticket for ticket in tickets if ticket.get("external_id") == external_id]
        return min(same, key=lambda ticket: int(ticket["id"]), default=None)

    def _read(self, number: str, budget: Budget) -> dict[str, Any] | None:
        """Read a ticket as it stands now."""
        if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
            return None
        try:
            answer = self._system.call("GET", f"{TICKETS}/{int(number)}", budget=budget)
        except Missing:
            return None
        return self._content(answer.json())

    def _has_comment(self, number: str, mark: str, budget: Budget) -> bool:
        """Tell whether one of the newest comments carries a mark."""
        params = {"sort_order": "desc", "per_page": "100"}
        path = f"{TICKETS}/{int(number)}/comments"
        answer = self._system.call("GET", path, params=params, budget=budget).json()
        listed = answer.get("comments") if isinstance(answer, Mapping) else None
        if not isinstance(listed, list):
            raise BadAnswer("Zendesk", "the list of comments has another form than described.")
        return any(mark in str(entry.get("body", "")) for entry in listed if isinstance(entry, Mapping))

    def _updated(
        self, number: str, change: dict[str, Any], budget: Budget, *, repeatable: bool = True
    ) -> Ticket | None:
        """Change a ticket; one that was closed meanwhile can't be."""
        path = f"{TICKETS}/{int(number)}"
        try:
            answer = self._system.call("PUT", path, body=change, budget=budget, repeatable=repeatable)
        except Missing:
            return None
        except Rejected as error:
            closed = error.status == 422 and (self._read(number, budget) or {}).get("status") == "closed"
            if closed:
                return None
            raise
        return self._ticket(self._content(answer.json()))

    def _content(self, answer: Any) -> dict[str, Any]:
        """Take the ticket out of an answer."""
        return self._checked(answer.get("ticket") if isinstance(answer, Mapping) else None)

    def _checked(self, ticket: Any) -> dict[str, Any]:
        """Check what is read of a ticket."""
        known = (
            isinstance(ticket, Mapping)
            and isinstance(ticket.get("id"), int)
            and ticket.get("status") in STATUSES
            and ticket.get("priority") in (None, *PRIORITIES)
            and isinstance(ticket.get("created_at"), str)
        )
        if not known:
            raise BadAnswer("Zendesk", "a ticket has another form than described.")
        return dict(ticket)

    def _ticket(self, found: Mapping[str, Any]) -> Ticket:
        """Make our ticket of Zendesk's."""
        priority = found["priority"] or "normal"
        try:
            created = datetime.fromisoformat(found["created_at"])
        except ValueError as error:
            raise BadAnswer("Zendesk", "a ticket's time can't be read.") from error
        return Ticket(
            number=str(found["id"]),
            created=created,
            subject=str(found.get("subject") or ""),
            priority=priority,
            status=STATUSES[found["status"]],
            reply_hours=self._reply_hours(priority),
        )

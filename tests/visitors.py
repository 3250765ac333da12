"""People on the chat page of a running assistant, and its shop: to see what was changed, and what nobody may hear."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Server

# Tables whose rows are no business effect; all others are.
NO_EFFECTS = frozenset({
    "alembic_version", "shop_meta", "counters", "verifications", "throttles", "receipts", "reset_links", "outbox",
    "tickets", "ticket_notes", "audit", "audit_head", "sqlite_sequence",
})  # fmt: skip


@dataclass
class Visitor:
    """A conversation on the chat page."""

    server: Server
    token: str
    sender_id: str

    def post(self, text: str, **body: Any) -> httpx.Response:
        """Send a message with whatever else a client may put into it."""
        return httpx.post(
            f"{self.server.url}/webhooks/chat/webhook", json={"message": text, **body}, headers=self.headers
        )

    def say(self, text: str, **body: Any) -> str:
        """Send a message; return all that is answered, with the titles of buttons."""
        return said(self.post(text, **body))

    @property
    def headers(self) -> dict[str, str]:
        """What the page sends along."""
        return {"Authorization": f"Bearer {self.token}"}

    def history(self) -> str:
        """Return what the assistant said, as the page would show it after a reload."""
        found = httpx.get(f"{self.server.url}/webhooks/chat/history", headers=self.headers).json()["messages"]
        return "\n".join(line.get("text") or "" for line in found if line["role"] == "bot")


def said(response: httpx.Response) -> str:
    """Return what a response of the chat channel says, and that it is one."""
    assert response.status_code == 200, response.text
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    found = [reply for line in lines if (reply := json.loads(line))]
    assert found, response.text
    titles = [button["title"] for reply in found for button in reply.get("buttons") or ()]
    return "\n".join([*(reply.get("text", "") for reply in found), *titles])


@dataclass(frozen=True)
class Victim:
    """A customer of the shop with one order: what is known of them, and what nobody else may hear."""

    id: str
    email: str
    postcode: str
    first_name: str
    number: str
    paid: int
    secrets: tuple[str, ...] = field(repr=False)


class Target:
    """The assistant with a shop of its own."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.shop = folder / ".frontdesk" / "shop.db"
        self._met: set[str] = set()

    def visitor(self) -> Visitor:
        """Open the chat page."""
        session = httpx.post(f"{self.server.url}/webhooks/chat/session").json()
        return Visitor(self.server, session["token"], session["sender_id"])

    def customer(self, victim: Victim) -> Visitor:
        """Open the chat page as a customer who has proved who they are."""
        visitor = self.visitor()
        told = visitor.say(f"where is {victim.number}? my mail is {victim.email}")
        assert victim.number in told, told
        assert "match" not in told, told
        return visitor

    def rest(self, text: str, sender: str | None = None, **body: Any) -> httpx.Response:
        """Send a message on the REST channel, as anybody."""
        given = {"sender": sender or uuid.uuid4().hex, "message": text, **body}
        return httpx.post(f"{self.server.url}/webhooks/rest/webhook", json=given)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read from the shop's database."""
        with closing(sqlite3.connect(self.shop, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def arrange(self, statement: str, *values: Any) -> None:
        """Change the shop before an attack begins."""
        with closing(sqlite3.connect(self.shop, timeout=30)) as connection, connection:
            connection.execute(statement, values)

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all that a business effect could have changed."""
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {name for (name,) in found} - NO_EFFECTS
        return {table: self.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in sorted(tables)}  # noqa: S608

    def meet(self, status: str, *, most: int = 40_000) -> Victim:
        """Find a customer whom no other test uses or names, with an order in a state that cost at most so many cents."""
        query = """
            SELECT c.id, c.email, json_extract(c.address, '$.postcode'), c.first_name, o.number, sum(p.amount),
                   c.last_name, c.phone, json_extract(c.address, '$.line1')
            FROM customers c JOIN orders o ON o.customer_id = c.id JOIN payments p ON p.order_number = o.number
            WHERE o.status = ? AND p.kind = 'payment' AND o.number NOT IN (SELECT order_number FROM cancellations)
                AND c.email NOT IN ('anna.bennett@example.com', 'marcus.reed@example.com', 'tessa.moreau@example.com')
            GROUP BY o.number HAVING sum(p.amount) <= ?
            ORDER BY c.id IN (SELECT customer_id FROM orders JOIN returns ON order_number = number), o.number
        """
        for row in self.rows(query, status, most):
            if row[0] in self._met:
                continue
            self._met.add(row[0])
            parcels = self.rows("SELECT tracking_numbers FROM shipments WHERE order_number = ?", row[4])
            others = self.rows(
                "SELECT number FROM orders WHERE customer_id = ? AND number != ?", row[0], row[4]
            )
            secrets = [*row[6:], *(number for (number,) in others)]
            secrets += [number for (numbers,) in parcels for number in json.loads(numbers)]
            return Victim(
                *row[:6], secrets=tuple(s for s in secrets if s and s.lower() not in row[1].lower())
            )
        raise LookupError(f"The demo shop has no further customer with an order that is {status}.")


def copied(assistant: Path, folder: Path) -> Path:
    """Copy the assistant without its shop; a new one is made up when the first one asks for it."""
    without = shutil.ignore_patterns("shop.db*", "conversations.db*", "*.log")
    return Path(shutil.copytree(assistant, folder, symlinks=True, ignore=without))

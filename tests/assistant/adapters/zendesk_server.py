"""A Zendesk on 127.0.0.1, as its published description has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any

from .described import Described
from .serving import Asked, Local, Told

EMAIL, TOKEN = "bot@acme.example", "zendesk-secret-token"
AGENT = 7


class ZendeskServer:
    """Its state, and its answers."""

    def __init__(self) -> None:
        self.described = Described("zendesk")
        self.url = ""
        self.local: Local
        self.tickets: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.users: dict[str, int] = {}
        self.keys: dict[str, tuple[bytes, Told]] = {}

    def __call__(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != login():
            return error(401, "Couldn't authenticate you")
        if re.fullmatch(r"/api/v2/users/\d+\.json", asked.path):  # zenpy resolves ids to users by this
            return Told(200, {"user": {"id": AGENT, "name": "Bot", "email": EMAIL}})
        found = self.described.operation(asked)
        if found is None:
            return error(404, "InvalidEndpoint")
        operation, values = found
        before = len(self.described.wrong)
        self.described.request(asked, operation, values)
        if len(self.described.wrong) > before:
            if asked.headers["user-agent"] == "frontdesk":
                return error(422, "RecordInvalid")
            del self.described.wrong[before:]  # zenpy also sends read-only keys, which Zendesk passes over
        told = getattr(self, f"answer_{operation['operationId']}")(asked, *[int(value) for value in values])
        self.described.answer(asked, operation, told)
        return told

    def answer_ListTickets(self, asked: Asked) -> Told:
        wanted = asked.query.get("external_id", [None])[0]
        found = [each for each in self.tickets.values() if wanted is None or each["external_id"] == wanted]
        return Told(200, {"tickets": found, "meta": {"has_more": False}, "count": len(found)})

    def answer_CreateTicket(self, asked: Asked) -> Told:
        key = asked.headers.get("idempotency-key")
        if key in self.keys:
            content, told = self.keys[key]
            if content != asked.content:
                return error(400, "IdempotentRequestError")
            return Told(told.status, told.body, told.headers | {"x-idempotency-lookup": "hit"})
        given = asked.body["ticket"]
        if not given.get("comment", {}).get("body") and not given.get("description"):
            return error(422, "RecordInvalid")
        number = 35436 + len(self.tickets)
        requester = given.get("requester")
        person = requester["email"] if isinstance(requester, dict) else EMAIL
        moment = now()
        ticket = {
            "id": number,
            "url": f"{self.url}/api/v2/tickets/{number}.json",
            "external_id": given.get("external_id"),
            "subject": given.get("subject"),
            "raw_subject": given.get("subject") or "",
            "description": given["comment"]["body"],
            "priority": given.get("priority"),
            "status": given.get("status", "new"),
            "type": given.get("type"),
            "tags": given.get("tags", []),
            "requester_id": self.users.setdefault(person, 100 + len(self.users)),
            "submitter_id": AGENT,
            "group_id": given.get("group_id"),
            "is_public": given["comment"].get("public", True),
            "created_at": moment,
            "updated_at": moment,
        }
        self.tickets[number] = ticket
        self.comments[number] = []
        told = Told(201, self.changed(number, given), {"Location": ticket["url"]})
        if key:
            self.keys[key] = (asked.content, told)
            told = Told(told.status, told.body, told.headers | {"x-idempotency-lookup": "miss"})
        return told

    def answer_ShowTicket(self, asked: Asked, number: int) -> Told:
        if number not in self.tickets:
            return error(404, "RecordNotFound")
        return Told(200, {"ticket": self.tickets[number]})

    def answer_UpdateTicket(self, asked: Asked, number: int) -> Told:
        if number not in self.tickets:
            return error(404, "RecordNotFound")
        ticket, given = self.tickets[number], asked.body["ticket"]
        if ticket["status"] == "closed":
            return error(422, "RecordInvalid")
        for name in ("priority", "status", "subject", "tags", "group_id", "external_id"):
            if name in given:
                ticket[name] = given[name]
        return Told(200, self.changed(number, given))

    def answer_ListTicketComments(self, asked: Asked, number: int) -> Told:
        if number not in self.tickets:
            return error(404, "RecordNotFound")
        comments = self.comments[number]
        if asked.query.get("sort_order") == ["desc"]:
            comments = comments[::-1]
        size = int(asked.query.get("per_page", ["100"])[0])
        return Told(200, {"comments": comments[:size], "meta": {"has_more": False}, "count": len(comments)})

    def changed(self, number: int, given: dict[str, Any]) -> dict[str, Any]:
        """Note a change with its comment, and tell the ticket and the audit."""
        ticket, comment = self.tickets[number], given.get("comment")
        ticket["updated_at"] = now()
        if comment:
            entry = {
                "id": 900 + sum(map(len, self.comments.values())),
                "type": "Comment",
                "author_id": AGENT,
                "body": comment["body"],
                "plain_body": comment["body"],
                "html_body": "",
                "public": comment.get("public", ticket["is_public"]),
                "attachments": [],
                "created_at": ticket["updated_at"],
            }
            self.comments[number].append(entry)
        audit = {
            "id": 1,
            "ticket_id": number,
            "author_id": AGENT,
            "created_at": ticket["updated_at"],
            "events": [],
        }
        return {"ticket": dict(ticket), "audit": audit}


def login() -> str:
    """The header of an agent with an API token."""
    return "Basic " + base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()


def error(status: int, name: str) -> Told:
    return Told(status, {"error": name, "description": "anna.bennett@example.com is in these words"})


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def webhook(secret: str, at: datetime, **content: Any) -> tuple[dict[str, str], bytes]:
    """A webhook as Zendesk sends it."""
    body = json.dumps(content).encode()
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Zendesk-Webhook-Id": "01GT61NNRJ0XWTZPV0WG1YKRBA",
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }, body

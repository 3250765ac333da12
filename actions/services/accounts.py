"""Accounts: a new password by e-mail, without telling anyone which addresses exist."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.model import Customer
from actions.commerce.rows import email_key
from actions.commerce.store import SqlStore
from actions.services import audit, mail, outbox, receipts, throttle
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.identity import hashed, salt
from actions.services.mail import Reader
from actions.services.proofs import LONGEST_INPUT
from actions.services.rulebook import Policies
from actions.services.throttle import Throttle

ACTION = "password.reset"
KEPT = timedelta(days=1)  # links that are over are dropped after this


class Addressee(NamedTuple):
    """As much of a customer as an e-mail needs."""

    id: str
    email: str
    first_name: str


class Accounts:
    """Sends password reset links, and takes them back.

    >>> accounts.request_password_reset(caller, "anna.bennett@example.com")
    """

    def __init__(self, store: SqlStore, policies: Policies, clock: Clock = utc_now) -> None:
        self._store = store
        self._database: Database = store.database
        self._policies = policies
        self._clock = clock
        policy = policies.accounts
        window = timedelta(minutes=policy.reset_window_minutes)
        self._by_email = Throttle("reset.email", policy.reset_requests_per_email, window, window)
        self._by_conversation = Throttle(
            "reset.conversation", policy.reset_requests_per_conversation, window, window
        )

    def request_password_reset(self, caller: Caller, email: str) -> None:
        """Send a link if the address is a customer's; do the same work and say nothing either way.

        An unknown address, or one that asked too often, gets the same rows: a link that opens nothing and an
        e-mail without a recipient, which the next delivery drops.
        """
        now = self._clock()
        key = email_key(email[:LONGEST_INPUT])
        self._store.acquaint(key, "")
        with self._database.write() as connection:
            digest = hashed(key, salt(connection))
            request = receipts.request_hash(digest)
            places = ((self._by_conversation, hashed(caller.conversation)), (self._by_email, digest))
            standings = [limit.standing(connection, place, now) for limit, place in places]
            if receipts.find(connection, caller, ACTION, request) is not None:
                return
            customer = _find_addressee(connection, key)
            allowed = all(entry.left > 0 for entry in standings)
            if allowed:
                for limit, place in places:
                    limit.hit(connection, place, now)
            self._write_link(connection, customer if allowed else None, f"-{digest[:32]}")
            receipts.keep(connection, caller, ACTION, request, {}, now)
            audit.record(
                connection, caller, now, ACTION, "account", rule="allowed" if allowed else "too_many"
            )
            throttle.prune(connection, now)

    def use_reset_link(self, token: str) -> Customer | None:
        """Take a link back, once.

        Gives the customer whose password may now be set, or None for a link that is over.
        """
        now = self._clock()
        table = schema.reset_links
        digest = hashlib.sha256(token[:LONGEST_INPUT].encode(errors="replace")).hexdigest()
        with self._database.write() as connection:
            used = connection.execute(
                update(table)
                .where(
                    table.c.token_hash == digest,
                    table.c.used_at.is_(None),
                    table.c.expires_at > now,
                )
                .values(used_at=now)
            )
            if used.rowcount != 1:
                return None
            owner = connection.execute(
                select(table.c.customer_id).where(table.c.token_hash == digest)
            ).scalar_one()
        return self._store.customer(owner)

    def _write_link(self, connection: Connection, customer: Addressee | None, nobody: str) -> None:
        """Write a link and its e-mail; links sent before stop working.

        `nobody` stands in for a customer's id; no customer has it, so that its links open nothing.
        """
        now = self._clock()
        policy = self._policies.accounts
        token = secrets.token_urlsafe(32)
        table = schema.reset_links
        owner = customer.id if customer else nobody
        connection.execute(delete(table).where(table.c.expires_at < now - KEPT))
        connection.execute(
            update(table).where(table.c.customer_id == owner, table.c.used_at.is_(None)).values(used_at=now)
        )
        connection.execute(
            insert(table),
            {
                "token_hash": hashlib.sha256(token.encode()).hexdigest(),
                "customer_id": owner,
                "created_at": now,
                "expires_at": now + timedelta(minutes=policy.reset_link_minutes),
            },
        )
        reader = Reader(customer.email, customer.first_name) if customer else Reader("", "there")
        url = f"{policy.reset_url}?token={token}"
        outbox.put(connection, mail.password_reset(reader, self._policies, url), now)


def _find_addressee(connection: Connection, key: str) -> Addressee | None:
    """Find whom an address belongs to, in one query whether it is known or not."""
    table = schema.customers
    query = select(table.c.id, table.c.email, table.c.first_name).where(table.c.email_key == key)
    row = connection.execute(query).first()
    return Addressee(*row) if row else None

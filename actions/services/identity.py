"""Who the customer is: proven by e-mail plus order number or postcode, kept per conversation."""

from __future__ import annotations

import hashlib
import hmac
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from actions.commerce import schema
from actions.commerce.database import Database, order_key
from actions.commerce.errors import StoreBusy
from actions.commerce.model import Customer
from actions.commerce.rows import email_key
from actions.commerce.store import SqlStore, find_customer_by_id
from actions.services import audit, throttle
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.orders import order_number
from actions.services.rulebook import IdentityPolicy
from actions.services.throttle import Throttle

POSTCODE = re.compile(r"(?<![0-9A-Za-z])(\d{5})(?:[-\s]?\d{4})?(?![0-9A-Za-z])")
TOUCH = timedelta(seconds=60)  # how exact "last seen" is
LONGEST_INPUT = 320
NOWHERE = {"postcode": "00000"}  # stands in for an address, so that an unknown customer costs the same


@dataclass(frozen=True)
class Verification:
    """How an attempt to prove an identity ended.

    `status` is "verified", "failed", "locked" (too many wrong guesses, until `locked_until`) or "unavailable"
    (this conversation may never be verified, because anyone could have begun it).
    """

    status: str
    customer: Customer | None = None
    attempts_left: int = 0
    locked_until: datetime | None = None


def postcode(text: str) -> str | None:
    """Find a US postcode in a text and give its five digits."""
    found = POSTCODE.search(text[:LONGEST_INPUT])
    return found[1] if found else None


class Identity:
    """Proves and remembers who a conversation belongs to.

    >>> identity.verify(caller, "anna.bennett@example.com", "L204817").status
    >>> identity.customer(caller)

    A wrong guess is answered alike whatever was wrong about it, and does the same work.
    """

    def __init__(self, store: SqlStore, policy: IdentityPolicy, clock: Clock = utc_now) -> None:
        self._store = store
        self._database: Database = store.database
        self._policy = policy
        self._clock = clock
        window, lock = (
            timedelta(minutes=policy.attempts_window_minutes),
            timedelta(minutes=policy.lock_minutes),
        )
        self._by_conversation = Throttle(
            "identity.conversation", policy.attempts_per_conversation, window, lock
        )
        self._by_email = Throttle("identity.email", policy.attempts_per_email, window, lock)

    def verify(self, caller: Caller, email: str, proof: str) -> Verification:
        """Check a proof and remember who the conversation belongs to; count a wrong guess."""
        if not caller.authenticated:
            return Verification("unavailable")
        now = self._clock()
        email, proof = email[:LONGEST_INPUT], proof[:LONGEST_INPUT]
        with self._database.write() as connection:
            keys = (hashed(caller.conversation), hashed(email_key(email), salt(connection)))
            pairs = list(zip((self._by_conversation, self._by_email), keys, strict=True))
            standings = [limit.standing(connection, key, now) for limit, key in pairs]
            until = max((entry.locked_until for entry in standings if entry.locked_until), default=None)
            if until is not None:
                return Verification("locked", locked_until=until)
            proven = self._proven(connection, email, proof)
            if proven is not None:
                self._remember(connection, caller, proven, now)
                customer = find_customer_by_id(connection, proven)
                return Verification("verified", customer, min(entry.left for entry in standings))
            standings = [limit.hit(connection, key, now) for limit, key in pairs]
            audit.record(connection, caller, now, "identity.failed", "identity")
            throttle.prune(connection, now)
        until = max((entry.locked_until for entry in standings if entry.locked_until), default=None)
        left = min(entry.left for entry in standings)
        return Verification("locked" if until else "failed", attempts_left=left, locked_until=until)

    def customer(self, caller: Caller) -> Customer | None:
        """Tell whom the conversation was verified as; None once it was silent for too long."""
        if not caller.authenticated:
            return None
        now = self._clock()
        with self._database.read() as connection:
            row = _verification(connection, caller)
        if row is None or not self._is_fresh(row, now):
            return None
        if now - row["last_seen_at"] >= TOUCH:
            table = schema.verifications
            with suppress(StoreBusy), self._database.write() as connection:  # reading goes on without
                connection.execute(
                    update(table).where(table.c.conversation == row["conversation"]).values(last_seen_at=now)
                )
        return self._store.customer(row["customer_id"])

    def is_verified(self, connection: Connection, caller: Caller, customer: Customer) -> bool:
        """Tell, within a transaction, whether the conversation was verified as this customer."""
        if not caller.authenticated:
            return False
        row = _verification(connection, caller)
        return row is not None and row["customer_id"] == customer.id and self._is_fresh(row, self._clock())

    def forget(self, caller: Caller) -> None:
        """Forget whom the conversation was verified as."""
        if not caller.authenticated:
            return
        now = self._clock()
        with self._database.write() as connection:
            row = _verification(connection, caller)
            if row is not None:
                connection.execute(
                    delete(schema.verifications).where(
                        schema.verifications.c.conversation == row["conversation"]
                    )
                )
                audit.record(
                    connection, caller, now, "identity.forgotten", "identity", customer_id=row["customer_id"]
                )

    def _is_fresh(self, row: RowMapping, now: datetime) -> bool:
        """Tell whether a verification still holds."""
        idle = now - row["last_seen_at"] <= timedelta(minutes=self._policy.idle_minutes)
        return bool(idle and now - row["verified_at"] <= timedelta(minutes=self._policy.longest_minutes))

    def _proven(self, connection: Connection, email: str, proof: str) -> str | None:
        """Check both halves of a proof and give the customer's id; every wrong one costs the same work."""
        customers, orders = schema.customers, schema.orders
        number = order_key(order_number(proof) or proof)[:40]
        customer = connection.execute(
            select(customers.c.id, customers.c.address).where(customers.c.email_key == email_key(email))
        ).first()
        order = connection.execute(select(orders.c.customer_id).where(orders.c.number_key == number)).first()
        wanted, address = (customer.id, customer.address) if customer else ("!", NOWHERE)
        owner = order.customer_id if order else "?"
        by_order = hmac.compare_digest(owner.encode(), wanted.encode())
        own, given = postcode(address["postcode"]) or "-", postcode(proof) or "+"
        by_postcode = hmac.compare_digest(own.encode(), given.encode())
        proofs = self._policy.proofs
        right = (by_order and "order_number" in proofs) or (by_postcode and "postcode" in proofs)
        return wanted if customer and right else None

    def _remember(self, connection: Connection, caller: Caller, customer_id: str, now: datetime) -> None:
        """Keep whom the conversation belongs to, in place of anyone before."""
        table = schema.verifications
        before = _verification(connection, caller)
        conversation = caller.conversation
        connection.execute(delete(table).where(table.c.conversation == conversation))
        connection.execute(
            insert(table),
            {
                "conversation": conversation,
                "customer_id": customer_id,
                "verified_at": now,
                "last_seen_at": now,
            },
        )
        audit.record(
            connection,
            caller,
            now,
            "identity.verified",
            "identity",
            customer_id=customer_id,
            before={"customer_id": before["customer_id"]} if before else None,
            after={"customer_id": customer_id},
        )


def hashed(value: str, secret: str = "") -> str:
    """Reduce a value to a hash, so that counters keep no addresses."""
    return hmac.new(secret.encode(), value.encode(errors="replace"), hashlib.sha256).hexdigest()


def salt(connection: Connection) -> str:
    """Read the secret with which this database hashes addresses."""
    return str(connection.execute(select(schema.shop_meta.c.salt)).scalar_one())


def _verification(connection: Connection, caller: Caller) -> RowMapping | None:
    """Read the verification of a conversation."""
    table = schema.verifications
    return (
        connection.execute(select(table).where(table.c.conversation == caller.conversation))
        .mappings()
        .first()
    )

"""Who the customer is: proven in one of the ways that the policies accept, kept per conversation."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.errors import StoreBusy
from actions.commerce.lookups import find_customer_by_id
from actions.commerce.model import Customer
from actions.commerce.rows import email_key
from actions.commerce.store import SqlStore
from actions.services import audit, throttle
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.orders import order_number
from actions.services.proofs import LONGEST_INPUT, Claim, Proven, claimed_ways, plain, prove
from actions.services.throttle import Throttle
from actions.services.typed_policies import ANYTHING, IdentityPolicy

TOUCH = timedelta(seconds=60)  # how exact "last seen" is
_VERIFICATION = select(schema.verifications).where(schema.verifications.c.conversation == bindparam("wanted"))
OLD_WAY = "email_order"  # of a verification from before ways were kept


@dataclass(frozen=True)
class Verification:
    """How an attempt to prove an identity ended.

    `status` is "verified", "failed", "locked" (too many wrong guesses, until `locked_until`), "unavailable" (this
    conversation may never be verified, because anyone could have begun it) or "one_customer" (the conversation is
    another customer's, and stays so).
    """

    status: str
    customer: Customer | None = None
    attempts_left: int = 0
    locked_until: datetime | None = None


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

    def verify(
        self, caller: Caller, email: str, proof: str = "", *, name: str = "", action: str = ANYTHING
    ) -> Verification:
        """Check a claim and remember who the conversation belongs to; count a wrong guess."""
        if not caller.authenticated:
            return Verification("unavailable")
        claim = Claim(email[:LONGEST_INPUT], proof[:LONGEST_INPUT], name[:LONGEST_INPUT])
        now = self._clock()
        self._acquaint(caller, claim, now)
        with self._database.write() as connection:
            if self._belongs_to_another(connection, caller, claim, now):
                return Verification("one_customer")
            pairs = self._counted(connection, caller, claim)
            standings = [limit.standing(connection, key, now) for limit, key in pairs]
            until = max((entry.locked_until for entry in standings if entry.locked_until), default=None)
            if until is not None:
                return Verification("locked", locked_until=until)
            for proven in prove(connection, claim):
                way = next((way for way in proven.ways if self._policy.suffices(way, action)), None)
                if way is not None:
                    self._remember(connection, caller, proven, way, now)
                    customer = find_customer_by_id(connection, proven.customer_id)
                    return Verification("verified", customer, min(entry.left for entry in standings))
            standings = [limit.hit(connection, key, now) for limit, key in pairs]
            audit.record(connection, caller, now, "identity.failed", "identity")
            throttle.prune(connection, now)
        until = max((entry.locked_until for entry in standings if entry.locked_until), default=None)
        left = min(entry.left for entry in standings)
        return Verification("locked" if until else "failed", attempts_left=left, locked_until=until)

    def _counted(self, connection: Connection, caller: Caller, claim: Claim) -> list[tuple[Throttle, str]]:
        """List what counts the attempts of this conversation and about these subjects, each with its key."""
        secret = salt(connection)
        pairs = [(self._by_conversation, hashed(caller.conversation))]
        return pairs + [(self._by_email, hashed(subject, secret)) for subject in claim.subjects]

    def _acquaint(self, caller: Caller, claim: Claim, now: datetime) -> None:
        """Look up what a claim names where another system keeps the shop, unless attempts are over."""
        if not self._store.asks_outside:
            return
        with self._database.read() as connection:
            pairs = self._counted(connection, caller, claim)
            standings = [limit.standing(connection, key, now) for limit, key in pairs]
        if not any(entry.locked_until for entry in standings):
            self._store.acquaint(claim.email, order_number(claim.proof) or claim.proof)

    def could_prove(self, claim: Claim, action: str = ANYTHING) -> bool:
        """Tell whether a claim would be enough for an action, if it is right."""
        return any(self._policy.suffices(way, action) for way in claimed_ways(claim))

    def ways(self, action: str = ANYTHING) -> tuple[str, ...]:
        """List the ways that are enough for an action."""
        return self._policy.ways(action)

    @property
    def one_customer(self) -> bool:
        """Whether a conversation stays with the customer whom it was verified as."""
        return self._policy.one_customer

    def known(self, caller: Caller) -> Customer | None:
        """Tell whom the conversation was verified as on any level, be it too low for what is wanted."""
        return self.proven(caller)[0]

    def customer(self, caller: Caller, action: str = ANYTHING) -> Customer | None:
        """Tell whom the conversation was verified as, well enough for an action."""
        known, way = self.proven(caller)
        return known if self.suffices(way, action) else None

    def suffices(self, way: str, action: str) -> bool:
        """Tell whether a way in which somebody was verified is enough for an action."""
        return self._policy.suffices(way, action)

    def proven(self, caller: Caller) -> tuple[Customer | None, str]:
        """Tell whom the conversation was verified as, and in which way; nobody once it was silent for too long."""
        if not caller.authenticated:
            return None, ""
        now = self._clock()
        with self._database.read() as connection:
            row = _verification(connection, caller)
        if row is None or not self._is_fresh(row, now):
            return None, ""
        if now - row["last_seen_at"] >= TOUCH:
            table = schema.verifications
            with suppress(StoreBusy), self._database.write() as connection:  # reading goes on without
                connection.execute(
                    update(table).where(table.c.conversation == row["conversation"]).values(last_seen_at=now)
                )
        return self._store.on_file(row["customer_id"]), row["way"] or OLD_WAY

    def is_verified(
        self, connection: Connection, caller: Caller, customer: Customer, action: str = ANYTHING
    ) -> bool:
        """Tell, within a transaction, whether this customer was verified here, well enough for an action."""
        if not caller.authenticated:
            return False
        row = _verification(connection, caller)
        if row is None or row["customer_id"] != customer.id or not self._is_fresh(row, self._clock()):
            return False
        return self._policy.suffices(row["way"] or OLD_WAY, action)

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

    def _belongs_to_another(
        self, connection: Connection, caller: Caller, claim: Claim, now: datetime
    ) -> bool:
        """Tell whether the conversation is somebody else's already; what exists isn't looked at for that."""
        row = _verification(connection, caller) if self._policy.one_customer else None
        if row is None or not self._is_fresh(row, now):
            return False
        owner = find_customer_by_id(connection, row["customer_id"])
        if owner is None:
            return False
        own_email = not claim.email or email_key(claim.email) == email_key(owner.email)
        return not (own_email and (not claim.name or plain(claim.name) == plain(owner.name)))

    def _remember(
        self, connection: Connection, caller: Caller, proven: Proven, way: str, now: datetime
    ) -> None:
        """Keep whom the conversation belongs to and how that was proven, in place of anyone before."""
        table, customer_id = schema.verifications, proven.customer_id
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
                "way": proven.ways[0] if way == "email" else way,  # of an address with more, all of it
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
            after={"customer_id": customer_id, "way": way},
        )


def hashed(value: str, secret: str = "") -> str:
    """Reduce a value to a hash, so that counters keep no addresses."""
    return hmac.new(secret.encode(), value.encode(errors="replace"), hashlib.sha256).hexdigest()


def salt(connection: Connection) -> str:
    """Read the secret with which this database hashes addresses."""
    return str(connection.execute(select(schema.shop_meta.c.salt)).scalar_one())


def _verification(connection: Connection, caller: Caller) -> RowMapping | None:
    """Read the verification of a conversation."""
    return connection.execute(_VERIFICATION, {"wanted": caller.conversation}).mappings().first()

"""Callbacks: which times are free, and the transactions that book, move and cancel a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.model import Customer
from actions.commerce.store import next_number
from actions.services import audit, mail_care, outbox, receipts
from actions.services.callback_policy import (
    SUBJECT,
    CallWish,
    decide_callback,
    fitting_slots,
    free_slots,
    nearest_slots,
    reason_against,
)
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.identity import Identity, hashed
from actions.services.phone import phone_number
from actions.services.policy import Decision, refusal
from actions.services.rulebook import Policies
from actions.services.throttle import Throttle
from actions.services.typed_policies import SupportPolicy

BOOK, MOVE, CANCEL = "callback.book", "callback.move", "callback.cancel"
WISH = "schedule_callback"  # as identity.yml may name it, where it needs a level of its own
LONGEST_TOPIC = 400
TRIES = 3  # of writers that were after the same place


@dataclass(frozen=True, kw_only=True)
class Callback:
    """A call that is booked, or was."""

    reference: str  # as in "CB-10042"
    phone: str  # as in "+15035550119"
    topic: str
    start: datetime
    minutes: int
    status: str  # booked or canceled
    mailed: bool = False  # a confirmation is in the outbox
    repeated: bool = False  # it was so before this call of the service


class Callbacks:
    """Finds times, and books, moves and cancels calls.

    Nobody has to be verified to be called back: the person who calls finds out who it is. A booked call is shown and
    changed only in the conversation that booked it, or for the customer for whom it was booked.

    >>> start = callbacks.fitting(wish)[0]
    >>> callbacks.book(caller, customer, "+15035550119", "a refund", start).reference
    """

    def __init__(
        self, database: Database, identity: Identity, policies: Policies, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._identity = identity
        self._policies = policies
        self._clock = clock
        support = policies.support
        window = timedelta(minutes=support.callback_window_minutes)
        self._bookings = Throttle("callback.conversation", support.callback_bookings, window, window)
        self._unproven = Throttle("callback.unproven", support.callback_bookings_unproven, window, window)

    @property
    def policy(self) -> SupportPolicy:
        """When calls are possible."""
        return self._policies.support

    def free(self) -> tuple[datetime, ...]:
        """List the slots in which somebody can still call."""
        now = self._clock()
        with self._database.read() as connection:
            return free_slots(self.policy, now, _taken(connection, now))

    def fitting(self, wish: CallWish) -> list[datetime]:
        """List the free slots that are as wished."""
        return fitting_slots(self.policy, wish, self.free())

    def nearest(self, wish: CallWish) -> list[datetime]:
        """List the free slots that come closest to a wish."""
        return nearest_slots(wish, self.free())

    def reason_against(self, wish: CallWish) -> str:
        """Name the rule why no slot is as wished."""
        return reason_against(self.policy, wish, self._clock())

    def decide(self, start: datetime) -> Decision:
        """Decide whether a call can be booked for a slot."""
        now = self._clock()
        with self._database.read() as connection:
            return decide_callback(self.policy, start, now, _taken(connection, now))

    def booked(self, caller: Caller, customer: Customer | None) -> Callback | None:
        """Find the call that this conversation, or its verified customer, has booked."""
        with self._database.read() as connection:
            return self._own(connection, caller, customer)

    def book(
        self, caller: Caller, customer: Customer | None, phone: str, topic: str, start: datetime
    ) -> Callback:
        """Book a call: place, e-mail and audit in one transaction; the same call again gives the same booking.

        Raises Refused with the decision when a rule stands against it.
        """
        return self._again(lambda: self._book(caller, customer, phone, topic, start))

    def move(self, caller: Caller, customer: Customer | None, start: datetime) -> Callback:
        """Move the booked call to another slot."""
        return self._again(lambda: self._move(caller, customer, start))

    def cancel(self, caller: Caller, customer: Customer | None) -> Callback:
        """Cancel the booked call, and free its place."""
        now = self._clock()
        with self._database.write() as connection:
            stored = receipts.find(connection, caller, CANCEL, receipts.request_hash(CANCEL))
            if stored is not None:
                return _callback_from(stored)
            before = self._own(connection, caller, customer)
            if before is None:
                raise Refused(refusal("unknown_call", subject=SUBJECT))
            made = replace(before, status="canceled", mailed=self._knows(connection, caller, customer))
            values = {"status": made.status, "open_place": None, "open_phone": None, "changed_at": now}
            self._change(connection, made, values)
            self._tell(connection, caller, customer, CANCEL, made, before, now)
            receipts.keep(connection, caller, CANCEL, receipts.request_hash(CANCEL), _row(made), now)
        return made

    def _again(self, write: Callable[[], Callback]) -> Callback:
        """Try once more when another writer was a moment faster with the same place, number or key."""
        for _ in range(TRIES):
            try:
                return write()
            except IntegrityError:
                continue
        return write()

    def _book(
        self, caller: Caller, customer: Customer | None, phone: str, topic: str, start: datetime
    ) -> Callback:
        """Book a call, or find the booking that this request repeats."""
        now, start = self._clock(), start.astimezone(UTC)
        number = phone_number(phone)
        if number is None:
            raise Refused(refusal("bad_number", subject=SUBJECT))
        request = receipts.request_hash(number, topic, start.isoformat())
        with self._database.write() as connection:
            stored = receipts.find(connection, caller, BOOK, request)
            if stored is not None:
                return _callback_from(stored)
            own = self._own(connection, caller, customer)
            if own is not None and (own.phone, own.start) == (number, start):
                return replace(own, repeated=True)
            if own is not None or _open_for(connection, number, now):
                raise Refused(refusal("already_booked", subject=SUBJECT))
            place = self._place(connection, start, now)
            self._count(connection, caller, now)
            made = Callback(
                reference=f"CB-{next_number(connection, 'callback')}",
                phone=number,
                topic=topic[:LONGEST_TOPIC],
                start=start,
                minutes=self.policy.callback_slot_minutes,
                status="booked",
                mailed=self._knows(connection, caller, customer),
            )
            self._insert(connection, caller, customer if made.mailed else None, made, place, now)
            self._tell(connection, caller, customer, BOOK, made, None, now)
            receipts.keep(connection, caller, BOOK, request, _row(made), now)
        return made

    def _move(self, caller: Caller, customer: Customer | None, start: datetime) -> Callback:
        """Move a call within one transaction."""
        now, start = self._clock(), start.astimezone(UTC)
        request = receipts.request_hash(start.isoformat())
        with self._database.write() as connection:
            stored = receipts.find(connection, caller, MOVE, request)
            if stored is not None:
                return _callback_from(stored)
            before = self._own(connection, caller, customer)
            if before is None:
                raise Refused(refusal("unknown_call", subject=SUBJECT))
            if before.start == start:
                return replace(before, repeated=True)
            place = self._place(connection, start, now)
            made = replace(before, start=start, mailed=self._knows(connection, caller, customer))
            self._change(connection, made, {"starts_at": start, "open_place": place, "changed_at": now})
            self._tell(connection, caller, customer, MOVE, made, before, now)
            receipts.keep(connection, caller, MOVE, request, _row(made), now)
        return made

    def _knows(self, connection: Connection, caller: Caller, customer: Customer | None) -> bool:
        """Tell whether the conversation was verified as this customer's: only then an e-mail goes out."""
        return customer is not None and self._identity.is_verified(connection, caller, customer, WISH)

    def _own(self, connection: Connection, caller: Caller, customer: Customer | None) -> Callback | None:
        """Find the open call of this conversation or of its verified customer that isn't over."""
        if not caller.authenticated:  # whoever named the conversation could be anybody
            return None
        table = schema.callbacks
        mine = [table.c.conversation == caller.conversation[:255]]
        if customer is not None and self._identity.is_verified(connection, caller, customer, WISH):
            mine.append(table.c.customer_id == customer.id)
        query = (
            select(table)
            .where(table.c.status == "booked", table.c.starts_at > self._clock(), or_(*mine))
            .order_by(table.c.starts_at)
        )
        row = connection.execute(query).mappings().first()
        return None if row is None else _callback(row)

    def _count(self, connection: Connection, caller: Caller, now: datetime) -> None:
        """Count a booking; who isn't authenticated can take another name each time, so those share a limit."""
        limits = [(self._bookings, hashed(caller.conversation))]
        limits += [] if caller.authenticated else [(self._unproven, "all")]
        if not all(limit.standing(connection, key, now).left for limit, key in limits):
            raise Refused(refusal("too_many", subject=SUBJECT))
        for limit, key in limits:
            limit.hit(connection, key, now)

    def _place(self, connection: Connection, start: datetime, now: datetime) -> str:
        """Reserve the first free place in a slot, or refuse with the rule."""
        decision = decide_callback(self.policy, start, now, _taken(connection, now))
        if not decision.allowed:
            raise Refused(decision)
        table = schema.callbacks
        query = select(table.c.open_place).where(table.c.starts_at == start, table.c.open_place.is_not(None))
        used = set(connection.execute(query).scalars())
        places = (f"{start.isoformat()}/{n}" for n in range(1, self.policy.callback_capacity + 1))
        return next(place for place in places if place not in used)

    def _insert(
        self,
        connection: Connection,
        caller: Caller,
        customer: Customer | None,
        made: Callback,
        place: str,
        now: datetime,
    ) -> None:
        """Write the row of a new call; a number whose call is over may have another one."""
        table = schema.callbacks
        over = (table.c.open_phone == made.phone, table.c.starts_at <= now)
        connection.execute(update(table).where(*over).values(open_phone=None, open_place=None))
        connection.execute(
            insert(table),
            {
                "reference": made.reference,
                "conversation": caller.conversation[:255],
                "customer_id": customer.id if customer else None,
                "phone": made.phone,
                "topic": made.topic,
                "starts_at": made.start,
                "minutes": made.minutes,
                "status": made.status,
                "open_place": place,
                "open_phone": made.phone,
                "created_at": now,
                "changed_at": now,
            },
        )

    def _change(self, connection: Connection, made: Callback, values: dict[str, Any]) -> None:
        """Change the row of a call."""
        table = schema.callbacks
        connection.execute(update(table).where(table.c.reference == made.reference).values(**values))

    def _tell(
        self,
        connection: Connection,
        caller: Caller,
        customer: Customer | None,
        action: str,
        made: Callback,
        before: Callback | None,
        now: datetime,
    ) -> None:
        """Write the audit row, and the e-mail where the customer is verified."""
        if made.mailed and customer is not None:
            letter = mail_care.callback(customer, self._policies, action.rpartition(".")[2], made)
            outbox.put(connection, letter, now)
        audit.record(
            connection,
            caller,
            now,
            action,
            f"callback {made.reference}",
            customer_id=customer.id if made.mailed and customer else None,
            rule="allowed",
            before=_state(before) if before else None,
            after=_state(made),
        )


def _state(call: Callback) -> dict[str, str]:
    """Say what an audit row holds of a call: no number and no words."""
    return {"status": call.status, "start": call.start.isoformat()}


def _taken(connection: Connection, now: datetime) -> Counter[datetime]:
    """Count the booked calls of each slot from now on."""
    table = schema.callbacks
    query = select(table.c.starts_at).where(table.c.status == "booked", table.c.starts_at >= now)
    return Counter(connection.execute(query).scalars())


def _open_for(connection: Connection, phone: str, now: datetime) -> bool:
    """Tell whether a number has a call that is still to come."""
    table = schema.callbacks
    query = select(table.c.reference).where(table.c.open_phone == phone, table.c.starts_at > now)
    return connection.execute(query).first() is not None


def _callback(row: Any) -> Callback:
    """Make a call of its row."""
    return Callback(
        reference=row["reference"],
        phone=row["phone"],
        topic=row["topic"],
        start=row["starts_at"],
        minutes=row["minutes"],
        status=row["status"],
    )


def _row(call: Callback) -> dict[str, Any]:
    """Write a call as JSON."""
    return {**asdict(call), "start": call.start.isoformat()}


def _callback_from(row: dict[str, Any]) -> Callback:
    """Read a call from JSON, as a repeated one."""
    return Callback(**{**row, "start": datetime.fromisoformat(row["start"]), "repeated": True})

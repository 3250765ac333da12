"""Quotes: what they come to, and writing, changing, discarding and sending one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.lookups import find_customer_by_id
from actions.commerce.model import Customer
from actions.commerce.port import Commerce
from actions.commerce.store import next_number
from actions.services import audit, outbox, receipts, sales_mail
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.identity import Identity
from actions.services.policy import refusal
from actions.services.quote_desk import Line, QuoteDesk
from actions.services.quote_policy import SUBJECT, Wanted, decide_quote, work_out
from actions.services.rulebook import Policies
from actions.services.throttle import Throttle

ACTION = "quote.write"
SEND = "quote.send"
WISH = "request_quote"  # as identity.yml may name it, where it needs a level of its own
TOKEN_BYTES = 24


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A quote as it was written down."""

    reference: str  # as in "Q-10042"
    revision: int
    status: str  # open or discarded
    lines: tuple[Mapping[str, Any], ...]
    goods: Decimal
    discount: Decimal
    shipping: Decimal
    total: Decimal
    currency: str
    valid_until: date
    token: str

    @property
    def wanted(self) -> list[dict[str, Any]]:
        """Its lines as they are worked out."""
        return [{"variant": line["variant"], "quantity": line["quantity"]} for line in self.lines]


class Quotes:
    """Works out quotes and keeps them.

    >>> lines = [{"variant": "LT-101-BLACK", "quantity": 20}]
    >>> quotes.desk().work_out(lines).total
    >>> quote = quotes.write(caller, lines)
    """

    def __init__(
        self,
        database: Database,
        commerce: Commerce,
        identity: Identity,
        policies: Policies,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._commerce = commerce
        self._identity = identity
        self._policies = policies
        self._clock = clock
        window = timedelta(minutes=policies.quotes.emails_window_minutes)
        self._letters = Throttle("quote.email", policies.quotes.emails_per_conversation, window, window)

    def desk(self) -> QuoteDesk:
        """Look at the catalogue, once for all that is read and worked out with it."""
        return QuoteDesk(self._commerce.products(), self._policies)

    def find(self, caller: Caller, reference: str) -> Quote | None:
        """Find a quote of this conversation, or of the customer whom it belongs to."""
        with self._database.read() as connection:
            row = self._row(connection, caller, reference, lock=False)
        return _quote(row) if row else None

    def by_token(self, token: str) -> Quote | None:
        """Find the quote whose page has this token."""
        table = schema.quotes
        with self._database.read() as connection:
            query = select(table).where(table.c.token == token[:64])
            row = connection.execute(query).mappings().first()
        return _quote(row) if row else None

    def is_valid(self, quote: Quote) -> bool:
        """Tell whether a quote still holds."""
        return quote.status == "open" and self._clock().date() <= quote.valid_until

    def write(
        self,
        caller: Caller,
        lines: Sequence[Line],
        *,
        reference: str | None = None,
        customer: Customer | None = None,
    ) -> Quote:
        """Write a quote, or a new revision of the one that `reference` names, once for each request.

        Raises Refused with the decision when a rule stands against it.
        """
        return receipts.insisting(lambda: self._write(caller, lines, reference, customer))

    def _write(
        self, caller: Caller, lines: Sequence[Line], reference: str | None, customer: Customer | None
    ) -> Quote:
        """Write it, or find the quote of the call that this one repeats."""
        wanted = self.desk().wanted(lines)
        request = receipts.request_hash([(each.variant.id, each.quantity) for each in wanted], reference)
        with self._commerce.begin() as work:
            kept = receipts.find(work.connection, caller, ACTION, request)
            row = _read(work.connection, kept["reference"]) if kept else None
            if row is not None:  # the key is the caller's own, whoever that is
                return _quote(row)
            decision = decide_quote(wanted, self._policies)
            if not decision.allowed:
                raise Refused(decision)
            before = self._row(work.connection, caller, reference) if reference else None
            quote = self._keep(work.connection, caller, wanted, before, customer)
            kept = {"reference": quote.reference, "revision": quote.revision}
            receipts.keep(work.connection, caller, ACTION, request, kept, self._clock())
        return quote

    def discard(self, caller: Caller, reference: str) -> Quote:
        """Discard a quote; discarding it again changes nothing."""
        now, table = self._clock(), schema.quotes
        with self._commerce.begin() as work:
            row = self._row(work.connection, caller, reference)
            if row is None:
                raise Refused(refusal("unknown_quote", subject=SUBJECT))
            if row["status"] == "open":
                work.connection.execute(
                    update(table)
                    .where(table.c.reference == row["reference"])
                    .values(status="discarded", changed_at=now)
                )
                _audit(work.connection, caller, now, "quote.discard", row, {"status": "discarded"})
        return _quote({**row, "status": "discarded"})

    def send(self, caller: Caller, reference: str, address: str, customer: Customer | None = None) -> Quote:
        """Send a quote by e-mail, once for each request and so often from one conversation."""
        return receipts.insisting(lambda: self._send(caller, reference, address, customer))

    def _send(self, caller: Caller, reference: str, address: str, customer: Customer | None) -> Quote:
        """Send it, or find that this call repeats one that did."""
        now, request = self._clock(), receipts.request_hash(reference.upper(), address)
        with self._commerce.begin() as work:
            row = self._row(work.connection, caller, reference)
            if row is None:
                raise Refused(refusal("unknown_quote", subject=SUBJECT))
            quote = _quote(row)
            if receipts.find(work.connection, caller, SEND, request) is not None:
                return quote
            if not self.is_valid(quote):
                raise Refused(refusal("not_open", {"reference": quote.reference}, subject=SUBJECT))
            if not self._letters.standing(work.connection, caller.conversation, now).left:
                raise Refused(refusal("too_many_emails", subject=SUBJECT))
            self._letters.hit(work.connection, caller.conversation, now)
            letter = sales_mail.quote(address, quote, self._policies, customer)
            outbox.put(work.connection, letter, now)
            _audit(work.connection, caller, now, SEND, row, {"revision": quote.revision})
            receipts.keep(work.connection, caller, SEND, request, {"reference": quote.reference}, now)
        return quote

    def _keep(
        self,
        connection: Connection,
        caller: Caller,
        wanted: Sequence[Wanted],
        before: RowMapping | None,
        customer: Customer | None,
    ) -> Quote:
        """Write a row, or write the next revision over it."""
        now, figures, table = self._clock(), work_out(wanted, self._policies), schema.quotes
        values = {
            "revision": before["revision"] + 1 if before else 1,
            "customer_id": customer.id if customer else before["customer_id"] if before else None,
            "status": "open",
            "lines": [
                {
                    "variant": line.variant_id,
                    "label": line.label,
                    "quantity": line.quantity,
                    "price": str(line.price),
                    "share": str(line.share),
                    "total": str(line.total),
                }
                for line in figures.lines
            ],
            "goods": figures.goods,
            "discount": figures.discount,
            "shipping": figures.shipping,
            "total": figures.total,
            "currency": str(self._policies.fact("payments.currency")),
            "valid_until": now.date() + timedelta(days=self._policies.quotes.valid_days),
            "changed_at": now,
        }
        if before:
            same = table.c.reference == before["reference"]
            connection.execute(update(table).where(same).values(**values))
            reference = str(before["reference"])
        else:
            reference = f"Q-{next_number(connection, 'quote')}"
            fixed = {
                "reference": reference,
                "conversation": caller.conversation[:255],
                "token": secrets.token_urlsafe(TOKEN_BYTES),
                "created_at": now,
            }
            connection.execute(insert(table), fixed | values)
        row = connection.execute(select(table).where(table.c.reference == reference)).mappings().one()
        after = {"total": str(figures.total), "revision": values["revision"]}
        _audit(connection, caller, now, ACTION, row, after, before)
        return _quote(row)

    def _row(
        self, connection: Connection, caller: Caller, reference: str | None, *, lock: bool = True
    ) -> RowMapping | None:
        """Read a quote of this conversation or of its verified customer, and of nobody else.

        REST callers whom nobody trusts can have quotes written, which they are told with the link to the page; they
        can't come back to one or have it mailed, since anybody could name their conversation.
        """
        row = _read(connection, reference, lock=lock) if caller.authenticated else None
        if row is None or row["conversation"] == caller.conversation[:255]:
            return row
        owner = find_customer_by_id(connection, row["customer_id"]) if row["customer_id"] else None
        known = owner is not None and self._identity.is_verified(connection, caller, owner, WISH)
        return row if known else None


def _audit(
    connection: Connection,
    caller: Caller,
    now: datetime,
    action: str,
    row: RowMapping,
    after: Mapping[str, Any],
    before: RowMapping | None = None,
) -> None:
    """Write the audit row of a change."""
    audit.record(
        connection,
        caller,
        now,
        action,
        f"quote {row['reference']}",
        customer_id=row["customer_id"],
        rule="allowed",
        before={"total": str(before["total"]), "revision": before["revision"]} if before else None,
        after=after,
    )


def _read(connection: Connection, reference: str | None, *, lock: bool = False) -> RowMapping | None:
    """Read the row of a quote, locked for whoever is going to write it."""
    query = select(schema.quotes).where(schema.quotes.c.reference == str(reference or "").upper())
    return connection.execute(query.with_for_update() if lock else query).mappings().first()


def _quote(row: Mapping[str, Any] | RowMapping) -> Quote:
    """Make a quote of its row."""
    names = Quote.__dataclass_fields__
    return Quote(**{**{name: row[name] for name in names}, "lines": tuple(row["lines"])})

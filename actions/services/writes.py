"""Writing for a customer: proven in the write's own transaction, done once, and recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actions.commerce.model import Customer, Order
from actions.commerce.port import Commerce, Work
from actions.services import audit, receipts
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.identity import Identity
from actions.services.mail import Letter
from actions.services.orders import order_number
from actions.services.policy import refusal
from actions.services.receipts import Receipt

Row = dict[str, Any]


@dataclass(kw_only=True)
class Write:
    """A write that is under way: its transaction, on whose behalf it is done, and the customer as they are now."""

    work: Work
    caller: Caller
    customer: Customer
    action: str
    now: datetime
    asked: str = ""  # the hash of the request
    letters: list[Letter] = field(default_factory=list)

    def found(self, *request: object) -> Row | None:
        """Find the receipt of the call that this one repeats; `request` is what tells it from another one."""
        self.asked = receipts.request_hash(self.customer.id, *request)
        return receipts.find(self.work.connection, self.caller, self.action, self.asked)

    def earlier(self) -> list[Row]:
        """List the receipts that this conversation got for the same action before."""
        return receipts.of_conversation(self.work.connection, self.caller, self.action)

    def keep(self, receipt: Receipt) -> None:
        """Keep the receipt for a call that repeats this one."""
        row = receipts.row(receipt)
        receipts.keep(self.work.connection, self.caller, self.action, self.asked, row, self.now)

    def audit(
        self, subject: str, *, before: Mapping[str, Any] | None = None, after: Mapping[str, Any]
    ) -> None:
        """Put what was changed into the audit trail."""
        audit.record(
            self.work.connection,
            self.caller,
            self.now,
            self.action,
            subject,
            customer_id=self.customer.id,
            rule="allowed",
            before=before,
            after=after,
        )


class Writes:
    """Opens the transactions of one kind of write.

    >>> with Writes(commerce, identity, action=ACTION, subject=SUBJECT, wish=WISH).begin(caller, customer) as write:
    ...     stored = write.found("phone", "...")
    """

    def __init__(
        self,
        commerce: Commerce,
        identity: Identity,
        clock: Clock = utc_now,
        *,
        action: str,
        subject: str,
        wish: str,
    ) -> None:
        self._commerce = commerce
        self._identity = identity
        self._clock = clock
        self._action = action  # under which receipts and audit rows are kept
        self._subject = subject  # with which the names of the responses about refusals begin
        self._wish = wish  # as identity.yml may name it, where it needs a level of its own

    def now(self) -> datetime:
        """Tell the time by which decisions are made."""
        return self._clock()

    @contextmanager
    def begin(
        self, caller: Caller, customer: Customer, *, number: str | None = None, account: bool = False
    ) -> Iterator[Write]:
        """Open a transaction for an order, the account or both, of whom this conversation was verified as."""
        order = (order_number(number) or number) if number else None
        with self._commerce.begin(order=order, customer=customer.id if account else None) as work:
            work.lock_customer(customer.id)
            self._prove(self._identity.is_verified(work.connection, caller, customer, self._wish))
            yield Write(
                work=work,
                caller=caller,
                customer=work.customer(customer.id) or customer,  # as the lock found it: balances change
                action=self._action,
                now=self._clock(),
            )

    def own_order(self, write: Write, number: str) -> Order:
        """Read an order of the customer, and of nobody else."""
        return self._owned(write.work.order(order_number(number) or number), write.customer)

    def _prove(self, verified: bool) -> None:
        """Refuse whoever isn't known well enough."""
        if not verified:
            raise Refused(refusal("not_verified", subject=self._subject))

    def _owned(self, order: Order | None, customer: Customer) -> Order:
        """Return an order that is the customer's, or refuse."""
        if order is None or order.customer_id != customer.id:
            raise Refused(refusal("unknown_order", subject=self._subject))
        return order

"""Writing to one order of a customer: whose it is, done once, recorded, or handed to a person who decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from actions.commerce.model import NOTHING, Customer, Order, OrderItem, Payment
from actions.commerce.port import Commerce
from actions.helpdesk.port import Ticket, Tickets
from actions.services import receipts
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.identity import Identity
from actions.services.mail import Letter
from actions.services.order_sagas import as_it_is, begun, carried_on, saga_id_of
from actions.services.orders import order_number
from actions.services.policy import Decision, Share
from actions.services.receipts import Receipt
from actions.services.rulebook import Policies
from actions.services.saga_notes import Content, NewStep
from actions.services.sagas import Sagas
from actions.services.wording import dollars
from actions.services.writes import Row, Write, Writes

R = TypeVar("R", bound=Receipt)


@dataclass(kw_only=True)
class OrderWrite(Write):
    """A write to an order that is under way, with the order as it is now."""

    order: Order
    since: datetime  # the beginning of what counts as one case
    steps: list[NewStep] = field(default_factory=list)  # what systems outside are to do
    undoable: bool = False  # whether the order can be put back as it was where one of them refuses its part

    def later(self, system: str, action: str, content: Content) -> None:
        """Let a system outside do something after the commit; all that a write asks for is done in order."""
        self.steps.append(NewStep(system=system, action=action, content=content))

    def promised(self) -> Decimal:
        """Sum what the customer was promised back in the same case before."""
        return self.work.promised(self.customer.id, self.since)

    def record(self, letter: Letter, *, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Let the e-mail go out, and put the change into the audit trail."""
        self.letters.append(letter)
        self.audit(f"order {self.order.number}", before=before, after=after)


@dataclass(frozen=True, kw_only=True)
class Appeal:
    """What a person has to know who decides where the assistant may not."""

    what: str  # as in "Return"
    order: Order
    decision: Decision
    rules: Mapping[str, str]
    lines: Sequence[str] = ()  # further facts, one a line

    @property
    def subject(self) -> str:
        """The subject of the ticket."""
        return f"{self.what} of order {self.order.number} to approve"

    @property
    def body(self) -> str:
        """The text of the ticket."""
        rule = self.decision.rule
        head = (
            f"{self.what} of order {self.order.number} needs a decision by a person.",
            f"Rule: {rule} ({self.rules.get(rule, 'allowed')})",
        )
        return "".join(f"{line}\n" for line in (*head, *self.lines))


class OrderWrites(Writes):
    """Carries out one kind of write on orders; the services of returns, cancellations and so on own one.

    >>> writes = OrderWrites(commerce, identity, tickets, policies, action="order.cancel", subject="cancel",
    ...                      wish="cancel_order")
    >>> receipt = writes.once(caller, customer, "L204991", (), write, CancelReceipt)
    """

    def __init__(
        self,
        commerce: Commerce,
        identity: Identity,
        tickets: Tickets,
        policies: Policies,
        clock: Clock = utc_now,
        *,
        action: str,
        subject: str,
        wish: str,
        sagas: Sagas | None = None,
    ) -> None:
        super().__init__(commerce, identity, clock, action=action, subject=subject, wish=wish)
        self._sagas = sagas
        self._tickets = tickets
        self._policies = policies

    def serving(self, wish: str) -> OrderWrites:
        """Return the same for another wish, which may need another level of identity."""
        other = copy(self)
        other._wish = wish
        return other

    def promised(self, customer_id: str) -> Decimal:
        """Sum what a customer was promised back in the case that is open now."""
        return self._commerce.promised(customer_id, self._case_since(self._clock()))

    def once(
        self,
        caller: Caller,
        customer: Customer,
        number: str,
        request: Sequence[object],
        write: Callable[[OrderWrite], R],
        kind: type[R],
        before: Callable[[OrderWrite], Row | None] = lambda _: None,
    ) -> R:
        """Carry out a write in one transaction, or find the receipt of the call that this one repeats.

        `request` is what tells this request from another one under the same idempotency key; `before` may find
        the receipt of a write that has done the same already. Raises Refused when it isn't the customer's order,
        and whatever `write` raises.
        """
        receipt, saga_id = receipts.insisting(
            lambda: self._once(caller, customer, number, request, write, kind, before)
        )
        return carried_on(self._sagas, receipt, saga_id)

    def _once(
        self,
        caller: Caller,
        customer: Customer,
        number: str,
        request: Sequence[object],
        write: Callable[[OrderWrite], R],
        kind: type[R],
        before: Callable[[OrderWrite], Row | None],
    ) -> tuple[R, str | None]:
        """Write, or find the receipt; with the id of the saga that has begun."""
        with self.begin(caller, customer, number=number) as opened:
            order = self.own_order(opened, number)
            under_way = OrderWrite(**vars(opened), order=order, since=self._case_since(opened.now))
            stored = under_way.found(order.number, *request)
            stored = before(under_way) if stored is None else stored
            if stored is not None:
                return receipts.read(kind, stored), saga_id_of(under_way)
            earlier = as_it_is(self._sagas, under_way)
            receipt = write(under_way)
            under_way.keep(receipt)
            return receipt, begun(self._sagas, under_way, earlier)

    def ask_approval(
        self, caller: Caller, customer: Customer, number: str, appeal: Callable[[Order], Appeal]
    ) -> Ticket:
        """Hand a write that is above the assistant's authority to a person."""
        known = self._identity.customer(caller, self._wish)
        found = self._commerce.order(order_number(number) or number)
        self._prove(known is not None and known.id == customer.id)
        order = self._owned(found, customer)
        asked = appeal(order)
        case = f"{self._subject}/{order.number}"
        return self._tickets.open(caller, asked.subject, asked.body, "high", customer, case)

    def _case_since(self, now: datetime) -> datetime:
        """Tell since when a customer's refunds count as one case."""
        return now - timedelta(days=self._policies.returns.authority_period_days)


About = Callable[..., OrderWrites]  # gives the one for an action, subject and wish


def refunds_of(
    shares: Sequence[Share],
    now: datetime,
    *,
    reference: str | None = None,
    at_once: frozenset[str] = frozenset(),
) -> list[Payment]:
    """Make the refunds of a quote's shares; those to the methods `at_once` are settled, the others pending."""
    return [
        Payment(
            kind="refund",
            amount=share.amount,
            method_id=share.method_id,
            at=now,
            status="settled" if share.method_id in at_once else "pending",
            return_reference=reference,
        )
        for share in shares
        if share.amount > NOTHING
    ]


def item_lines(items: Sequence[OrderItem]) -> list[str]:
    """List items for a person who decides."""
    return ["Items:", *(f"- {item.label}, {dollars(item.total)}" for item in items)]

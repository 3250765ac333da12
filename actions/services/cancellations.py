"""Cancellations: which orders can still be cancelled, and the one transaction that does it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError

from actions.commerce.model import NOTHING, Customer, Order, Payment
from actions.commerce.port import Commerce, Work
from actions.helpdesk.port import Ticket, Tickets
from actions.services import audit, mail, outbox, receipts
from actions.services.cancel_policy import SUBJECT, CancelQuote, decide_cancellation, quote_cancellation
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.errors import Refused, ServiceError
from actions.services.identity import Identity
from actions.services.orders import order_number
from actions.services.policy import Decision, dollars, refusal
from actions.services.rulebook import Policies

ACTION = "order.cancel"


@dataclass(frozen=True, kw_only=True)
class CancelReceipt:
    """What a cancellation gives the customer; the same one again when the request is repeated."""

    order_number: str
    items: tuple[str, ...]  # in words
    reason: str
    refund: Decimal
    method: str
    currency: str
    business_days: str
    repeated: bool = False  # it was cancelled before this call


class Cancellations:
    """Decides on cancellations and carries them out.

    >>> decision = cancellations.decide(order)
    >>> receipt = cancellations.cancel(caller, customer, "L204991", "no_longer_needed")
    """

    def __init__(
        self,
        commerce: Commerce,
        identity: Identity,
        tickets: Tickets,
        policies: Policies,
        clock: Clock = utc_now,
    ) -> None:
        self._commerce = commerce
        self._identity = identity
        self._tickets = tickets
        self._policies = policies
        self._clock = clock

    @property
    def reasons(self) -> dict[str, str]:
        """The accepted reasons, each with its words."""
        return dict(self._policies.cancellations.reasons)

    def decide(self, order: Order) -> Decision:
        """Decide whether an order may be cancelled now."""
        now = self._clock()
        promised = self._commerce.promised(order.customer_id, self._case_since(now))
        return decide_cancellation(order, self._policies, now=now, promised=promised)

    def quote(self, order: Order) -> CancelQuote:
        """Work out what cancelling an order would pay back."""
        customer = self._commerce.customer(order.customer_id)
        return quote_cancellation(order, self._policies, customer.payment_methods if customer else ())

    def cancel(self, caller: Caller, customer: Customer, number: str, reason: str) -> CancelReceipt:
        """Cancel an order: state, money, stock, e-mail and audit in one transaction.

        The same call again, or one for the same order from the same conversation, gives the first receipt. Raises
        Refused with the decision when a rule stands against it.
        """
        if reason not in self.reasons:
            known = ", ".join(self.reasons)
            raise ServiceError(f"'{reason}' isn't a reason of cancellations.yml; those are {known}.")
        try:
            return self._cancel(caller, customer, number, reason)
        except IntegrityError:  # another call with the same key or order was a moment faster
            return self._cancel(caller, customer, number, reason)

    def ask_approval(self, caller: Caller, customer: Customer, number: str, reason: str) -> Ticket:
        """Hand a cancellation that is above the assistant's authority to a person."""
        with self._commerce.begin() as work:
            order = self._own_order(work, caller, customer, number)
        decision, quote = self.decide(order), self.quote(order)
        lines = "\n".join(f"- {item.label}, {dollars(item.total)}" for item in order.items)
        body = (
            f"Cancellation of order {order.number} needs a decision by a person.\n"
            f"Rule: {decision.rule} ({self._policies.cancellations.rules.get(decision.rule, 'allowed')})\n"
            f"Reason given: {self.reasons.get(reason, reason)}\nItems:\n{lines}\n"
            f"Refund worked out: {dollars(quote.refund)} to {quote.method}\n"
        )
        subject = f"Cancellation of order {order.number} to approve"
        return self._tickets.open(caller, subject, body, "high", customer)

    def _cancel(self, caller: Caller, customer: Customer, number: str, reason: str) -> CancelReceipt:
        """Cancel an order, or find the receipt of the call that this one repeats."""
        now = self._clock()
        with self._commerce.begin() as work:
            work.lock_customer(customer.id)
            order = self._own_order(work, caller, customer, number)
            request = receipts.request_hash(customer.id, order.number)
            stored = receipts.find(work.connection, caller, ACTION, request)
            stored = stored or self._before(work, caller, order)
            if stored is not None:
                return _receipt_from(stored)
            promised = work.promised(customer.id, self._case_since(now))
            decision = decide_cancellation(order, self._policies, now=now, promised=promised)
            if not decision.allowed:
                raise Refused(decision)
            quote = quote_cancellation(order, self._policies, customer.payment_methods)
            receipt = self._write(work, caller, customer, order, reason, quote, now)
            receipts.keep(work.connection, caller, ACTION, request, _receipt_row(receipt), now)
        return receipt

    def _before(self, work: Work, caller: Caller, order: Order) -> dict[str, Any] | None:
        """Find the receipt that this conversation already got for this order."""
        if order.status != "cancelled":
            return None
        stored = receipts.of_conversation(work.connection, caller, ACTION)
        return next((receipt for receipt in stored if receipt["order_number"] == order.number), None)

    def _own_order(self, work: Work, caller: Caller, customer: Customer, number: str) -> Order:
        """Read an order of the customer whom this conversation was verified as, and of nobody else."""
        if not self._identity.is_verified(work.connection, caller, customer):
            raise Refused(refusal("not_verified", subject=SUBJECT))
        order = work.order(order_number(number) or number)
        if order is None or order.customer_id != customer.id:
            raise Refused(refusal("unknown_order", subject=SUBJECT))
        return order

    def _write(
        self,
        work: Work,
        caller: Caller,
        customer: Customer,
        order: Order,
        reason: str,
        quote: CancelQuote,
        now: datetime,
    ) -> CancelReceipt:
        """Write the cancellation with its refunds, e-mail and audit row."""
        refunds = [
            Payment(
                kind="refund",
                amount=share.amount,
                method_id=share.method_id,
                at=now,
                status="settled" if share.method_id in quote.at_once else "pending",
            )
            for share in quote.shares
            if share.amount > NOTHING
        ]
        receipt = CancelReceipt(
            order_number=order.number,
            items=tuple(item.label for item in order.items),
            reason=reason,
            refund=quote.refund,
            method=quote.method,
            currency=quote.currency,
            business_days=quote.business_days,
        )
        work.cancel(order, reason, refunds, now)
        letter = mail.cancelled(
            customer,
            self._policies,
            order_number=receipt.order_number,
            items=receipt.items,
            refund=receipt.refund,
            method=receipt.method,
            business_days=receipt.business_days,
        )
        outbox.put(work.connection, letter, now)
        audit.record(
            work.connection,
            caller,
            now,
            ACTION,
            f"order {order.number}",
            customer_id=customer.id,
            rule="allowed",
            before={"status": order.status},
            after={"status": "cancelled", "reason": reason, "refund": str(quote.refund)},
        )
        return receipt

    def _case_since(self, now: datetime) -> datetime:
        """Tell since when a customer's refunds count as one case."""
        return now - timedelta(days=self._policies.returns.authority_period_days)


def _receipt_row(receipt: CancelReceipt) -> dict[str, Any]:
    """Write a receipt as JSON."""
    row = asdict(receipt)
    del row["repeated"]
    return {**row, "items": list(receipt.items), "refund": str(receipt.refund)}


def _receipt_from(row: dict[str, Any]) -> CancelReceipt:
    """Read a receipt from JSON, as a repeated one."""
    return CancelReceipt(
        **{**row, "items": tuple(row["items"]), "refund": Decimal(row["refund"]), "repeated": True}
    )

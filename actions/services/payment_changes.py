"""Changes of the payment method of an open order: what was paid goes back, and onto another method on file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError

from actions.commerce.model import Customer, Order, Payment
from actions.commerce.port import Commerce, Work
from actions.services import audit, details_mail, outbox, receipts
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.details_policy import PAYMENT, PaymentQuote, decide_payment, quote_payment
from actions.services.errors import Refused
from actions.services.identity import Identity
from actions.services.orders import order_number
from actions.services.policy import Decision, refusal
from actions.services.rulebook import Policies

ACTION = "order.payment"


@dataclass(frozen=True, kw_only=True)
class PaymentReceipt:
    """What a change of the payment method gives the customer; the same one again when it is repeated."""

    order_number: str
    method_id: str
    method: str  # in words
    back_to: str
    total: Decimal
    currency: str
    business_days: str
    repeated: bool = False


class PaymentChanges:
    """Decides by what an open order may be paid instead, and moves the payment.

    >>> decision = payments.decide(order, "c10005_card_1")
    >>> receipt = payments.change(caller, customer, "L204991", "c10005_card_1")
    """

    def __init__(
        self, commerce: Commerce, identity: Identity, policies: Policies, clock: Clock = utc_now
    ) -> None:
        self._commerce = commerce
        self._identity = identity
        self._policies = policies
        self._clock = clock

    def decide(self, customer: Customer, order: Order, method_id: str | None = None) -> Decision:
        """Decide whether an order may be paid by a method on file; without one, whether it may by any other."""
        return decide_payment(
            order, self._policies, customer.payment_methods, now=self._clock(), method_id=method_id
        )

    def quote(self, customer: Customer, order: Order, method_id: str) -> PaymentQuote:
        """Work out what the change moves."""
        return quote_payment(order, self._policies, customer.payment_methods, method_id)

    def change(self, caller: Caller, customer: Customer, number: str, method_id: str) -> PaymentReceipt:
        """Move what was paid for an order onto another method on file.

        The same call again, or one that finds the order paid like that from the same conversation, gives the first
        receipt. Raises Refused with the decision when a rule stands against it.
        """
        try:
            return self._change(caller, customer, number, method_id)
        except IntegrityError:  # another call with the same key was a moment faster
            return self._change(caller, customer, number, method_id)

    def _change(self, caller: Caller, customer: Customer, number: str, method_id: str) -> PaymentReceipt:
        """Move the payment, or find the receipt of the call that this one repeats."""
        now = self._clock()
        with self._commerce.begin() as work:
            work.lock_customer(customer.id)
            order = self._own_order(work, caller, customer, number)
            known = work.customer(customer.id) or customer
            request = receipts.request_hash(customer.id, order.number, method_id)
            stored = receipts.find(work.connection, caller, ACTION, request)
            decision = decide_payment(
                order, self._policies, known.payment_methods, now=now, method_id=method_id
            )
            if stored is None and decision.rule == "same_method":
                stored = self._before(work, caller, order.number, method_id)
            if stored is not None:
                return PaymentReceipt(**{**stored, "total": Decimal(stored["total"]), "repeated": True})
            if not decision.allowed:
                raise Refused(decision)
            receipt = self._write(work, caller, known, order, method_id, now)
            receipts.keep(work.connection, caller, ACTION, request, _row(receipt), now)
        return receipt

    def _before(self, work: Work, caller: Caller, number: str, method_id: str) -> dict[str, Any] | None:
        """Find the receipt that this conversation already got for this."""
        stored = receipts.of_conversation(work.connection, caller, ACTION)
        same = (row for row in stored if (row["order_number"], row["method_id"]) == (number, method_id))
        return next(same, None)

    def _own_order(self, work: Work, caller: Caller, customer: Customer, number: str) -> Order:
        """Read an order of the customer whom this conversation was verified as, and of nobody else."""
        if not self._identity.is_verified(work.connection, caller, customer):
            raise Refused(refusal("not_verified", subject=PAYMENT))
        order = work.order(order_number(number) or number)
        if order is None or order.customer_id != customer.id:
            raise Refused(refusal("unknown_order", subject=PAYMENT))
        return order

    def _write(
        self, work: Work, caller: Caller, customer: Customer, order: Order, method_id: str, now: datetime
    ) -> PaymentReceipt:
        """Write the new payment and the refunds, with e-mail and audit row."""
        quote = quote_payment(order, self._policies, customer.payment_methods, method_id)
        refunds = [
            Payment(
                kind="refund",
                amount=share.amount,
                method_id=share.method_id,
                at=now,
                status="settled" if share.method_id in quote.at_once else "pending",
            )
            for share in quote.shares
        ]
        work.move_payment(
            order, refunds, Payment(kind="payment", amount=quote.total, method_id=method_id, at=now)
        )
        receipt = PaymentReceipt(
            order_number=order.number,
            method_id=method_id,
            method=quote.method,
            back_to=quote.back_to,
            total=quote.total,
            currency=quote.currency,
            business_days=quote.business_days,
        )
        outbox.put(work.connection, details_mail.payment_changed(customer, self._policies, receipt), now)
        audit.record(
            work.connection,
            caller,
            now,
            ACTION,
            f"order {order.number}",
            customer_id=customer.id,
            rule="allowed",
            before={"methods": [share.method_id for share in quote.shares]},
            after={"method": method_id, "amount": str(quote.total)},
        )
        return receipt


def _row(receipt: PaymentReceipt) -> dict[str, Any]:
    """Write a receipt as JSON."""
    row = asdict(receipt)
    del row["repeated"]
    return {**row, "total": str(receipt.total)}

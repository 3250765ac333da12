"""Changes of the payment method of an open order: what was paid goes back, and onto another method on file.

The difference of an exchange that couldn't be charged is paid here, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from actions.commerce.model import Customer, Order, Payment
from actions.commerce.movements import pay_exchange
from actions.services import details_mail
from actions.services.context import Caller
from actions.services.details_policy import PAYMENT, PaymentQuote, decide_payment, quote_payment
from actions.services.errors import Refused
from actions.services.order_writes import About, OrderWrite, refunds_of
from actions.services.policy import Decision
from actions.services.receipts import Receipt
from actions.services.rulebook import Policies
from actions.services.writes import Row

ACTION = "order.payment"
WISH = "change_payment"


@dataclass(frozen=True, kw_only=True)
class PaymentReceipt(Receipt):
    """What a change of the payment method gives the customer; the same one again when it is repeated."""

    order_number: str
    method_id: str
    method: str  # in words
    back_to: str
    total: Decimal
    currency: str
    business_days: str
    exchange: str = ""  # the reference of the exchange that is paid, where it is that


class PaymentChanges:
    """Decides by what an open order may be paid instead, and moves the payment.

    >>> decision = payments.decide(order, "c10005_card_1")
    >>> receipt = payments.change(caller, customer, "L204991", "c10005_card_1")
    """

    def __init__(self, policies: Policies, about: About) -> None:
        self._policies = policies
        self._writes = about(action=ACTION, subject=PAYMENT, wish=WISH)

    def decide(self, customer: Customer, order: Order, method_id: str | None = None) -> Decision:
        """Decide whether an order may be paid by a method on file; without one, whether it may by any other."""
        methods = customer.payment_methods
        return decide_payment(order, self._policies, methods, now=self._writes.now(), method_id=method_id)

    def quote(self, customer: Customer, order: Order, method_id: str) -> PaymentQuote:
        """Work out what the change moves."""
        return quote_payment(order, self._policies, customer.payment_methods, method_id)

    def change(self, caller: Caller, customer: Customer, number: str, method_id: str) -> PaymentReceipt:
        """Move what was paid for an order onto another method on file.

        The same call again, or one that finds the order paid like that from the same conversation, gives the first
        receipt. Raises Refused with the decision when a rule stands against it.
        """

        def before(write: OrderWrite) -> Row | None:
            if self._decide(write, method_id).rule != "same_method":
                return None
            wanted = (write.order.number, method_id)
            return next(
                (row for row in write.earlier() if (row["order_number"], row["method_id"]) == wanted), None
            )

        def move(write: OrderWrite) -> PaymentReceipt:
            decision = self._decide(write, method_id)
            if not decision.allowed:
                raise Refused(decision)
            return self._move(write, method_id)

        return self._writes.once(caller, customer, number, (method_id,), move, PaymentReceipt, before)

    def _decide(self, write: OrderWrite, method_id: str) -> Decision:
        """Decide by what the transaction sees."""
        methods = write.customer.payment_methods
        return decide_payment(write.order, self._policies, methods, now=write.now, method_id=method_id)

    def _move(self, write: OrderWrite, method_id: str) -> PaymentReceipt:
        """Write the new payment and the refunds, with e-mail and audit row."""
        customer, order, now = write.customer, write.order, write.now
        quote = quote_payment(order, self._policies, customer.payment_methods, method_id)
        payment = Payment(kind="payment", amount=quote.total, method_id=method_id, at=now)
        write.work.add_payments(order, [payment, *refunds_of(quote.shares, now, at_once=quote.at_once)])
        if quote.exchange:
            pay_exchange(write.work.connection, quote.exchange, method_id)
        write.undoable = True
        receipt = PaymentReceipt(
            order_number=order.number,
            method_id=method_id,
            method=quote.method,
            back_to=quote.back_to,
            total=quote.total,
            currency=quote.currency,
            business_days=quote.business_days,
            exchange=quote.exchange,
        )
        write.record(
            details_mail.payment_changed(customer, self._policies, receipt),
            before={"methods": [share.method_id for share in quote.shares]},
            after={"method": method_id, "amount": str(quote.total)}
            | ({"exchange": quote.exchange} if quote.exchange else {}),
        )
        return receipt

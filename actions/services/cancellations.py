"""Cancellations: which orders can still be cancelled, and the one transaction that does it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from actions.commerce.model import Customer, Order
from actions.commerce.port import Commerce
from actions.helpdesk.port import Ticket
from actions.services import mail
from actions.services.cancel_policy import SUBJECT, CancelQuote, decide_cancellation, quote_cancellation
from actions.services.context import Caller
from actions.services.errors import Refused, ServiceError
from actions.services.order_writes import About, Appeal, OrderWrite, item_lines, refunds_of
from actions.services.policy import Decision
from actions.services.receipts import Receipt
from actions.services.rulebook import Policies
from actions.services.wording import dollars

ACTION = "order.cancel"
WISH = "cancel_order"


@dataclass(frozen=True, kw_only=True)
class CancelReceipt(Receipt):
    """What a cancellation gives the customer."""

    order_number: str
    items: tuple[str, ...]  # in words
    reason: str
    refund: Decimal
    method: str
    currency: str
    business_days: str


class Cancellations:
    """Decides on cancellations and carries them out.

    >>> decision = cancellations.decide(order)
    >>> receipt = cancellations.cancel(caller, customer, "L204991", "no_longer_needed")
    """

    def __init__(self, commerce: Commerce, policies: Policies, about: About) -> None:
        self._commerce = commerce
        self._policies = policies
        self._writes = about(action=ACTION, subject=SUBJECT, wish=WISH)

    @property
    def reasons(self) -> dict[str, str]:
        """The accepted reasons, each with its words."""
        return dict(self._policies.cancellations.reasons)

    def decide(self, order: Order) -> Decision:
        """Decide whether an order may be cancelled now."""
        promised = self._writes.promised(order.customer_id)
        return decide_cancellation(order, self._policies, now=self._writes.now(), promised=promised)

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

        def write(under_way: OrderWrite) -> CancelReceipt:
            return self._cancel(under_way, reason)

        return self._writes.once(caller, customer, number, (), write, CancelReceipt, _before)

    def ask_approval(self, caller: Caller, customer: Customer, number: str, reason: str) -> Ticket:
        """Hand a cancellation that is above the assistant's authority to a person."""

        def appeal(order: Order) -> Appeal:
            quote = self.quote(order)
            return Appeal(
                what="Cancellation",
                order=order,
                decision=self.decide(order),
                rules=self._policies.cancellations.rules,
                lines=(
                    f"Reason given: {self.reasons.get(reason, reason)}",
                    *item_lines(order.items),
                    f"Refund worked out: {dollars(quote.refund)} to {quote.method}",
                ),
            )

        return self._writes.ask_approval(caller, customer, number, appeal)

    def _cancel(self, write: OrderWrite, reason: str) -> CancelReceipt:
        """Write the cancellation with its refunds, e-mail and audit row, if it is allowed."""
        order, customer = write.order, write.customer
        decision = decide_cancellation(order, self._policies, now=write.now, promised=write.promised())
        if not decision.allowed:
            raise Refused(decision)
        quote = quote_cancellation(order, self._policies, customer.payment_methods)
        receipt = CancelReceipt(
            order_number=order.number,
            items=tuple(item.label for item in order.items),
            reason=reason,
            refund=quote.refund,
            method=quote.method,
            currency=quote.currency,
            business_days=quote.business_days,
        )
        write.work.cancel(
            order, reason, refunds_of(quote.shares, write.now, at_once=quote.at_once), write.now
        )
        letter = mail.cancelled(
            customer,
            self._policies,
            order_number=receipt.order_number,
            items=receipt.items,
            refund=receipt.refund,
            method=receipt.method,
            business_days=receipt.business_days,
        )
        write.record(
            letter,
            before={"status": order.status},
            after={"status": "cancelled", "reason": reason, "refund": str(quote.refund)},
        )
        return receipt


def _before(write: OrderWrite) -> dict[str, Any] | None:
    """Find the receipt that this conversation already got for this order."""
    if write.order.status != "cancelled":
        return None
    return next((kept for kept in write.earlier() if kept["order_number"] == write.order.number), None)

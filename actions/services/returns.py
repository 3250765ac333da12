"""Returns: what may be sent back, what it pays back, and the one transaction that starts it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from actions.commerce.model import NOTHING, Customer, Order, OrderItem, Payment, Return
from actions.commerce.port import Commerce, Work
from actions.helpdesk.port import Ticket, Tickets
from actions.services import audit, mail, outbox, receipts
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.identity import Identity
from actions.services.item_matching import ItemMatch, match_items
from actions.services.orders import order_number
from actions.services.policy import Decision, ReturnQuote, decide_return, dollars, quote_return, refusal
from actions.services.rulebook import Policies

ACTION = "return.start"


@dataclass(frozen=True, kw_only=True)
class ReturnReceipt:
    """What a started return gives the customer; the same one again when the request is repeated."""

    reference: str  # as in "R-10042"
    order_number: str
    items: tuple[str, ...]  # in words
    label_url: str
    label_expires_on: date
    refund: Decimal
    fee: Decimal
    method: str  # in words, as in "Visa ending in 4242"
    currency: str
    business_days: str
    repeated: bool = False  # the return was there before this call


class Returns:
    """Decides on returns and starts them.

    >>> decision = returns.decide(order, ["L204393-1"])
    >>> receipt = returns.start(caller, customer, "L204393", ["L204393-1"], "changed_mind")
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
        return {name: reason.text for name, reason in self._policies.returns.reasons.items()}

    def decide(
        self, order: Order, item_ids: Sequence[str] | None = None, today: date | None = None
    ) -> Decision:
        """Decide whether items may be returned; without items, whether any of the order may."""
        promised = NOTHING
        if item_ids is not None:
            promised = self._commerce.promised(order.customer_id, self._case_since(self._clock()))
        day = today or self._clock().date()
        return decide_return(order, self._policies, today=day, item_ids=item_ids, promised=promised)

    def returnable(self, order: Order) -> list[OrderItem]:
        """List the items that may be returned today, each taken by itself."""
        refused = decide_return(order, self._policies, today=self._clock().date()).refused_items
        return [item for item in order.items if item.id not in refused]

    def match(self, order: Order, text: str) -> ItemMatch:
        """Find the items that a text means, and whether it leaves open which of several.

        "Everything" stands for what may be returned; a name finds any item, so that a refusal can be
        explained.
        """
        return match_items(order.items, text, all_of=self.returnable(order) or order.items)

    def match_items(self, order: Order, text: str) -> list[OrderItem]:
        """Find the items that a text means; an empty list when none is recognized."""
        return list(self.match(order, text).items)

    def quote(self, order: Order, item_ids: Sequence[str], reason: str) -> ReturnQuote:
        """Work out what returning some items would pay back."""
        customer = self._commerce.customer(order.customer_id)
        methods = customer.payment_methods if customer else ()
        return quote_return(order, self._policies, methods, item_ids=item_ids, reason=reason)

    def start(
        self, caller: Caller, customer: Customer, order_number: str, item_ids: Sequence[str], reason: str
    ) -> ReturnReceipt:
        """Start a return: label, pending refund, e-mail and audit in one transaction.

        The same call again, or one for the same items from the same conversation, gives the first receipt.
        Raises Refused with the decision when a rule stands against it.
        """
        try:
            return self._start(caller, customer, order_number, item_ids, reason)
        except IntegrityError:  # another call with the same key or items was a moment faster
            return self._start(caller, customer, order_number, item_ids, reason)

    def ask_approval(
        self, caller: Caller, customer: Customer, order_number: str, item_ids: Sequence[str], reason: str
    ) -> Ticket:
        """Hand a return that is above the assistant's authority to a person."""
        with self._commerce.begin() as work:
            order = self._own_order(work, caller, customer, order_number)
        items = [order.item(item_id) for item_id in item_ids]
        lines = "\n".join(f"- {item.label}, {dollars(item.total)}" for item in items if item is not None)
        decision = self.decide(order, item_ids)
        quote = self.quote(order, item_ids, reason)
        body = (
            f"Return of order {order.number} needs a decision by a person.\n"
            f"Rule: {decision.rule} ({self._policies.returns.rules.get(decision.rule, 'allowed')})\n"
            f"Reason given: {self.reasons.get(reason, reason)}\nItems:\n{lines}\n"
            f"Refund worked out: {dollars(quote.refund)} to {quote.method}\n"
        )
        return self._tickets.open(
            caller, f"Return of order {order.number} to approve", body, "high", customer
        )

    def _start(
        self, caller: Caller, customer: Customer, number: str, item_ids: Sequence[str], reason: str
    ) -> ReturnReceipt:
        """Start a return, or find the receipt of the one that this call repeats."""
        now = self._clock()
        with self._commerce.begin() as work:
            work.lock_customer(customer.id)
            order = self._own_order(work, caller, customer, number)
            chosen = tuple(dict.fromkeys(item_ids))
            request = receipts.request_hash(customer.id, order.number, sorted(chosen), reason)
            stored = receipts.find(work.connection, caller, ACTION, request)
            stored = stored or _same_items(work.connection, caller, order, chosen)
            if stored is not None:
                return _receipt_from(stored)
            promised = work.promised(customer.id, self._case_since(now))
            decision = decide_return(
                order, self._policies, today=now.date(), item_ids=chosen, promised=promised
            )
            if not decision.allowed:
                raise Refused(decision)
            quote = quote_return(
                order, self._policies, customer.payment_methods, item_ids=chosen, reason=reason
            )
            receipt = self._write(work, caller, customer, order, chosen, reason, quote, now)
            receipts.keep(work.connection, caller, ACTION, request, _receipt_row(receipt), now)
        return receipt

    def _own_order(self, work: Work, caller: Caller, customer: Customer, number: str) -> Order:
        """Read an order of the customer whom this conversation was verified as, and of nobody else."""
        if not self._identity.is_verified(work.connection, caller, customer):
            raise Refused(refusal("not_verified"))
        order = work.order(order_number(number) or number)
        if order is None or order.customer_id != customer.id:
            raise Refused(refusal("unknown_order"))
        return order

    def _write(
        self,
        work: Work,
        caller: Caller,
        customer: Customer,
        order: Order,
        item_ids: tuple[str, ...],
        reason: str,
        quote: ReturnQuote,
        now: datetime,
    ) -> ReturnReceipt:
        """Write the return with its refund, e-mail and audit row."""
        receipt = self._receipt(work.next_return_reference(), order, item_ids, quote, now)
        entry = Return(
            reference=receipt.reference,
            item_ids=item_ids,
            reason=reason,
            status="label_sent",
            refund=quote.refund,
            fee=quote.fee,
            created_at=now,
            label_url=receipt.label_url,
            label_expires_on=receipt.label_expires_on,
        )
        refunds = [
            Payment(
                kind="refund",
                amount=share.amount,
                method_id=share.method_id,
                at=now,
                status="pending",
                return_reference=receipt.reference,
            )
            for share in quote.shares
            if share.amount > 0
        ]
        work.add_return(order, entry, refunds)
        outbox.put(work.connection, self._letter(customer, receipt), now)
        audit.record(
            work.connection,
            caller,
            now,
            ACTION,
            f"order {order.number}",
            customer_id=customer.id,
            rule="allowed",
            before={"status": order.status},
            after={
                "status": "return_requested",
                "reference": receipt.reference,
                "items": list(item_ids),
                "reason": reason,
                "refund": str(quote.refund),
            },
        )
        return receipt

    def _receipt(
        self, reference: str, order: Order, item_ids: tuple[str, ...], quote: ReturnQuote, now: datetime
    ) -> ReturnReceipt:
        """Make the receipt, with a label that nobody can guess."""
        policy = self._policies.returns
        return ReturnReceipt(
            reference=reference,
            order_number=order.number,
            items=tuple(item.label for item in order.items if item.id in item_ids),
            label_url=f"{policy.label_url}/{secrets.token_urlsafe(16)}",
            label_expires_on=now.date() + timedelta(days=policy.label_valid_days),
            refund=quote.refund,
            fee=quote.fee,
            method=quote.method,
            currency=quote.currency,
            business_days=quote.business_days,
        )

    def _letter(self, customer: Customer, receipt: ReturnReceipt) -> mail.Letter:
        """Write the e-mail with the label."""
        return mail.return_label(
            customer,
            self._policies,
            order_number=receipt.order_number,
            reference=receipt.reference,
            items=receipt.items,
            label_url=receipt.label_url,
            expires_on=receipt.label_expires_on,
            refund=receipt.refund,
            fee=receipt.fee,
            method=receipt.method,
            business_days=receipt.business_days,
        )

    def _case_since(self, now: datetime) -> datetime:
        """Tell since when a customer's returns count as one case."""
        return now - timedelta(days=self._policies.returns.authority_period_days)


def _same_items(
    connection: Connection, caller: Caller, order: Order, item_ids: tuple[str, ...]
) -> dict[str, Any] | None:
    """Find the receipt that this conversation already got for a return of exactly these items."""
    open_returns = {
        entry.reference for entry in order.returns if entry.open and set(entry.item_ids) == set(item_ids)
    }
    stored = receipts.of_conversation(connection, caller, ACTION) if open_returns else []
    return next((receipt for receipt in stored if receipt["reference"] in open_returns), None)


def _receipt_row(receipt: ReturnReceipt) -> dict[str, Any]:
    """Write a receipt as JSON."""
    return {
        "reference": receipt.reference,
        "order_number": receipt.order_number,
        "items": list(receipt.items),
        "label_url": receipt.label_url,
        "label_expires_on": receipt.label_expires_on.isoformat(),
        "refund": str(receipt.refund),
        "fee": str(receipt.fee),
        "method": receipt.method,
        "currency": receipt.currency,
        "business_days": receipt.business_days,
    }


def _receipt_from(row: dict[str, Any]) -> ReturnReceipt:
    """Read a receipt from JSON, as a repeated one."""
    return ReturnReceipt(
        reference=row["reference"],
        order_number=row["order_number"],
        items=tuple(row["items"]),
        label_url=row["label_url"],
        label_expires_on=date.fromisoformat(row["label_expires_on"]),
        refund=Decimal(row["refund"]),
        fee=Decimal(row["fee"]),
        method=row["method"],
        currency=row["currency"],
        business_days=row["business_days"],
        repeated=True,
    )

"""Returns: what may be sent back, what it pays back, and the one transaction that starts it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from actions.commerce.model import NOTHING, Customer, Order, OrderItem, PaymentMethod, Return
from actions.commerce.port import Commerce
from actions.helpdesk.port import Ticket
from actions.services import mail
from actions.services.context import Caller
from actions.services.errors import Refused, ServiceError
from actions.services.item_matching import ItemMatch, match_items
from actions.services.order_writes import About, Appeal, OrderWrite, item_lines, refunds_of
from actions.services.parcels import News, Parcels, as_told
from actions.services.policy import Decision, ReturnQuote, decide_return, quote_return
from actions.services.receipts import Receipt
from actions.services.refund_choice import RefundChoice, refund_choices
from actions.services.rulebook import Policies
from actions.services.wording import dollars

ACTION = "return.start"
UNSTATED = "unstated"  # the reason, in a shop that doesn't ask for one
WISH = "start_return"


@dataclass(frozen=True, kw_only=True)
class ReturnReceipt(Receipt):
    """What a started return gives the customer."""

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


class Returns:
    """Decides on returns and starts them.

    >>> decision = returns.decide(order, ["L204393-1"])
    >>> receipt = returns.start(caller, customer, "L204393", ["L204393-1"], "changed_mind")
    """

    def __init__(self, commerce: Commerce, policies: Policies, parcels: Parcels, about: About) -> None:
        self._commerce = commerce
        self._policies = policies
        self._parcels = parcels
        self._writes = about(action=ACTION, subject="return", wish=WISH)

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
            promised = self._writes.promised(order.customer_id)
        day, order = today or self._writes.now().date(), self._parcels.told(order)
        return decide_return(order, self._policies, today=day, item_ids=item_ids, promised=promised)

    def returnable(self, order: Order) -> list[OrderItem]:
        """List the items that may be returned today, each taken by itself."""
        today, told = self._writes.now().date(), self._parcels.told(order)
        refused = decide_return(told, self._policies, today=today).refused_items
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

    def choices(self, order: Order) -> tuple[RefundChoice, ...]:
        """List where the refund of a return may go, what the policies prefer first."""
        customer = self._commerce.customer(order.customer_id)
        return refund_choices(order, customer.payment_methods if customer else (), self._policies)

    def quote(self, order: Order, item_ids: Sequence[str], reason: str, to: str | None = None) -> ReturnQuote:
        """Work out what returning some items would pay back; `to` is the id of one of the choices."""
        customer = self._commerce.customer(order.customer_id)
        methods = customer.payment_methods if customer else ()
        return self._quote(order, methods, item_ids, reason, to)

    def _quote(
        self,
        order: Order,
        methods: Sequence[PaymentMethod],
        item_ids: Sequence[str],
        reason: str,
        to: str | None,
    ) -> ReturnQuote:
        """Work out a quote, paid to a place that the policies allow."""
        places = {choice.id: choice for choice in refund_choices(order, methods, self._policies)}
        if to is not None and to not in places:
            raise ServiceError(f"A refund can't go to '{to}'; it can go to {', '.join(places)}.")
        place = places[to] if to is not None else None
        return quote_return(order, self._policies, methods, item_ids=item_ids, reason=reason, to=place)

    def start(
        self,
        caller: Caller,
        customer: Customer,
        order_number: str,
        item_ids: Sequence[str],
        reason: str,
        to: str | None = None,
    ) -> ReturnReceipt:
        """Start a return: label, pending refund, e-mail and audit in one transaction.

        `to` is the id of one of the choices, where the customer made one.

        The same call again, or one for the same items from the same conversation, gives the first receipt.
        Raises Refused with the decision when a rule stands against it.
        """
        chosen = tuple(dict.fromkeys(item_ids))
        order = self._commerce.order(order_number)
        news = self._parcels.news(order) if order else {}  # before the transaction, never in it

        def write(under_way: OrderWrite) -> ReturnReceipt:
            return self._start(under_way, news, chosen, reason, to)

        def before(under_way: OrderWrite) -> dict[str, Any] | None:
            return _same_items(under_way, chosen)

        request = (sorted(chosen), reason) if to is None else (sorted(chosen), reason, to)
        return self._writes.once(caller, customer, order_number, request, write, ReturnReceipt, before)

    def ask_approval(
        self,
        caller: Caller,
        customer: Customer,
        order_number: str,
        item_ids: Sequence[str],
        reason: str,
        to: str | None = None,
    ) -> Ticket:
        """Hand a return that is above the assistant's authority to a person."""

        def appeal(order: Order) -> Appeal:
            items = [item for item_id in item_ids if (item := order.item(item_id)) is not None]
            quote = self.quote(order, item_ids, reason, to)
            return Appeal(
                what="Return",
                order=order,
                decision=self.decide(order, item_ids),
                rules=self._policies.returns.rules,
                lines=(
                    f"Reason given: {self.reasons.get(reason, reason)}",
                    *item_lines(items),
                    f"Refund worked out: {dollars(quote.refund)} to {quote.method}",
                ),
            )

        return self._writes.ask_approval(caller, customer, order_number, appeal)

    def _start(
        self, write: OrderWrite, news: News, item_ids: tuple[str, ...], reason: str, to: str | None
    ) -> ReturnReceipt:
        """Write the return with its refund, e-mail and audit row, if it is allowed."""
        order, customer = write.order, write.customer
        decision = decide_return(
            as_told(order, news),
            self._policies,
            today=write.now.date(),
            item_ids=item_ids,
            promised=write.promised(),
        )
        if not decision.allowed:
            raise Refused(decision)
        quote = self._quote(order, customer.payment_methods, item_ids, reason, to)
        receipt = self._receipt(write.work.next_return_reference(), order, item_ids, quote, write.now)
        entry = Return(
            reference=receipt.reference,
            item_ids=item_ids,
            reason=reason or UNSTATED,
            status="label_sent",
            refund=quote.refund,
            fee=quote.fee,
            created_at=write.now,
            label_url=receipt.label_url,
            label_expires_on=receipt.label_expires_on,
        )
        write.work.add_return(order, entry, refunds_of(quote.shares, write.now, reference=receipt.reference))
        write.record(
            self._letter(customer, receipt),
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


def _same_items(write: OrderWrite, item_ids: tuple[str, ...]) -> dict[str, Any] | None:
    """Find the receipt that this conversation already got for a return of exactly these items."""
    open_returns = {
        entry.reference
        for entry in write.order.returns
        if entry.open and set(entry.item_ids) == set(item_ids)
    }
    stored = write.earlier() if open_returns else []
    return next((receipt for receipt in stored if receipt["reference"] in open_returns), None)

"""Changed and exchanged items: what may be swapped for what, and the one transaction that does it."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from actions.commerce.errors import SoldOut
from actions.commerce.model import (
    NOTHING,
    Customer,
    Exchange,
    ExchangeItem,
    Order,
    OrderItem,
    Payment,
    PaymentMethod,
)
from actions.commerce.port import Commerce
from actions.helpdesk.port import Ticket
from actions.services import mail
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.order_writes import About, Appeal, OrderWrite
from actions.services.parcels import News, Parcels, as_told
from actions.services.policy import Decision
from actions.services.products import products_of
from actions.services.receipts import Receipt
from actions.services.rulebook import Policies
from actions.services.swap_policy import (
    CHANGE,
    EXCHANGE,
    Catalogue,
    Swap,
    SwapQuote,
    becomes,
    decide_swap,
    is_final,
    kind_of,
    needs_method,
    open_items,
    quote_swap,
)
from actions.services.variant_matching import option_values
from actions.services.wording import dollars, within

ACTIONS = {CHANGE: "order.change", EXCHANGE: "exchange.start"}
WISHES = {CHANGE: "change_order", EXCHANGE: "exchange_item"}


@dataclass(frozen=True, kw_only=True)
class SwapReceipt(Receipt):
    """What a change or an exchange gives the customer."""

    kind: str  # change or exchange
    order_number: str
    items: tuple[str, ...]  # each in words, as in "Stoneware Mug (sage): now Stoneware Mug (rust)"
    difference: Decimal
    method: str
    currency: str
    business_days: str
    named: bool = False  # a method was named although the price stays
    reference: str = ""  # of an exchange, as in "X-10042"
    label_url: str = ""
    label_expires_on: date | None = None


class Swaps:
    """Decides on other variants and numbers of an order's items, and puts them in place.

    >>> decision = swaps.decide(order, [Swap("L204991-1", "LT-103-SAGE")])
    >>> receipt = swaps.swap(caller, customer, "L204991", [Swap("L204991-1", "LT-103-SAGE")])
    """

    def __init__(self, commerce: Commerce, policies: Policies, parcels: Parcels, about: About) -> None:
        self._commerce = commerce
        self._policies = policies
        self._parcels = parcels
        self._writes = {
            kind: about(action=action, subject=kind, wish=WISHES[kind]) for kind, action in ACTIONS.items()
        }

    def kind(self, order: Order) -> str:
        """Tell whether an order's items are changed or exchanged."""
        return kind_of(self._parcels.told(order))

    def is_final(self, order: Order) -> bool:
        """Tell whether everything has to be in one go."""
        return is_final(self._parcels.told(order), self._policies)

    def open_items(self, order: Order) -> list[OrderItem]:
        """List the items that can be changed or exchanged now."""
        return open_items(self._parcels.told(order), self._policies, self._writes[CHANGE].now())

    def catalogue(self, order: Order) -> Catalogue:
        """Look up the products of an order as they are sold now."""
        return products_of(order, self._commerce.product)

    def option_values(self) -> dict[str, list[str]]:
        """Return the values that each option has anywhere in the shop."""
        values: dict[str, dict[str, None]] = {}
        for product in self._commerce.products():
            for option, known in option_values(product).items():
                values.setdefault(option, {}).update(dict.fromkeys(known))
        return {option: list(known) for option, known in values.items()}

    def decide(self, order: Order, swaps: Sequence[Swap] = (), method_id: str | None = None) -> Decision:
        """Decide whether items may be swapped now; without swaps, whether any may."""
        order = self._parcels.told(order)
        writes = self._writes[kind_of(order)]
        return decide_swap(
            order,
            self._policies,
            now=writes.now(),
            swaps=swaps,
            catalogue=self.catalogue(order),
            methods=self._methods(order),
            method_id=method_id,
            promised=writes.promised(order.customer_id) if swaps else NOTHING,
        )

    def quote(self, order: Order, swaps: Sequence[Swap], method_id: str | None = None) -> SwapQuote:
        """Work out what swapping costs or pays back."""
        told = self._parcels.told(order)
        return quote_swap(told, self._policies, swaps, self.catalogue(order), self._methods(order), method_id)

    def needs_method(self, order: Order, swaps: Sequence[Swap]) -> bool:
        """Tell whether the customer has to say with which method the difference is settled."""
        difference = self.quote(order, swaps).difference
        return needs_method(self._parcels.told(order), self._policies, difference, self._methods(order))

    def swap(
        self,
        caller: Caller,
        customer: Customer,
        number: str,
        swaps: Sequence[Swap],
        method_id: str | None = None,
    ) -> SwapReceipt:
        """Swap items: lines or exchange, money, stock, e-mail and audit in one transaction.

        The same call again gives the first receipt. Raises Refused with the decision when a rule stands against it.
        """
        order = self._commerce.order(number)
        news = self._parcels.news(order) if order else {}  # before the transaction, never in it
        kind = kind_of(as_told(order, news)) if order else CHANGE

        def write(under_way: OrderWrite) -> SwapReceipt:
            return self._swap(under_way, news, swaps, method_id)

        request = (sorted(map(repr, swaps)), method_id)
        try:
            return self._writes[kind].once(caller, customer, number, request, write, SwapReceipt)
        except SoldOut as error:  # somebody else was a moment faster
            found = self._commerce.order(number)
            if found is None:
                raise
            decision = self.decide(found, swaps, method_id)
            raise (error if decision.allowed else Refused(decision)) from error

    def ask_approval(
        self,
        caller: Caller,
        customer: Customer,
        number: str,
        swaps: Sequence[Swap],
        method_id: str | None = None,
    ) -> Ticket:
        """Hand a swap that the assistant may not decide on to a person."""
        found = self._commerce.order(number)
        kind = self.kind(found) if found else CHANGE

        def appeal(order: Order) -> Appeal:
            quote = self.quote(order, swaps, method_id)
            cancellations, exchanges = self._policies.cancellations, self._policies.exchanges
            return Appeal(
                what="Change of items" if kind == CHANGE else "Exchange",
                order=order,
                decision=self.decide(order, swaps, method_id),
                rules=cancellations.change_rules if kind == CHANGE else exchanges.rules,
                lines=("Items:", *(f"- {line}" for line in described(order, quote, swaps)), _money(quote)),
            )

        return self._writes[kind].ask_approval(caller, customer, number, appeal)

    def _methods(self, order: Order) -> tuple[PaymentMethod, ...]:
        customer = self._commerce.customer(order.customer_id)
        return customer.payment_methods if customer else ()

    def _swap(
        self, write: OrderWrite, news: News, swaps: Sequence[Swap], method_id: str | None
    ) -> SwapReceipt:
        """Write the change or the exchange with e-mail and audit row, if it is allowed."""
        order, customer = as_told(write.order, news), write.customer
        catalogue = products_of(order, write.work.product)
        decision = decide_swap(
            order,
            self._policies,
            now=write.now,
            swaps=swaps,
            catalogue=catalogue,
            methods=customer.payment_methods,
            method_id=method_id,
            promised=write.promised(),
        )
        if not decision.allowed:
            raise Refused(decision)
        quote = quote_swap(order, self._policies, swaps, catalogue, customer.payment_methods, method_id)
        receipt = SwapReceipt(
            kind=quote.kind,
            order_number=order.number,
            items=described(order, quote, swaps),
            difference=quote.difference,
            method=quote.method,
            currency=quote.currency,
            business_days=quote.business_days,
            named=quote.named,
        )
        if quote.kind == CHANGE:
            return self._change(write, quote, receipt)
        return self._exchange(write, swaps, quote, receipt)

    def _change(self, write: OrderWrite, quote: SwapQuote, receipt: SwapReceipt) -> SwapReceipt:
        """Put the new lines in place, and charge or pay back the difference."""
        order, charged = write.order, quote.difference > NOTHING
        once = self._policies.cancellations.changes_once
        changed = dataclasses.replace(
            quote.changed,
            status="changed" if once else order.status,
            source_status=None if once else order.source_status,
        )
        entries = [
            Payment(
                kind="payment" if charged else "refund",
                amount=share.amount,
                method_id=share.method_id,
                at=write.now,
                status="settled" if charged or share.method_id in quote.at_once else "pending",
            )
            for share in quote.shares
            if share.amount > NOTHING
        ]
        write.work.change_items(order, changed, entries, write.now)
        write.undoable = True
        letter = mail.order_changed(
            write.customer,
            self._policies,
            order_number=order.number,
            items=receipt.items,
            money=_money(quote),
        )
        write.record(letter, before=_lines(order), after=_lines(changed) | _settled(quote))
        return receipt

    def _exchange(
        self, write: OrderWrite, swaps: Sequence[Swap], quote: SwapQuote, receipt: SwapReceipt
    ) -> SwapReceipt:
        """Set the new items aside, and send the label for the old ones."""
        policy, order = self._policies.returns, write.order
        receipt = dataclasses.replace(
            receipt,
            reference=write.work.next_exchange_reference(),
            label_url=f"{policy.label_url}/{secrets.token_urlsafe(16)}",
            label_expires_on=write.now.date() + timedelta(days=policy.label_valid_days),
        )
        new = [line for swap in swaps if (line := quote.changed.item(swap.item_id))]
        entry = Exchange(
            reference=receipt.reference,
            items=tuple(
                ExchangeItem(
                    item_id=line.id, variant_id=line.variant_id, options=line.options, price=line.price
                )
                for line in new
            ),
            status="requested",
            difference=quote.difference,
            method_id=quote.method_id,
            created_at=write.now,
            label_url=receipt.label_url,
            label_expires_on=receipt.label_expires_on,
        )
        write.work.add_exchange(order, entry)
        letter = mail.exchange_label(
            write.customer,
            self._policies,
            order_number=order.number,
            reference=receipt.reference,
            items=receipt.items,
            label_url=receipt.label_url,
            expires_on=receipt.label_expires_on or write.now.date(),
            money=_money(quote),
        )
        after: dict[str, Any] = {
            "status": "exchange_requested",
            "reference": receipt.reference,
            "items": {item.item_id: item.variant_id for item in entry.items},
        }
        write.record(letter, before={"status": order.status}, after=after | _settled(quote))
        return receipt


def described(order: Order, quote: SwapQuote, swaps: Sequence[Swap]) -> tuple[str, ...]:
    """Put what becomes of each item into words, as in "Stoneware Mug: rust instead of sage"."""
    pairs = [(order.item(swap.item_id), quote.changed.item(swap.item_id)) for swap in swaps]
    return tuple(becomes(before, after) for before, after in pairs if before)


def _money(quote: SwapQuote) -> str:
    """Put the difference in price into words."""
    if quote.difference > NOTHING:
        return f"The difference of {dollars(quote.difference)} is charged to {quote.method}."
    if quote.difference < NOTHING:
        return (
            f"The difference of {dollars(-quote.difference)} goes back to {quote.method}, "
            f"{within(quote.business_days)}."
        )
    return "The price stays the same."


def _lines(order: Order) -> dict[str, Any]:
    """Write the lines of an order for the audit trail."""
    return {
        "status": order.status,
        "items": {item.id: f"{item.quantity} x {item.variant_id}" for item in order.items},
    }


def _settled(quote: SwapQuote) -> dict[str, Any]:
    """Write how the difference is settled for the audit trail."""
    return {"difference": str(quote.difference), "methods": [share.method_id for share in quote.shares]}

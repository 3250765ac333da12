"""Promo codes: what a code is good for, and the one transaction that credits it to an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from actions.commerce.model import Customer, Order
from actions.commerce.port import Commerce
from actions.helpdesk.port import Ticket
from actions.services import sales_mail
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.order_writes import About, Appeal, OrderWrite, refunds_of
from actions.services.policy import Decision, refusal
from actions.services.promo_policy import (
    JOINT,
    SUBJECT,
    PromoQuote,
    codes_of,
    decide_code,
    decide_promotion,
    quote_promotion,
    rule_of_order,
)
from actions.services.receipts import Receipt
from actions.services.rulebook import Policies
from actions.services.sales_readings import PromoCode
from actions.services.throttle import Throttle
from actions.services.wording import dollars

ACTION = "order.promo"
WISH = "promo_code"


@dataclass(frozen=True, kw_only=True)
class PromoReceipt(Receipt):
    """What a credited code gives the customer."""

    order_number: str
    code: str
    credit: Decimal
    total: Decimal  # of the order afterwards
    method: str
    currency: str
    business_days: str


class Promotions:
    """Decides on promo codes and credits them.

    >>> promotions.check(caller, "BRIGHT15").rule                # "allowed", "expired", "unknown_code" ...
    >>> promotions.decide(customer, order, "BRIGHT15").rule
    >>> receipt = promotions.apply(caller, customer, "L204995", "BRIGHT15")
    """

    def __init__(self, commerce: Commerce, policies: Policies, about: About) -> None:
        self._commerce = commerce
        self._policies = policies
        self._writes = about(action=ACTION, subject=SUBJECT, wish=WISH)
        window = timedelta(minutes=policies.promotions.unknown_codes_minutes)
        self._guesses = Throttle("promo.unknown", policies.promotions.unknown_codes, window, window)

    @property
    def names(self) -> frozenset[str]:
        """The names of all codes, to recognize one in a sentence; they are not to be told."""
        return frozenset(self._policies.promotions.codes)

    def public(self) -> list[PromoCode]:
        """List the codes that are named to everybody and can be used today."""
        codes = self._policies.promotions.codes.values()
        return [code for code in codes if code.public and self.look(code.name).allowed]

    def look(self, name: str) -> Decision:
        """Decide whether there is such a code and whether it can be used today, without counting a guess."""
        return decide_code(name, self._policies, today=self._writes.now().date())

    def check(self, caller: Caller, name: str) -> Decision:
        """Decide whether there is such a code; unknown ones are counted, so that codes can't be found by trying."""
        now, decision = self._writes.now(), self.look(name)
        with self._commerce.begin() as work:
            if not self._guesses.standing(work.connection, caller.conversation, now).left:
                return refusal("too_many_codes", {"code": name}, subject=SUBJECT)
            if decision.rule == "unknown_code":
                self._guesses.hit(work.connection, caller.conversation, now)
        return decision

    def decide(self, customer: Customer, order: Order, name: str) -> Decision:
        """Decide whether a code may be credited to an order now."""
        return decide_promotion(
            order,
            name,
            self._policies,
            customer=customer,
            others=self._commerce.orders_of(customer.id),
            now=self._writes.now(),
            promised=self._writes.promised(customer.id),
        )

    def quote(self, customer: Customer, order: Order, name: str) -> PromoQuote:
        """Work out what a code would give back for an order."""
        code = self._policies.promotions.codes[name.upper()]
        return quote_promotion(order, code, self._policies, customer.payment_methods)

    def open_orders(self, customer: Customer) -> list[Order]:
        """List the orders to which a code can be credited as far as their state and age go, newest first."""
        policy, now = self._policies.promotions, self._writes.now()
        orders = self._commerce.orders_of(customer.id)
        return [
            order for order in orders if rule_of_order(order, policy, now) in (None, "order_date_unknown")
        ]

    def alternatives(self, customer: Customer, order: Order, name: str) -> list[tuple[PromoCode, Decimal]]:
        """List the public codes that this order could have instead, the best first, each with its credit."""
        found = [
            (code, self.quote(customer, order, code.name).credit)
            for code in self.public()
            if code.name != name.upper() and self.decide(customer, order, code.name).allowed
        ]
        return sorted(found, key=lambda entry: -entry[1])

    def apply(self, caller: Caller, customer: Customer, number: str, name: str) -> PromoReceipt:
        """Credit a code to an order: figures, refund, e-mail and audit in one transaction.

        The same call again, or one for the same order and code from the same conversation, gives the first
        receipt. Raises Refused with the decision when a rule stands against it.
        """

        def write(under_way: OrderWrite) -> PromoReceipt:
            return self._credit(under_way, name.upper())

        def before(under_way: OrderWrite) -> dict[str, Any] | None:
            return _before(under_way, name.upper())

        return self._writes.once(caller, customer, number, (name.upper(),), write, PromoReceipt, before)

    def ask_approval(self, caller: Caller, customer: Customer, number: str, name: str) -> Ticket:
        """Hand a code that needs a person's decision to a person."""

        def appeal(order: Order) -> Appeal:
            quote = self.quote(customer, order, name)
            return Appeal(
                what=f"Promo code {name.upper()}",
                order=order,
                decision=self.decide(customer, order, name),
                rules=self._policies.promotions.rules,
                lines=(f"Credit worked out: {dollars(quote.credit)} to {quote.method}",),
            )

        return self._writes.ask_approval(caller, customer, number, appeal)

    def _credit(self, write: OrderWrite, name: str) -> PromoReceipt:
        """Write the credit with its refunds, e-mail and audit row, if it is allowed."""
        order, customer = write.order, write.customer
        decision = decide_promotion(
            order,
            name,
            self._policies,
            customer=customer,
            others=write.work.orders_of(customer.id),
            now=write.now,
            promised=write.promised(),
        )
        if not decision.allowed:
            raise Refused(decision)
        code = self._policies.promotions.codes[name]
        quote = quote_promotion(order, code, self._policies, customer.payment_methods)
        receipt = PromoReceipt(
            order_number=order.number,
            code=code.name,
            credit=quote.credit,
            total=order.total - quote.credit,
            method=quote.method,
            currency=quote.currency,
            business_days=quote.business_days,
        )
        write.work.credit_code(
            order,
            JOINT.join([*codes_of(order), code.name]),
            quote.credit,
            {"discount": order.discount + quote.discount, "shipping": quote.shipping, "tax": quote.tax},
            refunds_of(quote.shares, write.now, at_once=quote.at_once),
            write.now,
            once_key=f"{customer.id} {code.name}" if code.once_per_customer else None,
        )
        letter = sales_mail.code_credited(
            customer,
            self._policies,
            order_number=receipt.order_number,
            code=receipt.code,
            credit=receipt.credit,
            total=receipt.total,
            method=receipt.method,
            business_days=receipt.business_days,
        )
        write.record(
            letter,
            before={"promo_code": order.promo_code, "total": str(order.total)},
            after={"promo_code": code.name, "total": str(receipt.total), "refund": str(quote.credit)},
        )
        return receipt


def _before(write: OrderWrite, name: str) -> dict[str, Any] | None:
    """Find the receipt that this conversation already got for this code and order."""
    if name not in codes_of(write.order):
        return None
    wanted = (write.order.number, name)
    return next((kept for kept in write.earlier() if (kept["order_number"], kept["code"]) == wanted), None)

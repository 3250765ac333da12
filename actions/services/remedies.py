"""Remedies: what is the matter with an order, what a customer gets for it, and the one transaction that gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, insert, select

from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.errors import SoldOut
from actions.commerce.model import NOTHING, Customer, Order, Product, Variant
from actions.commerce.port import Commerce
from actions.commerce.store import next_number
from actions.helpdesk.port import Ticket, Tickets
from actions.services import mail_care
from actions.services.case_policy import GOODWILL, PRICE, REFUND, REPLACEMENT, Assessment, assess
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.order_writes import About, Appeal, OrderWrite, item_lines, refunds_of
from actions.services.parcels import News, Parcels, as_told
from actions.services.policy import Decision, refusal
from actions.services.products import products_of
from actions.services.receipts import Receipt
from actions.services.remedy_policy import (
    SUBJECT,
    Remedy,
    RemedyQuote,
    Standing,
    adjustments,
    decide_remedy,
    facts_of,
    quote_remedy,
)
from actions.services.rulebook import Policies
from actions.services.wording import dollars

ACTION = "order.remedy"
WISH = "request_refund"


@dataclass(frozen=True, kw_only=True)
class RemedyReceipt(Receipt):
    """What a customer was given."""

    reference: str  # as in "RM-10042"
    order_number: str
    kind: str
    issue: str
    item_ids: tuple[str, ...]
    items: tuple[str, ...]  # in words
    amount: Decimal
    method: str
    currency: str
    business_days: str


class Remedies:
    """Finds out what is the matter with an order, decides what is given for it, and gives it.

    >>> remedies.assess(order, "late", ()).rule
    >>> remedies.give(caller, customer, "L204466", Remedy("refund", "late", ("L204466-1",)))
    """

    def __init__(
        self,
        database: Database,
        commerce: Commerce,
        policies: Policies,
        tickets: Tickets,
        parcels: Parcels,
        about: About,
    ) -> None:
        self._database = database
        self._commerce = commerce
        self._policies = policies
        self._tickets = tickets
        self._parcels = parcels
        self._writes = about(action=ACTION, subject=SUBJECT, wish=WISH)

    def assess(self, order: Order, issue: str, item_ids: Sequence[str]) -> Assessment:
        """Find out what is the matter with an order, and what can be done."""
        variants = _variants(order, self._commerce.product)
        return assess(
            self._parcels.told(order), issue, item_ids, self._policies, self._writes.now(), variants
        )

    def decide(self, order: Order, remedy: Remedy) -> Decision:
        """Decide whether a remedy may be given now."""
        return decide_remedy(self._parcels.told(order), remedy, self._policies, self._standing(order))

    def quote(self, order: Order, remedy: Remedy) -> RemedyQuote:
        """Work out what a remedy gives."""
        customer = self._commerce.customer(order.customer_id)
        methods = customer.payment_methods if customer else ()
        return quote_remedy(order, remedy, self._policies, self._standing(order), methods)

    def given(self, order: Order) -> list[str]:
        """List the references of what was given for an order, newest first."""
        table = schema.remedies
        query = (
            select(table.c.reference)
            .where(table.c.order_number == order.number)
            .order_by(table.c.created_at.desc())
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def give(
        self, caller: Caller, customer: Customer, number: str, remedy: Remedy, wish: str = WISH
    ) -> RemedyReceipt:
        """Give a remedy: money, goods, e-mail and audit in one transaction.

        The same call again, or one for the same thing from the same conversation, gives the first receipt. Raises
        Refused with the decision when a rule stands against it.
        """
        found = self._commerce.order(number)
        news = self._parcels.news(found) if found else {}  # before the transaction, never in it

        def write(under_way: OrderWrite) -> RemedyReceipt:
            return self._give(under_way, news, remedy)

        def before(under_way: OrderWrite) -> dict[str, Any] | None:
            claimed = set(remedy.claims()) & _claims(under_way.work.connection, under_way.order)
            same = (under_way.order.number, remedy.kind, remedy.issue, list(remedy.item_ids))
            kept = under_way.earlier() if claimed else []
            return next((row for row in kept if _told_by(row) == same), None)

        request = (remedy.kind, remedy.issue, *remedy.item_ids)
        try:
            writes = self._writes.serving(wish)
            return writes.once(caller, customer, number, request, write, RemedyReceipt, before)
        except SoldOut as error:  # somebody else was a moment faster
            order = self._commerce.order(number)
            facts = {} if order is None else facts_of(order, remedy)
            raise Refused(refusal("out_of_stock", facts, subject=SUBJECT)) from error

    def ask_approval(
        self, caller: Caller, customer: Customer, number: str, remedy: Remedy, wish: str = WISH
    ) -> Ticket:
        """Hand a remedy that is above the assistant's authority to a person."""

        def appeal(order: Order) -> Appeal:
            quote = self.quote(order, remedy)
            return Appeal(
                what=f"Remedy ({remedy.kind})",
                order=order,
                decision=self.decide(order, remedy),
                rules=self._policies.compensation.rules,
                lines=(
                    f"What happened: {remedy.issue.replace('_', ' ')}",
                    *item_lines([item for item in order.items if item.id in remedy.item_ids]),
                    f"Worked out: {dollars(quote.amount)} to {quote.method}, worth {dollars(quote.worth)}",
                ),
            )

        return self._writes.serving(wish).ask_approval(caller, customer, number, appeal)

    def _standing(self, order: Order) -> Standing:
        """Read what counts besides the order."""
        customer = self._commerce.customer(order.customer_id)
        now = self._writes.now()
        promised = self._writes.promised(order.customer_id)
        variants = _variants(order, self._commerce.product)
        with self._database.read() as connection:
            return self._read(connection, order, customer.tier if customer else None, promised, now, variants)

    def _read(
        self,
        connection: Connection,
        order: Order,
        tier: str | None,
        promised: Decimal,
        now: datetime,
        variants: Mapping[str, Variant],
    ) -> Standing:
        """Read what was given before, within a transaction."""
        since = now - timedelta(days=self._policies.compensation.period_days)
        table = schema.remedies
        query = select(func.count(), func.sum(table.c.amount)).where(
            table.c.customer_id == order.customer_id, table.c.kind == GOODWILL, table.c.created_at >= since
        )
        count, total = connection.execute(query).one()
        return Standing(
            now=now,
            tier=tier,
            promised=promised,
            claims=frozenset(_claims(connection, order)),
            compensations=int(count),
            compensated=total if total is not None else NOTHING,
            variants=variants,
        )

    def _give(self, write: OrderWrite, news: News, remedy: Remedy) -> RemedyReceipt:
        """Write a remedy with its money, goods, e-mail and audit row, if it is allowed."""
        order, customer, work = write.order, write.customer, write.work
        variants = _variants(order, work.product)
        standing = self._read(work.connection, order, customer.tier, write.promised(), write.now, variants)
        decision = decide_remedy(as_told(order, news), remedy, self._policies, standing)
        if not decision.allowed:
            raise Refused(decision)
        quote = quote_remedy(order, remedy, self._policies, standing, customer.payment_methods)
        receipt = RemedyReceipt(
            reference=f"RM-{next_number(work.connection, 'refund')}",
            order_number=order.number,
            kind=remedy.kind,
            issue=remedy.issue,
            item_ids=remedy.item_ids,
            items=tuple(item.label for item in order.items if item.id in remedy.item_ids),
            amount=quote.amount,
            method=quote.method,
            currency=quote.currency,
            business_days=quote.business_days,
        )
        self._insert(write, remedy, quote, receipt, adjustments(order, remedy, standing))
        refunds = refunds_of(quote.shares, write.now, reference=receipt.reference, at_once=quote.at_once)
        work.add_payments(order, refunds)
        if remedy.kind == REPLACEMENT:
            work.send_again(order, remedy.item_ids)
        status = order.status
        if remedy.kind == REFUND and set(remedy.item_ids) == {item.id for item in order.items}:
            work.settle(order)
            status = "refunded"
        write.record(
            mail_care.remedy(customer, self._policies, receipt),
            before={"status": order.status},
            after={
                "status": status,
                "reference": receipt.reference,
                "kind": remedy.kind,
                "issue": remedy.issue,
                "items": list(remedy.item_ids),
                "refund": str(quote.amount),
            },
        )
        return receipt

    def _insert(
        self,
        write: OrderWrite,
        remedy: Remedy,
        quote: RemedyQuote,
        receipt: RemedyReceipt,
        adjusted: Mapping[str, Decimal],
    ) -> None:
        """Write the row of a remedy and what it claims: a second one for the same thing fails."""
        row = {
            "reference": receipt.reference,
            "order_number": write.order.number,
            "customer_id": write.customer.id,
            "kind": remedy.kind,
            "issue": remedy.issue,
            "item_ids": list(remedy.item_ids),
            "amount": quote.amount,
            "worth": quote.worth,
            "created_at": write.now,
        }
        write.work.connection.execute(insert(schema.remedies), row)
        amounts = {f"{PRICE}/{item_id}": amount for item_id, amount in adjusted.items()}
        for claim in remedy.claims():
            values = {"order_number": write.order.number, "claim": claim, "reference": receipt.reference}
            row = values | {"amount": amounts.get(claim)}
            write.work.connection.execute(insert(schema.remedy_claims), row)


def _variants(order: Order, find: Callable[[str], Product | None]) -> dict[str, Variant]:
    """Read the variants of an order's items as they are now."""
    wanted = {item.variant_id for item in order.items}
    products = products_of(order, find).values()
    return {each.id: each for product in products for each in product.variants if each.id in wanted}


def _claims(connection: Connection, order: Order) -> set[str]:
    """List what an order has given already."""
    table = schema.remedy_claims
    query = select(table.c.claim).where(table.c.order_number == order.number)
    return set(connection.execute(query).scalars())


def _told_by(row: dict[str, Any]) -> tuple[Any, ...]:
    """Tell what a kept receipt was given for."""
    return row["order_number"], row["kind"], row["issue"], row["item_ids"]

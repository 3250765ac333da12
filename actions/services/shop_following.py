"""What the shop outside has to do for what was written here: each write as steps of a saga, in its own transaction.

An order before and after a write tells what has changed, whichever service wrote it:

    cancel    the order is canceled
    lines     lines become other variants or numbers, or go
    address   the order goes elsewhere
    refund    money goes back, by the shop's payment gateway; or is only booked there, once a payment provider has paid
    note      what the shop outside has no place for: returns, exchanges, what was made good, codes, and money that a
              person has to move
    customer  name, phone number or address on the account

Money of a return waits for the goods. The difference of changed lines can't be booked as a refund there, since their
total changes with them, so it is noted for the shop's people; shop_money.py has what becomes of money.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Connection, and_, or_, select, update

from actions.commerce import saga_tables, schema
from actions.commerce.model import Address, Order, OrderItem
from actions.commerce.store import find_customer_by_id, find_order
from actions.services import audit
from actions.services.order_writes import OrderWrite
from actions.services.saga_notes import UNDOING, Content, NewStep, Saga, Step, note
from actions.services.sagas import Kind, Sagas
from actions.services.shop_money import SYSTEM, after_provider, money_of, refund_content
from actions.services.writes import Write

ON_FILE = ("first_name", "last_name", "phone", "address")  # what the shop outside keeps of a customer


class Writing(Protocol):
    """A shop outside that can be written to, each thing once for its key."""

    def cancel(self, key: str, number: str, reason: str) -> Mapping[str, Any]:
        """Cancel an order; tell in which state it was."""

    def reopen(self, number: str, status: str) -> None:
        """Take a cancellation back."""

    def refund(self, key: str, number: str, amount: Decimal, reason: str, *, pay: bool) -> str:
        """Book a refund, and pay it if that is wanted; return its id."""

    def set_address(self, key: str, number: str, address: Mapping[str, str]) -> None:
        """Send an order elsewhere."""

    def set_customer(self, key: str, customer_id: str, changes: Mapping[str, Any]) -> None:
        """Change name, phone number or address of a customer."""

    def set_lines(self, key: str, number: str, lines: Any) -> Decimal:
        """Put other variants and numbers into an order's lines, or take lines out of it; tell what it costs then."""

    def note(self, key: str, number: str, text: str) -> None:
        """Leave a note for the shop's people."""


def held(connection: Connection, subject: str) -> bool:
    """Tell whether the shop outside has yet to do, or to undo, something that was written here."""
    sagas, steps = saga_tables.sagas, saga_tables.saga_steps
    waiting = and_(steps.c.done_at.is_(None), steps.c.failed_at.is_(None), sagas.c.next_try_at.is_not(None))
    undoing = and_(sagas.c.state == UNDOING, steps.c.done_at.is_not(None), steps.c.undone_at.is_(None))
    query = (
        select(steps.c.id)
        .join(sagas, sagas.c.id == steps.c.saga_id)
        .where(sagas.c.subject == subject, steps.c.system == SYSTEM, or_(waiting, undoing))
    )
    return connection.execute(query.limit(1)).first() is not None


@dataclass(frozen=True, kw_only=True)
class Following:
    """Lets the shop outside do what was written here.

    >>> Following(writing=WooCommerceWriting(shop), sagas=sagas, touched=mirror.touched).register()
    """

    writing: Writing
    sagas: Sagas
    touched: Callable[[Connection, str], None]
    pays: bool = False  # the shop's gateway pays refunds
    provider_pays: bool = False  # a payment provider does, so that they are only booked there

    def register(self) -> None:
        """Follow all writes, and carry out what that gives to do."""
        self.sagas.followers.append(self.follow)
        self.sagas.customer_followers.append(self.follow_customer)
        done = self._done
        kinds = {
            "cancel": Kind(do=self._cancel, undo=self._reopen, noted=self._cancelled),
            "lines": Kind(do=self._lines, undo=self._lines_back, noted=self._lined),
            "address": Kind(do=self._address, undo=self._address_back, noted=done),
            "refund": Kind(do=self._refund, noted=self._refunded),
            "note": Kind(do=self._note, undo=self._note_back, noted=done),
            "customer": Kind(do=self._customer, noted=done),
        }
        for action, kind in kinds.items():
            self.sagas.register(SYSTEM, action, kind)

    def follow(self, write: OrderWrite) -> None:
        """Note what a write to an order has changed."""
        connection, before = write.work.connection, write.order
        after = find_order(connection, before.number)
        if after is None:
            return
        told = money_of(connection, before, write.action, pays=self.pays, provider_pays=self.provider_pays)
        money = told.refunds
        steps = changes(before, after)
        if steps and steps[0][0] == "cancel":  # no money goes back before that is done
            steps[0][1]["refunds"], money = money, []
            write.undoable = True
        text = described(before, after, told.words)
        if text:
            steps.append(("note", {"order": before.number, "text": text}))
        steps += [("refund", content) for content in money]
        for action, content in steps:
            write.later(SYSTEM, action, content)
        if steps:
            self.touched(connection, before.number)

    def follow_customer(self, write: Write) -> None:
        """Note what was changed of an account."""
        connection, before = write.work.connection, write.customer
        after = find_customer_by_id(connection, before.id)
        new = {n: getattr(after, n) for n in ON_FILE if after and getattr(after, n) != getattr(before, n)}
        if not new:
            return
        written = {name: asdict(v) if isinstance(v, Address) else v for name, v in new.items()}
        saga = Saga(
            id=f"{write.action}:{secrets.token_hex(16)}",
            action=write.action,
            subject=f"customer {before.id}",
            caller=write.caller,
            customer_id=before.id,
        )
        content = {"customer": before.id, "changes": written}
        note(connection, saga, [NewStep(system=SYSTEM, action="customer", content=content)], write.now)

    def moved(self, connection: Connection, step: Step, what: str) -> None:
        """Note what the shop outside has to know of money that the payment provider has moved."""
        new = after_provider(connection, step, what)
        saga = replace(step.saga, id=f"{what} told:{step.key}", undoable=False)
        note(connection, saga, [new], self.sagas.clock())
        self.touched(connection, step.content["order"])

    def due(self, row: Mapping[str, Any], reason: str) -> list[NewStep]:
        """Let the shop's gateway pay back what is due by now, if it may; else its people were told before."""
        if not self.pays or self.provider_pays:
            return []
        return [NewStep(system=SYSTEM, action="refund", content=refund_content(row, reason))]

    def _cancel(self, step: Step) -> Content:
        return self.writing.cancel(step.key, step.content["order"], step.content["reason"])

    def _cancelled(self, connection: Connection, step: Step) -> None:
        """Let the money of an order that is canceled go back: what is refused of that doesn't open it again."""
        refunds = [NewStep(system=SYSTEM, action="refund", content=each) for each in step.content["refunds"]]
        if refunds:
            saga = replace(step.saga, id=f"refund:{step.key}", undoable=False)
            note(connection, saga, refunds, self.sagas.clock())
        self._done(connection, step)

    def _reopen(self, step: Step) -> None:
        self.writing.reopen(step.content["order"], step.result["before"])

    def _lines(self, step: Step) -> Content:
        total = self.writing.set_lines(step.key, step.content["order"], step.content["lines"])
        return {"total": str(total)}

    def _lined(self, connection: Connection, step: Step) -> None:
        """Tell the shop's people where taxes that it works out itself come to another total than the customer's."""
        told, total = step.content.get("total"), step.result["total"]
        if told is not None and Decimal(told) != Decimal(total):
            text = f"The customer was told a total of {told}, and it is {total} here."
            new = NewStep(
                system=SYSTEM, action="note", content={"order": step.content["order"], "text": text}
            )
            saga = replace(step.saga, id=f"total:{step.key}", undoable=False)
            note(connection, saga, [new], self.sagas.clock())
        self._done(connection, step)

    def _lines_back(self, step: Step) -> None:
        self.writing.set_lines(f"{step.key} undone", step.content["order"], step.content["before"])

    def _address(self, step: Step) -> Content:
        self.writing.set_address(step.key, step.content["order"], step.content["address"])
        return {}

    def _address_back(self, step: Step) -> None:
        self.writing.set_address(f"{step.key} undone", step.content["order"], step.content["before"])

    def _note(self, step: Step) -> Content:
        self.writing.note(step.key, step.content["order"], step.content["text"])
        return {}

    def _note_back(self, step: Step) -> None:
        text = f"This was taken back: {step.content['text']}"
        self.writing.note(f"{step.key} undone", step.content["order"], text)

    def _customer(self, step: Step) -> Content:
        self.writing.set_customer(step.key, step.content["customer"], step.content["changes"])
        return {}

    def _refund(self, step: Step) -> Content:
        content = step.content
        booked = self.writing.refund(
            step.key,
            content["order"],
            Decimal(content["amount"]),
            content["reason"],
            pay=not self.provider_pays,
        )
        return {"refund": booked}

    def _refunded(self, connection: Connection, step: Step) -> None:
        """Note under which id a refund is booked, and that it is paid if the gateway has done that."""
        table = schema.payments
        values = {"outside_id": step.result["refund"]}
        if not self.provider_pays:
            values["status"] = "settled"
        connection.execute(update(table).where(table.c.id == step.content["payment"]).values(**values))
        self._done(connection, step)

    def _done(self, connection: Connection, step: Step) -> None:
        """Write an audit row about what the shop outside did."""
        number = step.content.get("order")
        if number is not None:
            self.touched(connection, number)
        audit.record(
            connection,
            step.saga.caller,
            self.sagas.clock(),
            f"{SYSTEM}.{step.action}",
            step.saga.subject,
            customer_id=step.saga.customer_id,
            after=dict(step.result),
        )


def changes(before: Order, after: Order) -> list[tuple[str, dict[str, Any]]]:
    """List what the shop outside has to change of an order."""
    number = before.number
    steps: list[tuple[str, dict[str, Any]]] = []
    if after.status == "cancelled" != before.status:
        steps.append(("cancel", {"order": number, "reason": after.cancel_reason or "canceled"}))
    pairs = [(item, after.item(item.id)) for item in before.items]
    changed = [(item, then) for item, then in pairs if then is None or _line(item) != _line(then)]
    if changed:
        lines = [_line(then) if then else {"id": item.id, "quantity": 0} for item, then in changed]
        back = [_line(item) for item, _ in changed]
        told = {"order": number, "lines": lines, "before": back, "total": str(after.total)}
        steps.append(("lines", told))
    if after.address != before.address:
        content = {"order": number, "address": asdict(after.address), "before": asdict(before.address)}
        steps.append(("address", content))
    return steps


def described(before: Order, after: Order, waiting: list[str]) -> str:
    """Describe for the shop's people what the shop outside has no place for; nothing where there is nothing."""
    known = {entry.reference for entry in before.returns} | {swap.reference for swap in before.exchanges}
    lines: list[str] = []
    for entry in after.returns:
        if entry.reference not in known:
            items = ", ".join(item.label for item in after.items if item.id in entry.item_ids)
            lines.append(f"Return {entry.reference} ({entry.reason}): {items}.")
    for swap in after.exchanges:
        if swap.reference not in known:
            items = ", ".join(f"{item.item_id} for {item.variant_id}" for item in swap.items)
            lines.append(f"Exchange {swap.reference}: {items}; difference {swap.difference}.")
    if after.made_good - before.made_good:
        items = ", ".join(item.label for item in after.items if item.id in after.made_good - before.made_good)
        lines.append(f"Made good: {items}.")
    if after.promo_code != before.promo_code:
        lines.append(f"Code credited: {after.promo_code}, {before.total - after.total} {before.currency}.")
    if len(after.items) < len(before.items):
        lines.append("A line was taken out; whether its pieces are in stock again has to be looked at.")
    return " ".join([*lines, *waiting])


def _line(item: OrderItem) -> dict[str, Any]:
    """Describe a line as the shop outside is told it."""
    return {
        "id": item.id,
        "variant": item.variant_id,
        "product": item.product_id,
        "quantity": item.quantity,
        "price": str(item.price),
    }

"""Goods that are back: what a return pays back is due, and the difference in price of an exchange.

python -m actions.services.arrivals R-10042 X-10043     the shop's people have unpacked these
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, select, update

from actions.adapters.errors import Declined
from actions.commerce import movements, schema
from actions.commerce.errors import ShopError
from actions.commerce.lookups import find_order
from actions.commerce.model import NOTHING, Order, Payment
from actions.commerce.store import SqlStore
from actions.services import audit
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.errors import Refused, ServiceError
from actions.services.provider_money import CHARGE, HERE, ProviderMoney, payments_of
from actions.services.rulebook import Policies
from actions.services.saga_notes import NewStep, Saga, Step, is_noted, note
from actions.services.saga_telling import ask_person
from actions.services.sagas import Kind, Sagas, nothing
from actions.services.shop_following import Following
from actions.services.shop_money import SYSTEM as OUTSIDE

SHOP = "shop"
AWAITED = {"returns": ("label_sent", "in_transit"), "exchanges": ("requested", "shipped")}
HERE_NOW = {"returns": "received", "exchanges": "completed"}


class Arrivals:
    """Notes that the goods of a return or an exchange are back.

    >>> arrivals.note("R-10042")
    """

    def __init__(
        self,
        commerce: SqlStore,
        sagas: Sagas,
        money: ProviderMoney | None,
        policies: Policies,
        clock: Clock = utc_now,
        outside: Following | None = None,
    ) -> None:
        self._commerce = commerce
        self._sagas = sagas
        self._money = money
        self._policies = policies
        self._clock = clock
        self._outside = outside
        sagas.register(SHOP, "exchange", Kind(undo=nothing, unnoted=self._not_paid))
        sagas.register(SHOP, "exchange_lapsed", Kind(noted=self._lapsed))
        sagas.register(SHOP, "exchange_paid", Kind(noted=self._completed, undo=nothing))

    def note(self, reference: str, by: str = "warehouse") -> bool:
        """Note that goods are back, and what follows; False where that was known before.

        Raises ServiceError where there is no such return or exchange, or it was rejected or withdrawn.
        """
        number = self._order_of(reference)
        # A shop outside is asked anew: its people may have paid back meanwhile.
        with self._commerce.begin(order=number) as work:
            return self.book(work.connection, reference, by)

    def look(self, reference: str) -> None:
        """Ask a shop outside about the order of what is to be booked, as `note` does."""
        self._commerce.order(self._order_of(reference))

    def _order_of(self, reference: str) -> str:
        """Find the number of the order that a return or an exchange belongs to."""
        with self._commerce.database.read() as connection:
            _, row = _found(connection, reference)
        return str(row["order_number"])

    def awaited(self, connection: Connection, reference: str) -> bool:
        """Tell whether the goods of a return or an exchange are still to come."""
        table, row = _found(connection, reference)
        return row["status"] in AWAITED[table.name] and not is_noted(connection, _due(table, row))

    def book(self, connection: Connection, reference: str, by: str) -> bool:
        """Do the same within a transaction; `by` is who says so."""
        table, row = _found(connection, reference)
        reference = row["reference"]
        if row["status"] in ("rejected", "cancelled"):
            raise ServiceError(f"{reference} is {row['status']}; look into it before anything is paid.")
        if not self.awaited(connection, reference):
            return False
        order = find_order(connection, row["order_number"], lock=True)
        assert order is not None
        saga = Saga(
            id=_due(table, row),
            action="return.due" if table is schema.returns else "exchange.due",
            subject=f"order {order.number}",
            caller=_nobody(reference, by),
            customer_id=order.customer_id,
        )
        if table is schema.returns:
            self._pay_back(connection, order, reference, saga)
        else:
            self._settle(connection, order, row, saga)
        audit.record(
            connection,
            saga.caller,
            self._clock(),
            saga.action,
            saga.subject,
            customer_id=order.customer_id,
            after={"reference": reference, "by": by},
        )
        return True

    def _pay_back(self, connection: Connection, order: Order, reference: str, saga: Saga) -> None:
        """Let a return pay back: gift cards at once, the rest by the provider."""
        _move(connection, schema.returns, reference)
        steps: list[NewStep] = []
        for row in payments_of(connection, order.number):
            if row["return_reference"] == reference and row["kind"] == "refund":
                self._refund(connection, order, row, saga, steps)
        if steps:
            note(connection, saga, steps, self._clock())

    def _refund(
        self, connection: Connection, order: Order, row: Any, saga: Saga, steps: list[NewStep]
    ) -> None:
        """Settle a refund to a gift card, or note what the provider is to do."""
        if row["status"] != "pending" or row["outside_id"]:  # else the shop outside has booked it
            return
        if _is_card(connection, order, row["method_id"]):
            table = schema.payments
            connection.execute(update(table).where(table.c.id == row["id"]).values(status="settled"))
            entry = Payment(kind="refund", amount=row["amount"], method_id=row["method_id"])
            movements.move_balance(connection, order.customer_id, entry)
        elif self._money is not None:
            now = self._clock()
            self._money.plan_repayment(connection, saga, order.currency, row, steps.append, now)
        elif self._outside is not None:
            steps += self._outside.due(row, row["return_reference"] or saga.action)

    def _settle(self, connection: Connection, order: Order, row: Any, saga: Saga) -> None:
        """Let an exchange charge or pay back its difference; while the new items are here, it can stay unpaid."""
        difference, reference = row["difference"], row["reference"]
        steps: list[NewStep] = []
        added = []
        if difference != NOTHING:
            kind = "payment" if difference > NOTHING else "refund"
            added = [self._added(connection, order, kind, abs(difference), row["method_id"])]
            self._plan(connection, order, added[0], saga, steps)
        if row["status"] == "requested" and any(step.action == CHARGE for step in steps):
            content = {"reference": reference, "payments": [entry["id"] for entry in added]}
            undoing = NewStep(system=SHOP, action="exchange", content=content, done=True)
            paid = NewStep(system=SHOP, action="exchange_paid", content={"reference": reference})
            steps = [undoing, *steps, paid]
        else:
            _move(connection, schema.exchanges, reference)
        if steps:
            note(connection, saga, steps, self._clock())

    def _plan(self, connection: Connection, order: Order, row: Any, saga: Saga, steps: list[NewStep]) -> None:
        """Note what is to be charged or paid back; a method that can't be charged is a matter for a person."""
        if row["kind"] == "refund":
            self._refund(connection, order, row, saga, steps)
        elif row["status"] == "pending" and self._money is None:
            text = f"{row['amount']} {order.currency} to be charged to {row['method_id']} ({saga.id})."
            steps.append(
                NewStep(system=OUTSIDE, action="note", content={"order": order.number, "text": text})
            )
        elif row["status"] == "pending" and self._money is not None:
            try:
                self._money.plan_charge(connection, order.customer_id, order.currency, row, steps.append)
            except Refused:
                body = f"{row['amount']} {order.currency} are due for an exchange of {saga.subject}."
                subject = f"To charge by hand: {saga.subject}"
                ask_person(connection, saga, subject, body, self._clock(), quietly=True)

    def _added(
        self, connection: Connection, order: Order, kind: str, amount: Decimal, method_id: str
    ) -> Mapping[str, Any]:
        """Add the difference to the books; a gift card pays at once."""
        card = _is_card(connection, order, method_id)
        settled = kind == "payment" and (card or (self._money is None and self._outside is None))
        entry = Payment(
            kind=kind,
            amount=amount,
            method_id=method_id,
            at=self._clock(),
            status="settled" if settled else "pending",
        )
        movements.add_payments(connection, order, [entry])
        return max(payments_of(connection, order.number), key=lambda row: row["id"])

    def _completed(self, connection: Connection, step: Step) -> None:
        """Note that an exchange is paid."""
        _move(connection, schema.exchanges, step.content["reference"])

    def _not_paid(self, connection: Connection, step: Step) -> None:
        """Keep no payment of an exchange that failed; for one that was declined, another method is waited for."""
        reference, payments, table = step.content["reference"], schema.payments, schema.exchanges
        connection.execute(delete(payments).where(payments.c.id.in_(step.content["payments"])))
        if step.saga.reason != Declined.reason:
            self._withdraw(connection, step)
            return
        connection.execute(update(table).where(table.c.reference == reference).values(status="unpaid"))
        lapsing = replace(step.saga, id=f"exchange.lapsed:{reference}", action="exchange.lapsed")
        lapse = NewStep(system=SHOP, action="exchange_lapsed", content={"reference": reference})
        now = self._clock()
        due = now + timedelta(days=self._policies.exchanges.reserve_days)
        note(connection, lapsing, [lapse], now, due=due)

    def _lapsed(self, connection: Connection, step: Step) -> None:
        """Withdraw an exchange that nobody has paid meanwhile."""
        order = find_order(connection, step.saga.subject.removeprefix("order "), lock=True)
        reference = step.content["reference"]
        if order and any(each.reference == reference and each.status == "unpaid" for each in order.exchanges):
            self._withdraw(connection, step)

    def _withdraw(self, connection: Connection, step: Step) -> None:
        """Withdraw an exchange that isn't paid: the new items go back into stock, and a person decides on the old."""
        reference = step.content["reference"]
        _, row = _found(connection, reference)
        table, items = schema.exchanges, schema.exchange_items
        mine = update(table).where(table.c.reference == reference)
        connection.execute(mine.values(status="cancelled"))
        order = find_order(connection, row["order_number"], lock=True)
        new = connection.execute(select(items).where(items.c.reference == reference)).mappings().all()
        lines = [(item["variant_id"], order.item(item["item_id"]) if order else None) for item in new]
        back = [(variant_id, line.quantity if line else 1) for variant_id, line in lines]
        movements.move_stock(connection, back=back)
        closed = update(items).where(items.c.reference == reference)
        connection.execute(closed.values(open_item_id=None))
        subject = f"Exchange {reference} wasn't paid"
        body = (
            f"The payment for exchange {reference} of {step.saga.subject} was refused, and it is withdrawn.\n"
            "The old items are here. Please agree with the customer on what becomes of them."
        )
        ask_person(connection, step.saga, subject, body, self._clock())


def _found(connection: Connection, reference: str) -> tuple[Any, Any]:
    """Find a return or an exchange."""
    for table in (schema.returns, schema.exchanges):
        query = select(table).where(table.c.reference == reference.upper())
        row = connection.execute(query.with_for_update()).mappings().first()
        if row is not None:
            return table, row
    raise ServiceError(
        f"There is no return or exchange '{reference}'; references look like R-10042 or X-10042."
    )


def _due(table: Any, row: Any) -> str:
    """Name the saga of what follows from an arrival; an exchange that is being paid is known by it only."""
    return f"{table.name}.due:{row['reference']}"


def _move(connection: Connection, table: Any, reference: str) -> None:
    """Note that the goods are here."""
    mine = update(table).where(table.c.reference == reference)
    connection.execute(mine.values(status=HERE_NOW[table.name]))


def _is_card(connection: Connection, order: Order, method_id: str) -> bool:
    """Tell whether a method's money is kept by the shop itself."""
    table = schema.payment_methods
    mine = (table.c.customer_id == order.customer_id) & (table.c.id == method_id)
    return method_id in HERE or connection.execute(select(table.c.kind).where(mine)).scalar() in HERE


def _nobody(reference: str, by: str) -> Caller:
    """Make the caller of what no conversation has asked for."""
    return Caller(
        conversation=f"arrival {reference}",
        authenticated=False,
        channel=by,
        action="arrival",
        message_id=reference,
        idempotency_key="",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Note arrivals from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.services.arrivals",
        description="Note that the goods of returns and exchanges are back.",
    )
    parser.add_argument("references", nargs="+", metavar="REFERENCE", help="as in R-10042 or X-10042")
    options = parser.parse_args(arguments)
    from actions.services import close_services, services

    try:
        for reference in options.references:
            new = services().arrivals.note(reference)
            sys.stdout.write(f"{reference}: {'noted' if new else 'known before'}\n")
        services().deliver()
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        close_services()
    return 0


if __name__ == "__main__":
    sys.exit(main())

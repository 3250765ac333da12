"""Money at the payment provider: what the flows charge and pay back is carried out there, step by step.

Every write to an order that adds payments is followed: charges are taken from the customer's kept method while they
wait, repayments go out afterwards, each for the charge that paid. Gift cards and store credit stay here. Where the shop
doesn't know what the provider calls a charge, nothing is guessed: a person gets a ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from actions.adapters.errors import NotYet, Rejected
from actions.commerce import schema
from actions.commerce.lookups import find_customer_by_id
from actions.commerce.model import NOTHING
from actions.payments.port import Payments, Repayment
from actions.services import audit
from actions.services.errors import Refused
from actions.services.order_writes import OrderWrite
from actions.services.policy import outside
from actions.services.saga_notes import Content, NewStep, Saga, Step, note
from actions.services.saga_telling import ask_person
from actions.services.sagas import Kind, Sagas

NAME = "The payment provider"
PROVIDER = "payments"
CHARGE, REPAY, DUE, SETTLE = "charge", "repay", "due", "settle"
GIVEN_BACK = "given_back"
HERE = frozenset({"gift_card", "store_credit"})  # kinds of methods whose money never leaves the shop
BACK = ("received", "refunded")  # states of a return whose goods are here

Row = Mapping[str, Any]
Later = Callable[[NewStep], object]


@dataclass(frozen=True)
class ProviderMoney:
    """Lets the provider do what the shop's books say.

    >>> ProviderMoney(provider, sagas).register()
    """

    provider: Payments
    sagas: Sagas
    # Told in the transaction in which a step counts as done, with what it was: CHARGE, REPAY or GIVEN_BACK.
    moved: list[Callable[[Connection, Step, str], None]] = field(default_factory=list)
    # Asks for an order as the shop outside has it, where there is one.
    look: Callable[[str], object] | None = None

    def register(self) -> None:
        """Follow all writes to orders, and carry out what that gives to do."""
        self.sagas.followers.append(self.follow)
        charge = Kind(
            do=self._charge,
            noted=self._charged,
            undo=self._give_back,
            unnoted=self._given_back,
            at_once=True,
        )
        self.sagas.register(PROVIDER, CHARGE, charge)
        self.sagas.register(PROVIDER, REPAY, Kind(do=self._repay, noted=self._repaid))
        self.sagas.register(PROVIDER, DUE, Kind(noted=self._due))
        self.sagas.register(PROVIDER, SETTLE, Kind(do=self._settled, noted=self._settlement))

    def follow(self, write: OrderWrite) -> None:
        """Note what a write has charged and paid back.

        Charges come first, so that nothing is paid back if one fails; and one is given back where what paid before
        can't be. A write that only pays back stays as it is, even where that is refused.
        """
        connection, currency = write.work.connection, write.order.currency
        new = payments_of(connection, write.order.number, since=len(write.order.payments))
        saga = Saga(
            id="",
            action=write.action,
            subject=f"order {write.order.number}",
            caller=write.caller,
            customer_id=write.customer.id,
        )
        charges: list[NewStep] = []
        repayments: list[NewStep] = []
        for row in new:
            if row["kind"] == "payment":
                self.plan_charge(connection, write.customer.id, currency, row, charges.append)
            else:
                self.plan_repayment(connection, saga, currency, row, repayments.append, write.now)
        if repayments and not charges and (write.undoable or write.steps):
            content = {"repayments": [dict(step.content) for step in repayments]}
            repayments = [NewStep(system=PROVIDER, action=DUE, content=content)]
        for step in (*charges, *repayments):
            write.later(step.system, step.action, step.content)

    def plan_charge(
        self, connection: Connection, customer_id: str, currency: str, row: Row, later: Later
    ) -> None:
        """Note a charge; Refused for a method that the provider doesn't keep."""
        customer = find_customer_by_id(connection, customer_id)
        methods = customer.payment_methods if customer else ()
        method = next((each for each in methods if each.id == row["method_id"]), None)
        if is_here(row["method_id"], method.kind if method else None):
            return
        if customer is None or method is None or not (method.provider_id and customer.provider_id):
            raise Refused(outside("unknown_method"))
        table = schema.payments
        connection.execute(update(table).where(table.c.id == row["id"]).values(status="pending"))
        content = _content(row, currency) | {"customer": customer.provider_id, "method": method.provider_id}
        later(NewStep(system=PROVIDER, action=CHARGE, content=content))

    def plan_repayment(
        self,
        connection: Connection,
        saga: Saga,
        currency: str,
        row: Row,
        later: Later,
        now: datetime,
    ) -> None:
        """Note a repayment for each charge that it is spread over; one of a return waits for the goods."""
        if is_here(row["method_id"], kind_of(connection, row)) or row["status"] != "pending":
            return
        due = _is_due(connection, row["return_reference"])
        if row["charge_id"] is None:
            parts = _spread(connection, row)
            if parts is None:
                if due:
                    _tell_person(connection, saga, row, currency, now)
                return
            entries = _split(connection, row, parts)
        else:
            entries = [row]
        for entry in entries if due else ():
            content = _content(entry, currency) | {"charge": entry["charge_id"]}
            later(NewStep(system=PROVIDER, action=REPAY, content=content))

    def _charge(self, step: Step) -> Content:
        """Take money."""
        with _payable():
            charge = self.provider.charge(
                step.key,
                Decimal(step.content["amount"]),
                step.content["currency"],
                customer=step.content["customer"],
                method=step.content["method"],
                again=bool(step.error) or step.saga.claims > 1,
            )
        if charge.status == "failed":
            raise Rejected(NAME, 402, "failed")
        return {"charge": charge.id, "status": "settled" if charge.status == "succeeded" else "pending"}

    def _charged(self, connection: Connection, step: Step) -> None:
        """Note what was taken."""
        table, done = schema.payments, step.result
        mine = update(table).where(table.c.id == step.content["payment"])
        connection.execute(mine.values(charge_id=done["charge"], status=done["status"]))
        self._record(connection, step, CHARGE)

    def _give_back(self, step: Step) -> None:
        """Give back what was taken, all of it."""
        self._given(f"{step.key} undone", step.result["charge"], Decimal(step.content["amount"]))

    def _given_back(self, connection: Connection, step: Step) -> None:
        """Note that nothing is taken any more; what was to be paid by it is undone next, or seen by a person."""
        table = schema.payments
        mine = update(table).where(table.c.id == step.content["payment"])
        connection.execute(mine.values(charge_id=None, status="pending"))
        self._record(connection, step, GIVEN_BACK)

    def _due(self, connection: Connection, step: Step) -> None:
        """Begin to pay back what nothing stands against any more, as a saga that undoes nothing."""
        contents = step.content["repayments"]
        steps = [NewStep(system=PROVIDER, action=REPAY, content=content) for content in contents]
        saga = replace(step.saga, id=f"repay:{step.key}")
        note(connection, saga, steps, self.sagas.clock())

    def _repay(self, step: Step) -> Content:
        """Give money back, unless the shop outside has booked it as given back meanwhile."""
        if self._is_booked(step):
            raise Rejected(NAME, 409, "booked_elsewhere")
        given = self._given(step.key, step.content["charge"], Decimal(step.content["amount"]))
        return {"repayment": given.id, "status": given.status}

    def _is_booked(self, step: Step) -> bool:
        """Tell whether the shop outside says of a refund that is to be paid here that it was made there."""
        if self.look is not None and (step.error or step.saga.claims > 1):  # else it was asked for the write
            self.look(step.content["order"])
        table = schema.payments
        query = select(table.c.outside_id).where(table.c.id == step.content["payment"])
        with self.sagas.database.read() as connection:
            return connection.execute(query).scalar() is not None

    def _given(self, key: str, charge_id: str, amount: Decimal) -> Repayment:
        """Give back a part of a charge."""
        with _payable():
            given = self.provider.repay(key, charge_id, amount)
        if given.status == "failed":
            raise Rejected(NAME, 400, "refund_failed")
        return given

    def _repaid(self, connection: Connection, step: Step) -> None:
        """Note that the provider gives it back; until it has, it is asked how it stands."""
        if step.result["status"] == "settled":
            _settle(connection, step.content["payment"])
        else:
            self._ask_later(connection, step, {"repayment": step.result["repayment"]})
        self._record(connection, step, REPAY)

    def _ask_later(self, connection: Connection, step: Step, about: Content) -> None:
        """Note that the provider is to be asked what became of something."""
        content = {**step.content, **about}
        saga = replace(step.saga, id=f"settle:{step.key}")
        note(connection, saga, [NewStep(system=PROVIDER, action=SETTLE, content=content)], self.sagas.clock())

    def _settled(self, step: Step) -> Content:
        """Ask whether money has arrived."""
        known = self.provider.repayments(step.content["charge"])
        found = next((each for each in known if each.id == step.content["repayment"]), None)
        if found is None or found.status == "failed":
            raise Rejected(NAME, 400, "refund_failed")
        if found.status != "settled":
            raise NotYet(NAME, "a repayment is under way.")
        return {}

    def _settlement(self, connection: Connection, step: Step) -> None:
        """Note that money has arrived."""
        _settle(connection, step.content["payment"])

    def _record(self, connection: Connection, step: Step, what: str) -> None:
        """Write an audit row about what the provider did, and tell whoever follows."""
        audit.record(
            connection,
            step.saga.caller,
            self.sagas.clock(),
            f"payments.{what}",
            step.saga.subject,
            customer_id=step.saga.customer_id,
            after={"amount": step.content["amount"], **step.result},
        )
        for tell in self.moved:
            tell(connection, step, what)


@contextmanager
def _payable() -> Iterator[None]:
    """Refuse for good what isn't an amount that can be paid."""
    try:
        yield
    except ValueError as error:
        raise Rejected(NAME, 400, str(error)) from error


def payments_of(connection: Connection, number: str, since: int = 0) -> list[Row]:
    """Read the payments of an order, from a place on."""
    table = schema.payments
    query = select(table).where(table.c.order_number == number, table.c.position >= since)
    found = connection.execute(query.order_by(table.c.position, table.c.id))
    return [dict(row) for row in found.mappings()]


def is_here(method_id: str, kind: str | None) -> bool:
    """Tell whether a method's money is kept by the shop itself."""
    return method_id in HERE or kind in HERE


def kind_of(connection: Connection, row: Row) -> str | None:
    """Tell what kind of method a payment is by."""
    methods, orders = schema.payment_methods, schema.orders
    query = (
        select(methods.c.kind)
        .join(orders, orders.c.customer_id == methods.c.customer_id)
        .where(orders.c.number == row["order_number"], methods.c.id == row["method_id"])
    )
    return connection.execute(query).scalar()


def _is_due(connection: Connection, reference: str | None) -> bool:
    """Tell whether a refund is due: one of a return is once the goods are back."""
    table = schema.returns
    state = connection.execute(select(table.c.status).where(table.c.reference == reference)).scalar()
    return state is None or state in BACK


def _spread(connection: Connection, row: Row) -> list[tuple[str, Decimal]] | None:
    """Spread a repayment over the charges of its method, the oldest first; None where they don't cover it.

    What was paid back without our knowing for which charge is taken off the oldest ones.
    """
    mine = [
        each for each in payments_of(connection, row["order_number"]) if each["method_id"] == row["method_id"]
    ]
    refunds = [each for each in mine if each["kind"] == "refund" and each["id"] != row["id"]]
    unknown = sum((each["amount"] for each in refunds if each["charge_id"] is None), NOTHING)
    wanted, parts = row["amount"], []
    for charge in mine:
        if charge["kind"] != "payment" or charge["charge_id"] is None:
            continue
        used = sum((e["amount"] for e in refunds if e["charge_id"] == charge["charge_id"]), NOTHING)
        left = charge["amount"] - used
        skipped = min(unknown, left)
        unknown -= skipped
        part = min(left - skipped, wanted)
        if part > NOTHING:
            parts.append((charge["charge_id"], part))
            wanted -= part
    return parts if wanted == NOTHING else None


def _split(connection: Connection, row: Row, parts: list[tuple[str, Decimal]]) -> list[Row]:
    """Make one row for each charge."""
    table = schema.payments
    (charge_id, amount), *others = parts
    values = {"charge_id": charge_id, "amount": amount}
    connection.execute(update(table).where(table.c.id == row["id"]).values(**values))
    entries: list[Row] = [{**row, **values}]
    last = select(func.max(table.c.position)).where(table.c.order_number == row["order_number"])
    for charge_id, amount in others:
        place = connection.execute(last).scalar_one() + 1
        same = {name: value for name, value in row.items() if name != "id"}
        entry = same | {"charge_id": charge_id, "amount": amount, "position": place}
        made = connection.execute(insert(table), entry).inserted_primary_key
        entries.append({**entry, "id": made[0] if made else None})
    return entries


def _content(row: Row, currency: str) -> dict[str, Any]:
    """Say which row, and how much."""
    return {
        "payment": row["id"],
        "order": row["order_number"],
        "amount": str(row["amount"]),
        "currency": currency,
    }


def _settle(connection: Connection, payment: int) -> None:
    """Note that a payment is settled."""
    table = schema.payments
    connection.execute(update(table).where(table.c.id == payment).values(status="settled"))


def _tell_person(connection: Connection, saga: Saga, row: Row, currency: str, now: datetime) -> None:
    """Let a person pay back what can't be paid back for a charge that is known."""
    body = (
        f"{row['amount']} {currency} of {saga.subject} are to be paid back to method {row['method_id']}.\n"
        "The shop doesn't know which charges at the payment provider paid it, or they don't cover it.\n"
        "Please pay it back there, and note it as settled in the shop."
    )
    ask_person(connection, saga, f"To pay back by hand: {saga.subject}", body, now, quietly=True)

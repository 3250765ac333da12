"""An order's rows as they stand, as JSON; and putting them back, where nobody has changed them since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, delete, insert, select, update

from actions.commerce import movements, schema
from actions.commerce.column_types import Moment, Money
from actions.commerce.errors import CannotPutBack, SoldOut
from actions.commerce.model import NOTHING, Payment

Snapshot = Mapping[str, Any]
# What a change of an order writes to, in the order in which rows can be inserted. Of parcels only what is in them:
# where they are changes by itself.
TABLES: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (schema.order_items, ()),
    (schema.shipments, ("id", "item_ids")),
    (schema.payments, ()),
    (schema.exchanges, ("reference", "status", "method_id")),
    (schema.item_changes, ()),
    (schema.remedy_claims, ()),
    (schema.promo_credits, ()),
    (schema.cancellations, ()),
)
FIGURES = ("status", "source_status", "shipping", "tax", "discount", "promo_code", "address")
FOLLOWING = ("status", "charge_id", "outside_id")  # of payments: what systems outside say of them


def taken(connection: Connection, number: str) -> dict[str, Any]:
    """Take down an order's figures and rows."""
    orders = schema.orders
    figures = select(*(orders.c[name] for name in FIGURES)).where(orders.c.number == number)
    snapshot: dict[str, Any] = {"orders": _row(orders, connection.execute(figures).mappings().one())}
    for table, names in TABLES:
        columns = [table.c[name] for name in names] or list(table.c)
        found = connection.execute(select(*columns).where(table.c.order_number == number))
        snapshot[table.name] = {_key(table, row): _row(table, row) for row in found.mappings()}
    return snapshot


def put_back(connection: Connection, number: str, before: Snapshot, after: Snapshot) -> None:
    """Make an order what it was before a change; CannotPutBack where it isn't what that left any more.

    Stock and gift cards go back with it. What the payment provider said of payments meanwhile doesn't count.
    """
    now = taken(connection, number)
    if _comparable({name: now[name] for name in after}) != _comparable(after):
        raise CannotPutBack(f"Order {number} was changed again meanwhile.")
    _move_stock(connection, before["order_items"], after["order_items"])
    _move_balances(connection, number, before["payments"], after["payments"])
    orders = schema.orders
    figures = _values(orders, before["orders"])
    connection.execute(update(orders).where(orders.c.number == number).values(figures))
    tables = [table for table, _ in TABLES if table.name in after]
    for table in reversed(tables):
        for key in after[table.name].keys() - before[table.name].keys():
            connection.execute(delete(table).where(_is(table, key)))
    for table in tables:
        then, left = before[table.name], after[table.name]
        for key, row in then.items():
            if key not in left:
                connection.execute(insert(table).values(_values(table, row)))
            elif row != left[key]:
                connection.execute(update(table).where(_is(table, key)).values(_values(table, row)))


def _move_stock(connection: Connection, before: Snapshot, after: Snapshot) -> None:
    """Give back the pieces that the change took, and take those that it gave back."""
    taken, given_back = (
        [(row["variant_id"], row["quantity"]) for key, row in these.items() if row != those.get(key)]
        for these, those in ((after, before), (before, after))
    )
    try:
        movements.move_stock(connection, back=taken, out=given_back)
    except SoldOut as error:
        raise CannotPutBack(str(error)) from error


def _move_balances(connection: Connection, number: str, before: Snapshot, after: Snapshot) -> None:
    """Take settled movements of gift cards back."""
    customers, methods = schema.orders, schema.payment_methods
    owner = connection.execute(
        select(customers.c.customer_id).where(customers.c.number == number)
    ).scalar_one()
    for key in after.keys() - before.keys():
        row = after[key]
        if row["status"] != "settled":
            continue
        kind = "payment" if row["kind"] == "refund" else "refund"
        entry = Payment(kind=kind, amount=Decimal(row["amount"]), method_id=row["method_id"])
        movements.move_balance(connection, owner, entry)
        mine = (methods.c.customer_id == owner) & (methods.c.id == entry.method_id)
        left = connection.execute(select(methods.c.balance).where(mine)).scalar()
        if left is not None and left < NOTHING:
            raise CannotPutBack(f"What gift card {entry.method_id} got back was spent meanwhile.")


def _comparable(snapshot: Snapshot) -> Snapshot:
    """Leave out what changes by itself."""
    payments = {
        key: {name: value for name, value in row.items() if name not in FOLLOWING}
        for key, row in snapshot["payments"].items()
    }
    return {**snapshot, "payments": payments}


def _row(table: Table, row: Mapping[Any, Any]) -> dict[str, Any]:
    """Write a row as JSON."""
    return {name: _written(value) for name, value in row.items()}


def _written(value: Any) -> Any:
    """Write a value as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _values(table: Table, row: Snapshot) -> dict[str, Any]:
    """Read a row from JSON."""
    return {name: _read(table.c[name], value) for name, value in row.items()}


def _read(column: Column[Any], value: Any) -> Any:
    """Read a value from JSON."""
    if value is not None and isinstance(column.type, Moment):
        return datetime.fromisoformat(value)
    return Decimal(value) if value is not None and isinstance(column.type, Money) else value


def _key(table: Table, row: Mapping[Any, Any]) -> str:
    """Name a row by its primary key."""
    return "\x1f".join(str(row[column.name]) for column in table.primary_key)


def _is(table: Table, key: str) -> Any:
    """Match the row of a name."""
    parts = zip(table.primary_key, key.split("\x1f"), strict=True)
    return and_(
        *(column == (int(part) if column.type.python_type is int else part) for column, part in parts)
    )

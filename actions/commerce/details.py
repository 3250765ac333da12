"""Writing what belongs to a customer or an order but is no item: addresses, payment methods, account details."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, update

from actions.commerce import rows, schema
from actions.commerce.model import Address, Order, Payment


def set_address(connection: Connection, order: Order, address: Address) -> None:
    """Send an order elsewhere."""
    table = schema.orders
    values = {"address": dataclasses.asdict(address)}
    connection.execute(update(table).where(table.c.number == order.number).values(values))


def move_payment(connection: Connection, order: Order, refunds: Sequence[Payment], payment: Payment) -> None:
    """Charge one method and pay back others; a gift card has its balance changed at once, where it is known."""
    own = {"order_number": order.number}
    for place, entry in enumerate((payment, *refunds), start=len(order.payments)):
        connection.execute(insert(schema.payments), own | rows.payment_row(place, entry))
    _change_balance(connection, order.customer_id, payment.method_id, -payment.amount)
    for entry in refunds:
        if entry.status == "settled":
            _change_balance(connection, order.customer_id, entry.method_id, entry.amount)


def set_details(connection: Connection, customer_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a customer; an address may come as the model has it."""
    written = {
        name: dataclasses.asdict(value) if isinstance(value, Address) else value
        for name, value in values.items()
    }
    table = schema.customers
    connection.execute(update(table).where(table.c.id == customer_id).values(written))


def _change_balance(connection: Connection, customer_id: str, method_id: str, amount: Decimal) -> None:
    """Raise or lower the balance of a gift card."""
    table = schema.payment_methods
    connection.execute(
        update(table)
        .where(table.c.customer_id == customer_id, table.c.id == method_id, table.c.balance.is_not(None))
        .values(balance=table.c.balance + amount)
    )

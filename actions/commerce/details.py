"""Writing what belongs to a customer or an order but is no item and no money: addresses, account details."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, update

from actions.commerce import schema
from actions.commerce.model import Address, Order


def set_address(connection: Connection, order: Order, address: Address) -> None:
    """Send an order elsewhere."""
    table = schema.orders
    values = {"address": dataclasses.asdict(address)}
    connection.execute(update(table).where(table.c.number == order.number).values(values))


def set_details(connection: Connection, customer_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a customer; an address may come as the model has it."""
    written = {
        name: dataclasses.asdict(value) if isinstance(value, Address) else value
        for name, value in values.items()
    }
    table = schema.customers
    connection.execute(update(table).where(table.c.id == customer_id).values(written))

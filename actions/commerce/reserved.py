"""What exchanges will take from the payment methods of customers, once the old items are back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import Connection, func, select

from actions.commerce import schema
from actions.commerce.model import NOTHING, UNSETTLED_EXCHANGE_STATES

BATCH = 500  # values of one IN (...), below every database's limit


def reserved_of(connection: Connection, customer_ids: Sequence[str]) -> Mapping[str, Mapping[str, Decimal]]:
    """Sum what is still to be paid for exchanges, by customer and payment method."""
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    table, orders = schema.exchanges, schema.orders
    for start in range(0, len(customer_ids) or 1, BATCH):
        query = (
            select(orders.c.customer_id, table.c.method_id, func.sum(table.c.difference))
            .join(orders, orders.c.number == table.c.order_number)
            .where(
                orders.c.customer_id.in_(customer_ids[start : start + BATCH]),
                table.c.status.in_(UNSETTLED_EXCHANGE_STATES),
                table.c.difference > NOTHING,
            )
            .group_by(orders.c.customer_id, table.c.method_id)
        )
        for customer_id, method_id, amount in connection.execute(query):
            found[customer_id][method_id] = amount
    return found

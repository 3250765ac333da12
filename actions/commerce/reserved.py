"""What exchanges will take from the payment methods of customers, once the old items are back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import Connection, bindparam, func, select

from actions.commerce import schema
from actions.commerce.model import NOTHING, UNSETTLED_EXCHANGE_STATES

BATCH = 500  # values of one IN (...), below every database's limit

_RESERVED = (
    select(schema.orders.c.customer_id, schema.exchanges.c.method_id, func.sum(schema.exchanges.c.difference))
    .join(schema.orders, schema.orders.c.number == schema.exchanges.c.order_number)
    .where(
        schema.orders.c.customer_id.in_(bindparam("customers", expanding=True)),
        schema.exchanges.c.status.in_(UNSETTLED_EXCHANGE_STATES),
        schema.exchanges.c.difference > NOTHING,
    )
    .group_by(schema.orders.c.customer_id, schema.exchanges.c.method_id)
)


def reserved_of(connection: Connection, customer_ids: Sequence[str]) -> Mapping[str, Mapping[str, Decimal]]:
    """Sum what is still to be paid for exchanges, by customer and payment method."""
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for start in range(0, len(customer_ids) or 1, BATCH):
        values = {"customers": customer_ids[start : start + BATCH]}
        for customer_id, method_id, amount in connection.execute(_RESERVED, values):
            found[customer_id][method_id] = amount
    return found

"""What a customer was promised back, whichever way: returns, cancellations, swaps, things made good, codes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from actions.commerce import schema
from actions.commerce.model import NOTHING, OPEN_EXCHANGE_STATES, OPEN_RETURN_STATES


def promised_to(connection: Connection, customer_id: str, since: datetime) -> Decimal:
    """Sum what a customer's returns, cancellations, remedies and swaps give, as they stand at this moment."""
    table, orders = schema.returns, schema.orders
    query = (
        select(func.sum(table.c.refund))
        .join(orders, orders.c.number == table.c.order_number)
        .where(
            orders.c.customer_id == customer_id,
            table.c.created_at >= since,
            table.c.status.in_(OPEN_RETURN_STATES),
        )
    )
    cancelled, payments = schema.cancellations, schema.payments
    paid_back = (
        select(func.sum(payments.c.amount))
        .join(cancelled, cancelled.c.order_number == payments.c.order_number)
        .join(orders, orders.c.number == payments.c.order_number)
        .where(
            orders.c.customer_id == customer_id,
            cancelled.c.created_at >= since,
            payments.c.kind == "refund",
            payments.c.at >= cancelled.c.created_at,  # not what a change of the payment method moved before
            payments.c.return_reference.is_(None),
        )
    )
    given = schema.remedies
    made_good = select(func.sum(given.c.worth)).where(
        given.c.customer_id == customer_id, given.c.created_at >= since
    )
    promo = schema.promo_credits
    credited = (
        select(func.sum(promo.c.credit))
        .join(orders, orders.c.number == promo.c.order_number)
        .where(
            orders.c.customer_id == customer_id,
            promo.c.created_at >= since,
            promo.c.order_number.not_in(  # one of the moment of the cancellation was counted with it
                select(cancelled.c.order_number).where(cancelled.c.created_at <= promo.c.created_at)
            ),
        )
    )
    swapped = (
        select(func.sum(-each.c.difference))
        .join(orders, orders.c.number == each.c.order_number)
        .where(
            orders.c.customer_id == customer_id, each.c.created_at >= since, each.c.difference < 0, *counts
        )
        for each, counts in (
            (schema.item_changes, ()),
            (schema.exchanges, (schema.exchanges.c.status.in_(OPEN_EXCHANGE_STATES),)),
        )
    )
    sums = (connection.execute(each).scalar() for each in (query, paid_back, made_good, credited, *swapped))
    return sum((found for found in sums if found is not None), NOTHING)

"""The cards that paid a shop outside: asked of the payment provider until they are known, so that they have a name.

The shop outside says which charge paid an order, and calls the method by the name of its gateway. The provider knows
the card behind that, and whether it keeps it. While it can't be asked, the order stands with the gateway's name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, insert, select, update

from actions.adapters.errors import AdapterError
from actions.commerce import schema
from actions.commerce.model import Order, Payment
from actions.payments.port import Kept

logger = logging.getLogger(__name__)

OPEN = frozenset({"pending", "processing"})  # states in which an order may still cost something else

Cards = Mapping[str, Kept]  # by the charge that they paid
NONE: Cards = {}
Ask = Callable[[str], Kept | None]


def unknown(connection: Connection, orders: Sequence[Order]) -> list[str]:
    """List the charges whose card isn't known yet, in a list of orders only those of open ones."""
    payments, methods, owners = schema.payments, schema.payment_methods, schema.orders
    charges = [
        entry.charge_id
        for order in orders
        if len(orders) == 1 or order.status in OPEN
        for entry in order.payments
        if entry.kind == "payment" and entry.charge_id
    ]
    known = (
        select(payments.c.charge_id)
        .join(owners, owners.c.number == payments.c.order_number)
        .join(
            methods, (methods.c.customer_id == owners.c.customer_id) & (methods.c.id == payments.c.method_id)
        )
        .where(payments.c.kind == "payment", payments.c.charge_id.in_(charges))
    )
    named = set(connection.execute(known).scalars()) if charges else set()
    return [charge for charge in charges if charge not in named]


def asked(ask: Ask | None, charges: Sequence[str]) -> Cards:
    """Ask the provider which cards paid some charges; what it can't say now is asked another time."""
    found: dict[str, Kept] = {}
    if ask is None:
        return found
    for charge in charges:
        try:
            card = ask(charge)
        except AdapterError as error:
            logger.warning("the card of a charge isn't known: %s", error)
            continue
        if card is not None:
            found[charge] = card
    return found


def card_of(order: Order, cards: Cards) -> Kept | None:
    """Find the card that paid an order."""
    return next((cards[e.charge_id] for e in order.payments if e.charge_id and e.charge_id in cards), None)


def paid_by(order: Order, gateway: str, card: Kept) -> Order:
    """Name the card where an order names the gateway."""

    def named(entry: Payment) -> Payment:
        return replace(entry, method_id=card.method) if entry.method_id == gateway else entry

    return replace(order, payments=tuple(named(entry) for entry in order.payments))


def put_card(connection: Connection, customer_id: str, card: Kept) -> None:
    """Write a card down as one of a customer's methods; one that the provider doesn't keep can't be charged."""
    table = schema.payment_methods
    row = {
        "kind": card.kind,
        "brand": card.brand,
        "last_four": card.last_four,
        "provider_id": card.method if card.customer else None,
    }
    own = (table.c.customer_id == customer_id, table.c.id == card.method)
    if not connection.execute(update(table).where(*own).values(row)).rowcount:
        last = connection.execute(
            select(func.max(table.c.position)).where(table.c.customer_id == customer_id)
        ).scalar()
        place = 0 if last is None else int(last) + 1
        key = {"customer_id": customer_id, "id": card.method, "position": place}
        connection.execute(insert(table), row | key)
    if card.customer:
        customers = schema.customers
        mine = update(customers).where(customers.c.id == customer_id)
        connection.execute(mine.values(provider_id=card.customer))

"""Writes within a transaction that move stock and money: exchanges, and items of an order that are changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, delete, insert, or_, select, update

from actions.commerce import rows, schema
from actions.commerce.errors import SoldOut
from actions.commerce.exchanges import exchange_item_rows, exchange_row
from actions.commerce.model import Exchange, Order, OrderItem, Payment


def add_exchange(connection: Connection, order: Order, entry: Exchange) -> None:
    """Add an exchange, and set its new items aside."""
    own = {"order_number": order.number}
    connection.execute(insert(schema.exchanges), own | exchange_row(len(order.exchanges), entry))
    connection.execute(insert(schema.exchange_items), exchange_item_rows(entry))
    pairs = ((order.item(item.item_id), item.variant_id) for item in entry.items)
    move_stock(connection, out=[(variant_id, line.quantity) for line, variant_id in pairs if line])


def pay_exchange(connection: Connection, reference: str, method_id: str) -> None:
    """Note that the difference of an exchange whose old items are here is paid, and with what."""
    table = schema.exchanges
    mine = update(table).where(table.c.reference == reference)
    connection.execute(mine.values(status="completed", method_id=method_id))


def change_items(
    connection: Connection, order: Order, changed: Order, entries: Sequence[Payment], at: datetime
) -> None:
    """Put other lines, amounts and state in place of an order's, move the stock, and settle the difference."""
    pairs = [(item, changed.item(item.id)) for item in order.items]
    pairs = [(before, after) for before, after in pairs if after != before]
    for before, after in pairs:
        _change_line(connection, order, before, after)
    move_stock(
        connection,
        back=pieces(before for before, _ in pairs),
        out=pieces(after for _, after in pairs if after),
    )
    table = schema.orders
    values = {
        "status": changed.status,
        "source_status": changed.source_status,
        "shipping": changed.shipping,
        "tax": changed.tax,
        "discount": changed.discount,
    }
    connection.execute(update(table).where(table.c.number == order.number).values(**values))
    moved = {"difference": sum(_signed(entry) for entry in entries), "created_at": at}
    connection.execute(insert(schema.item_changes), {"order_number": order.number} | moved)
    add_payments(connection, order, entries)


def add_payments(connection: Connection, order: Order, entries: Sequence[Payment]) -> None:
    """Add payments and refunds to an order; a gift card has its new balance when one is settled."""
    for place, entry in enumerate(entries, start=len(order.payments)):
        row = {"order_number": order.number} | rows.payment_row(place, entry)
        connection.execute(insert(schema.payments), row)
        if entry.status == "settled":
            move_balance(connection, order.customer_id, entry)


def pieces(items: Iterable[OrderItem]) -> list[tuple[str, int]]:
    """List the variants of some lines, each with its pieces."""
    return [(item.variant_id, item.quantity) for item in items]


def move_stock(
    connection: Connection, *, back: Iterable[tuple[str, int]] = (), out: Iterable[tuple[str, int]] = ()
) -> None:
    """Put pieces of variants into stock, and take others out; what isn't counted stays so, none falls below zero.

    All writers go through the variants in the same order, so that no two of them wait for each other.
    """
    moves: Counter[str] = Counter()
    for variant_id, count in back:
        moves[variant_id] += count
    for variant_id, count in out:
        moves[variant_id] -= count
    table = schema.variants
    for variant_id, count in sorted(moves.items()):
        moved = connection.execute(
            update(table)
            .where(table.c.id == variant_id, or_(table.c.stock.is_(None), table.c.stock + count >= 0))
            .values(stock=table.c.stock + count)
        )
        if moved.rowcount != 1:
            raise SoldOut(f"There aren't {-count} pieces of {variant_id} any more.")


def move_balance(connection: Connection, customer_id: str, entry: Payment) -> None:
    """Raise the balance of a gift card by a refund, or lower it by a payment, where it is known."""
    table = schema.payment_methods
    connection.execute(
        update(table)
        .where(
            table.c.customer_id == customer_id,
            table.c.id == entry.method_id,
            table.c.balance.is_not(None),
        )
        .values(balance=table.c.balance - _signed(entry))
    )


def _signed(entry: Payment) -> Decimal:
    """Tell what a movement of money takes from the customer; less than nothing when it pays back."""
    return -entry.amount if entry.kind == "refund" else entry.amount


def _change_line(connection: Connection, order: Order, before: OrderItem, after: OrderItem | None) -> None:
    """Put another line in place of one, or take it out; its price holds what was adjusted before."""
    table, claims = schema.order_items, schema.remedy_claims
    own = (claims.c.order_number == order.number, claims.c.claim == f"{rows.PRICE}{before.id}")
    connection.execute(update(claims).where(*own).values(amount=None))
    if after is None:
        connection.execute(delete(table).where(table.c.id == before.id))
        _unpack(connection, order, before.id)
        return
    values = {
        "variant_id": after.variant_id,
        "options": dict(after.options),
        "price": after.price,
        "quantity": after.quantity,
    }
    connection.execute(update(table).where(table.c.id == before.id).values(**values))


def _unpack(connection: Connection, order: Order, item_id: str) -> None:
    """Take a line out of the parcels that are planned for an order."""
    table = schema.shipments
    planned = connection.execute(
        select(table.c.id, table.c.item_ids).where(table.c.order_number == order.number)
    ).all()
    for parcel, item_ids in planned:
        if item_id in item_ids:
            left = [each for each in item_ids if each != item_id]
            connection.execute(update(table).where(table.c.id == parcel).values(item_ids=left))

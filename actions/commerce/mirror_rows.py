"""Writing what a shop outside says into the rows of ours, within a transaction: whole, and only where it differs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from actions.commerce import mirror_cards, rows, schema
from actions.commerce.database import order_key
from actions.commerce.lookups import find_customer_by_id, find_order, find_product
from actions.commerce.merging import merged
from actions.commerce.model import NOTHING, Customer, Order, OrderItem, Product, Variant
from actions.payments.port import Kept

LONGEST = 200  # characters of a name
# Of a customer; a shop outside has no place for it.
KNOWN_HERE = ("tier", "points", "marketing_email", "provider_id")
NEVER_SOLD = "No longer sold"


@dataclass(frozen=True, kw_only=True)
class Age:
    """How much of one kind is kept here, and when the shop outside was asked about it first and last."""

    kind: str
    count: int
    oldest: datetime | None
    newest: datetime | None


def ages(connection: Connection) -> list[Age]:
    """Tell how much is kept of each kind, and how old it is."""
    table = schema.mirrored
    first, last = func.min(table.c.checked_at), func.max(table.c.checked_at)
    query = select(table.c.kind, func.count(), first, last).group_by(table.c.kind).order_by(table.c.kind)
    return [
        Age(kind=kind, count=count, oldest=oldest, newest=newest)
        for kind, count, oldest, newest in connection.execute(query)
    ]


def note_checked(connection: Connection, kind: str, key: str, at: datetime, there: bool = True) -> None:
    """Note when the shop outside was asked about something, and whether it has it."""
    table = schema.mirrored
    mine = update(table).where(table.c.kind == kind, table.c.key == key).values(checked_at=at, there=there)
    if not connection.execute(mine).rowcount:
        row = {"kind": kind, "key": key, "checked_at": at, "there": there}
        connection.execute(insert(table), row)


def checked(connection: Connection, kind: str, key: str) -> tuple[datetime, bool] | None:
    """Tell when the shop outside was last asked about something, and whether it has it."""
    table = schema.mirrored
    query = select(table.c.checked_at, table.c.there).where(table.c.kind == kind, table.c.key == key)
    found = connection.execute(query).first()
    return (found.checked_at, found.there) if found else None


def forget(connection: Connection, kind: str, key: str) -> None:
    """Forget that the shop outside was asked about something."""
    table = schema.mirrored
    connection.execute(delete(table).where(table.c.kind == kind, table.c.key == key))


def hashed(connection: Connection, address: str) -> str:
    """Reduce an address to a hash: what strangers ask for is kept as nothing else."""
    salt = connection.execute(select(schema.shop_meta.c.salt)).scalar_one()
    return hashlib.sha256(f"{salt}{address}".encode()).hexdigest()


def put_product(connection: Connection, product: Product) -> None:
    """Write a product as it is sold now; variants that are gone stay for the orders that name them."""
    product = dataclasses.replace(product, name=product.name[:LONGEST])
    known = find_product(connection, product.id)
    if known is not None:
        product = dataclasses.replace(product, compatibility=known.compatibility)
        if known == product:
            return
    row, variants = rows.product_rows(_place(connection, schema.products, product.id), product)
    _upsert(connection, schema.products, row | {"retired": None})
    for each in variants:
        _upsert(connection, schema.variants, each | {"retired": None})
    table = schema.variants
    sold = [each["id"] for each in variants]
    gone = update(table).where(table.c.product_id == product.id, table.c.id.not_in(sold))
    connection.execute(gone.values(retired=True))


def retire_product(connection: Connection, product_id: str) -> None:
    """Take a product out of the catalogue."""
    table = schema.products
    connection.execute(update(table).where(table.c.id == product_id).values(retired=True))


def put_customer(connection: Connection, customer: Customer) -> None:
    """Write a customer; what only we know of them stays."""
    known = find_customer_by_id(connection, customer.id)
    if known is not None:
        kept = {name: getattr(known, name) for name in (*KNOWN_HERE, "payment_methods")}
        customer = dataclasses.replace(customer, **kept)
        if known == customer:
            return
    row, _ = rows.customer_rows(_place(connection, schema.customers, customer.id), customer)
    row |= {"first_name": customer.first_name[:100], "last_name": customer.last_name[:100]}
    row |= {"phone": customer.phone[:40] if customer.phone else None}
    table = schema.customers
    # Whoever had this address before has another one by now, which we haven't been told yet.
    before = update(table).where(table.c.email_key == row["email_key"], table.c.id != customer.id)
    connection.execute(before.values(email="", email_key="#" + table.c.id))
    if known is not None:
        for name in KNOWN_HERE:
            del row[name]
    _upsert(connection, table, row)


def put_order(connection: Connection, theirs: Order, card: Kept | None = None) -> None:
    """Write an order, merged with what only we know of it; its customer and its variants have to be there.

    `card` is what paid it, if that was just asked for.
    """
    ours = stored = find_order(connection, theirs.number, lock=True)
    if card is not None:
        gateway = next(entry.method_id for entry in theirs.payments if entry.kind == "payment")
        mirror_cards.put_card(connection, theirs.customer_id, card)
        theirs = mirror_cards.paid_by(theirs, gateway, card)
        ours = mirror_cards.paid_by(ours, gateway, card) if ours is not None else None
    order = merged(described(connection, theirs), ours, _credited(connection, theirs.number))
    if stored is not None and dataclasses.replace(stored, refunds=()) == order:
        return
    parts = rows.order_rows(_place(connection, schema.orders, order.number, "number"), order)
    _upsert(connection, schema.orders, parts["orders"][0], "number")
    for row in parts["order_items"]:
        _upsert(connection, schema.order_items, row)
    _drop_lines(connection, order)
    _put_payments(connection, order.number, parts["payments"])
    if order.status != "cancelled":  # it was, and the shop outside took that back
        table = schema.cancellations
        connection.execute(delete(table).where(table.c.order_number == order.number))
    if ours is None:
        for name in ("shipments", "cancellations"):
            if parts[name]:
                connection.execute(insert(schema.metadata.tables[name]), parts[name])


def described(connection: Connection, order: Order) -> Order:
    """Give the lines of an order the category and tags of their products."""
    table = schema.products
    ids = {item.product_id for item in order.items}
    query = select(table.c.id, table.c.category, table.c.tags).where(table.c.id.in_(ids))
    found = {row.id: row for row in connection.execute(query)}
    return dataclasses.replace(
        order, items=tuple(_described(item, found.get(item.product_id)) for item in order.items)
    )


def put_missing(connection: Connection, order: Order) -> None:
    """Write what an order's lines name and the shop outside doesn't sell any more."""
    table = schema.variants
    ids = {item.variant_id for item in order.items}
    known = set(connection.execute(select(table.c.id).where(table.c.id.in_(ids))).scalars())
    for item in order.items:
        if item.variant_id in known:
            continue
        known.add(item.variant_id)
        query = select(schema.products.c.id).where(schema.products.c.id == item.product_id)
        if connection.execute(query).first() is None:
            name = item.name[:LONGEST] or NEVER_SOLD
            row, _ = rows.product_rows(
                _place(connection, schema.products, item.product_id),
                Product(id=item.product_id, name=name, variants=()),
            )
            connection.execute(insert(schema.products), row | {"retired": True})
        gone = Variant(id=item.variant_id, options=item.options, price=item.price, available=False, stock=0)
        _, (row,) = rows.product_rows(0, Product(id=item.product_id, name="", variants=(gone,)))
        connection.execute(insert(table), row | {"retired": True})


def missing_of(connection: Connection, orders: Sequence[Order]) -> tuple[set[str], set[str]]:
    """List the customers and the products that orders name and that aren't here yet.

    A guest is never here for good: who that is stands on their order, which the shop's people may correct.
    """
    owners, table = {order.customer_id for order in orders}, schema.customers
    kept = select(table.c.id).where(table.c.id.in_(owners), table.c.guest.is_not(True))
    items = [item for order in orders for item in order.items]
    wanted = {item.variant_id for item in items}
    variants = _known(connection, schema.variants, wanted)
    products = {item.product_id for item in items if item.variant_id not in variants}
    return owners - set(connection.execute(kept).scalars()), products


def gone_orders(connection: Connection, numbers: Collection[str]) -> set[str]:
    """List those of some orders that the shop outside doesn't have any more."""
    table = schema.mirrored
    keys = {order_key(number): number for number in numbers}
    query = select(table.c.key).where(
        table.c.kind == "order", table.c.key.in_(keys), table.c.there.is_(False)
    )
    return {keys[key] for key in connection.execute(query).scalars()}


def _described(item: OrderItem, product: Any) -> OrderItem:
    item = dataclasses.replace(item, name=item.name[:LONGEST])
    if product is None:
        return item
    return dataclasses.replace(item, category=product.category, tags=tuple(product.tags))


def _known(connection: Connection, table: Table, ids: Collection[str]) -> set[str]:
    """List those of some ids that a table has."""
    return set(connection.execute(select(table.c.id).where(table.c.id.in_(ids))).scalars())


def _credited(connection: Connection, number: str) -> Any:
    """Sum the codes that were credited to an order here."""
    table = schema.promo_credits
    query = select(func.sum(table.c.credit)).where(table.c.order_number == number)
    found = connection.execute(query).scalar()
    return found if found is not None else NOTHING


def _place(connection: Connection, table: Table, key: str, column: str = "id") -> int:
    """Find the place of a row, or the next one."""
    known = connection.execute(select(table.c.position).where(table.c[column] == key)).scalar()
    if known is not None:
        return int(known)
    last = connection.execute(select(func.max(table.c.position))).scalar()
    return 0 if last is None else int(last) + 1


def _upsert(connection: Connection, table: Table, row: Mapping[str, Any], key: str = "id") -> None:
    """Change a row, or add it."""
    values = {name: value for name, value in row.items() if name != key}
    changed = update(table).where(table.c[key] == row[key]).values(values)
    if not connection.execute(changed).rowcount:
        connection.execute(insert(table), dict(row))


def _put_payments(connection: Connection, number: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write the movements of money of an order; each keeps its row, which steps of sagas may name."""
    table = schema.payments
    query = select(table).where(table.c.order_number == number).order_by(table.c.position)
    left = [dict(row) for row in connection.execute(query).mappings()]
    waiting = [dict(entry) for entry in entries]
    for same in SAME:
        for entry in list(waiting):
            row = next((row for row in left if same(row, entry)), None)
            if row is None:
                continue
            left.remove(row)
            waiting.remove(entry)
            if any(row[name] != value for name, value in entry.items()):
                connection.execute(update(table).where(table.c.id == row["id"]).values(**entry))
    for row in left:
        connection.execute(delete(table).where(table.c.id == row["id"]))
    if waiting:
        connection.execute(insert(table), waiting)


def _agree(*names: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
    """Make what tells whether two movements of money agree in some columns, and name something in the first."""
    return lambda row, entry: (
        row["kind"] == entry["kind"]
        and row[names[0]] is not None
        and all(row[name] == entry[name] for name in names)
    )


# By what a movement of money is known again, the surest first.
SAME = (
    _agree("outside_id"),
    _agree("charge_id", "amount", "status"),
    _agree("return_reference", "amount"),
    _agree("return_reference"),
    _agree("amount", "method_id", "at"),
    _agree("amount", "method_id"),
)


def _drop_lines(connection: Connection, order: Order) -> None:
    """Take out the lines that an order doesn't have any more; what a return names stays, without pieces."""
    table = schema.order_items
    kept = [item.id for item in order.items]
    query = select(table.c.id).where(table.c.order_number == order.number, table.c.id.not_in(kept))
    for item_id in connection.execute(query).scalars().all():
        named = any(
            connection.execute(select(part.c.id).where(part.c.item_id == item_id)).first() is not None
            for part in (schema.return_items, schema.exchange_items)
        )
        line = table.c.id == item_id
        connection.execute(
            update(table).where(line).values(quantity=0) if named else delete(table).where(line)
        )

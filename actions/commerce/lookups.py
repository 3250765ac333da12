"""Reading orders, customers and products with all their parts, within a transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Executable, Select, Table, bindparam, select

from actions.commerce import rows, schema
from actions.commerce.database import order_key
from actions.commerce.model import Customer, Order, PaymentMethod, Product
from actions.commerce.reserved import BATCH, reserved_of

PARTS = (schema.order_items, schema.shipments, schema.payments, schema.returns, schema.exchanges)

# What every message of a form asks for is built once: building a statement takes longer than running it.
_wanted: BindParameter[str] = bindparam("wanted")
_CUSTOMERS = select(schema.customers).order_by(schema.customers.c.position)
_CUSTOMER_BY_ID = _CUSTOMERS.where(schema.customers.c.id == _wanted)
_CUSTOMER_BY_EMAIL = _CUSTOMERS.where(schema.customers.c.email_key == _wanted)
_PRODUCTS = (
    select(schema.products).where(schema.products.c.retired.is_not(True)).order_by(schema.products.c.position)
)
_PRODUCT = _PRODUCTS.where(schema.products.c.id == _wanted)
_ORDER = select(schema.orders).where(schema.orders.c.number_key == _wanted)
_ORDER_LOCKED = _ORDER.with_for_update()
_placed = schema.orders.c.placed_at
_ALL_ORDERS = select(schema.orders).order_by(schema.orders.c.position)
_ORDERS_OF = (
    select(schema.orders)
    .where(schema.orders.c.customer_id == _wanted)
    .order_by(_placed.is_(None), _placed.desc(), schema.orders.c.position.desc())
)
_NEWEST_ORDERS_OF = _ORDERS_OF.limit(bindparam("limit"))

T = TypeVar("T")


def find_customer(connection: Connection, email: str) -> Customer | None:
    """Find a customer by e-mail address within a transaction."""
    return _first(read_customers(connection, _CUSTOMER_BY_EMAIL, {"wanted": rows.email_key(email)}))


def find_customer_by_id(connection: Connection, customer_id: str) -> Customer | None:
    """Find a customer by id within a transaction."""
    return _first(read_customers(connection, _CUSTOMER_BY_ID, {"wanted": customer_id}))


def find_order(connection: Connection, number: str, *, lock: bool = False) -> Order | None:
    """Find an order by its number within a transaction, locked on demand."""
    return _first(read_orders(connection, _ORDER_LOCKED if lock else _ORDER, {"wanted": order_key(number)}))


def find_orders_of(connection: Connection, customer_id: str, limit: int | None = None) -> list[Order]:
    """List the orders of a customer within a transaction, newest first; those without a date come last."""
    query = _ORDERS_OF if limit is None else _NEWEST_ORDERS_OF
    return read_orders(connection, query, {"wanted": customer_id, "limit": limit})


def find_product(connection: Connection, product_id: str) -> Product | None:
    """Find a product by id within a transaction."""
    return _first(read_products(connection, _PRODUCT, {"wanted": product_id}))


def _first(found: Sequence[T]) -> T | None:
    return found[0] if found else None


def read_products(
    connection: Connection, query: Executable = _PRODUCTS, values: Mapping[str, Any] | None = None
) -> list[Product]:
    """Read products with their variants."""
    found = connection.execute(query, values).mappings().all()
    parts = _parts_of(connection, schema.variants, "product_id", [row["id"] for row in found])
    return [rows.product_from(row, parts[row["id"]]) for row in found]


def read_customers(
    connection: Connection, query: Executable = _CUSTOMERS, values: Mapping[str, Any] | None = None
) -> list[Customer]:
    """Read customers with their payment methods."""
    found = connection.execute(query, values).mappings().all()
    ids = [row["id"] for row in found]
    parts = _parts_of(connection, schema.payment_methods, "customer_id", ids)
    reserved = reserved_of(connection, ids)
    return [rows.customer_from(row, parts[row["id"]], reserved[row["id"]]) for row in found]


def read_orders(
    connection: Connection, query: Executable = _ALL_ORDERS, values: Mapping[str, Any] | None = None
) -> list[Order]:
    """Read orders with all their parts, in eleven queries however many there are."""
    found = connection.execute(query, values).mappings().all()
    numbers = [row["number"] for row in found]
    parts = {table.name: _parts_of(connection, table, "order_number", numbers) for table in PARTS}
    parts["cancellations"] = _parts_of(
        connection, schema.cancellations, "order_number", numbers, "order_number"
    )
    parts["remedy_claims"] = _parts_of(connection, schema.remedy_claims, "order_number", numbers, "claim")
    inside = {
        part.name: _inside(connection, parts[whole.name], part)
        for whole, part in (
            (schema.returns, schema.return_items),
            (schema.exchanges, schema.exchange_items),
        )
    }
    owners = list({row["customer_id"] for row in found})
    methods: dict[str, dict[str, PaymentMethod]] = {
        owner: {row["id"]: rows.method_from(row) for row in each}
        for owner, each in _parts_of(connection, schema.payment_methods, "customer_id", owners).items()
    }
    return [
        rows.order_from(
            row,
            {name: each[row["number"]] for name, each in (parts | inside).items()},
            methods.get(row["customer_id"], {}),
        )
        for row in found
    ]


def _inside(connection: Connection, wholes: dict[str, list[Any]], part: Table) -> dict[str, list[Any]]:
    """Read what is inside of some returns or exchanges, grouped by order."""
    orders = {row["reference"]: number for number, each in wholes.items() for row in each}
    grouped: dict[str, list[Any]] = defaultdict(list)
    for reference, each in _parts_of(connection, part, "reference", list(orders), "id").items():
        grouped[orders[reference]].extend(each)
    return grouped


def _parts_of(
    connection: Connection, table: Table, column: str, keys: Sequence[str], order: str = "position"
) -> dict[str, list[Any]]:
    """Read the rows that belong to some keys, grouped by key, in their order."""
    grouped: dict[str, list[Any]] = defaultdict(list)
    one, several = _parts_queries(table, column, order)
    # Asked even for no keys: the number of queries must not tell whether somebody or something exists.
    for start in range(0, len(keys) or 1, BATCH):
        batch = keys[start : start + BATCH]
        query, value = (several, batch) if len(batch) > 1 else (one, batch[0] if batch else None)
        for row in connection.execute(query, {"wanted": value}).mappings():
            grouped[row[column]].append(row)
    return grouped


@cache
def _parts_queries(table: Table, column: str, order: str) -> tuple[Select[Any], Select[Any]]:
    """Build the queries of the parts of one whole, and of several."""
    owner, query = table.c[column], select(table)
    one = query.where(owner == _wanted).order_by(table.c[order])
    several = query.where(owner.in_(bindparam("wanted", expanding=True))).order_by(owner, table.c[order])
    return one, several

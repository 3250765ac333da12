"""The shop in a SQL database: the port `Commerce` as SQLAlchemy carries it out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    delete,
    func,
    insert,
    select,
    update,
)

from actions.commerce import details, movements, rows, schema
from actions.commerce.database import Database
from actions.commerce.errors import StoreMismatch
from actions.commerce.lookups import (
    find_customer,
    find_customer_by_id,
    find_order,
    find_orders_of,
    find_product,
    read_customers,
    read_orders,
    read_products,
)
from actions.commerce.model import (
    Address,
    Customer,
    Exchange,
    Order,
    Payment,
    Product,
    Return,
    Shop,
)
from actions.commerce.promised import promised_to
from actions.commerce.reserved import BATCH

FIRST_NUMBER = 10_001

T = TypeVar("T")
Progress = Callable[[str, int, int], None]


def no_progress(_what: str, _done: int, _all: int) -> None:
    """Say nothing."""


class SqlStore:
    """The embedded shop.

    >>> store = SqlStore(Database("sqlite:///shop.db"))
    >>> store.order("#L-204817").status
    """

    asks_outside = False  # whether another system keeps what is read here

    def __init__(self, database: Database) -> None:
        self.database = database

    def customer(self, customer_id: str) -> Customer | None:
        """Find a customer by id."""
        with self.database.read() as connection:
            return find_customer_by_id(connection, customer_id)

    def on_file(self, customer_id: str) -> Customer | None:
        """Read who a customer is, without asking anybody else."""
        return self.customer(customer_id)

    def acquaint(self, email: str, number: str) -> None:
        """Make sure that the customer of an address and the order of a number are known here; here they are."""

    def customer_by_email(self, email: str) -> Customer | None:
        """Find a customer by e-mail address, in any case."""
        with self.database.read() as connection:
            return find_customer(connection, email)

    def order(self, number: str) -> Order | None:
        """Find an order by its number, in any spelling."""
        with self.database.read() as connection:
            return find_order(connection, number)

    def orders_of(self, customer_id: str, limit: int | None = None) -> list[Order]:
        """List the orders of a customer, newest first; those without a date come last."""
        with self.database.read() as connection:
            return find_orders_of(connection, customer_id, limit)

    def product(self, product_id: str) -> Product | None:
        """Find a product by id."""
        with self.database.read() as connection:
            return find_product(connection, product_id)

    def products(self) -> list[Product]:
        """List the whole catalogue."""
        with self.database.read() as connection:
            return read_products(connection)

    def promised(self, customer_id: str, since: datetime) -> Decimal:
        """Sum the refunds of a customer's returns and cancellations since a time."""
        with self.database.read() as connection:
            return promised_to(connection, customer_id, since)

    @contextmanager
    def begin(self, order: str | None = None, customer: str | None = None) -> Iterator[SqlWork]:
        """Open a writing transaction; an exception undoes it."""
        with self.database.write() as connection:
            yield SqlWork(connection)

    def snapshot(self) -> Shop:
        """Read the whole shop as it is at this moment."""
        with self.database.read() as connection:
            return Shop(
                products=tuple(read_products(connection)),
                customers=tuple(read_customers(connection)),
                orders=tuple(read_orders(connection)),
            )

    def replace(
        self, shop: Shop, *, source: str, over: bool = False, progress: Progress = no_progress
    ) -> None:
        """Put a whole shop in place of the present one, or change nothing.

        Without `over` only an empty shop is filled. Verified conversations are forgotten; audit, tickets and
        the outbox stay.
        """
        with self.database.write() as connection:
            held = connection.execute(select(func.count()).select_from(schema.customers)).scalar_one()
            held += connection.execute(select(func.count()).select_from(schema.products)).scalar_one()
            if held and not over:
                raise StoreMismatch(
                    "The database already holds a shop. Add --replace to put this one in its place."
                )
            for table in schema.SHOP_TABLES:
                connection.execute(delete(table))
            fill(connection, shop, progress=progress)
            connection.execute(update(schema.shop_meta).values(source=source))


class SqlWork:
    """One writing transaction on the shop."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def order(self, number: str) -> Order | None:
        """Read an order and keep other writers away from it until the end."""
        return find_order(self.connection, number, lock=True)

    def lock_customer(self, customer_id: str) -> None:
        """Keep other writers away from what belongs to a customer until the end."""
        table = schema.customers
        self.connection.execute(select(table.c.id).where(table.c.id == customer_id).with_for_update())

    def promised(self, customer_id: str, since: datetime) -> Decimal:
        """Sum the refunds of a customer's returns and cancellations since a time."""
        return promised_to(self.connection, customer_id, since)

    def customer(self, customer_id: str) -> Customer | None:
        """Read a customer as this transaction sees them."""
        return find_customer_by_id(self.connection, customer_id)

    def orders_of(self, customer_id: str) -> list[Order]:
        """List the orders of a customer as this transaction sees them, newest first."""
        return find_orders_of(self.connection, customer_id)

    def product(self, product_id: str) -> Product | None:
        """Read a product as this transaction sees it."""
        return find_product(self.connection, product_id)

    def set_address(self, order: Order, address: Address) -> None:
        """Send an order elsewhere."""
        details.set_address(self.connection, order, address)

    def set_details(self, customer_id: str, **values: Any) -> None:
        """Change what is on file about a customer: address, first_name, last_name, phone, marketing_email."""
        details.set_details(self.connection, customer_id, values)

    def next_return_reference(self) -> str:
        """Reserve the next return reference, as in "R-10042"."""
        return f"R-{next_number(self.connection, 'return')}"

    def add_return(self, order: Order, entry: Return, refunds: Sequence[Payment]) -> None:
        """Add a return with its pending refunds, and move the order to its new state."""
        own = {"order_number": order.number}
        self.connection.execute(insert(schema.returns), own | rows.return_row(len(order.returns), entry))
        self.connection.execute(insert(schema.return_items), rows.return_item_rows(entry))
        movements.add_payments(self.connection, order, refunds)
        self._move(order, "return_requested")

    def cancel(self, order: Order, reason: str, refunds: Sequence[Payment], at: datetime) -> None:
        """Cancel an order: pay back, put the items back into stock, and keep the reason."""
        row = {"order_number": order.number, "reason": reason, "created_at": at}
        self.connection.execute(insert(schema.cancellations), row)
        movements.add_payments(self.connection, order, refunds)
        movements.move_stock(self.connection, back=movements.pieces(order.items))
        self._move(order, "cancelled")

    def next_exchange_reference(self) -> str:
        """Reserve the next exchange reference, as in "X-10042"; they count on with the returns."""
        return f"X-{next_number(self.connection, 'return')}"

    def add_exchange(self, order: Order, entry: Exchange) -> None:
        """Add an exchange, set its new items aside, and move the order to its new state."""
        movements.add_exchange(self.connection, order, entry)
        self._move(order, "exchange_requested")

    def change_items(self, order: Order, changed: Order, entries: Sequence[Payment], at: datetime) -> None:
        """Put other lines, amounts and state in place of an order's, move the stock, and settle the difference."""
        movements.change_items(self.connection, order, changed, entries, at)

    def add_payments(self, order: Order, entries: Sequence[Payment]) -> None:
        """Charge or pay back money for an order that stays as it is; gift cards change their balance at once."""
        movements.add_payments(self.connection, order, entries)

    def settle(self, order: Order) -> None:
        """Note that all of an order was paid back."""
        self._move(order, "refunded")

    def send_again(self, order: Order, item_ids: Sequence[str]) -> None:
        """Take the items out of the stock once more, where it is counted."""
        again = movements.pieces(item for item in order.items if item.id in item_ids)
        movements.move_stock(self.connection, out=again)

    def credit_code(
        self,
        order: Order,
        codes: str,
        credit: Decimal,
        figures: Mapping[str, Decimal],
        refunds: Sequence[Payment],
        at: datetime,
        *,
        once_key: str | None,
    ) -> None:
        """Give an order its codes and its new figures (discount, shipping, tax), and pay the difference back."""
        own, table = {"order_number": order.number}, schema.orders
        row = own | {"codes": codes, "credit": credit, "once_key": once_key, "created_at": at}
        self.connection.execute(insert(schema.promo_credits), row)
        self.connection.execute(
            update(table).where(table.c.number == order.number).values(promo_code=codes, **figures)
        )
        movements.add_payments(self.connection, order, refunds)

    def _move(self, order: Order, status: str) -> None:
        """Put an order into another state."""
        table = schema.orders
        self.connection.execute(
            update(table).where(table.c.number == order.number).values(status=status, source_status=None)
        )


def next_number(connection: Connection, name: str) -> int:
    """Count up a counter within a transaction; two transactions never get the same number."""
    table = schema.counters
    raised = connection.execute(update(table).where(table.c.name == name).values(value=table.c.value + 1))
    if not raised.rowcount:  # a counter that an older database doesn't have yet
        connection.execute(insert(table), {"name": name, "value": FIRST_NUMBER})
    return int(connection.execute(select(table.c.value).where(table.c.name == name)).scalar_one())


def fill(connection: Connection, shop: Shop, *, progress: Progress = no_progress) -> None:
    """Write a whole shop into empty tables."""
    pending: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for place, product in enumerate(shop.products):
        row, variants = rows.product_rows(place, product)
        pending["products"].append(row)
        pending["variants"].extend(variants)
    for place, customer in enumerate(shop.customers):
        row, methods = rows.customer_rows(place, customer)
        pending["customers"].append(row)
        pending["payment_methods"].extend(methods)
    for place, order in enumerate(shop.orders):
        for name, entries in rows.order_rows(place, order).items():
            pending[name].extend(entries)
    total = sum(len(entries) for entries in pending.values())
    done = 0
    for table in reversed(schema.SHOP_TABLES):
        entries = pending[table.name]
        for start in range(0, len(entries), BATCH):
            part = entries[start : start + BATCH]
            connection.execute(insert(table), part)
            done += len(part)
            progress(table.name, done, total)
    _raise_return_counter(connection, shop)


def _raise_return_counter(connection: Connection, shop: Shop) -> None:
    """Let new return references begin above those of the shop."""
    references = [entry.reference for order in shop.orders for entry in order.returns]
    references += [entry.reference for order in shop.orders for entry in order.exchanges]
    taken = [reference.removeprefix("R-").removeprefix("X-") for reference in references]
    highest = max((int(number) for number in taken if number.isdecimal()), default=0)
    table = schema.counters
    raised = update(table).where(table.c.name == "return", table.c.value < highest).values(value=highest)
    connection.execute(raised)

"""A shop outside that the flows work on: asked when something is read, kept here with what only we know.

What is read of an order, a customer or a product is asked of the shop outside first, unless that was done a moment
ago, and written into the rows of the embedded shop; merging.py says how the two go together. So every rule, return,
receipt and audit row stands on rows that are there, and a write still is one transaction. The catalogue as a whole is
brought by an import, by webhooks, and anew in the background; one that is older than MOST_OUTDATED isn't told.

- Where the shop outside can't be reached, reading raises the AdapterError: nothing that is old is told as if it were
  new, and nothing is written either, since a write asks anew before it begins. Who somebody is (`on_file`) is known
  without it, so that a ticket can be opened meanwhile.
- Within a transaction nobody is called: `begin` asks anew about the order that it is for, before.
- While something that was written here has yet to be done there, the order stands as it is here.
- An answer that was asked for before something was written here, or before a newer answer, is dropped.
- Each order of a guest belongs to a customer of its own, who is known by the e-mail address with that order only.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, delete, func, select, update

from actions.adapters.errors import AdapterError, Unreachable
from actions.commerce import mirror_cards, mirror_rows, schema
from actions.commerce.database import Database, order_key
from actions.commerce.errors import StoreMismatch
from actions.commerce.mirror_keeping import Held, Keeping, nothing_held
from actions.commerce.model import Customer, Order, Product, Shop
from actions.commerce.port import Reading
from actions.commerce.rows import email_key
from actions.commerce.store import (
    Progress,
    SqlStore,
    SqlWork,
    find_order,
    find_product,
    no_progress,
)

logger = logging.getLogger(__name__)

FRESH = timedelta(seconds=20)  # within which the same thing isn't asked for again
CATALOGUE = timedelta(minutes=10)  # after which the whole catalogue is read anew
MOST_OUTDATED = timedelta(hours=1)  # older than this it isn't told
LONGEST_KEY = 80
SOURCE = "woocommerce"


class Outside(Reading, Protocol):
    """A shop outside."""

    name: str


class MirroredShop(SqlStore):
    """The embedded shop as the mirror of one outside.

    >>> shop = MirroredShop(Database(url), WooCommerceShop(settings))
    >>> shop.order("#727").status       # asks WooCommerce, unless it did a moment ago
    """

    asks_outside = True

    def __init__(
        self,
        database: Database,
        outside: Outside,
        clock: Callable[[], datetime],
        *,
        held: Held = nothing_held,
        card: mirror_cards.Ask | None = None,
        fresh: timedelta = FRESH,
    ) -> None:
        super().__init__(database)
        self.outside = outside
        self._clock = clock
        self._keeping = Keeping(held)
        self._card = card  # asks the payment provider which card paid a charge
        self._fresh = fresh
        self._known = False
        self._writing = threading.local()

    def customer(self, customer_id: str) -> Customer | None:
        """Find a customer by id, as the shop outside has them."""
        return super().customer(customer_id) if self._look("customer", customer_id) else None

    def on_file(self, customer_id: str) -> Customer | None:
        """Read who a customer is; while the shop outside can't be asked, what is known here has to do."""
        with suppress(AdapterError):  # which was logged
            self._look("customer", customer_id)
        return super().customer(customer_id)

    def acquaint(self, email: str, number: str) -> None:
        """Ask about the customer of an address and the order of a number, in the same steps whether there are such."""
        if email:
            self.customer_by_email(email)
        if order_key(number):
            self.order(number)

    def customer_by_email(self, email: str) -> Customer | None:
        """Find a customer by e-mail address, in any case."""
        address = email_key(email)
        with self.database.read() as connection:
            digest = mirror_rows.hashed(connection, address)
        return super().customer_by_email(email) if self._look("email", digest, address) else None

    def order(self, number: str) -> Order | None:
        """Find an order by its number, as the shop outside has it, with what only we know of it."""
        return super().order(number) if self._look("order", order_key(number), number) else None

    def orders_of(self, customer_id: str, limit: int | None = None) -> list[Order]:
        """List the orders of a customer, newest first, as the shop outside has them."""
        self._look("orders", customer_id)
        orders = super().orders_of(customer_id)
        with self.database.read() as connection:
            gone = mirror_rows.gone_orders(connection, [order.number for order in orders])
        return [order for order in orders if order.number not in gone][:limit]

    def product(self, product_id: str) -> Product | None:
        """Find a product by id, as it is sold now."""
        return super().product(product_id) if self._look("product", product_id) else None

    def products(self) -> list[Product]:
        """List the whole catalogue, as it was read a few minutes ago."""
        with self.database.read() as connection:
            read = mirror_rows.checked(connection, "catalogue", "")
        if read is None:
            raise StoreMismatch(IMPORT_FIRST)
        age = self._clock() - read[0]
        if age > MOST_OUTDATED and not self._is_writing:
            raise Unreachable(self.outside.name, f"the catalogue was last read {_words(age)} ago.")
        return super().products()

    @contextmanager
    def begin(self, order: str | None = None, customer: str | None = None) -> Iterator[SqlWork]:
        """Open a writing transaction, after asking anew about what it is for."""
        if order is not None:
            self._look("order", order_key(order), order, anew=True)
            self._look_at_items(order)
        if customer is not None:
            self._look("customer", customer, anew=True)
        self._writing.depth = getattr(self._writing, "depth", 0) + 1
        try:
            with super().begin() as work:
                yield work
        finally:
            self._writing.depth -= 1

    def refresh(self, kind: str, key: str) -> None:
        """Ask anew about one thing, because there is news of it; if that fails, when it is wanted."""
        try:
            self._look(kind, key, anew=True)
        except AdapterError:  # which was logged
            self.forget(kind, key)

    def forget(self, kind: str, key: str) -> None:
        """Ask about one thing the next time that it is wanted, because there is news of it."""
        with self.database.write() as connection:
            mirror_rows.forget(connection, kind, key[:LONGEST_KEY])

    def touched(self, connection: Connection, number: str) -> None:
        """Note that an order was written to just now, so that an answer that is under way doesn't undo it."""
        mirror_rows.note_checked(connection, "order", order_key(number), self._clock())

    def check(self) -> None:
        """Refuse to mix another shop with the one outside."""
        with self.database.read() as connection:
            self._check(connection)

    def bring(
        self, shop: Shop, asked_at: datetime, progress: Progress = no_progress, *, replace: bool = False
    ) -> None:
        """Take over a whole shop that was read outside, in one transaction; what only we know stays.

        `replace` puts it in place of another shop that is there.
        """
        with self.database.write() as connection:
            if replace:
                for table in schema.SHOP_TABLES:
                    connection.execute(delete(table))
            self._keeping.put_shop(connection, shop, asked_at, progress)
            connection.execute(update(schema.shop_meta).values(source=SOURCE))

    def refresh_catalogue(self) -> bool:
        """Read the whole catalogue anew if that was some minutes ago; tell whether it was."""
        asked_at = self._clock()
        with self.database.read() as connection:
            read = mirror_rows.checked(connection, "catalogue", "")
        if read is None or asked_at - read[0] < CATALOGUE:
            return False
        products = self.outside.products()
        with self.database.write() as connection:
            self._keeping.put_catalogue(connection, products, asked_at)
        logger.info("%s: %d products read", self.outside.name, len(products))
        return True

    def ages(self) -> list[mirror_rows.Age]:
        """Tell the operator how old what is kept here is."""
        with self.database.read() as connection:
            return mirror_rows.ages(connection)

    @property
    def _is_writing(self) -> bool:
        """Whether this thread has a transaction open, in which nobody outside is called."""
        return bool(getattr(self._writing, "depth", 0))

    def _look(self, kind: str, key: str, what: str = "", *, anew: bool = False) -> bool:
        """Ask the shop outside about one thing unless that was just done; tell whether it has it.

        `what` is what it is asked for, if that isn't the key.
        """
        what, key = what or key, key[:LONGEST_KEY]
        with self.database.read() as connection:
            self._check(connection)
            known = mirror_rows.checked(connection, kind, key)
        if self._is_writing:
            return known is None or known[1]
        asked_at = self._clock()
        if known is not None and not anew and asked_at - known[0] <= self._fresh:
            return known[1]
        try:
            there = self._asked(kind, key, what, asked_at)
        except AdapterError as error:
            age = f"last asked {_words(asked_at - known[0])} ago" if known else "never asked before"
            logger.warning("%s of the shop isn't known (%s): %s", kind, age, error)
            raise
        logger.debug("%s asked about one %s", self.outside.name, kind)
        return there

    def _asked(self, kind: str, key: str, what: str, asked_at: datetime) -> bool:
        """Ask about one thing, and keep what comes."""
        if kind in ("customer", "email"):
            ask = self.outside.customer if kind == "customer" else self.outside.customer_by_email
            customer = ask(what)
            with self.database.write() as connection:
                if customer is not None:
                    self._keeping.put_customer(connection, customer, asked_at)
                mirror_rows.note_checked(connection, kind, key, asked_at, customer is not None)
            return customer is not None
        if kind == "product":
            product = self.outside.product(key)
            with self.database.write() as connection:
                self._keeping.put_product(connection, key, product, asked_at)
            return product is not None
        if kind == "orders":
            return self._asked_orders(key, asked_at)
        order = self.outside.order(what)
        kept = self._keep([order] if order is not None else [], asked_at)
        if not kept:
            with self.database.write() as connection:
                mirror_rows.note_checked(connection, kind, key, asked_at, there=False)
        return bool(kept)

    def _asked_orders(self, customer_id: str, asked_at: datetime) -> bool:
        """Ask for all orders of a customer; those that aren't among them are gone."""
        orders = self.outside.orders_of(customer_id)
        kept = self._keep(orders, asked_at)
        table = schema.orders
        with self.database.write() as connection:
            mine = select(table.c.number_key).where(table.c.customer_id == customer_id)
            for key in set(connection.execute(mine).scalars()) - kept:
                mirror_rows.note_checked(connection, "order", key, asked_at, there=False)
            mirror_rows.note_checked(connection, "orders", customer_id, asked_at)
        return True

    def _keep(self, orders: Sequence[Order], asked_at: datetime) -> set[str]:
        """Keep orders, after asking for what they name and isn't here yet; return the keys of those that were kept."""
        with self.database.read() as connection:
            owners, products = mirror_rows.missing_of(connection, orders)
            charges = mirror_cards.unknown(connection, orders) if self._card else []
        found = [self.outside.customer(each) for each in sorted(owners)]
        sold = {each: self.outside.product(each) for each in sorted(products)}
        cards = mirror_cards.asked(self._card, charges)
        with self.database.write() as connection:
            for customer in found:
                if customer is not None:
                    self._keeping.put_customer(connection, customer, asked_at)
            for product_id, product in sold.items():
                self._keeping.put_product(connection, product_id, product, asked_at)
            return {
                order_key(order.number)
                for order in orders
                if self._keeping.put_order(connection, order, asked_at, cards)
            }

    def _look_at_items(self, number: str) -> None:
        """Ask about the products of an order, which a write may have to count."""
        with self.database.read() as connection:
            order = find_order(connection, number)
            items = order.items if order is not None else ()
            sold = {item.product_id for item in items if find_product(connection, item.product_id)}
        for product_id in sorted(sold):
            self._look("product", product_id)

    def _check(self, connection: Connection) -> None:
        """Refuse to mix another shop with the one outside."""
        if self._known:
            return
        source = connection.execute(select(schema.shop_meta.c.source)).scalar()
        held = connection.execute(select(func.count()).select_from(schema.customers)).scalar_one()
        if source != SOURCE and held:
            raise StoreMismatch(IMPORT_FIRST)
        self._known = True


IMPORT_FIRST = (
    "adapters.yml names a shop outside, and the database doesn't hold it yet. Bring it with "
    "`python -m actions.adapters.importing` (--replace, if the database holds another shop)."
)


def _words(age: timedelta) -> str:
    """Say how long ago something was."""
    seconds = max(0, int(age.total_seconds()))
    return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"

"""Keeping what a shop outside says, unless something newer is known here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from actions.commerce import mirror_cards, mirror_rows, schema
from actions.commerce.database import order_key
from actions.commerce.model import Customer, Order, Product, Shop
from actions.commerce.store import Progress, find_customer_by_id

Held = Callable[[Connection, str], bool]


def nothing_held(_connection: Connection, _subject: str) -> bool:
    """Tell that nothing waits to be done in the shop outside."""
    return False


class Keeping:
    """Writes what a shop outside said at a time, within a transaction.

    `held` tells of an order or a customer, as in "order 727", whether something that was written here has yet to be
    done there.
    """

    def __init__(self, held: Held) -> None:
        self._held = held

    def put_shop(self, connection: Connection, shop: Shop, asked_at: datetime, progress: Progress) -> None:
        """Keep a whole shop."""
        self.put_catalogue(connection, shop.products, asked_at)
        progress("products", len(shop.products), len(shop.products))
        for place, customer in enumerate(shop.customers, start=1):
            self.put_customer(connection, customer, asked_at)
            progress("customers", place, len(shop.customers))
        for place, order in enumerate(shop.orders, start=1):
            self.put_order(connection, order, asked_at)
            progress("orders", place, len(shop.orders))

    def put_product(
        self, connection: Connection, product_id: str, product: Product | None, asked_at: datetime
    ) -> None:
        """Keep a product, or that it isn't sold any more."""
        if self._outdated(connection, "product", product_id, asked_at):
            return
        if product is not None:
            mirror_rows.put_product(connection, product)
        else:
            mirror_rows.retire_product(connection, product_id)
        mirror_rows.note_checked(connection, "product", product_id, asked_at, product is not None)

    def put_catalogue(self, connection: Connection, products: Sequence[Product], asked_at: datetime) -> None:
        """Keep the whole catalogue; what isn't in it any more is sold no longer."""
        table = schema.products
        for product in products:
            self.put_product(connection, product.id, product, asked_at)
        listed = {product.id for product in products}
        for product_id in set(connection.execute(select(table.c.id)).scalars()) - listed:
            self.put_product(connection, product_id, None, asked_at)
        mirror_rows.note_checked(connection, "catalogue", "", asked_at)

    def put_customer(self, connection: Connection, customer: Customer, asked_at: datetime) -> None:
        """Keep a customer, unless something that was written here has yet to be done there."""
        subject = f"customer {customer.id}"
        if self._held(connection, subject) or self._outdated(connection, "customer", customer.id, asked_at):
            return
        mirror_rows.put_customer(connection, customer)
        mirror_rows.note_checked(connection, "customer", customer.id, asked_at)

    def put_order(
        self,
        connection: Connection,
        order: Order,
        asked_at: datetime,
        cards: mirror_cards.Cards = mirror_cards.NONE,
    ) -> bool:
        """Keep an order, unless that of here is newer; False for one that belongs to nobody."""
        key = order_key(order.number)
        if find_customer_by_id(connection, order.customer_id) is None:
            return False
        held = self._held(connection, f"order {order.number}")
        if not held and not self._outdated(connection, "order", key, asked_at):
            mirror_rows.put_missing(connection, order)
            mirror_rows.put_order(connection, order, mirror_cards.card_of(order, cards))
        if not self._outdated(connection, "order", key, asked_at):
            mirror_rows.note_checked(connection, "order", key, asked_at)
        return True

    def _outdated(self, connection: Connection, kind: str, key: str, asked_at: datetime) -> bool:
        """Tell whether something newer is known than an answer that was asked for at a time."""
        known = mirror_rows.checked(connection, kind, key)
        return known is not None and known[0] > asked_at

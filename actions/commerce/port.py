"""The port: what the services need from a shop, whichever system keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Connection

from actions.commerce.model import Address, Customer, Exchange, Order, Payment, Product, Return


class Work(Protocol):
    """One writing transaction: everything in it happens, or nothing does."""

    @property
    def connection(self) -> Connection:
        """The open transaction, for rows that must be committed together with the shop's."""

    def order(self, number: str) -> Order | None:
        """Read an order and keep other writers away from it until the end."""

    def add_return(self, order: Order, entry: Return, refunds: Sequence[Payment]) -> None:
        """Add a return with its pending refunds, and move the order to its new state."""

    def cancel(self, order: Order, reason: str, refunds: Sequence[Payment], at: datetime) -> None:
        """Cancel an order: pay back, put the items back into stock, and keep the reason."""

    def customer(self, customer_id: str) -> Customer | None:
        """Read a customer as this transaction sees them."""

    def orders_of(self, customer_id: str) -> list[Order]:
        """List the orders of a customer as this transaction sees them, newest first."""

    def product(self, product_id: str) -> Product | None:
        """Read a product as this transaction sees it."""

    def set_address(self, order: Order, address: Address) -> None:
        """Send an order elsewhere."""

    def set_details(self, customer_id: str, **values: Any) -> None:
        """Change what is on file about a customer: address, first_name, last_name, phone, marketing_email."""

    def add_payments(self, order: Order, entries: Sequence[Payment]) -> None:
        """Charge or pay back money for an order that stays as it is; gift cards change their balance at once."""

    def settle(self, order: Order) -> None:
        """Note that all of an order was paid back."""

    def send_again(self, order: Order, item_ids: Sequence[str]) -> None:
        """Take the items out of the stock once more, where it is counted."""

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

    def promised(self, customer_id: str, since: datetime) -> Decimal:
        """Sum the refunds of a customer's returns and cancellations since a time."""

    def lock_customer(self, customer_id: str) -> None:
        """Keep other writers away from what belongs to a customer until the end."""

    def next_return_reference(self) -> str:
        """Reserve the next return reference, as in "R-10042"."""

    def next_exchange_reference(self) -> str:
        """Reserve the next exchange reference, as in "X-10042"."""

    def add_exchange(self, order: Order, entry: Exchange) -> None:
        """Add an exchange, set its new items aside, and move the order to its new state."""

    def change_items(self, order: Order, changed: Order, entries: Sequence[Payment], at: datetime) -> None:
        """Put other lines, amounts and state in place of an order's, move the stock, and settle the difference."""


class Reading(Protocol):
    """What can be read in a shop: its catalogue, customers and orders."""

    def customer(self, customer_id: str) -> Customer | None:
        """Find a customer by id."""

    def customer_by_email(self, email: str) -> Customer | None:
        """Find a customer by e-mail address, in any case."""

    def order(self, number: str) -> Order | None:
        """Find an order by its number, in any spelling."""

    def orders_of(self, customer_id: str, limit: int | None = None) -> list[Order]:
        """List the orders of a customer, newest first."""

    def product(self, product_id: str) -> Product | None:
        """Find a product by id."""

    def products(self) -> list[Product]:
        """List the whole catalogue."""


class Commerce(Reading, Protocol):
    """A shop: its catalogue, customers and orders."""

    def promised(self, customer_id: str, since: datetime) -> Decimal:
        """Sum the refunds of a customer's returns and cancellations since a time."""

    def begin(self, order: str | None = None, customer: str | None = None) -> AbstractContextManager[Work]:
        """Open a writing transaction; an exception undoes it.

        What it is for, an order's number or a customer's id, is read anew before where another system keeps it.
        """

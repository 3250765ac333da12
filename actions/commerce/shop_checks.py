"""What has to be true of a whole shop: who bought what, what is unique, what was paid."""

from __future__ import annotations

from collections.abc import Sequence

from actions.commerce.database import order_key
from actions.commerce.fields import Record
from actions.commerce.model import Customer, Order
from actions.commerce.rows import email_key


def check_customers(
    records: Sequence[Record], customers: Sequence[Customer], orders: Sequence[Order], problems: list[str]
) -> None:
    """Check that e-mail addresses are unique and that customers and orders agree on who bought what."""
    owners = {order.number: order.customer_id for order in orders}
    known = {customer.id for customer in customers}
    addresses: dict[str, str] = {}
    for record, customer in zip(records, customers, strict=True):
        first = (
            addresses.setdefault(email_key(customer.email), customer.id)
            if not customer.guest
            else customer.id
        )
        if customer.email and first != customer.id:
            problems.append(f"{record.where}: email is the same as that of user '{first}'")
        listed = record.value.get("orders")
        for number in listed if isinstance(listed, list) else ():
            if number not in owners:
                problems.append(f"{record.where}: orders names '{number}', which isn't in orders.json")
            elif owners[number] != customer.id:
                problems.append(
                    f"{record.where}: orders names '{number}', which belongs to user '{owners[number]}'"
                )
    for order in orders:
        if order.customer_id and order.customer_id not in known:
            where = f"orders.json, order '{order.number}'"
            problems.append(f"{where}: user_id names '{order.customer_id}', which isn't in users.json")


def check_orders(orders: Sequence[Order], problems: list[str]) -> None:
    """Check what is unique over all orders, and that nothing was paid back that wasn't paid."""
    keys: dict[str, str] = {}
    references: dict[str, str] = {}
    for order in orders:
        where = f"orders.json, order '{order.number}'"
        other = keys.setdefault(order_key(order.number), order.number)
        if other != order.number or not order_key(order.number):
            problems.append(f"{where}: order_id can't be told from '{other}'")
        if not order.items:
            problems.append(f"{where}: items is empty")
        if order.refunded > order.paid:
            problems.append(
                f"{where}: payment_history pays back {order.refunded}, but only {order.paid} was paid"
            )
        open_items = [item_id for entry in order.returns if entry.open for item_id in entry.item_ids]
        if len(set(open_items)) < len(open_items):
            problems.append(f"{where}: returns has the same line in two open returns")
        for entry in order.returns:
            if references.setdefault(entry.reference, order.number) != order.number:
                problems.append(f"{where}: returns uses the return_id '{entry.reference}' of another order")

"""The orders of a verified customer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.commerce.database import order_key
from actions.commerce.model import Customer, Order
from actions.commerce.port import Commerce
from actions.services import matching
from actions.services.order_numbers import order_number as order_number
from actions.services.order_numbers import order_numbers as order_numbers

LAST = re.compile(r"\b(last|latest|newest|most recent|recent)\b", re.IGNORECASE)
FIRST = re.compile(r"\b(first|oldest|earliest)\b", re.IGNORECASE)
BEFORE_LAST = re.compile(
    r"\b((second|next)[\s-]to[\s-]last|before (the )?last|previous one before)\b", re.IGNORECASE
)

STATE_WORDS = {
    "pending": ("pending", "unpaid", "placed"),
    "processing": ("processing", "preparing", "packed"),
    "shipped": ("shipped", "transit", "way", "tracking"),
    "out_for_delivery": ("today", "courier"),
    "delivered": ("delivered", "arrived", "received", "came"),
    "cancelled": ("cancelled", "canceled"),
    "returned": ("returned",),
    "refunded": ("refunded",),
}


class Orders:
    """Looks up orders, and only ever those of the customer that is given.

    >>> orders.find(customer, "l-204817")
    >>> orders.matching(customer, "the one with the lamp")
    """

    def __init__(self, commerce: Commerce) -> None:
        self._commerce = commerce

    def recent(self, customer: Customer, limit: int = 5) -> list[Order]:
        """List the customer's orders, newest first."""
        return self._commerce.orders_of(customer.id, limit)

    def find(self, customer: Customer, number: str) -> Order | None:
        """Find an order by its number; someone else's is as unknown as one that doesn't exist."""
        order = self._commerce.order(_canonical(number))
        return order if order is not None and order.customer_id == customer.id else None

    def among(self, orders: Sequence[Order], number: str) -> Order | None:
        """Return the one of some orders that has a number, however it is written."""
        wanted = order_key(_canonical(number))
        return next((order for order in orders if order_key(order.number) == wanted), None)

    def matching(self, customer: Customer, text: str) -> list[Order]:
        """Find the orders that a description means: a number, "my last order", "the one with the lamp".

        Several mean that the description fits several; an empty list that it fits none.
        """
        if order_number(text):
            order = self.find(customer, text)
            return [order] if order else []
        orders = self._commerce.orders_of(customer.id)
        asked = matching.content_words(text)
        scored = [(order, _score(order, asked)) for order in orders]
        found = matching.best(asked, scored)
        if found:
            return [found[0]] if LAST.search(text) else found
        return _by_place(orders, text)


def _canonical(number: str) -> str:
    return order_number(number) or order_key(number)


def _score(order: Order, asked: list[str]) -> float:
    """Count how well an order's best item answers to the asked words."""
    per_item = [
        matching.score(asked, item.name, [*item.options.values(), item.category or ""])
        for item in order.items
    ]
    together = sum(
        max((matching.score([word], item.name, item.options.values()) for item in order.items), default=0.0)
        for word in asked
    )
    return max(max(per_item, default=0.0), together)


def _by_place(orders: list[Order], text: str) -> list[Order]:
    """Find orders by their place in time or by their state."""
    if not orders:
        return []
    if BEFORE_LAST.search(text):
        return orders[1:2]
    said = set(matching.WORD.findall(text.casefold()))
    states = [state for state, names in STATE_WORDS.items() if said & set(names)]
    in_state = [order for order in orders if order.status in states]
    if in_state:
        return in_state[:1] if LAST.search(text) else in_state
    if LAST.search(text):
        return orders[:1]
    return orders[-1:] if FIRST.search(text) else []

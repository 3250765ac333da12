"""A gift card pays once: what an open exchange will take from it isn't there for anything else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import update

from actions.commerce import schema
from actions.commerce.model import Customer
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.swap_policy import Swap

from ..conftest import MARCUS, count, verified, who

CARD = "marcus-gift-card"
DEARER = [Swap(f"{MARCUS[1]}-1", "KI-201-BLACK"), Swap(f"{MARCUS[1]}-2", "AU-402-WHITE")]


@pytest.fixture()
def marcus(any_shop: Services) -> Customer:
    """A customer with two items of which others cost 30 dollars more, and 50 dollars on a gift card."""
    customer = verified(any_shop, who(), MARCUS)
    items, variants, methods = schema.order_items, schema.variants, schema.payment_methods
    with any_shop.database.write() as connection:
        connection.execute(update(items).where(items.c.order_number == MARCUS[1]).values(price=20))
        new = [swap.variant_id for swap in DEARER]
        dearer = update(variants).where(variants.c.id.in_(new))
        connection.execute(dearer.values(price=50, stock=5, available=True))
        connection.execute(
            update(schema.orders).where(schema.orders.c.number == MARCUS[1]).values(tax=0, discount=0)
        )
        row = {
            "customer_id": customer.id,
            "id": CARD,
            "position": 9,
            "kind": "gift_card",
            "balance": Decimal("50.00"),
        }
        connection.execute(methods.insert(), row)
    return customer


def test_what_an_open_exchange_will_take_from_a_gift_card_is_not_there_for_the_next(
    any_shop: Services, marcus: Customer
) -> None:
    first = any_shop.swaps.swap(who(key="a"), marcus, MARCUS[1], DEARER[:1], CARD)
    assert first.difference == 30
    with pytest.raises(Refused) as refused:
        any_shop.swaps.swap(who(key="b"), marcus, MARCUS[1], DEARER[1:], CARD)
    assert refused.value.decision.rule == "gift_card_balance"
    customer = any_shop.commerce.customer(marcus.id)
    assert customer is not None
    card = next(each for each in customer.payment_methods if each.id == CARD)
    assert (card.balance, card.reserved, card.spendable) == (50, 30, 20)
    with any_shop.database.write() as connection:
        connection.execute(update(schema.exchanges).values(status="rejected"))
    any_shop.swaps.swap(who(key="c"), marcus, MARCUS[1], DEARER[1:], CARD)


def test_of_two_exchanges_at_once_one_has_the_gift_card(any_shop: Services, marcus: Customer) -> None:
    together = Barrier(2)

    def exchange(swap: Swap) -> str:
        together.wait()
        try:
            any_shop.swaps.swap(who(key=swap.item_id), marcus, MARCUS[1], [swap], CARD)
        except Refused as refused:
            return refused.decision.rule
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(exchange, DEARER)) == ["done", "gift_card_balance"]
    assert count(any_shop, "exchanges", order_number=MARCUS[1]) == 1

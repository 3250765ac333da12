"""Orders that are put back as they were before a change, with stock and gift cards, or are left alone."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.errors import CannotPutBack
from actions.commerce.snapshots import Snapshot, put_back, taken
from actions.services.container import Services
from actions.services.swap_policy import Swap

from ..conftest import verified, who

LUIS = ("luis.chang@example.com", "L204961", "28213")
HUGO = ("hugo.lindgren@example.com", "L204507", "55401")
GIFT, VISA = "c10041_gift_card_3", "c10041_card_1"


def snapshot(shop: Services, number: str) -> Snapshot:
    """Take an order down, as it comes out of a column."""
    with shop.database.read() as connection:
        return dict(json.loads(json.dumps(taken(connection, number))))


def stock(shop: Services) -> dict[str, int | None]:
    table = schema.variants
    with shop.database.read() as connection:
        return {row.id: row.stock for row in connection.execute(select(table.c.id, table.c.stock))}


@pytest.mark.parametrize(
    "swaps",
    [
        [Swap("L204961-2", "KI-205-OAT", 3)],
        [Swap("L204961-3", None, 0)],  # the line is gone, and comes back
        [Swap("L204961-2", "KI-205-OAT"), Swap("L204961-3", None, 0)],
    ],
)
def test_changed_items_are_put_back(shop: Services, swaps: list[Swap]) -> None:
    luis, number = verified(shop, who(), LUIS), LUIS[1]
    order, before, pieces = shop.commerce.order(number), snapshot(shop, number), stock(shop)
    shop.swaps.swap(who(), luis, number, swaps)
    after = snapshot(shop, number)
    assert after != before
    with shop.database.write() as connection:
        put_back(connection, number, before, after)
    assert (shop.commerce.order(number), snapshot(shop, number)) == (order, before)
    assert stock(shop) == pieces


def test_gift_cards_have_what_they_had(shop: Services) -> None:
    hugo, number = verified(shop, who(), HUGO), HUGO[1]
    for key, method in (("a", GIFT), ("b", VISA)):  # it pays, and then has it back
        customer, before = shop.commerce.customer(hugo.id), snapshot(shop, number)
        shop.payments.change(who(key=key), hugo, number, method)
        after = snapshot(shop, number)
        with shop.database.write() as connection:
            put_back(connection, number, before, after)
        assert shop.commerce.customer(hugo.id) == customer
        shop.payments.change(who(key=f"{key}2"), hugo, number, method)


def test_what_a_gift_card_got_back_and_spent_stays(shop: Services) -> None:
    hugo, number = verified(shop, who(), HUGO), HUGO[1]
    shop.payments.change(who(key="a"), hugo, number, GIFT)
    before = snapshot(shop, number)
    shop.payments.change(who(key="b"), hugo, number, VISA)
    table = schema.payment_methods
    with shop.database.write() as connection:
        connection.execute(update(table).where(table.c.id == GIFT).values(balance=0))
    with pytest.raises(CannotPutBack, match="spent meanwhile"), shop.database.write() as connection:
        put_back(connection, number, before, snapshot(shop, number))


def test_what_was_changed_again_or_sold_meanwhile_stays(shop: Services) -> None:
    luis, number = verified(shop, who(), LUIS), LUIS[1]
    before = snapshot(shop, number)
    shop.swaps.swap(who(), luis, number, [Swap("L204961-2", "KI-205-OAT")])
    after, order = snapshot(shop, number), shop.commerce.order(number)
    table = schema.variants
    with shop.database.write() as connection:
        connection.execute(update(table).where(table.c.id == "KI-205-SLATE").values(stock=0))
    with pytest.raises(CannotPutBack, match="pieces of KI-205-SLATE"), shop.database.write() as connection:
        put_back(connection, number, before, after)
    assert shop.commerce.order(number) == order
    with shop.database.write() as connection:
        orders = schema.orders
        connection.execute(update(orders).where(orders.c.number == number).values(status="shipped"))
    with pytest.raises(CannotPutBack, match="changed again"), shop.database.write() as connection:
        put_back(connection, number, before, after)


def test_what_the_provider_said_of_payments_meanwhile_does_not_count(shop: Services) -> None:
    hugo, number = verified(shop, who(), HUGO), HUGO[1]
    before = snapshot(shop, number)
    shop.payments.change(who(), hugo, number, VISA)
    after, table = snapshot(shop, number), schema.payments
    with shop.database.write() as connection:
        mine = update(table).where(table.c.order_number == number, table.c.kind == "refund")
        connection.execute(mine.values(status="settled", charge_id="ch_1"))
        put_back(connection, number, before, after)
    assert snapshot(shop, number) == before

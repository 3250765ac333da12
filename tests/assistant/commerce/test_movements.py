"""Moving money and stock: the same for every write, whichever way it comes about."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import event, update

from actions.commerce import schema
from actions.commerce.model import Order, Payment, Return, Variant
from actions.commerce.port import Work
from actions.services.container import Services
from actions.services.products import products_of
from actions.services.swap_policy import Swap

from ..conftest import NOW, verified, who

NUMBER, GIFT = "L204507", "c10041_gift_card_3"
BACK = Payment(kind="refund", amount=Decimal("7.50"), method_id=GIFT, at=NOW)
RETURN = Return(
    reference="R-90001", item_ids=(f"{NUMBER}-1",), reason="damaged", status="label_sent", refund=BACK.amount
)


def balance(shop: Services, order: Order) -> Decimal:
    customer = shop.commerce.customer(order.customer_id)
    assert customer is not None
    return next(each.balance or Decimal(0) for each in customer.payment_methods if each.id == GIFT)


@pytest.mark.parametrize(
    "write",
    [
        lambda work, order, refunds: work.add_payments(order, refunds),
        lambda work, order, refunds: work.add_return(order, RETURN, refunds),
        lambda work, order, refunds: work.cancel(order, "no_longer_needed", refunds, NOW),
        lambda work, order, refunds: work.change_items(order, order, refunds, NOW),
        lambda work, order, refunds: work.credit_code(
            order, "X", BACK.amount, {}, refunds, NOW, once_key=None
        ),
    ],
)
def test_a_settled_refund_is_on_the_gift_card_whatever_it_is_for(
    shop: Services, write: Callable[[Work, Order, list[Payment]], None]
) -> None:
    order = shop.commerce.order(NUMBER)
    assert order is not None
    before = balance(shop, order)
    with shop.commerce.begin() as work:
        write(work, order, [BACK])
    after = shop.commerce.order(NUMBER)
    assert after is not None
    assert (after.payments[-1], balance(shop, after)) == (BACK, before + BACK.amount)


LUIS = ("luis.chang@example.com", "L204961", "28213")
MUGS, OAT = f"{LUIS[1]}-2", "KI-205-OAT"


def oat(shop: Services) -> Variant:
    product = shop.commerce.product("KI-205")
    assert product is not None
    return next(each for each in product.variants if each.id == OAT)


def stock_of(shop: Services, order: Order) -> list[int]:
    """Return how many pieces there are of each variant of an order."""
    products = products_of(order, shop.commerce.product).values()
    left = {each.id: each.stock or 0 for product in products for each in product.variants}
    return [left[item.variant_id] for item in order.items]


def put(shop: Services, **values: object) -> None:
    with shop.database.write() as connection:
        connection.execute(update(schema.variants).where(schema.variants.c.id == OAT).values(**values))


def test_the_last_piece_makes_a_variant_sold_out_until_pieces_come_back(any_shop: Services) -> None:
    put(any_shop, stock=2, available=True)
    luis = verified(any_shop, who(), LUIS)
    any_shop.swaps.swap(who(key="a"), luis, LUIS[1], [Swap(MUGS, OAT)])
    assert (oat(any_shop).stock, oat(any_shop).can_be_had()) == (0, False)
    any_shop.cancellations.cancel(who(key="b"), luis, LUIS[1], "too_slow")
    assert (oat(any_shop).stock, oat(any_shop).can_be_had()) == (2, True)


def test_what_the_shop_took_off_sale_stays_so_when_pieces_come_back(any_shop: Services) -> None:
    put(any_shop, stock=2, available=True)
    luis = verified(any_shop, who(), LUIS)
    any_shop.swaps.swap(who(key="a"), luis, LUIS[1], [Swap(MUGS, OAT)])
    put(any_shop, available=False)
    any_shop.cancellations.cancel(who(key="b"), luis, LUIS[1], "too_slow")
    assert (oat(any_shop).stock, oat(any_shop).can_be_had()) == (2, False)


def test_a_product_without_a_piece_is_not_available(shop: Services) -> None:
    with shop.database.write() as connection:
        mugs = update(schema.variants).where(schema.variants.c.product_id == "KI-205")
        connection.execute(mugs.values(stock=0, available=True))
    product = shop.commerce.product("KI-205")
    assert product is not None
    assert not product.available


def test_two_writers_of_the_same_variants_never_wait_for_each_other(any_shop: Services) -> None:
    first, second = any_shop.commerce.order(LUIS[1]), any_shop.commerce.order(NUMBER)
    assert first is not None
    assert second is not None
    wanted = [first, dataclasses.replace(second, items=tuple(reversed(first.items)))]
    before, both_have_one = stock_of(any_shop, first), Barrier(2)

    def pause(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE variants"):
            with suppress(BrokenBarrierError):  # as soon as one of them has to wait
                both_have_one.wait(0.5)

    def cancel(order: Order) -> None:
        with any_shop.commerce.begin() as work:
            work.cancel(order, "too_slow", [], NOW)

    event.listen(any_shop.database.engine, "after_cursor_execute", pause)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(cancel, wanted))
    after = stock_of(any_shop, first)
    assert [now - was for was, now in zip(before, after, strict=True)] == [
        2 * each.quantity for each in first.items
    ]

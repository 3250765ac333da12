"""Moving money and stock: the same for every write, whichever way it comes about."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from actions.commerce.model import Order, Payment, Return
from actions.commerce.port import Work
from actions.services.container import Services

from ..conftest import NOW

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

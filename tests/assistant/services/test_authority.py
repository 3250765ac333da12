"""The limit of one case: what is promised together never exceeds it, and never less goes through than it allows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import insert, select, update

from actions.commerce import schema
from actions.services.container import Services
from actions.services.errors import Refused
from tests.assistant.conftest import NOW, who


@pytest.mark.parametrize(("promised", "allowed"), [("0.00", 2), ("100.00", 2), ("100.01", 1)])
def test_refunds_at_once_go_through_as_far_as_the_limit_allows(
    any_shop: Services, promised: str, allowed: int
) -> None:
    orders, payments, promo = schema.orders, schema.payments, schema.promo_credits
    with any_shop.database.write() as connection:
        query = select(orders.c.number, orders.c.customer_id).where(orders.c.status == "pending")
        found = connection.execute(query.order_by(orders.c.number).limit(3)).all()
        numbers, owner = [row.number for row in found], found[0].customer_id
        connection.execute(update(orders).where(orders.c.number.in_(numbers)).values(customer_id=owner))
        connection.execute(update(payments).where(payments.c.order_number.in_(numbers)).values(amount=200))
        own = select(orders.c.number).where(orders.c.customer_id == owner, orders.c.status == "delivered")
        earlier = {"order_number": connection.execute(own).scalars().first(), "codes": "X", "created_at": NOW}
        connection.execute(insert(promo), earlier | {"credit": Decimal(promised)})
    customer = any_shop.commerce.customer(owner)
    assert customer is not None
    for number in numbers:
        assert any_shop.identity.verify(who(number), customer.email, number).status == "verified"
    together = Barrier(len(numbers))

    def cancel(number: str) -> str:
        together.wait()
        try:
            any_shop.cancellations.cancel(who(number, key=number), customer, number, "too_slow")
        except Refused as refused:
            return refused.decision.rule
        return "canceled"

    with ThreadPoolExecutor(len(numbers)) as pool:
        done = list(pool.map(cancel, numbers))
    assert (done.count("canceled"), done.count("authority_limit")) == (allowed, 3 - allowed)

"""Paying an order another way: the money moves once, gift cards at once, and only for the verified owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.model import Customer, Order
from actions.services.container import Services
from actions.services.errors import Refused
from tests.assistant.conftest import MARCUS, Clock, count, verified, who

NUMBER = "L204507"
HUGO = ("hugo.lindgren@example.com", NUMBER, "55401")
VISA, MASTERCARD, GIFT, EMPTY = "c10041_card_1", "c10041_card_2", "c10041_gift_card_3", "c10041_gift_card_4"


@pytest.fixture()
def hugo(shop: Services) -> Customer:
    return verified(shop, who(), HUGO)


def found(shop: Services, customer: Customer) -> Order:
    order = shop.orders.find(customer, NUMBER)
    assert order is not None
    return order


def balance(shop: Services, customer: Customer) -> Decimal | None:
    known = shop.commerce.customer(customer.id)
    assert known is not None
    return next(method.balance for method in known.payment_methods if method.id == GIFT)


def test_what_was_paid_goes_back_and_onto_the_other_method(shop: Services, hugo: Customer) -> None:
    before = found(shop, hugo)
    receipt = shop.payments.change(who(), hugo, "l-204507", VISA)
    after = found(shop, hugo)
    assert (receipt.total, receipt.method, receipt.back_to) == (
        before.paid,
        "Visa ending in 3141",
        "Mastercard ending in 2718",
    )
    assert [(p.kind, p.method_id, p.status) for p in after.payments] == [
        ("payment", MASTERCARD, "settled"), ("payment", VISA, "settled"), ("refund", MASTERCARD, "pending"),
    ]  # fmt: skip
    assert after.paid - after.refunded == before.paid - before.refunded
    assert after.status == "pending"
    assert count(shop, "outbox", kind="payment_changed") == count(shop, "audit", action="order.payment") == 1


def test_a_gift_card_pays_at_once_and_has_it_back_at_once(shop: Services, hugo: Customer) -> None:
    total = found(shop, hugo).paid
    shop.payments.change(who(), hugo, NUMBER, GIFT)
    assert balance(shop, hugo) == Decimal("200.00") - total
    receipt = shop.payments.change(who(key="k2"), hugo, NUMBER, VISA)
    assert balance(shop, hugo) == Decimal("200.00")
    assert receipt.business_days == shop.policies.payments.change_gift_card_business_days
    assert found(shop, hugo).payments[-1].status == "settled"


def test_the_balance_is_read_when_the_money_moves(shop: Services, hugo: Customer) -> None:
    with shop.database.write() as connection:
        table = schema.payment_methods
        connection.execute(update(table).where(table.c.id == GIFT).values(balance=Decimal("10.00")))
    with pytest.raises(Refused) as refused:
        shop.payments.change(who(), hugo, NUMBER, GIFT)
    assert refused.value.decision.rule == "balance_short"
    assert balance(shop, hugo) == Decimal("10.00")


@pytest.mark.parametrize("same_key", [True, False])
def test_many_at_once_have_one_effect(shop: Services, hugo: Customer, same_key: bool) -> None:
    def change(n: int) -> bool:
        return shop.payments.change(who(key="k" if same_key else f"k{n}"), hugo, NUMBER, VISA).repeated

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(change, range(8))).count(False) == 1
    assert count(shop, "payments", order_number=NUMBER) == 3
    assert count(shop, "outbox") == 1


@pytest.mark.parametrize(
    ("conversation", "number", "method", "rule"),
    [
        ("web-9", NUMBER, VISA, "not_verified"),
        ("web-1", MARCUS[1], VISA, "unknown_order"),
        ("web-1", NUMBER, MASTERCARD, "same_method"),
        ("web-1", NUMBER, EMPTY, "balance_short"),
        ("web-1", NUMBER, "c10002_card_1", "unknown_method"),
        ("web-1", "L204398", VISA, "delivered"),
    ],
)
def test_what_is_refused_moves_nothing(
    shop: Services, hugo: Customer, conversation: str, number: str, method: str, rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.payments.change(who(conversation), hugo, number, method)
    assert refused.value.decision.rule == rule
    assert count(shop, "payments", order_number=NUMBER) == 1


def test_a_cancellation_pays_back_to_where_the_money_came_from_last(
    shop: Services, hugo: Customer, clock: Clock
) -> None:
    total = found(shop, hugo).paid
    shop.payments.change(who(), hugo, NUMBER, VISA)
    clock.forward(seconds=1)
    receipt = shop.cancellations.cancel(who(key="k2"), hugo, NUMBER, "too_slow")
    assert (receipt.refund, receipt.method) == (total, "Visa ending in 3141")
    since = shop.returns._writes._case_since(shop.returns._writes.now())
    assert shop.commerce.promised(hugo.id, since) == total  # what was moved before isn't promised twice


def test_nothing_of_a_card_but_its_digits_is_recorded(shop: Services, hugo: Customer) -> None:
    shop.payments.change(who(), hugo, NUMBER, VISA)
    with shop.database.read() as connection:
        audit = (
            connection.execute(select(schema.audit).where(schema.audit.c.action == "order.payment"))
            .mappings()
            .one()
        )
    assert audit["before"] == {"methods": [MASTERCARD]}
    assert audit["after"] == {"method": VISA, "amount": str(found(shop, hugo).payments[0].amount)}

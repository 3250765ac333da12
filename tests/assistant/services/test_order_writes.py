"""Writes about an order: the owner's alone, once, and on the record."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.mail import Letter
from actions.services.order_writes import OrderWrite, OrderWrites, refunds_of
from actions.services.policy import Share
from actions.services.receipts import Receipt, read, row
from actions.services.returns import ReturnReceipt
from tests.assistant.conftest import MARCUS, NOW, count, verified, who

NUMBER = MARCUS[1]


def writes(shop: Services) -> OrderWrites:
    made = (shop.commerce, shop.identity, shop.tickets, shop.policies, lambda: NOW)
    return OrderWrites(*made, action="order.note", subject="cancel")


def note(under_way: OrderWrite) -> Receipt:
    letter = Letter("note", under_way.customer.email, "A note", "Noted.")
    under_way.record(letter, before={}, after={"noted": True})
    return Receipt()


def test_a_write_is_recorded_and_found_again(shop: Services) -> None:
    marcus = verified(shop, who(), MARCUS)
    first, second = (
        writes(shop).once(who(key="k"), marcus, "l-204393", ("note",), note, Receipt) for _ in range(2)
    )
    assert (first.repeated, second.repeated) == (False, True)
    assert count(shop, "outbox") == 1
    with shop.database.read() as connection:
        query = select(schema.audit.c.subject).where(schema.audit.c.action == "order.note")
        assert connection.execute(query).scalars().all() == [f"order {NUMBER}"]


@pytest.mark.parametrize(
    ("number", "proven", "rule"), [("L204817", True, "unknown_order"), (NUMBER, False, "not_verified")]
)
def test_only_the_verified_owner_may_write(shop: Services, number: str, proven: bool, rule: str) -> None:
    marcus = verified(shop, who(), MARCUS)
    asking = who() if proven else who(conversation="web-2")
    with pytest.raises(Refused) as refused:
        writes(shop).once(asking, marcus, number, (), note, Receipt)
    assert refused.value.decision.rule == rule
    assert count(shop, "outbox") == 0


def test_a_receipt_survives_as_json() -> None:
    receipt = ReturnReceipt(
        reference="R-1", order_number=NUMBER, items=("a lamp", "a mug"), label_url="https://l",
        label_expires_on=date(2026, 12, 1), refund=Decimal("12.50"), fee=Decimal("0.00"), method="Visa",
        currency="USD", business_days="3-5",
    )  # fmt: skip
    again = read(ReturnReceipt, row(receipt))
    assert row(again) == row(receipt)
    assert (again.refund, again.label_expires_on, again.items, again.repeated) == (
        receipt.refund, receipt.label_expires_on, receipt.items, True,
    )  # fmt: skip


def test_refunds_are_settled_where_they_are_there_at_once() -> None:
    shares = (Share("gift", Decimal("5.00")), Share("card", Decimal("7.00")), Share("none", Decimal("0.00")))
    made = refunds_of(shares, NOW, at_once=frozenset({"gift"}))
    assert [(each.method_id, each.status) for each in made] == [("gift", "settled"), ("card", "pending")]


def test_a_write_sees_the_customer_as_the_lock_found_them(shop: Services) -> None:
    marcus = verified(shop, who(), MARCUS)
    with shop.database.write() as connection:
        table = schema.customers
        connection.execute(update(table).where(table.c.id == marcus.id).values(tier="gold"))
    seen: list[str | None] = []

    def look(under_way: OrderWrite) -> Receipt:
        seen.append(under_way.customer.tier)
        return note(under_way)

    writes(shop).once(who(key="k"), marcus, NUMBER, (), look, Receipt)
    assert marcus.tier != "gold"
    assert seen == ["gold"]

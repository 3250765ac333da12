"""Goods that are back: refunds and differences are due, once, with and without a gift card."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.model import Customer, Order
from actions.services import arrivals
from actions.services.container import Services
from actions.services.errors import ServiceError
from actions.services.swap_policy import Swap
from tests.assistant.conftest import MARCUS, count, verified, who

NUMBER = MARCUS[1]
GIFT = "a_gift_card"


@pytest.fixture()
def marcus(shop: Services) -> Customer:
    customer = verified(shop, who(), MARCUS)
    row = {"customer_id": customer.id, "id": GIFT, "position": 9, "kind": "gift_card"}
    with shop.database.write() as connection:
        connection.execute(schema.payment_methods.insert().values(**row, balance=Decimal("50.00")))
    return customer


def balance(shop: Services) -> Decimal:
    table = schema.payment_methods
    with shop.database.read() as connection:
        query = select(table.c.balance).where(table.c.id == GIFT)
        return Decimal(connection.execute(query).scalar_one())


def read(shop: Services) -> Order:
    order = shop.commerce.order(NUMBER)
    assert order is not None
    return order


def test_a_refund_to_a_card_waits_for_the_shops_people_and_one_to_a_gift_card_is_there(
    shop: Services, marcus: Customer
) -> None:
    plain = shop.returns.start(who(), marcus, NUMBER, ["L204393-1"], "damaged")
    gift = shop.returns.start(who(key="k2"), marcus, NUMBER, ["L204393-2"], "damaged")
    table = schema.payments
    with shop.database.write() as connection:  # as if a gift card had paid for that one
        mine = update(table).where(table.c.return_reference == gift.reference)
        connection.execute(mine.values(method_id=GIFT))
    assert balance(shop) == 50
    assert [shop.arrivals.note(each.reference) for each in (plain, gift, gift)] == [True, True, False]
    assert [entry.status for entry in read(shop).returns] == ["received", "received"]
    assert [entry.status for entry in read(shop).payments if entry.kind == "refund"] == ["pending", "settled"]
    assert balance(shop) == 50 + gift.refund
    assert count(shop, "sagas") == 0  # no system outside has a part in it
    assert count(shop, "audit", action="return.due") == 2


@pytest.mark.parametrize(("difference", "left"), [("7.50", "42.50"), ("-7.50", "57.50"), ("0.00", "50.00")])
def test_the_difference_of_an_exchange_is_settled(
    shop: Services, marcus: Customer, difference: str, left: str
) -> None:
    receipt = shop.swaps.swap(who(), marcus, NUMBER, [Swap("L204393-1", "KI-201-BLACK")])
    with shop.database.write() as connection:
        values = {"difference": Decimal(difference), "method_id": GIFT}
        connection.execute(update(schema.exchanges).values(**values))
    before = len(read(shop).payments)
    assert shop.arrivals.note(receipt.reference)
    order = read(shop)
    assert (order.exchanges[0].status, balance(shop)) == ("completed", Decimal(left))
    assert len(order.payments) - before == int(difference != "0.00")
    assert not shop.arrivals.note(receipt.reference)


def test_what_was_withdrawn_pays_nothing(shop: Services, marcus: Customer) -> None:
    receipt = shop.returns.start(who(), marcus, NUMBER, ["L204393-1"], "damaged")
    with shop.database.write() as connection:
        connection.execute(update(schema.returns).values(status="rejected"))
    with pytest.raises(ServiceError, match="is rejected; look into it"):
        shop.arrivals.note(receipt.reference)


def test_the_command(scratch_shop: Services, capsys: pytest.CaptureFixture[str]) -> None:
    marcus = verified(scratch_shop, who(), MARCUS)
    receipt = scratch_shop.returns.start(who(), marcus, NUMBER, ["L204393-1"], "damaged")
    for words in ("noted", "known before"):
        assert arrivals.main([receipt.reference]) == 0
        assert capsys.readouterr().out == f"{receipt.reference}: {words}\n"
    assert arrivals.main(["R-1"]) == 1
    assert "There is no return or exchange 'R-1'" in capsys.readouterr().err

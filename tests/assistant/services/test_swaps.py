"""Changing and exchanging: in one transaction, once, with stock and money moved as far as they should."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.model import Customer
from actions.commerce.shop_reading import read_shop
from actions.commerce.shop_writing import write_shop
from actions.services import order_writes
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.swap_policy import Swap
from tests.assistant.conftest import MARCUS, NOW, count, verified, who

LUIS = ("luis.chang@example.com", "L204961", "28213")
MUGS = "L204961-2"
KETTLE = Swap("L204393-1", "KI-201-BLACK")


def stock(shop: Services, variant: str) -> int:
    with shop.database.read() as connection:
        query = select(schema.variants.c.stock).where(schema.variants.c.id == variant)
        return int(connection.execute(query).scalar_one())


def luis(shop: Services) -> Customer:
    return verified(shop, who(), LUIS)


def test_a_change_is_written_in_full(shop: Services) -> None:
    customer = luis(shop)
    before = shop.orders.find(customer, "L204961")
    assert before is not None
    slate, oat = stock(shop, "KI-205-SLATE"), stock(shop, "KI-205-OAT")
    receipt = shop.swaps.swap(who(), customer, "L204961", [Swap(MUGS, "KI-205-OAT", 3)])
    after = shop.orders.find(customer, "L204961")
    assert after is not None
    assert after.items[1].label == "3 x Stoneware Mug (oat)"
    assert after.total - before.total == receipt.difference == after.paid - before.paid
    assert (stock(shop, "KI-205-SLATE"), stock(shop, "KI-205-OAT")) == (slate + 2, oat - 3)
    assert (after.status, count(shop, "outbox")) == ("pending", 1)


def test_the_same_call_again_changes_nothing(shop: Services) -> None:
    customer = luis(shop)
    calls = [shop.swaps.swap(who(key="k"), customer, "L204961", [Swap(MUGS, "KI-205-OAT")]) for _ in "12"]
    assert [call.repeated for call in calls] == [False, True]
    assert (calls[0].items, count(shop, "outbox")) == (calls[1].items, 1)


def test_what_a_change_pays_back_counts_as_promised(shop: Services) -> None:
    customer = luis(shop)
    receipt = shop.swaps.swap(who(), customer, "L204961", [Swap("L204961-3", None, 0)])
    assert receipt.difference < 0
    assert shop.commerce.promised(customer.id, NOW) == -receipt.difference


def test_an_exchange_sets_the_new_item_aside(shop: Services) -> None:
    marcus = verified(shop, who(), MARCUS)
    black = stock(shop, "KI-201-BLACK")
    receipt = shop.swaps.swap(who(), marcus, MARCUS[1], [KETTLE])
    order = shop.orders.find(marcus, MARCUS[1])
    assert order is not None
    [entry] = order.exchanges
    assert (entry.reference, entry.item_ids, order.status) == (
        receipt.reference, ("L204393-1",), "exchange_requested",
    )  # fmt: skip
    assert (stock(shop, "KI-201-BLACK"), order.items[0].variant_id) == (black - 1, "KI-201-WHITE")
    assert count(shop, "outbox", kind="exchange_label") == 1


def test_an_item_is_exchanged_or_returned_but_not_both(shop: Services) -> None:
    marcus = verified(shop, who(), MARCUS)
    shop.swaps.swap(who(key="a"), marcus, MARCUS[1], [KETTLE])
    with pytest.raises(Refused) as returned:
        shop.returns.start(who(key="b"), marcus, MARCUS[1], ["L204393-1"], "changed_mind")
    shop.returns.start(who(key="c"), marcus, MARCUS[1], ["L204393-2"], "changed_mind")
    with pytest.raises(Refused) as exchanged:
        shop.swaps.swap(who(key="d"), marcus, MARCUS[1], [Swap("L204393-2", "AU-402-WHITE")])
    rules = (returned.value.decision.rule, exchanged.value.decision.rule)
    assert rules == ("already_exchanged", "already_returned")


def test_the_stock_never_falls_below_zero(shop: Services) -> None:
    customer = luis(shop)
    with shop.database.write() as connection:
        table = schema.variants
        connection.execute(update(table).where(table.c.id == "KI-205-OAT").values(stock=1))
    with pytest.raises(Refused) as refused:
        shop.swaps.swap(who(), customer, "L204961", [Swap(MUGS, "KI-205-OAT")])
    assert (refused.value.decision.rule, stock(shop, "KI-205-OAT")) == ("out_of_stock", 1)


def test_a_failure_in_the_middle_leaves_nothing(shop: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    customer, before = luis(shop), stock(shop, "KI-205-OAT")

    def broken(*_: object, **__: object) -> None:
        raise OSError("no more room")

    monkeypatch.setattr(order_writes.audit, "record", broken)
    with pytest.raises(OSError, match="no more room"):
        shop.swaps.swap(who(), customer, "L204961", [Swap(MUGS, "KI-205-OAT")])
    assert (stock(shop, "KI-205-OAT"), count(shop, "outbox")) == (before, 0)


def test_only_the_verified_owner_swaps(shop: Services) -> None:
    marcus = verified(shop, who(), MARCUS)
    with pytest.raises(Refused) as refused:
        shop.swaps.swap(who(), marcus, "L204961", [Swap(MUGS, "KI-205-OAT")])
    assert refused.value.decision.rule == "unknown_order"


def test_an_exchange_survives_export_and_import(shop: Services, tmp_path: Path) -> None:
    marcus = verified(shop, who(), MARCUS)
    shop.swaps.swap(who(), marcus, MARCUS[1], [KETTLE])
    whole = shop.commerce.snapshot()
    write_shop(whole, tmp_path)
    again = read_shop(tmp_path)
    own = next(order for order in whole.orders if order.number == MARCUS[1])
    read = next(order for order in again.orders if order.number == MARCUS[1])
    assert (read.exchanges, read.status) == (own.exchanges, own.status)
    assert own.exchanges[0].difference == Decimal("0.00")

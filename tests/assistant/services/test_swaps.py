"""Changing and exchanging: in one transaction, once, with stock and money moved as far as they should."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.model import Customer
from actions.commerce.shop_reading import read_shop
from actions.commerce.shop_writing import write_shop
from actions.services import audit
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.swap_policy import Swap
from actions.services.swaps import SwapReceipt
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

    monkeypatch.setattr(audit, "record", broken)
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


def price(shop: Services, variant: str, amount: str) -> None:
    table = schema.variants
    with shop.database.write() as connection:
        connection.execute(update(table).where(table.c.id == variant).values(price=Decimal(amount)))


def paid_by_gift_card(shop: Services, customer: Customer, number: str, balance: str) -> None:
    """Let an order have been paid with a gift card, of which so much is left."""
    payments, methods = schema.payments, schema.payment_methods
    with shop.database.write() as connection:
        paid = connection.execute(
            select(payments.c.method_id).where(payments.c.order_number == number)
        ).scalar_one()
        own = (methods.c.customer_id == customer.id, methods.c.id == paid)
        connection.execute(
            update(methods)
            .where(*own)
            .values(kind="gift_card", brand=None, last_four=None, balance=Decimal(balance))
        )


def balance_of(shop: Services, customer: Customer) -> Decimal | None:
    found = shop.commerce.customer(customer.id)
    assert found is not None
    return found.payment_methods[0].balance


@pytest.mark.parametrize("same_key", [True, False])
@pytest.mark.parametrize(
    ("person", "swap", "action"),
    [(LUIS, Swap(MUGS, "KI-205-OAT"), "order.change"), (MARCUS, KETTLE, "exchange.start")],
)
def test_six_at_once_have_one_effect(
    shop: Services, person: tuple[str, str, str], swap: Swap, action: str, same_key: bool
) -> None:
    customer, number, new = verified(shop, who(), person), person[1], str(swap.variant_id)
    found = shop.orders.find(customer, number)
    assert found is not None
    line = found.item(swap.item_id)
    assert line is not None
    before = stock(shop, new)

    def attempt(n: int) -> SwapReceipt | str:
        try:
            return shop.swaps.swap(who(key="k" if same_key else f"k{n}"), customer, number, [swap])
        except Refused as refusal:
            return refusal.decision.rule

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(attempt, range(6)))
    made = [result for result in results if isinstance(result, SwapReceipt)]
    assert [receipt.repeated for receipt in made].count(False) == 1
    assert len(made) == (6 if same_key else 1)
    assert {result for result in results if isinstance(result, str)} <= {"no_change", "already_exchanged"}
    assert (stock(shop, new), count(shop, "outbox")) == (before - line.quantity, 1)
    assert count(shop, "audit", action=action) == 1
    assert count(shop, "item_changes") + count(shop, "exchanges", order_number=number) == 1


def test_the_last_piece_goes_to_one_of_two_customers(shop: Services) -> None:
    marcus, other = verified(shop, who("web-m"), MARCUS), verified(shop, who("web-l"), LUIS)
    table = schema.order_items
    with shop.database.write() as connection:
        kettle = {"product_id": "KI-201", "variant_id": "KI-201-WHITE", "price": 79, "quantity": 1}
        connection.execute(update(table).where(table.c.id == MUGS).values(**kettle))
        connection.execute(
            update(schema.variants).where(schema.variants.c.id == "KI-201-BLACK").values(stock=1)
        )

    def attempt(wish: tuple[str, Customer, str, str]) -> str:
        conversation, customer, number, item = wish
        try:
            shop.swaps.swap(who(conversation), customer, number, [Swap(item, "KI-201-BLACK")])
        except Refused as refusal:
            return refusal.decision.rule
        return "done"

    wishes = [("web-m", marcus, MARCUS[1], KETTLE.item_id), ("web-l", other, LUIS[1], MUGS)]
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, wishes)) == ["done", "out_of_stock"]
    assert stock(shop, "KI-201-BLACK") == 0


@pytest.mark.parametrize(
    ("swap", "kind", "status"),
    [(Swap(MUGS, None, 5), "payment", "settled"), (Swap(MUGS, None, 1), "refund", "pending")],
)
def test_a_difference_is_one_row_of_money_with_audit_and_letter(
    shop: Services, swap: Swap, kind: str, status: str
) -> None:
    customer = luis(shop)
    receipt = shop.swaps.swap(who(), customer, LUIS[1], [swap])
    order = shop.orders.find(customer, LUIS[1])
    assert order is not None
    entry = order.payments[-1]
    assert (len(order.payments), entry.kind, entry.status) == (2, kind, status)
    assert entry.amount == abs(receipt.difference)
    assert entry.method_id == order.payments[0].method_id
    assert order.paid - order.refunded == order.total
    with shop.database.read() as connection:
        letter = connection.execute(select(schema.outbox)).mappings().one()
        audit = connection.execute(select(schema.audit).order_by(schema.audit.c.id.desc())).mappings().first()
    assert (letter["kind"], letter["recipient"]) == ("order_changed", customer.email)
    assert audit is not None
    assert (audit["action"], audit["subject"]) == ("order.change", f"order {LUIS[1]}")
    assert audit["before"]["items"][MUGS] == "2 x KI-205-SLATE"
    assert audit["after"]["items"][MUGS] == f"{swap.quantity} x KI-205-SLATE"
    assert audit["after"]["difference"] == str(receipt.difference)


def test_a_gift_card_is_charged_and_credited_at_once_and_never_overdrawn(shop: Services) -> None:
    customer = luis(shop)
    paid_by_gift_card(shop, customer, LUIS[1], "100.00")
    less = shop.swaps.swap(who(key="a"), luis(shop), LUIS[1], [Swap(MUGS, None, 1)])
    assert balance_of(shop, customer) == Decimal("100.00") - less.difference > 100
    more = shop.swaps.swap(who(key="b"), luis(shop), LUIS[1], [Swap(MUGS, None, 4)])
    left = balance_of(shop, customer)
    assert left == Decimal("100.00") - less.difference - more.difference
    with pytest.raises(Refused) as refused:
        shop.swaps.swap(who(key="c"), luis(shop), LUIS[1], [Swap(MUGS, None, 20)])
    assert refused.value.decision.rule == "method_needed"
    with pytest.raises(Refused) as named:
        shop.swaps.swap(
            who(key="d"), luis(shop), LUIS[1], [Swap(MUGS, None, 20)], customer.payment_methods[0].id
        )
    assert named.value.decision.rule == "gift_card_balance"
    assert balance_of(shop, customer) == left


def test_a_customer_who_was_read_earlier_cant_overdraw_a_gift_card(shop: Services) -> None:
    customer = luis(shop)
    paid_by_gift_card(shop, customer, LUIS[1], "40.00")
    stale = luis(shop)
    shop.swaps.swap(who(key="a"), stale, LUIS[1], [Swap(MUGS, None, 4)])
    with pytest.raises(Refused):
        shop.swaps.swap(who(key="b"), stale, LUIS[1], [Swap(MUGS, None, 6)])
    assert (balance_of(shop, customer) or 0) >= 0


@pytest.mark.parametrize(
    ("conversation", "number", "rule"),
    [("web-9", LUIS[1], "not_verified"), ("web-1", MARCUS[1], "unknown_order"), ("web-1", "L999999", "unknown_order")],
)  # fmt: skip
def test_nobody_else_swaps_or_asks_for_approval(
    shop: Services, conversation: str, number: str, rule: str
) -> None:
    customer = luis(shop)
    for call in (shop.swaps.swap, shop.swaps.ask_approval):
        with pytest.raises(Refused) as refused:
            call(who(conversation), customer, number, [Swap(MUGS, "KI-205-OAT")])
        assert refused.value.decision.rule == rule
    assert (count(shop, "outbox"), count(shop, "tickets"), count(shop, "item_changes")) == (0, 0, 0)


@pytest.mark.parametrize(
    ("person", "swaps"),
    [
        (LUIS, [Swap(f"{LUIS[1]}-{n}", new) for n, new in ((1, "HO-308-OCHRE"), (2, "KI-205-OAT"), (3, "OU-604-NAVY"))]),
        (MARCUS, [Swap(f"{MARCUS[1]}-{n}", new) for n, new in ((1, "KI-201-BLACK"), (2, "AU-402-WHITE"), (3, "HO-305-OAT"))]),
    ],
)  # fmt: skip
def test_three_splits_share_one_limit(
    shop: Services, person: tuple[str, str, str], swaps: list[Swap]
) -> None:
    customer, number = verified(shop, who(), person), person[1]
    items, payments, variants = schema.order_items, schema.payments, schema.variants
    with shop.database.write() as connection:  # each line falls from 201 dollars to one
        connection.execute(update(items).where(items.c.order_number == number).values(price=201, quantity=1))
        connection.execute(update(payments).where(payments.c.order_number == number).values(amount=800))
        connection.execute(update(schema.orders).where(schema.orders.c.number == number).values(tax=0))
        new = [swap.variant_id for swap in swaps]
        connection.execute(
            update(variants).where(variants.c.id.in_(new)).values(price=1, stock=5, available=True)
        )
    for place, swap in enumerate(swaps[:2]):
        assert shop.swaps.swap(who(key=f"k{place}"), customer, number, [swap]).difference == -200
    assert shop.commerce.promised(customer.id, NOW) == 400
    order = shop.orders.find(customer, number)
    assert order is not None
    assert shop.swaps.decide(order, swaps[2:]).needs_approval
    with pytest.raises(Refused) as refused:
        shop.swaps.swap(who(key="k3"), customer, number, swaps[2:])
    assert refused.value.decision.rule == "authority_limit"
    tickets = {shop.swaps.ask_approval(who(key=key), customer, number, swaps[2:]).number for key in "xy"}
    assert (len(tickets), count(shop, "tickets")) == (1, 1)
    assert shop.commerce.promised(customer.id, NOW) == 400


def test_a_rejected_exchange_promises_nothing(shop: Services) -> None:
    marcus = verified(shop, who(), MARCUS)
    price(shop, "KI-201-BLACK", "9.00")
    receipt = shop.swaps.swap(who(), marcus, MARCUS[1], [KETTLE])
    assert shop.commerce.promised(marcus.id, NOW) == -receipt.difference > 0
    with shop.database.write() as connection:
        connection.execute(update(schema.exchanges).values(status="rejected"))
    assert shop.commerce.promised(marcus.id, NOW) == 0


def test_the_receipt_of_an_exchange_is_the_first_one_whenever_it_is_asked_for(shop: Services) -> None:
    marcus = verified(shop, who(), MARCUS)
    first = shop.swaps.swap(who(key="k"), marcus, MARCUS[1], [KETTLE])
    again = shop.swaps.swap(who(key="k"), marcus, MARCUS[1], [KETTLE])
    assert again == dataclasses.replace(first, repeated=True)
    assert first.label_expires_on is not None
    assert (first.label_expires_on - NOW.date()).days == shop.policies.returns.label_valid_days
    assert first.label_url.startswith(shop.policies.returns.label_url)


def test_a_line_that_is_taken_out_is_back_in_stock_and_paid_back(shop: Services) -> None:
    customer, olive = luis(shop), stock(shop, "OU-604-OLIVE")
    shop.swaps.swap(who(), customer, LUIS[1], [Swap(f"{LUIS[1]}-3", None, 0)])
    order = shop.orders.find(customer, LUIS[1])
    assert order is not None
    assert [item.id for item in order.items] == [f"{LUIS[1]}-1", MUGS]
    assert (stock(shop, "OU-604-OLIVE"), order.paid - order.refunded) == (olive + 1, order.total)

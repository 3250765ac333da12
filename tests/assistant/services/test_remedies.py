"""Giving a remedy: once, in one transaction, to the owner alone, and recorded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, select, update

from actions.commerce import movements, schema
from actions.commerce.errors import SoldOut
from actions.commerce.model import Customer, Order
from actions.services import audit
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.remedies import RemedyReceipt
from actions.services.remedy_policy import Remedy, amount_of
from actions.services.swap_policy import Swap
from tests.assistant.conftest import MARCUS, NOW, count, verified, who

ELENA = ("elena.marsh@example.com", "L204655", "87501")
LOST, LATE, TWICE, OWED = "L203664", "L204118", "L204655", "L204302"
REFUND = Remedy("refund", "late", (f"{LOST}-1",))


@pytest.fixture
def elena(shop: Services) -> Customer:
    return verified(shop, who(), ELENA)


def read(shop: Services, customer: Customer, number: str) -> Order:
    order = shop.orders.find(customer, number)
    assert order is not None
    return order


def test_a_lost_order_is_paid_back_and_recorded(shop: Services, elena: Customer) -> None:
    before = read(shop, elena, LOST)
    receipt = shop.remedies.give(who(), elena, LOST, REFUND)
    after = read(shop, elena, LOST)
    assert (receipt.reference, receipt.amount, receipt.repeated) == ("RM-10001", before.paid, False)
    assert (after.status, after.refunded) == ("refunded", before.paid)
    assert after.refunds[0].return_reference == "RM-10001"
    with shop.database.read() as connection:
        letter = connection.execute(select(schema.outbox)).mappings().one()
        audit = connection.execute(select(schema.audit).order_by(schema.audit.c.id.desc())).mappings().first()
    assert (letter["kind"], letter["recipient"]) == ("remedy", elena.email)
    assert audit is not None
    assert (audit["action"], audit["after"]["kind"], audit["after"]["status"]) == (
        "order.remedy", "refund", "refunded",
    )  # fmt: skip


@pytest.mark.parametrize("same_key", [True, False])
def test_many_at_once_pay_once(shop: Services, elena: Customer, same_key: bool) -> None:
    def give(n: int) -> RemedyReceipt | str:
        try:
            return shop.remedies.give(who(key="k" if same_key else f"k{n}"), elena, LOST, REFUND)
        except Refused as refusal:
            return refusal.decision.rule

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(give, range(8)))
    made = [result for result in results if isinstance(result, RemedyReceipt)]
    assert [receipt.repeated for receipt in made].count(False) == 1
    assert len({receipt.reference for receipt in made}) == 1
    assert (count(shop, "remedies"), count(shop, "outbox")) == (1, 1)
    assert count(shop, "payments", order_number=LOST, kind="refund") == 1


def test_an_item_is_made_good_once_in_one_way(shop: Services, elena: Customer) -> None:
    again = Remedy("replacement", "late", (f"{LOST}-1",))
    shop.remedies.give(who(key="a"), elena, LOST, again)
    with pytest.raises(Refused) as refused:
        shop.remedies.give(who(key="b"), elena, LOST, REFUND)
    assert refused.value.decision.rule == "already_given"
    assert read(shop, elena, LOST).refunded == 0


def test_a_replacement_leaves_the_stock(shop: Services, elena: Customer) -> None:
    [item] = read(shop, elena, LOST).items
    query = select(schema.variants.c.stock).where(schema.variants.c.id == item.variant_id)
    with shop.database.read() as connection:
        before = connection.execute(query).scalar_one()
    receipt = shop.remedies.give(who(), elena, LOST, Remedy("replacement", "late", (item.id,)))
    with shop.database.read() as connection:
        assert connection.execute(query).scalar_one() == before - item.quantity
    assert receipt.amount == 0


def test_fee_and_apology_for_a_late_parcel(shop: Services, elena: Customer) -> None:
    fee = shop.remedies.give(who(key="a"), elena, LATE, Remedy("shipping", "late"))
    sorry = shop.remedies.give(who(key="b"), elena, LATE, Remedy("goodwill", "late", (f"{LATE}-1",)))
    order = read(shop, elena, LATE)
    assert (fee.amount, order.status) == (order.shipping, "delivered")
    assert order.refunded == fee.amount + sorry.amount


def test_a_second_charge_and_a_canceled_order_are_paid_back_exactly(shop: Services, elena: Customer) -> None:
    charge = shop.remedies.give(who(key="a"), elena, TWICE, Remedy("charge", "charged_twice"))
    order = read(shop, elena, TWICE)
    assert (charge.amount, order.paid - order.refunded) == (order.total, order.total)
    owed = shop.remedies.give(who(key="b"), elena, OWED, Remedy("owed", "canceled_charged"))
    assert owed.amount == read(shop, elena, OWED).paid


def test_split_refunds_share_one_limit(shop: Services, elena: Customer) -> None:
    payments = schema.payments
    with shop.database.write() as connection:
        dear = update(schema.order_items).where(schema.order_items.c.order_number.in_([LOST, OWED]))
        connection.execute(dear.values(price=300, quantity=1))
        for number in (LOST, OWED):
            connection.execute(
                update(payments).where(payments.c.order_number == number).values(amount=Decimal("300.00"))
            )
    shop.remedies.give(who(key="a"), elena, LOST, REFUND)
    order = read(shop, elena, OWED)
    remedy = Remedy("owed", "canceled_charged")
    assert shop.remedies.decide(order, remedy).needs_approval
    with pytest.raises(Refused) as refused:
        shop.remedies.give(who(key="b"), elena, OWED, remedy)
    assert refused.value.decision.rule == "authority_limit"
    first = shop.remedies.ask_approval(who(key="c"), elena, OWED, remedy)
    second = shop.remedies.ask_approval(who(key="d"), elena, OWED, remedy)
    assert first.number == second.number
    assert second.repeated
    assert count(shop, "tickets") == 1


@pytest.mark.parametrize(
    ("conversation", "number", "rule"),
    [("web-9", LOST, "not_verified"), ("web-1", MARCUS[1], "unknown_order"), ("web-1", "L999999", "unknown_order")],
)  # fmt: skip
def test_only_the_verified_owner_gets_anything(
    shop: Services, elena: Customer, conversation: str, number: str, rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.remedies.give(who(conversation), elena, number, REFUND)
    assert refused.value.decision.rule == rule
    assert count(shop, "remedies") == 0


def test_a_failure_leaves_nothing_behind(
    shop: Services, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the audit trail is gone")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        shop.remedies.give(who(), elena, LOST, REFUND)
    assert read(shop, elena, LOST).refunds == ()
    assert (count(shop, "remedies"), count(shop, "remedy_claims"), count(shop, "outbox")) == (0, 0, 0)


def test_what_was_made_good_cant_go_back_as_well(shop: Services, elena: Customer) -> None:
    item = f"{TWICE}-1"
    shop.remedies.give(who(key="a"), elena, TWICE, Remedy("goodwill", "damaged", (item,)))
    order = read(shop, elena, TWICE)
    assert order.made_good == {item}
    assert shop.returns.decide(order, [item]).rule == "made_good"
    with pytest.raises(Refused) as refused:
        shop.returns.start(who(key="b"), elena, TWICE, [item], "damaged")
    assert refused.value.decision.rule == "made_good"


def test_what_goes_back_isnt_made_good_as_well(shop: Services, elena: Customer) -> None:
    item = f"{TWICE}-1"
    shop.returns.start(who(key="a"), elena, TWICE, [item], "damaged")
    with pytest.raises(Refused) as refused:
        shop.remedies.give(who(key="b"), elena, TWICE, Remedy("replacement", "damaged", (item,)))
    assert refused.value.decision.rule == "already_given"


KETTLE = f"{MARCUS[1]}-1"
DROP = Remedy("price", "price_drop", (KETTLE,))


@pytest.fixture
def marcus(shop: Services) -> Customer:
    """A customer who bought a kettle a few days ago that costs 32 dollars less now, in every color."""
    customer = verified(shop, who(), MARCUS)
    items, orders, variants = schema.order_items, schema.orders, schema.variants
    with shop.database.write() as connection:
        was = connection.execute(select(items.c.price).where(items.c.id == KETTLE)).scalar_one()
        kettles = update(variants).where(variants.c.product_id == "KI-201")
        connection.execute(kettles.values(price=was - 32, stock=5, available=True))
        recent = update(orders).where(orders.c.number == MARCUS[1])
        connection.execute(recent.values(placed_at=NOW - timedelta(days=5), promo_code=None))
    return customer


def value(order: Order) -> Decimal:
    return order.item_values()[KETTLE]


def test_what_a_price_fell_by_is_not_paid_back_again(shop: Services, marcus: Customer) -> None:
    before = value(read(shop, marcus, MARCUS[1]))
    assert shop.remedies.give(who(key="a"), marcus, MARCUS[1], DROP).amount == 32
    order = read(shop, marcus, MARCUS[1])
    assert (order.adjusted, value(order)) == ({KETTLE: 32}, before - 32)
    receipt = shop.returns.start(who(key="b"), marcus, MARCUS[1], [KETTLE], "changed_mind")
    assert receipt.refund + receipt.fee == before - 32
    refund = Remedy("refund", "late", (KETTLE,))
    standing = shop.remedies._standing(order)
    assert amount_of(order, refund, shop.policies, standing) == before - 32


def test_what_goes_back_has_no_price_to_fall(shop: Services, marcus: Customer) -> None:
    shop.returns.start(who(key="a"), marcus, MARCUS[1], [KETTLE], "changed_mind")
    with pytest.raises(Refused) as refused:
        shop.remedies.give(who(key="b"), marcus, MARCUS[1], DROP)
    assert refused.value.decision.rule == "already_given"


def test_an_exchange_begins_with_the_price_that_was_left(shop: Services, marcus: Customer) -> None:
    shop.remedies.give(who(key="a"), marcus, MARCUS[1], DROP)
    receipt = shop.swaps.swap(who(key="b"), marcus, MARCUS[1], [Swap(KETTLE, "KI-201-BLACK")])
    assert receipt.difference == 0


def test_a_changed_line_has_the_price_that_was_left(shop: Services, marcus: Customer) -> None:
    with shop.database.write() as connection:
        pending = update(schema.orders).where(schema.orders.c.number == MARCUS[1])
        connection.execute(pending.values(status="pending"))
        shipments = schema.shipments
        connection.execute(delete(shipments).where(shipments.c.order_number == MARCUS[1]))
    shop.remedies.give(who(key="a"), marcus, MARCUS[1], DROP)
    promised = shop.commerce.promised(marcus.id, NOW)
    left = value(read(shop, marcus, MARCUS[1]))
    receipt = shop.swaps.swap(who(key="b"), marcus, MARCUS[1], [Swap(KETTLE, "KI-201-BLACK")])
    order = read(shop, marcus, MARCUS[1])
    assert (receipt.difference, order.adjusted, promised) == (0, {}, shop.commerce.promised(marcus.id, NOW))
    assert order.total == order.paid - order.refunded
    assert abs(value(order) - left) <= order.tax


def test_two_lines_of_one_variant_take_from_one_stock(shop: Services, marcus: Customer) -> None:
    items, variants = schema.order_items, schema.variants
    both = (KETTLE, f"{MARCUS[1]}-2")
    with shop.database.write() as connection:
        kettles = update(items).where(items.c.id.in_(both))
        connection.execute(kettles.values(product_id="KI-201", variant_id="KI-201-WHITE", quantity=1))
        connection.execute(update(variants).where(variants.c.id == "KI-201-WHITE").values(stock=1))
    remedy = Remedy("replacement", "missing_item", both)
    assert shop.remedies.decide(read(shop, marcus, MARCUS[1]), remedy).rule == "out_of_stock"
    with pytest.raises(Refused) as refused:
        shop.remedies.give(who(key="a"), marcus, MARCUS[1], remedy)
    assert refused.value.decision.rule == "out_of_stock"


def test_what_is_sold_in_the_same_moment_is_refused(
    shop: Services, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise SoldOut("There aren't 1 pieces any more.")

    monkeypatch.setattr(movements, "move_stock", gone)
    with pytest.raises(Refused) as refused:
        shop.remedies.give(who(), elena, LOST, Remedy("replacement", "late", (f"{LOST}-1",)))
    assert refused.value.decision.rule == "out_of_stock"
    assert refused.value.decision.facts["items"] == read(shop, elena, LOST).items[0].label
    assert count(shop, "remedies") == 0

"""Giving a remedy: once, in one transaction, to the owner alone, and recorded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.model import Customer, Order
from actions.services import order_writes
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.remedies import RemedyReceipt
from actions.services.remedy_policy import Remedy
from tests.assistant.conftest import MARCUS, count, verified, who

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

    monkeypatch.setattr(order_writes.audit, "record", broken)
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

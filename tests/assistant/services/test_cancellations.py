"""Cancelling an order: everything in one transaction, once, and only for the verified owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.model import Customer
from actions.services import audit
from actions.services.cancellations import CancelReceipt
from actions.services.container import Services
from actions.services.errors import Refused, ServiceError
from tests.assistant.conftest import MARCUS, NOW, count, verified, who

NUMBER = "L204991"
GRACE = ("grace.okafor@example.com", NUMBER, "30307")


@pytest.fixture()
def grace(shop: Services) -> Customer:
    return verified(shop, who(), GRACE)


def stock(shop: Services, variant: str) -> int | None:
    with shop.database.read() as connection:
        query = select(schema.variants.c.stock).where(schema.variants.c.id == variant)
        return connection.execute(query).scalar_one()


def test_a_cancellation_is_written_in_full(shop: Services, grace: Customer) -> None:
    before = shop.orders.find(grace, NUMBER)
    assert before is not None
    [item] = before.items
    in_stock = stock(shop, item.variant_id)
    receipt = shop.cancellations.cancel(who(), grace, NUMBER, "ordered_by_mistake")
    assert (receipt.order_number, receipt.items, receipt.reason, receipt.repeated) == (
        NUMBER, (item.label,), "ordered_by_mistake", False,
    )  # fmt: skip
    assert receipt.refund == before.paid
    after = shop.orders.find(grace, NUMBER)
    assert after is not None
    assert (after.status, after.cancel_reason) == ("cancelled", "ordered_by_mistake")
    assert after.refunded == before.paid
    [refund] = after.refunds
    assert (refund.amount, refund.status, refund.method) == (receipt.refund, "pending", receipt.method)
    if in_stock is not None:
        assert stock(shop, item.variant_id) == in_stock + item.quantity
    with shop.database.read() as connection:
        letter = connection.execute(select(schema.outbox)).mappings().one()
        audit = connection.execute(select(schema.audit).order_by(schema.audit.c.id.desc())).mappings().first()
    assert (letter["kind"], letter["recipient"]) == ("order_cancelled", grace.email)
    assert audit is not None
    assert (audit["action"], audit["subject"], audit["rule"]) == (
        "order.cancel",
        f"order {NUMBER}",
        "allowed",
    )
    assert audit["before"] == {"status": "pending"}
    assert audit["after"] == {
        "status": "cancelled", "reason": "ordered_by_mistake", "refund": str(receipt.refund),
    }  # fmt: skip


def test_the_balance_of_a_gift_card_is_back_at_once(shop: Services, grace: Customer) -> None:
    methods, payments = schema.payment_methods, schema.payments
    before = shop.orders.find(grace, NUMBER)
    assert before is not None
    paid_with = (methods.c.customer_id == grace.id, methods.c.id == before.payments[0].method_id)
    with shop.database.write() as connection:
        connection.execute(update(methods).where(*paid_with).values(kind="gift_card", balance=10))
    customer = shop.commerce.customer(grace.id)
    assert customer is not None
    receipt = shop.cancellations.cancel(who(), customer, NUMBER, "too_slow")
    with shop.database.read() as connection:
        balance = connection.execute(select(methods.c.balance).where(*paid_with)).scalar_one()
        status = connection.execute(
            select(payments.c.status).where(payments.c.order_number == NUMBER, payments.c.kind == "refund")
        ).scalar_one()
    assert (balance, status) == (10 + receipt.refund, "settled")
    assert receipt.business_days == shop.policies.cancellations.gift_card_business_days


@pytest.mark.parametrize("same_key", [True, False])
def test_many_at_once_have_one_effect(shop: Services, grace: Customer, same_key: bool) -> None:
    def cancel(n: int) -> CancelReceipt:
        return shop.cancellations.cancel(who(key="k" if same_key else f"k{n}"), grace, NUMBER, "too_slow")

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(cancel, range(8)))
    assert [receipt.repeated for receipt in receipts].count(False) == 1
    assert len({receipt.refund for receipt in receipts}) == 1
    assert count(shop, "cancellations", order_number=NUMBER) == 1
    assert count(shop, "payments", order_number=NUMBER, kind="refund") == 1
    assert count(shop, "outbox") == 1
    assert count(shop, "audit", action="order.cancel") == 1


def test_another_conversation_is_told_that_it_is_done(shop: Services, grace: Customer) -> None:
    shop.cancellations.cancel(who(), grace, NUMBER, "too_slow")
    verified(shop, who("web-2"), GRACE)
    with pytest.raises(Refused) as refused:
        shop.cancellations.cancel(who("web-2", "k2"), grace, NUMBER, "too_slow")
    assert refused.value.decision.rule == "already_cancelled"


@pytest.mark.parametrize(
    ("conversation", "number", "rule"),
    [
        ("web-9", NUMBER, "not_verified"),
        ("web-1", MARCUS[1], "unknown_order"),
        ("web-1", "L999999", "unknown_order"),
    ],
)
def test_only_the_verified_owner_cancels(
    shop: Services, grace: Customer, conversation: str, number: str, rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.cancellations.cancel(who(conversation), grace, number, "too_slow")
    assert refused.value.decision.rule == rule
    assert count(shop, "cancellations") == 0


def test_what_left_the_warehouse_stays(shop: Services, grace: Customer) -> None:
    with pytest.raises(Refused) as refused:
        shop.cancellations.cancel(who(), grace, "L204735", "too_slow")
    assert refused.value.decision.rule == "dispatched"


def test_a_reason_that_nobody_knows_is_an_error(shop: Services, grace: Customer) -> None:
    with pytest.raises(ServiceError, match=r"those are no_longer_needed, ordered_by_mistake"):
        shop.cancellations.cancel(who(), grace, NUMBER, "because")


def test_a_failure_leaves_nothing_behind(
    shop: Services, grace: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the audit trail is gone")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        shop.cancellations.cancel(who(), grace, NUMBER, "too_slow")
    order = shop.orders.find(grace, NUMBER)
    assert order is not None
    assert (order.status, order.refunds) == ("pending", ())
    assert (count(shop, "cancellations"), count(shop, "outbox")) == (0, 0)


def test_cancellations_count_towards_what_a_case_may_pay_back(shop: Services, grace: Customer) -> None:
    receipt = shop.cancellations.cancel(who(), grace, NUMBER, "too_slow")
    order = shop.orders.find(grace, "L204206")
    assert order is not None
    since = NOW - timedelta(days=shop.policies.returns.authority_period_days)
    assert shop.commerce.promised(grace.id, since) == receipt.refund


def test_above_the_limit_a_person_is_asked(shop: Services, grace: Customer) -> None:
    ticket = shop.cancellations.ask_approval(who(), grace, NUMBER, "too_slow")
    with shop.database.read() as connection:
        body = connection.execute(
            select(schema.tickets.c.body).where(schema.tickets.c.number == ticket.number)
        ).scalar_one()
    assert NUMBER in body
    assert "it takes too long" in body
    assert "Refund worked out: $" in body


def test_asking_twice_gives_one_ticket_for_one_case(shop: Services, grace: Customer) -> None:
    first = shop.cancellations.ask_approval(who(key="a"), grace, NUMBER, "too_slow")
    second = shop.cancellations.ask_approval(who(key="b"), grace, NUMBER, "ordered_by_mistake")
    verified(shop, who("web-2"), GRACE)
    elsewhere = shop.cancellations.ask_approval(who("web-2", "c"), grace, NUMBER, "too_slow")
    assert first.number == second.number == elsewhere.number
    assert (count(shop, "tickets"), count(shop, "ticket_notes")) == (1, 1)  # the other reason is noted

"""Writes about an order: the owner's alone, once, and on the record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, update

from actions.commerce import schema
from actions.commerce.model import Customer
from actions.services.container import Services
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.mail import Letter
from actions.services.order_writes import OrderWrite, OrderWrites, refunds_of
from actions.services.policy import Share
from actions.services.receipts import Receipt, read, row
from actions.services.remedy_policy import Remedy
from actions.services.returns import ReturnReceipt
from actions.services.swap_policy import Swap
from tests.assistant.conftest import MARCUS, NOW, Clock, count, verified, who
from tests.assistant.services.test_proofs import with_identity

NUMBER = MARCUS[1]


def writes(shop: Services) -> OrderWrites:
    made = (shop.commerce, shop.identity, shop.tickets, shop.policies, lambda: NOW)
    return OrderWrites(*made, action="order.note", subject="cancel", wish="cancel_order")


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


def test_asking_a_person_only_reads_the_order(shop: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    marcus = verified(shop, who(), MARCUS)
    monkeypatch.setattr(shop.commerce, "begin", None)  # would take the lock of writers
    ticket = shop.returns.ask_approval(who(), marcus, NUMBER, ITEM, "changed_mind")
    assert NUMBER in ticket.subject
    for caller, number, rule in (
        (who(), "L204817", "unknown_order"),
        (who("web-2"), NUMBER, "not_verified"),
    ):
        with pytest.raises(Refused) as refused:
            shop.returns.ask_approval(caller, marcus, number, ITEM, "changed_mind")
        assert refused.value.decision.rule == rule


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


STEPS = {"low": ("email",), "high": ("email_order",)}
ITEM = ("L204393-1",)
Write = Callable[[Services, Caller, Customer], object]
WRITES: dict[str, tuple[str, Write]] = {
    "start_return": (NUMBER, lambda s, w, c: s.returns.start(w, c, NUMBER, ITEM, "changed_mind")),
    "cancel_order": ("L204991", lambda s, w, c: s.cancellations.cancel(w, c, "L204991", "other")),
    "exchange_item": (NUMBER, lambda s, w, c: s.swaps.swap(w, c, NUMBER, [Swap(ITEM[0], "x")])),
    "change_order": ("L204991", lambda s, w, c: s.swaps.swap(w, c, "L204991", [Swap("L204991-1", "x")])),
    "change_payment": ("L204991", lambda s, w, c: s.payments.change(w, c, "L204991", "m")),
    "promo_code": ("L204991", lambda s, w, c: s.promotions.apply(w, c, "L204991", "WELCOME10")),
    "request_refund": (NUMBER, lambda s, w, c: s.remedies.give(w, c, NUMBER, Remedy("refund", "late", ITEM))),
    "billing_dispute": (
        NUMBER, lambda s, w, c: s.remedies.ask_approval(w, c, NUMBER, Remedy("refund", "late"), "billing_dispute"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("wish", WRITES)
def test_each_write_asks_for_the_level_of_its_wish(
    template: Path, tmp_path: Path, clock: Clock, wish: str
) -> None:
    shop = with_identity(template, tmp_path, clock, levels=STEPS, needs={"anything": "low", wish: "high"})
    number, write = WRITES[wish]
    order = shop.commerce.order(number)
    assert order is not None
    customer = shop.commerce.customer(order.customer_id)
    assert customer is not None
    assert shop.identity.verify(who(), customer.email).status == "verified"
    with pytest.raises(Refused) as refused:
        write(shop, who(), customer)
    assert refused.value.decision.rule == "not_verified"
    shop.close()

"""Crediting a promo code: everything in one transaction, once, and only for the verified owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import select

from actions.commerce import schema
from actions.commerce.model import Customer, Order
from actions.services import audit
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.promotions import PromoReceipt
from tests.assistant.conftest import MARCUS, Clock, count, verified, who

TESSA = ("tessa.moreau@example.com", "L204995", "80207")
OWEN = ("owen.clarke@example.com", "L204997", "97301")


@pytest.fixture()
def tessa(shop: Services) -> Customer:
    return verified(shop, who(), TESSA)


def read(shop: Services, customer: Customer, number: str = TESSA[1]) -> Order:
    found = shop.orders.find(customer, number)
    assert found is not None
    return found


def test_a_code_is_credited_in_full(shop: Services, tessa: Customer) -> None:
    before = read(shop, tessa)
    receipt = shop.promotions.apply(who(), tessa, TESSA[1], "bright15")
    after = read(shop, tessa)
    assert (receipt.order_number, receipt.code, receipt.repeated) == (TESSA[1], "BRIGHT15", False)
    assert after.promo_code == "BRIGHT15"
    assert after.discount == (before.subtotal * Decimal("0.15")).quantize(Decimal("0.01"))
    assert before.total - after.total == receipt.credit == after.refunded
    assert after.total == receipt.total == after.paid - after.refunded
    [refund] = after.refunds
    assert (refund.status, refund.method) == ("pending", receipt.method)
    with shop.database.read() as connection:
        letter = connection.execute(select(schema.outbox)).mappings().one()
        audit = connection.execute(select(schema.audit).order_by(schema.audit.c.id.desc())).mappings().first()
    assert (letter["kind"], letter["recipient"]) == ("code_credited", tessa.email)
    assert audit is not None
    assert (audit["action"], audit["rule"]) == ("order.promo", "allowed")
    assert audit["after"] == {
        "promo_code": "BRIGHT15",
        "total": str(receipt.total),
        "refund": str(receipt.credit),
    }


def test_what_is_returned_afterwards_is_what_was_paid_in_the_end(shop: Services, tessa: Customer) -> None:
    shop.promotions.apply(who(), tessa, TESSA[1], "BRIGHT15")
    after = read(shop, tessa)
    assert sum(after.item_values().values()) == after.paid - after.refunded
    assert shop.cancellations.quote(after).refund == after.total


@pytest.mark.parametrize("same_key", [True, False])
def test_many_at_once_have_one_effect(shop: Services, tessa: Customer, same_key: bool) -> None:
    def apply(n: int) -> PromoReceipt:
        return shop.promotions.apply(who(key="k" if same_key else f"k{n}"), tessa, TESSA[1], "BRIGHT15")

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(apply, range(8)))
    assert [receipt.repeated for receipt in receipts].count(False) == 1
    assert len({receipt.credit for receipt in receipts}) == 1
    assert count(shop, "promo_credits") == 1
    assert count(shop, "payments", order_number=TESSA[1], kind="refund") == 1
    assert count(shop, "outbox") == 1


@pytest.mark.parametrize(
    ("conversation", "number", "code", "rule"),
    [
        ("web-9", TESSA[1], "BRIGHT15", "not_verified"),
        ("web-1", MARCUS[1], "BRIGHT15", "unknown_order"),
        ("web-1", "L999999", "BRIGHT15", "unknown_order"),
        ("web-1", TESSA[1], "FREE100", "unknown_code"),
        ("web-1", TESSA[1], "90%", "unknown_code"),
        ("web-1", TESSA[1], "CIRCLE12", "wrong_tier"),
        ("web-1", TESSA[1], "SUNNY25", "expired"),
    ],
)
def test_what_the_rules_forbid_is_not_done(
    shop: Services, tessa: Customer, conversation: str, number: str, code: str, rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.promotions.apply(who(conversation), tessa, number, code)
    assert refused.value.decision.rule == rule
    assert count(shop, "promo_credits") == 0
    assert count(shop, "outbox") == 0


def test_a_second_code_is_refused(shop: Services, tessa: Customer) -> None:
    shop.promotions.apply(who(), tessa, TESSA[1], "BRIGHT15")
    with pytest.raises(Refused) as refused:
        shop.promotions.apply(who(key="k2"), tessa, TESSA[1], "WELCOME10")
    assert refused.value.decision.rule == "codes_per_order"


def test_a_code_is_used_once(shop: Services) -> None:
    owen = verified(shop, who(), OWEN)
    shop.promotions.apply(who(), owen, "L204993", "PACKUP20")
    order = read(shop, owen, "L204997")
    assert shop.promotions.decide(owen, order, "PACKUP20").rule == "used_before"


@pytest.mark.parametrize("minutes", [0, 1])
def test_credits_count_towards_what_a_case_may_pay_back(
    shop: Services, clock: Clock, tessa: Customer, minutes: int
) -> None:
    receipt = shop.promotions.apply(who(), tessa, TESSA[1], "BRIGHT15")
    writes = shop.promotions._writes
    assert writes.promised(tessa.id) == receipt.credit
    clock.forward(minutes=minutes)
    shop.cancellations.cancel(who(key="k2"), tessa, TESSA[1], "too_slow")
    assert writes.promised(tessa.id) == read(shop, tessa).paid


def test_a_failure_leaves_nothing_behind(
    shop: Services, tessa: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the audit trail is gone")

    monkeypatch.setattr(audit, "record", broken)
    before = read(shop, tessa)
    with pytest.raises(RuntimeError):
        shop.promotions.apply(who(), tessa, TESSA[1], "BRIGHT15")
    assert read(shop, tessa) == before
    assert (count(shop, "promo_credits"), count(shop, "outbox")) == (0, 0)


def test_codes_cannot_be_found_by_trying(shop: Services) -> None:
    rules = [shop.promotions.check(who(), f"GUESS{n}").rule for n in range(POLICIES_TRIES)]
    assert set(rules) == {"unknown_code"}
    assert shop.promotions.check(who(), "BRIGHT15").rule == "too_many_codes"
    assert shop.promotions.check(who("web-2"), "BRIGHT15").rule == "allowed"


POLICIES_TRIES = 6


def test_only_public_codes_are_listed(shop: Services, tessa: Customer) -> None:
    assert {code.name for code in shop.promotions.public()} == {"WELCOME10", "FREESHIP"}
    found = shop.promotions.alternatives(tessa, read(shop, tessa), "CIRCLE12")
    assert [code.name for code, _ in found] == ["WELCOME10"]


def test_above_the_limit_a_person_is_asked(shop: Services, tessa: Customer) -> None:
    ticket = shop.promotions.ask_approval(who(), tessa, TESSA[1], "BRIGHT15")
    assert ticket.number
    assert count(shop, "tickets") == 1
    assert count(shop, "promo_credits") == 0

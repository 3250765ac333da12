"""Booking calls: no place twice, one call for a number, shown to nobody else, written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import select

from actions.commerce import schema
from actions.commerce.model import Customer
from actions.services.callbacks import Callback
from actions.services.container import Services
from actions.services.errors import Refused
from tests.assistant.conftest import MARCUS, count, verified, who

PHONE = "503 555 0119"


def slot(shop: Services, place: int = 0) -> datetime:
    return shop.callbacks.free()[place]


def phone(n: int) -> str:
    return f"(503) 555-01{n:02d}"


@pytest.fixture
def marcus(shop: Services) -> Customer:
    return verified(shop, who(), MARCUS)


def test_a_call_is_booked_and_told(shop: Services, marcus: Customer) -> None:
    start = slot(shop)
    made = shop.callbacks.book(who(), marcus, PHONE, "a refund", start)
    assert (made.reference, made.phone, made.start, made.mailed) == ("CB-10001", "+15035550119", start, True)
    with shop.database.read() as connection:
        letter = connection.execute(select(schema.outbox)).mappings().one()
        audit = connection.execute(select(schema.audit).order_by(schema.audit.c.id.desc())).mappings().first()
    assert (letter["kind"], letter["recipient"]) == ("callback_book", marcus.email)
    assert "Eastern Time" in letter["body"]
    assert audit is not None
    assert (audit["action"], audit["subject"]) == ("callback.book", "callback CB-10001")
    assert "5550119" not in str(dict(audit))


def test_somebody_unknown_is_called_back_but_gets_no_mail(shop: Services) -> None:
    made = shop.callbacks.book(who("web-9"), None, PHONE, "a question", slot(shop))
    assert not made.mailed
    assert (count(shop, "callbacks"), count(shop, "outbox")) == (1, 0)


@pytest.mark.parametrize("same_key", [True, False])
def test_many_at_once_take_no_place_twice(shop: Services, same_key: bool) -> None:
    start, capacity = slot(shop), shop.policies.support.callback_capacity

    def book(n: int) -> Callback | str:
        caller = who("web-1", "k") if same_key else who(f"web-{n}", f"k{n}")
        try:
            return shop.callbacks.book(caller, None, PHONE if same_key else phone(n), "x", start)
        except Refused as refusal:
            return refusal.decision.rule

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(book, range(8)))
    made = {result.reference for result in results if isinstance(result, Callback)}
    assert len(made) == (1 if same_key else capacity)
    assert count(shop, "callbacks", status="booked") == len(made)
    if not same_key:
        assert results.count("full") == 8 - capacity
    assert (start in shop.callbacks.free()) == (len(made) < capacity)


def test_one_call_for_a_number(shop: Services) -> None:
    shop.callbacks.book(who("web-1", "a"), None, PHONE, "x", slot(shop))
    with pytest.raises(Refused) as refused:
        shop.callbacks.book(who("web-2", "b"), None, "+1 503-555-0119", "y", slot(shop, 3))
    assert refused.value.decision.rule == "already_booked"
    assert count(shop, "callbacks") == 1


def test_a_number_that_cant_be_called_is_refused(shop: Services) -> None:
    with pytest.raises(Refused) as refused:
        shop.callbacks.book(who(), None, "911", "x", slot(shop))
    assert refused.value.decision.rule == "bad_number"


def test_a_call_is_moved_and_its_place_is_free_again(shop: Services) -> None:
    first, second = slot(shop), slot(shop, 5)
    for n in range(shop.policies.support.callback_capacity):
        shop.callbacks.book(who(f"web-{n}", f"a{n}"), None, phone(n), "x", first)
    assert first not in shop.callbacks.free()
    moved = shop.callbacks.move(who("web-0", "b"), None, second)
    assert (moved.start, moved.reference) == (second, "CB-10001")
    assert first in shop.callbacks.free()
    assert shop.callbacks.move(who("web-0", "b"), None, second).repeated


def test_a_canceled_call_frees_place_and_number(shop: Services) -> None:
    start = slot(shop)
    shop.callbacks.book(who("web-1", "a"), None, PHONE, "x", start)
    assert shop.callbacks.cancel(who("web-1", "b"), None).status == "canceled"
    assert shop.callbacks.booked(who("web-1"), None) is None
    again = shop.callbacks.book(who("web-1", "c"), None, PHONE, "x", start)
    assert again.reference == "CB-10002"


def test_a_call_is_changed_only_by_its_own_conversation_or_customer(shop: Services, marcus: Customer) -> None:
    shop.callbacks.book(who(), marcus, PHONE, "x", slot(shop))
    stranger = who("web-2", "z")
    assert shop.callbacks.booked(stranger, None) is None
    assert shop.callbacks.booked(stranger, marcus) is None  # not verified in that conversation
    with pytest.raises(Refused) as refused:
        shop.callbacks.cancel(stranger, marcus)
    assert refused.value.decision.rule == "unknown_call"
    nobody = who(key="y", authenticated=False)
    assert shop.callbacks.booked(nobody, None) is None
    verified(shop, stranger, MARCUS)
    assert shop.callbacks.booked(stranger, marcus) is not None


def test_bookings_are_counted(shop: Services) -> None:
    def book(n: int, conversation: str) -> str:
        nobody = who(conversation, f"k{n}", authenticated=False)
        try:
            start = shop.callbacks.free()[0]
            return shop.callbacks.book(nobody, None, f"(503) 555-{1000 + n}", "x", start).status
        except Refused as refusal:
            return refusal.decision.rule

    each, most = shop.policies.support.callback_bookings, shop.policies.support.callback_bookings_unproven
    assert [book(n, "web-1") for n in range(each + 1)] == ["booked"] * each + ["too_many"]
    others = [book(100 + n, f"other-{n}") for n in range(most - each + 1)]
    assert others == ["booked"] * (most - each) + ["too_many"]
    assert shop.callbacks.book(who("web-1000", "last"), None, PHONE, "x", slot(shop)).status == "booked"


def test_a_number_whose_call_is_over_can_be_called_again(shop: Services, clock) -> None:
    shop.callbacks.book(who("web-1", "a"), None, PHONE, "x", slot(shop))
    clock.forward(days=2)
    made = shop.callbacks.book(who("web-1", "b"), None, PHONE, "x", slot(shop))
    assert made.reference == "CB-10002"

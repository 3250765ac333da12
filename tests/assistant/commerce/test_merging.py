"""What an order is where two places know of it: each rule of merging.py by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from actions.commerce.merging import merged, merged_payments
from actions.commerce.model import Address, Order, OrderItem, Payment, Return, Shipment

from ..conftest import NOW

ITEM = OrderItem(id="1-10", product_id="5", variant_id="MUG", name="Mug", price=Decimal("20.00"))
PAID = Payment(kind="payment", amount=Decimal("20.00"), method_id="stripe", at=NOW, outside_id="paid")
THEIRS = Order(
    number="1",
    customer_id="7",
    status="delivered",
    source_status="completed",
    items=(ITEM,),
    address=Address(line1="1 Main St", city="Salem", state="OR", postcode="97301"),
    payments=(PAID,),
)
RETURN = Return(
    reference="R-10042", item_ids=("1-10",), reason="other", status="label_sent", refund=Decimal("20.00")
)
PROMISED = Payment(
    kind="refund",
    amount=Decimal("20.00"),
    method_id="stripe",
    at=NOW,
    status="pending",
    return_reference="R-10042",
)
BOOKED = Payment(kind="refund", amount=Decimal("20.00"), method_id="stripe", at=NOW, outside_id="90")
PARCEL = Shipment(tracking_numbers=("1Z",), item_ids=("1-10",), status="in_transit")


def test_what_is_seen_first_is_taken_as_it_is() -> None:
    assert merged(THEIRS, None) == THEIRS


def test_the_other_shop_has_the_last_word_on_what_it_knows() -> None:
    ours = replace(THEIRS, address=replace(THEIRS.address, line1="9 Old Rd"), shipping=Decimal("4.00"))
    found = merged(replace(THEIRS, shipping=Decimal("5.00")), ours)
    assert (found.address.line1, found.shipping) == ("1 Main St", Decimal("5.00"))


def test_what_only_we_know_stays() -> None:
    ours = replace(
        THEIRS,
        items=(replace(ITEM, category="kitchen", tags=("final_sale",)),),
        shipments=(PARCEL,),
        returns=(RETURN,),
        made_good=frozenset({"1-10"}),
        adjusted={"1-10": Decimal("2.00")},
    )
    assert merged(THEIRS, ours) == ours


@pytest.mark.parametrize(
    ("ours", "theirs", "is_then"),
    [
        ("return_requested", "delivered", "return_requested"),
        ("return_requested", "refunded", "refunded"),
        ("return_requested", "cancelled", "cancelled"),
        ("return_requested", "processing", "processing"),
        ("shipped", "processing", "shipped"),
        ("shipped", "delivered", "delivered"),
        ("changed", "pending", "changed"),
        ("changed", "processing", "processing"),
        ("cancelled", "refunded", "cancelled"),
        ("cancelled", "processing", "processing"),
        ("delivered", "delivered", "delivered"),
        ("pending", "processing", "processing"),
    ],
)
def test_states(ours: str, theirs: str, is_then: str) -> None:
    held = replace(THEIRS, status=ours, source_status=None, returns=(RETURN,), shipments=(PARCEL,))
    found = merged(replace(THEIRS, status=theirs), held)
    assert found.status == is_then
    assert found.source_status == ("completed" if is_then == theirs else None)


def test_a_return_that_was_withdrawn_holds_no_state() -> None:
    ours = replace(THEIRS, status="return_requested", returns=(replace(RETURN, status="cancelled"),))
    assert merged(THEIRS, ours).status == "delivered"


def test_a_refund_that_is_promised_waits_until_it_is_booked() -> None:
    assert merged_payments([PAID], [PAID, PROMISED]) == (PAID, PROMISED)
    settled = replace(PROMISED, status="settled", outside_id="90")
    assert merged_payments([PAID, BOOKED], [PAID, PROMISED]) == (PAID, settled)
    assert merged_payments([PAID, BOOKED], [PAID, settled]) == (PAID, settled)  # and again


def test_a_refund_is_known_by_the_reference_in_its_reason_before_its_amount() -> None:
    other = replace(PROMISED, return_reference="R-10050")
    booked = replace(BOOKED, return_reference="R-10050", amount=Decimal("15.00"))
    found = merged_payments([PAID, booked], [PAID, PROMISED, other])
    assert [(each.return_reference, each.amount, each.status) for each in found[1:]] == [
        ("R-10050", Decimal("15.00"), "settled"),
        ("R-10042", Decimal("20.00"), "pending"),
    ]


def test_a_refund_over_another_amount_settles_nothing() -> None:
    booked = replace(BOOKED, amount=Decimal("3.00"))
    assert merged_payments([PAID, booked], [PAID, PROMISED]) == (PAID, booked, PROMISED)


def test_a_refund_that_is_deleted_there_waits_again() -> None:
    settled = replace(PROMISED, status="settled", outside_id="90")
    assert merged_payments([PAID], [PAID, settled]) == (PAID, PROMISED)
    assert merged_payments([PAID], [PAID, BOOKED]) == (PAID,)


def test_a_refund_without_a_time_keeps_the_one_that_is_known() -> None:
    known = replace(BOOKED, at=NOW - timedelta(days=1))
    assert merged_payments([PAID, replace(BOOKED, at=None)], [PAID, known]) == (PAID, known)


def test_a_refund_that_a_provider_makes_is_booked_and_not_settled_by_that() -> None:
    made = replace(PROMISED, charge_id="ch_1", return_reference=None)
    ours = replace(made, outside_id="90")  # which is noted with the booking
    assert merged_payments([PAID, BOOKED], [PAID, ours]) == (PAID, ours)
    settled = replace(made, status="settled")
    assert merged_payments([PAID, BOOKED], [PAID, settled]) == (PAID, replace(settled, outside_id="90"))


def test_a_refund_that_the_shops_people_make_is_theirs_to_pay() -> None:
    waiting = replace(PROMISED, charge_id="ch_1")
    booked = replace(BOOKED, return_reference="R-10042")
    settled = replace(waiting, outside_id="90", status="settled")
    assert merged_payments([PAID, booked], [PAID, waiting]) == (PAID, settled)


def test_what_goes_back_goes_by_the_card_that_paid_whose_name_is_known_here() -> None:
    ours = replace(PAID, method_id="pm_1", charge_id="ch_1")
    assert merged_payments([PAID, BOOKED], [ours]) == (ours, replace(BOOKED, method_id="pm_1"))
    theirs = replace(PAID, charge_id="ch_1")
    assert merged_payments([theirs], [PAID]) == (theirs,)  # the charge is learned later, too


def test_what_was_paid_stays_when_the_lines_change() -> None:
    changed = replace(THEIRS, payments=(replace(PAID, amount=Decimal("35.00")),))
    assert merged(changed, THEIRS).paid == Decimal("20.00")


def test_a_code_of_ours_is_a_discount_besides_theirs() -> None:
    theirs = replace(THEIRS, discount=Decimal("1.00"), promo_code="SUMMER")
    ours = replace(theirs, discount=Decimal("4.00"), promo_code="SUMMER+BRIGHT15")
    found = merged(theirs, ours, credited=Decimal("3.00"))
    assert (found.discount, found.promo_code) == (Decimal("4.00"), "SUMMER+BRIGHT15")

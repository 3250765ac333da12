"""How a customer stands in the loyalty program: from the shop's data, and nothing guessed where they lack."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from actions.commerce.model import Customer, Return
from actions.services.loyalty import spent_in, standing
from actions.services.readings import money
from tests.assistant.services.test_cancel_policy import HOME, NOW, POLICIES, order

ANN = Customer(
    id="C1", first_name="Ann", last_name="Bo", email="a@example.com", address=HOME, tier="member", points=96
)
SILVER = money(POLICIES.fact("loyalty.silver_from"))


def test_tier_points_and_what_is_left() -> None:
    found = standing(ANN, [order()], POLICIES, NOW)
    assert (found.tier, found.points, found.next_tier, found.next_from) == ("member", 96, "silver", SILVER)
    assert (found.spent, found.left) == (Decimal("100.00"), SILVER - Decimal("100.00"))
    assert found.rewards == 0
    assert found.points_to_reward == POLICIES.loyalty.points_for_reward - 96
    assert found.benefit == POLICIES.fact("loyalty.member_benefit_text")


def test_the_highest_tier_has_none_above() -> None:
    found = standing(dataclasses.replace(ANN, tier="gold", points=450), [order()], POLICIES, NOW)
    assert (found.next_tier, found.left, found.rewards) == (None, None, 2)


def test_a_shop_without_dates_cannot_say_how_far_it_is() -> None:
    found = standing(ANN, [order(minutes=None)], POLICIES, NOW)
    assert (found.next_tier, found.spent, found.left) == ("silver", None, None)


def test_a_tier_that_nobody_knows_is_none() -> None:
    found = standing(dataclasses.replace(ANN, tier="platinum", points=None), [], POLICIES, NOW)
    assert (found.tier, found.next_tier, found.points_to_reward) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "spent"),
    [
        ({}, "100.00"),
        ({"status": "cancelled"}, "0.00"),
        ({"status": "refunded"}, "0.00"),
        ({"minutes": 60 * 24 * 365}, "0.00"),
        ({"discount": Decimal("12.50")}, "87.50"),
        ({"tax": Decimal("9.00"), "shipping": Decimal("5.00")}, "100.00"),
    ],
)
def test_what_counts_as_spent(changes: dict[str, object], spent: str) -> None:
    values = {"status": "delivered", "minutes": 300} | changes
    made = order(str(values.pop("status")), values.pop("minutes"), **values)  # type: ignore[arg-type]
    assert spent_in(NOW.year, [made]) == Decimal(spent)


def test_what_was_sent_back_does_not_count() -> None:
    back = Return(
        reference="R-1", item_ids=("L200000-1",), reason="x", status="label_sent", refund=Decimal("1.00")
    )
    assert spent_in(NOW.year, [order("delivered", returns=(back,))]) == Decimal("0.00")

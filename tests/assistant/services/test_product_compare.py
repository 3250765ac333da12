"""What differs between products, and which is the cheaper, larger or lighter one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.demo.shop import demo_shop
from actions.commerce.model import Product
from actions.services.product_compare import alternatives, compare, figure_of, ranked, versions, within_budget
from tests.assistant.conftest import NOW

PRODUCTS: Sequence[Product] = demo_shop(NOW).products
DEMO = {product.id: product for product in PRODUCTS}
CARRY_ON, CHECKED, PRESS = DEMO["TR-701"], DEMO["TR-702"], DEMO["KI-204"]


def test_products_stand_side_by_side() -> None:
    rows = {row.name: row for row in compare([CARRY_ON, CHECKED], lambda p: p.name, lambda p: "")}
    assert rows["capacity"].values == ("40 liters", "92 liters")
    assert rows["comes in"].same
    one, other = DEMO["AU-401"], DEMO["KI-205"]
    assert {row.name: row for row in compare([one, other], str, str)}["battery"].values == (
        "40 hours",
        "not on file",
    )


@pytest.mark.parametrize(
    ("text", "figure"),
    [("40 hours (35 with case)", (Decimal(40), "hour")), ("7.1 lb", (Decimal("7.1"), "lb")), ("15,000 hours", (Decimal(15000), "hour")),
     ("2 x 50 W", (Decimal(2), "x")), ("silent sweep", None), ("", None)],
)  # fmt: skip
def test_a_figure_is_read_with_its_unit(text: str, figure: tuple[Decimal, str] | None) -> None:
    assert figure_of(text) == figure


def test_the_nearest_alternative_comes_first() -> None:
    assert alternatives(CHECKED, PRODUCTS, "price", more=False) == [CARRY_ON]
    assert alternatives(CARRY_ON, PRODUCTS, "size", more=True) == [CHECKED]
    assert alternatives(CARRY_ON, PRODUCTS, "size", more=False) == []
    assert alternatives(DEMO["LT-101"], PRODUCTS, "price", more=False) == [DEMO["LT-103"]]


def test_products_are_ranked_by_one_and_the_same_property() -> None:
    assert [p.id for p in ranked([CHECKED, CARRY_ON], "weight")] == ["TR-701", "TR-702"]
    assert ranked([DEMO["KI-205"]], "battery") == []


def test_the_larger_version_of_the_same() -> None:
    assert {v.options["size"] for v in versions(PRESS, more=True)} == {"34 oz"}
    assert {v.options["size"] for v in versions(PRESS, more=False)} == {"17 oz"}
    assert versions(DEMO["LT-101"], more=True) == []


@given(st.decimals(0, 700, places=2))
def test_a_budget_is_kept(most: Decimal) -> None:
    found = within_budget(PRODUCTS, most)
    assert all(product.price_range[0] <= most for product in found)
    assert len(found) == sum(product.price_range[0] <= most for product in PRODUCTS)

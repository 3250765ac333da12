"""What a quote comes to, and when one may be written: pure functions, checked over many lines."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commerce.model import Product, Variant
from actions.services.quote_policy import Wanted, decide_quote, share_from, work_out
from actions.services.rulebook import load_policies

POLICIES = load_policies()
POLICY = POLICIES.quotes


def product(
    name: str = "P", price: str | Decimal = "10.00", tags: tuple[str, ...] = (), stock: int | None = 50
) -> Product:
    variants = tuple(
        Variant(id=f"{name}-{color}", options={"color": color}, price=Decimal(price), stock=stock)
        for color in ("red", "blue")
    )
    return Product(id=name, name=name, variants=variants, category="Home", tags=tags)


def wanted(quantity: int, place: int = 0, **more: object) -> Wanted:
    made = product(**more)  # type: ignore[arg-type]
    return Wanted(made, made.variants[place], quantity)


@pytest.mark.parametrize(
    ("units", "share"),
    [(9, "0"), (10, "0.05"), (24, "0.05"), (25, "0.10"), (99, "0.10"), (100, "0.15"), (1000, "0.15")],
)
def test_the_share_goes_by_units(units: int, share: str) -> None:
    assert work_out([wanted(units)], POLICIES).lines[0].share == Decimal(share)


def test_all_versions_of_an_item_count_together() -> None:
    figures = work_out([wanted(5), wanted(5, 1)], POLICIES)
    assert {line.share for line in figures.lines} == {Decimal("0.05")}


def test_clearance_has_no_discount_and_freight_has_its_fee() -> None:
    figures = work_out([wanted(30, tags=("clearance",)), wanted(12, name="Q", tags=("oversize",))], POLICIES)
    assert figures.lines[0].share == 0
    assert figures.lines[1].share == Decimal("0.05")
    assert figures.shipping == Decimal("29.00")
    assert work_out([wanted(1)], POLICIES).shipping == Decimal("5.95")
    assert work_out([wanted(5)], POLICIES).shipping == 0


def test_a_large_amount_takes_something_off_as_well() -> None:
    figures = work_out([wanted(100, price="50.00")], POLICIES)
    assert (figures.goods, figures.share) == (Decimal("5000.00"), Decimal("0.02"))
    assert figures.total == Decimal("4165.00")  # 5000 less 15 %, less 2 %


def test_what_is_not_in_stock_is_told() -> None:
    line = work_out([wanted(60)], POLICIES).lines[0]
    assert (line.stock, line.short) == (50, 10)
    assert work_out([wanted(60, stock=None)], POLICIES).lines[0].short == 0


@pytest.mark.parametrize(
    ("lines", "rule", "person"),
    [
        ([], "nothing", False),
        ([wanted(9)], "too_few", False),
        ([wanted(9), wanted(9, name="Q")], "too_few", False),
        ([wanted(10)], "allowed", False),
        ([wanted(10), wanted(1, name="Q")], "allowed", False),
        ([wanted(1001)], "too_many_units", True),
        ([wanted(100, price="400.00")], "authority_limit", True),
        ([wanted(10, name=f"P{n}") for n in range(13)], "too_many_lines", False),
    ],
)
def test_one_rule_decides(lines: list[Wanted], rule: str, person: bool) -> None:
    done = decide_quote(lines, POLICIES)
    assert (done.rule, done.needs_approval) == (rule, person)
    assert rule == "allowed" or rule in POLICY.rules


LINES = st.lists(
    st.builds(
        wanted,
        st.integers(1, 2000),
        st.integers(0, 1),
        name=st.sampled_from("ABC"),
        price=st.decimals("0.01", "900", places=2),
        tags=st.sampled_from([(), ("clearance",), ("oversize",)]),
    ),
    max_size=6,
)


@given(LINES)
def test_the_figures_add_up_to_the_cent(lines: list[Wanted]) -> None:
    figures = work_out(lines, POLICIES)
    assert figures.goods - figures.discount + figures.shipping == figures.total
    assert sum((line.list_total for line in figures.lines), Decimal(0)) == figures.goods
    assert 0 <= figures.discount <= figures.goods
    most = POLICY.unit_discounts[-1].share + POLICY.amount_discounts[-1].share
    assert figures.discount <= figures.goods * most + len(lines)
    if decide_quote(lines, POLICIES).allowed:
        assert figures.total <= POLICY.authority_limit


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_never_gives_a_smaller_share(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert share_from(POLICY.unit_discounts, low) <= share_from(POLICY.unit_discounts, high)

"""Amounts as providers count them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.payments.minor_units import NO_DECIMALS, THREE_DECIMALS, from_minor, to_minor


@given(st.integers(1, 10**12), st.sampled_from(["USD", "EUR", "JPY", "KRW", "GBP"]))
def test_counts_come_back_exactly(units: int, currency: str) -> None:
    amount = from_minor(units, currency)
    assert to_minor(amount, currency.lower()) == units
    assert str(amount) == (str(units) if currency in NO_DECIMALS else f"{units // 100}.{units % 100:02}")


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("19.99", "USD", 1999),
        ("19.9", "usd", 1990),
        ("500", "JPY", 500),
        ("5.120", "KWD", 5120),
        ("5", "UGX", 500),
        ("5", "ISK", 500),
        ("20.38", "HUF", 2038),
        ("800.45", "TWD", 80045),
        ("0.01", "EUR", 1),
    ],
)
def test_amounts_are_counted(amount: str, currency: str, units: int) -> None:
    assert to_minor(Decimal(amount), currency) == units


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("19.999", "USD"),
        ("0.5", "JPY"),
        ("5.124", "KWD"),
        ("5.5", "UGX"),
        ("40.10", "ISK"),
        ("0", "USD"),
        ("-1", "USD"),
        ("NaN", "USD"),
        ("Infinity", "USD"),
        ("1", ""),
        ("1", "$"),
        ("1", "USDT"),
    ],
)
def test_what_cannot_be_paid_exactly_is_a_mistake(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"can't be paid|isn't a currency"):
        to_minor(Decimal(amount), currency)


def test_the_kinds_of_currencies_do_not_meet() -> None:
    assert not NO_DECIMALS & THREE_DECIMALS

"""How amounts, times and lists are written to customers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from actions.services.wording import after, dollars, listed, long_date, takes, within


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ("3-5", ("takes 3-5 business days", "within 3-5 business days", "3-5 business days")),
        ("1", ("takes 1 business day", "within 1 business day", "1 business day")),
        ("0-1", ("takes 0-1 business days", "within 0-1 business days", "0-1 business days")),
        ("0", ("happens at once", "right away", "right")),
        ("0-0", ("happens at once", "right away", "right")),
    ],
)
def test_business_days(days: str, words: tuple[str, str, str]) -> None:
    assert (takes(days), within(days), after(days)) == words


def test_amounts_dates_and_lists() -> None:
    assert dollars(Decimal("1204.5")) == "$1,204.50"
    assert long_date(date(2026, 11, 3)) == "November 3, 2026"
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from frontdesk.nlu.duckling_holidays import easter, holidays, nth_weekday

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("year", "day"),
    [(1961, (4, 2)), (2000, (4, 23)), (2008, (3, 23)), (2013, (3, 31)), (2024, (3, 31)), (2026, (4, 5)), (2038, (4, 25))],
)  # fmt: skip
def test_easter(year: int, day: tuple[int, int]) -> None:
    assert easter(year) == date(year, *day)


def test_weekdays_of_a_month_are_counted_from_either_end() -> None:
    assert nth_weekday(2026, 11, 3, 4) == date(2026, 11, 26)
    assert nth_weekday(2026, 5, 0, -1) == date(2026, 5, 25)
    assert nth_weekday(2026, 12, 3, -1) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("text", "name", "day"),
    [
        ("thanksgiving", "Thanksgiving Day", "2026-11-26"), ("next easter", "Easter Sunday", "2027-03-28"),
        ("last christmas", "Christmas", "2025-12-25"), ("halloween 2030", "Halloween", "2030-10-31"),
        ("black friday of next year", "Black Friday", "2027-11-26"), ("mother's day", "Mother's Day", "2027-05-09"),
    ],
)  # fmt: skip
def test_holidays_carry_their_name(text: str, name: str, day: str) -> None:
    [(start, end, at)] = [found for found in holidays(text) if found[1] - found[0] == len(text)]
    assert (start, end) == (0, len(text))
    wire = at(NOW).wire()
    assert (wire["holidayBeta"], wire["value"][:10]) == (name, day)

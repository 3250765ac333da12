"""Holidays and working days."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.services.calendar import holiday_of, working_days_after

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("words", "day", "other"),
    [
        ("December 25", date(2026, 12, 25), date(2026, 12, 24)),
        ("last Monday of May", date(2026, 5, 25), date(2026, 5, 18)),
        ("1st Monday of September", date(2027, 9, 6), date(2027, 9, 13)),
        ("4th Thursday of November", date(2026, 11, 26), date(2026, 11, 19)),
    ],
)
def test_a_holiday_comes_on_its_day(words: str, day: date, other: date) -> None:
    holiday = holiday_of(words)
    assert holiday is not None
    assert holiday.on(day)
    assert not holiday.on(other)


@pytest.mark.parametrize("words", ["", "Christmas", "December 32", "6th Monday of May", "last Funday of May"])
def test_what_is_no_day_is_refused(words: str) -> None:
    assert holiday_of(words) is None


@given(day=DAYS, place=st.sampled_from(["last", "1st", "2nd", "3rd", "4th"]))
def test_a_place_in_a_month_comes_once_a_month(day: date, place: str) -> None:
    holiday = holiday_of(f"{place} {day:%A} of {day:%B}")
    assert holiday is not None
    days = [day.replace(day=number) for number in range(1, 29)]
    last = [each for number in (29, 30, 31) for each in _safe(day, number)]
    assert sum(holiday.on(each) for each in [*days, *last]) == 1


def _safe(day: date, number: int) -> list[date]:
    try:
        return [day.replace(day=number)]
    except ValueError:
        return []


@given(day=DAYS, count=st.integers(0, 15))
def test_working_days_skip_weekends_and_holidays(day: date, count: int) -> None:
    christmas = holiday_of("December 25")
    assert christmas is not None
    end = working_days_after(day, count, (christmas,))
    assert end >= day
    if count:
        assert end.weekday() < 5
        assert not christmas.on(end)
        assert working_days_after(day, count - 1, (christmas,)) < end

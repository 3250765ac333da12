from __future__ import annotations

from datetime import UTC, datetime

import pytest

from frontdesk.nlu.duckling_days import days, is_weekday

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


def meant(text: str) -> list[str]:
    return [at(NOW).start.date().isoformat() for _, _, at in days(text)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("february 29", "2028-02-29"), ("on the 31st", "2026-12-31"), ("wednesday", "2026-11-25"),
        ("next quarter", "2027-01-01"), ("new year's eve", "2026-12-31"), ("the last few days", "2026-11-15"),
        ("12/24", "2026-12-24"), ("5.6.27", "2027-05-06"), ("december 2026", "2026-12-01"), ("June", "2027-06-01"),
    ],
)  # fmt: skip
def test_days_and_more(text: str, first: str) -> None:
    assert first in meant(text)


@pytest.mark.parametrize("text", ["99/99/2026", "2026-13-01", "sat down", "1.2.3.4"])
def test_what_no_calendar_has(text: str) -> None:
    assert meant(text) == []


def test_weekdays() -> None:
    assert is_weekday("on friday")
    assert not is_weekday("next friday")

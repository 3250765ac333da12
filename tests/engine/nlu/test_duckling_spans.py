from __future__ import annotations

from datetime import UTC, datetime

import pytest

from frontdesk.nlu.duckling_spans import GRAINS, Stretch, floored, shifted

NOW = datetime(2026, 11, 18, 9, 30, 15, 123, tzinfo=UTC)


@pytest.mark.parametrize(
    ("grain", "start"),
    [
        ("second", "2026-11-18T09:30:15"), ("minute", "2026-11-18T09:30:00"), ("hour", "2026-11-18T09:00:00"),
        ("day", "2026-11-18T00:00:00"), ("week", "2026-11-16T00:00:00"), ("month", "2026-11-01T00:00:00"),
        ("quarter", "2026-10-01T00:00:00"), ("year", "2026-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_a_grain_begins(grain: str, start: str) -> None:
    assert floored(NOW, grain).isoformat() == f"{start}+00:00"
    assert grain in GRAINS


def test_months_are_shorter_and_calendars_end() -> None:
    assert shifted(datetime(2026, 1, 31, tzinfo=UTC), "month", 1).day == 28
    assert shifted(NOW, "quarter", -1).month == 8
    assert shifted(NOW, "year", 10_000) == NOW
    assert shifted(NOW, "day", 10**9) == NOW


def test_an_open_stretch_has_one_end() -> None:
    start = floored(NOW, "hour")
    point = {"value": "2026-11-18T09:00:00.000+00:00", "grain": "hour"}
    assert Stretch(start, "hour", open_="after").wire()["values"] == [{"type": "interval", "from": point}]
    assert Stretch(start, "hour", open_="before").wire()["to"] == point
    assert Stretch(start, "hour").until.hour == 10

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from frontdesk.nlu.duckling_edges import counted, cycle

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "grain"),
    [
        ("first tuesday of october", "2027-10-05", "day"), ("the last monday of this month", "2026-11-30", "day"),
        ("the 20th of next month", "2026-12-20", "day"), ("last day of february 2028", "2028-02-29", "day"),
        ("third quarter", "2026-07-01", "quarter"), ("q1 of 2027", "2027-01-01", "quarter"),
        ("two fridays from now", "2026-11-27", "day"), ("end of next week", "2026-11-27", "day"),
        ("beginning of the year", "2026-01-01", "month"), ("the end of march", "2027-03-21", "day"),
        ("eoy", "2026-09-01", "month"), ("late march", "2027-03-21", "day"),
    ],
)  # fmt: skip
def test_days_that_are_counted_and_edges(text: str, start: str, grain: str) -> None:
    [(first, last, at)] = [one for one in counted(text) if one[1] - one[0] == len(text)]
    assert (first, last) == (0, len(text))
    assert (at(NOW).start.date().isoformat(), at(NOW).grain) == (start, grain)


def test_cycles() -> None:
    assert [cycle(word) for word in ("last", "this", None, "upcoming")] == [-1, 0, 0, 1]

from __future__ import annotations

from datetime import UTC, datetime

from frontdesk.nlu.duckling_times import times

NOW = datetime(2026, 11, 18, 21, 30, tzinfo=UTC)


def test_an_hour_that_is_over_is_tomorrows() -> None:
    [match] = times("at 9am", NOW)
    assert match.value["value"] == "2026-11-19T09:00:00.000+00:00"
    [match] = times("this morning", NOW)
    assert match.value["from"]["value"].startswith("2026-11-19T00")


def test_either_half_of_the_day_may_be_meant() -> None:
    [match] = times("at 10", NOW)
    assert [each["value"][:13] for each in match.value["values"]] == [
        "2026-11-18T22", "2026-11-19T10", "2026-11-19T22",
    ]  # fmt: skip


def test_a_clock_time_may_name_its_time_zone() -> None:
    [match] = times("tomorrow at 9am PST", NOW)
    assert match.value["value"] == "2026-11-19T17:00:00.000+00:00"


def test_a_weekday_chooses_the_year_of_a_date() -> None:
    [match] = times("Friday, Jul 18", NOW)
    assert match.value["value"][:10] == "2025-07-18"


def test_lengths_are_no_times() -> None:
    assert list(times("three weeks", NOW)) == []

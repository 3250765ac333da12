from __future__ import annotations

from frontdesk.nlu.duckling_durations import Length, durations


def test_lengths_are_whole_numbers_of_the_largest_unit_that_allows_it() -> None:
    found = [(m.value["value"], m.value["unit"]) for m in durations("three weeks or 1.5 hours or a few days")]
    assert found == [(3, "week"), (90, "minute"), (3, "day")]
    assert Length(1.5, "month").whole() == Length(45, "day")
    assert Length(2, "month").within("week") is None


def test_parts_of_a_length_are_one() -> None:
    [match] = durations("2 years and 3 months")
    assert match.value == {
        "value": 27,
        "unit": "month",
        "month": 27,
        "type": "value",
        "normalized": {"value": 69_984_000, "unit": "second"},
    }

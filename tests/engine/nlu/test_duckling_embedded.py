"""What is found, seen from a Wednesday morning, in the form that a Duckling server answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.nlu.duckling_embedded import DIMENSIONS, extract, speaks

NOW = datetime(2026, 11, 18, 9, 30, 15, tzinfo=ZoneInfo("Europe/Berlin"))


def found(text: str, *dims: str, locale: str = "en_US") -> list[tuple[str, str, Any]]:
    """Return (dimension, words, value or (from, to), grain) of each match."""
    return [(m["dim"], m["body"], short(m["value"])) for m in extract(text, NOW, dims or None, locale)]


def short(value: dict[str, Any]) -> Any:
    if value.get("type") == "interval":
        ends = [value.get(side) or {} for side in ("from", "to")]
        return tuple(moment(end.get("value")) for end in ends)
    inner = moment(value["value"])
    return f"{inner} {value['unit']}" if "unit" in value else inner


def moment(value: Any) -> Any:
    """Leave out what is zero anyway."""
    if isinstance(value, str) and value[10:11] == "T":
        return value[:10] if value[11:19] == "00:00:00" else value[:16].replace("T", " ")
    return value


TIMES = [
    ("tomorrow at 5pm for 2 people", "tomorrow at 5pm", "2026-11-19 17:00"),
    ("2pm tomorrow", "2pm tomorrow", "2026-11-19 14:00"),
    ("next monday at half past three", "next monday at half past three", "2026-11-23 03:30"),
    ("the day after tomorrow", "the day after tomorrow", "2026-11-20"),
    ("yesterday", "yesterday", "2026-11-17"),
    ("in two hours", "in two hours", "2026-11-18 11:30"),
    ("3 days ago", "3 days ago", "2026-11-15 09:00"),
    ("two weeks from now", "two weeks from now", "2026-12-02"),
    ("on sunday", "on sunday", "2026-11-22"),
    ("last friday", "last friday", "2026-11-13"),
    ("tuesday next week", "tuesday next week", "2026-11-24"),
    ("friday the 27th", "friday the 27th", "2026-11-27"),
    ("next month", "next month", "2026-12-01"),
    ("the 3rd of may 2027 at 17:30", "the 3rd of may 2027 at 17:30", "2027-05-03 17:30"),
    ("March 5th", "March 5th", "2027-03-05"),
    ("first of january", "first of january", "2027-01-01"),
    ("2026-12-24", "2026-12-24", "2026-12-24"),
    ("03/05/2027", "03/05/2027", "2027-03-05"),
    ("25/12/2026", "25/12/2026", "2026-12-25"),
    ("in 2030", "in 2030", "2030-01-01"),
    ("a quarter to nine", "a quarter to nine", "2026-11-18 20:45"),
    ("8:15 in the morning", "8:15 in the morning", "2026-11-19 08:15"),
    ("at 10", "at 10", "2026-11-18 10:00"),
    ("at noon", "at noon", "2026-11-18 12:00"),
    ("now", "now", "2026-11-18 09:30"),
    ("christmas", "christmas", "2026-12-25"),
    # intervals
    ("from 3 to 5 pm on friday", "from 3 to 5 pm on friday", ("2026-11-20 15:00", "2026-11-20 18:00")),
    ("tomorrow from 2pm to 4pm", "tomorrow from 2pm to 4pm", ("2026-11-19 14:00", "2026-11-19 17:00")),
    ("9am to 5pm", "9am to 5pm", ("2026-11-18 09:00", "2026-11-18 18:00")),
    ("july 13-15", "july 13-15", ("2027-07-13", "2027-07-16")),
    ("from march 5th to march 9th", "from march 5th to march 9th", ("2027-03-05", "2027-03-10")),
    ("this weekend", "this weekend", ("2026-11-20 18:00", "2026-11-23")),
    ("tonight", "tonight", ("2026-11-18 18:00", "2026-11-19")),
    ("monday morning", "monday morning", ("2026-11-23", "2026-11-23 12:00")),
    ("last 3 months", "last 3 months", ("2026-08-01", "2026-11-01")),
    ("next 2 weeks", "next 2 weeks", ("2026-11-23", "2026-12-07")),
    ("after 6pm", "after 6pm", ("2026-11-18 18:00", None)),
    ("before next friday", "before next friday", (None, "2026-11-27")),
]


@pytest.mark.parametrize(("text", "words", "value"), TIMES)
def test_times(text: str, words: str, value: Any) -> None:
    assert ("time", words, value) in found(text, "time")


@pytest.mark.parametrize(
    "text",
    [
        "I may sit in the sun",
        "we march on",
        "order 4567",
        "room 12, floor 3",
        "call +1 650 123 4567",
        "1.5 kg",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert found(text, "time") == []


def test_the_grain_and_what_else_it_may_mean_are_told() -> None:
    [match] = extract("monday", NOW, ["time"])
    assert match["value"]["grain"] == "day"
    assert [each["value"][:10] for each in match["value"]["values"]] == [
        "2026-11-23",
        "2026-11-30",
        "2026-12-07",
    ]
    assert match["value"]["value"] == "2026-11-23T00:00:00.000+01:00"
    [match] = extract("from 1 to 3pm", NOW, ["time"])
    assert match["value"]["from"] == {"value": "2026-11-18T13:00:00.000+01:00", "grain": "hour"}
    assert match["value"]["values"][0]["type"] == "interval"


def test_the_country_says_which_number_is_the_day() -> None:
    assert found("03/05/2027", "time", locale="en_GB") == [("time", "03/05/2027", "2027-05-03")]


OTHERS = [
    ("for two people", [("number", "two", 2)]),
    ("one hundred and twenty five", [("number", "one hundred and twenty five", 125)]),
    ("1,200.50", [("number", "1,200.50", 1200.5)]),
    ("3k followers", [("number", "3k", 3000)]),
    ("-4", [("number", "-4", -4)]),
    ("my twenty first", [("ordinal", "twenty first", 21)]),
    ("I pay $42.50", [("amount-of-money", "$42.50", "42.5 $")]),
    ("twenty euros", [("amount-of-money", "twenty euros", "20 EUR")]),
    ("rs 500", [("amount-of-money", "rs 500", "500 INR")]),
    ("between $10 and $20", [("amount-of-money", "between $10 and $20", (10, 20))]),
    ("under 50 dollars", [("amount-of-money", "under 50 dollars", (None, 50))]),
    ("2 hours and 30 minutes", [("duration", "2 hours and 30 minutes", "150 minute")]),
    ("one and a half hours", [("duration", "one and a half hours", "90 minute")]),
    ("half an hour", [("duration", "half an hour", "30 minute")]),
    ("mail a.b+c@example.co.uk now?", [("email", "a.b+c@example.co.uk", "a.b+c@example.co.uk"), ("time", "now", "2026-11-18 09:30")]),
    ("call +1 (650) 123-4567", [("phone-number", "+1 (650) 123-4567", "(+1) 6501234567")]),
    ("see www.example.com/a?b.", [("url", "www.example.com/a?b", "www.example.com/a?b")]),
    ("5 km at 30 degrees celsius", [("distance", "5 km", "5 kilometre"), ("temperature", "30 degrees celsius", "30 celsius")]),
    ("2 kg and 3 litres", [("quantity", "2 kg", "2000 gram"), ("volume", "3 litres", "3 litre")]),
    ("nothing here", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), OTHERS)
def test_everything_else(text: str, expected: list[tuple[str, str, Any]]) -> None:
    assert found(text) == expected


def test_a_duration_is_told_in_seconds_too() -> None:
    [match] = extract("two days", NOW, ["duration"])
    assert match["value"] == {
        "value": 2,
        "unit": "day",
        "day": 2,
        "type": "value",
        "normalized": {"value": 172800, "unit": "second"},
    }


def test_what_was_not_asked_for_hides_nothing() -> None:
    assert found("at 5pm", "number") == []
    assert found("at 5 pm", "number") == [("number", "5", 5)]
    assert [dim for dim, _, _ in found("at 5 pm")] == ["time"]


def test_dates_in_other_languages_need_the_extra() -> None:
    assert speaks("en")
    pytest.importorskip("dateparser")
    assert speaks("es")
    assert found("llego el 5 de marzo de 2027", "time", locale="es") == [
        ("time", "5 de marzo de 2027", "2027-03-05")
    ]
    assert found("bonjour", "time", locale="fr") == []


WORDS = st.sampled_from(
    "at 5 pm on monday the 3rd of march from to until 12 13:45 2026 - , tomorrow next last in two weeks ago and half past noon "
    "morning $ 29 february 99/99/9999 31 june one million years".split()
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_it(text: str) -> None:
    for match in extract(text, NOW):
        assert match["dim"] in DIMENSIONS
        assert text[match["start"] : match["end"]] == match["body"] != ""

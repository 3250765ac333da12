"""What the words of a customer say about a call."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from actions.flows.call_words import says, topic_of, wish_of, zone_name, zone_of

NOW = datetime(2026, 11, 18, 15, 7, 3, tzinfo=UTC)  # Wednesday, 10:07 in New York
ZONE = "America/New_York"


def heard(text: str, day: date | None = None) -> tuple[str, str | None, bool] | None:
    wish = wish_of(text, NOW, ZONE, day)
    if wish is None:
        return None
    form = "%a %H:%M"
    return wish.first.strftime(form), wish.last.strftime(form) if wish.last else None, wish.exact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow after 3", ("Thu 15:00", "Fri 00:00", False)),
        ("Friday morning", ("Fri 00:00", "Fri 12:00", False)),
        ("tomorrow at 3", ("Thu 15:00", None, True)),
        ("friday 3", ("Fri 15:00", None, True)),
        ("tomorrow 4 o'clock", ("Thu 16:00", None, True)),
        ("between 2 and 4 tomorrow", ("Thu 14:00", "Thu 16:00", False)),
        ("2-4pm friday", ("Fri 14:00", "Fri 16:00", False)),
        ("tomorow before 11", ("Thu 00:00", "Thu 11:00", False)),
        ("Monday 10am", ("Mon 10:00", None, True)),
        ("half past 2 on monday", ("Mon 14:30", None, True)),
        ("in 30 minutes", ("Wed 10:37", None, True)),
        ("my lunch break 12 to 1", ("Wed 12:00", "Wed 13:00", False)),
        ("at the weekend", ("Sat 00:00", "Sun 00:00", False)),
        ("tonite after 7", ("Wed 19:00", "Thu 00:00", False)),
        ("any time on Friday", ("Fri 00:00", "Sat 00:00", False)),
        ("17:00", ("Wed 17:00", None, True)),
        ("3", ("Wed 15:00", None, True)),
        ("friday at 2, 503-555-0119", ("Fri 14:00", None, True)),
    ],
)
def test_that_words_name_a_time(text, expected):
    assert heard(text) == expected


@pytest.mark.parametrize("text", ["call me back", "i have 3 lamps", "L204817", "503 555 0119", "hello", ""])
def test_that_other_words_name_none(text):
    assert heard(text) is None


@pytest.mark.parametrize("text", ["as soon as possible?", "asap", "whenever", "now", "any weekday"])
def test_that_the_next_free_time_will_do(text):
    wish = wish_of(text, NOW, ZONE)
    assert wish is not None
    assert wish.soon


def test_that_an_hour_alone_is_one_of_the_day_that_was_spoken_of():
    day = date(2026, 11, 20)
    assert heard("make it 4", day) == ("Fri 16:00", None, True)
    assert heard("monday at 4", day) == ("Mon 16:00", None, True)
    assert heard("tomorrow at 4", day) == ("Thu 16:00", None, True)


def test_that_a_time_is_meant_in_the_zone_that_is_named():
    assert zone_of("3 pm pacific") == zone_of("at 3 PST") == "America/Los_Angeles"
    assert zone_of("central time please") == "America/Chicago"
    assert zone_of("at three") is None
    wish = wish_of("tomorrow 3 pm pacific", NOW, "America/Los_Angeles")
    assert wish is not None
    assert wish.first.astimezone(ZoneInfo(ZONE)).hour == 18
    assert zone_name("America/Los_Angeles") == "Pacific Time"


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("call me tomorrow about my broken lamp", "my broken lamp"),
        ("please ring, it's regarding order L204817. thanks", "order L204817"),
        ("call me about 3", None),
        ("call me about it tomorrow at noon", None),
        ("call me about my lamp tomorrow at noon", "my lamp"),
        ("call me", None),
        ("call me about the refund, 503 555 0119", "the refund"),
    ],
)
def test_that_the_subject_follows_its_word(text, topic):
    assert topic_of(text) == topic


def test_what_becomes_of_a_call():
    assert says("cancels", "I don't need the call any more.")
    assert says("moves", "can we reschedule?")
    assert not says("cancels", "call me at 4")

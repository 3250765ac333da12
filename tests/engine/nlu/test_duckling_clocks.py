from __future__ import annotations

from datetime import UTC, datetime

import pytest

from frontdesk.nlu.duckling_clocks import clocks

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


def told(text: str) -> list[tuple[str, str]]:
    return [(text[a.start : a.end], a.at(NOW).start.strftime("%d %H:%M")) for a in clocks(text) if not a.weak]


@pytest.mark.parametrize(
    ("text", "words", "time"),
    [
        ("5pm", "5pm", "18 17:00"), ("at 15h30", "at 15h30", "18 15:30"), ("3:15p", "3:15p", "18 15:15"),
        ("a quarter to noon", "a quarter to noon", "18 11:45"), ("20 past 3pm", "20 past 3pm", "18 15:20"),
        ("half three", "half three", "18 15:30"), ("at 1030", "at 1030", "18 10:30"), ("330 p.m.", "330 p.m.", "18 15:30"),
        ("ten thirty am", "ten thirty am", "18 10:30"), ("at three", "at three", "18 15:00"), ("at noon", "at noon", "18 12:00"),
    ],
)  # fmt: skip
def test_clock_times(text: str, words: str, time: str) -> None:
    assert (words, time) in told(text)


@pytest.mark.parametrize("text", ["3 to 5 people", "5 days", "for 2 people", "3 a day", "room 101", "25:00"])
def test_what_is_none(text: str) -> None:
    assert told(text) == []

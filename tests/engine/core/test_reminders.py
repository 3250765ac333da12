"""What events change about reminders."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from frontdesk.core.events import ActionExecuted, Event, ReminderCancelled, ReminderScheduled, SlotSet
from frontdesk.core.reminders import Reminder, after, changes, named, seconds

NOW = 1_700_000_000.0


def scheduled(name: str | None = "r", offset: float = 60.0, **more: Any) -> ReminderScheduled:
    when = datetime.fromtimestamp(NOW + offset).isoformat()
    return ReminderScheduled(**{"intent": "remind", "date_time": when, "name": name, **more})


def short(events: list[Event]) -> list[str]:
    """Return changes in short: +name for one that is scheduled, -name for one that is called off."""
    found = changes(events, "ann", NOW)
    return [f"+{c.name}" if isinstance(c, Reminder) else f"-{c.name or '*'}" for c in found]


def test_a_reminder_keeps_what_the_event_says() -> None:
    event = scheduled(entities={"city": "Rome"}, kill_on_user_msg=False)
    [found] = changes([SlotSet("a", 1), event], "ann", NOW, channel="chat", authenticated=True)
    assert isinstance(found, Reminder)
    assert found == Reminder(
        found.id, "ann", "r", "remind", NOW + 60, {"city": "Rome"}, False, "chat", authenticated=True
    )
    [again] = changes([event], "ann", NOW)
    assert isinstance(again, Reminder)
    assert again.message_id != found.message_id, "each scheduling is a reminder of its own"


def test_each_action_schedules_before_it_calls_off_as_in_rasa() -> None:
    assert short([ReminderCancelled("a"), scheduled("a"), scheduled("b")]) == ["+a", "+b", "-a"]
    one, two = ActionExecuted("action_one"), ActionExecuted("action_two")
    assert short([one, ReminderCancelled(), scheduled("a"), two, scheduled("b")]) == ["+a", "-*", "+b"]


def test_only_a_reminder_without_a_name_is_named() -> None:
    event = named(scheduled(None))
    assert isinstance(event, ReminderScheduled)
    assert len(event.name or "") == 36
    assert named(scheduled("mine")) == scheduled("mine")
    assert named(ReminderCancelled()) == ReminderCancelled()


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (scheduled(date_time="tomorrow"), "not a time in ISO 8601"),
        (scheduled(date_time=None), "not a time in ISO 8601"),
        (scheduled(intent=""), "names no intent"),
        (scheduled(intent=5), "names no intent"),
        (scheduled("x" * 256), "its name"),
        (scheduled("a\0b"), "its name"),
        (scheduled("\ud800"), "its name"),
        (scheduled(offset=-61.0), "61 s ago"),
    ],
)
def test_what_cannot_be_meant_is_told_and_not_scheduled(
    event: ReminderScheduled, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert short([event]) == []
    assert said in caplog.text


def test_what_is_only_just_past_is_scheduled() -> None:
    assert short([scheduled(offset=-30.0)]) == ["+r"]


def test_times_with_and_without_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert seconds("2023-11-14T22:13:20+00:00") == NOW
        assert seconds("2023-11-14T22:13:20Z") == NOW
        assert seconds("2023-11-14 23:13:20.5+01:00") == NOW + 0.5
        assert seconds("2023-11-14T17:13:20") == NOW, "without a zone it is local time"
        summer = datetime.fromisoformat("2026-03-08T01:30:00")
        begun, ended = seconds(summer.isoformat()), seconds((summer + timedelta(hours=2)).isoformat())
        assert begun is not None
        assert ended == begun + 3600, "the clocks go forward in between"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert seconds("0001-01-01T00:00:00") is None, "a year that this machine's clock does not know"
    assert seconds("17 o'clock") is None
    assert seconds(None) is None


def reminder(name: str, number: str = "", **more: Any) -> Reminder:
    return Reminder(f"{name}{number}", "ann", name, more.pop("intent", "remind"), NOW, **more)


def test_replacing_and_calling_off() -> None:
    a, b = reminder("a"), reminder("b", entities={"x": 1, "y": 2})
    assert after([a, b], []) == ([], [])
    again = reminder("a", "2")
    assert after([a, b], [again]) == ([a], [again])
    assert after([a, b], [again, ReminderCancelled("a")]) == ([a], [])
    assert after([a, b], [ReminderCancelled(), again]) == ([a, b], [again])
    assert after([a, b], [ReminderCancelled(entities={"y": 2, "x": 1})]) == ([b], [])
    assert after([a, b], [ReminderCancelled(intent="other")]) == ([], [])
    assert after([], [again, reminder("a", "3")]) == ([], [reminder("a", "3")])

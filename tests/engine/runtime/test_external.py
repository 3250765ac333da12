"""What comes from outside: how it is logged, and when a reminder is void."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.core.domain import SessionConfig
from frontdesk.core.events import (
    ActionExecuted,
    ActionReverted,
    Event,
    ReminderScheduled,
    Restarted,
    SessionStarted,
    UserUttered,
)
from frontdesk.core.message import Entity
from frontdesk.core.reminders import Reminder
from frontdesk.core.tracker import Tracker
from frontdesk.runtime.external import entities_of, external, outdated, reminded

DUE = 1_700_000_000.0
AUTHENTICATED = {"frontdesk": {"authenticated": True}}


def tracker(*events: Event) -> Tracker:
    return Tracker.start("ann", {}, events)


def said(text: str = "hi", before: float = 60.0, **more: Any) -> UserUttered:
    return UserUttered(text, timestamp=DUE - before, **more)


def remind(**more: Any) -> Reminder:
    return Reminder("1", "ann", "r", "greet", DUE, **more)


SCHEDULED = ReminderScheduled("greet", "", name="r")


def test_it_is_logged_as_in_rasa() -> None:
    before = tracker(said(input_channel="slack"))
    heard = external(before, "greet", [Entity("city", "Rome")], message_id="m", now=5.0)
    assert (heard.text, heard.intent, heard.input_channel) == ("EXTERNAL: greet", "greet", "slack")
    assert heard.metadata == {"is_external": True}
    assert heard.parse_data["entities"] == [{"entity": "city", "value": "Rome"}]
    assert heard.entities == (Entity("city", "Rome"),)
    assert (heard.message_id, heard.timestamp) == ("m", 5.0)


def test_a_conversation_of_somebody_who_is_authenticated_stays_closed() -> None:
    closed = tracker(said(message_id="m1", metadata=AUTHENTICATED))
    assert external(closed, "greet", [], message_id="m", now=5.0).metadata == {
        "is_external": True, **AUTHENTICATED,
    }  # fmt: skip


def test_a_late_reminder_says_how_late() -> None:
    assert reminded(remind(), tracker(), DUE + 4.9).metadata == {"is_external": True}
    late = reminded(remind(), tracker(), DUE + 3600.04)
    assert late.metadata == late.parse_data["metadata"] == {"is_external": True, "late_seconds": 3600.0}
    assert late.message_id == "reminder-1"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, ()),
        ({}, ()),
        ({"city": "Rome", "size": 3}, (Entity("city", "Rome"), Entity("size", 3))),
        ([{"entity": "city", "value": "Rome", "role": "to"}], (Entity("city", "Rome", role="to"),)),
        ("Rome", ()),
        (["Rome"], ()),
    ],
)
def test_entities_in_both_forms(given: Any, found: tuple[Entity, ...]) -> None:
    assert entities_of(given) == found


HOUR = SessionConfig(60)


@pytest.mark.parametrize(
    ("events", "kill", "why"),
    [
        ([said(), SCHEDULED], True, None),
        ([said(), SCHEDULED, said("and then", 30.0)], True, "written since"),
        ([said(), SCHEDULED, said("and then", 30.0)], False, None),
        ([said(), SCHEDULED, said("and then", 30.0), SCHEDULED], True, None),
        ([said(), SCHEDULED, said("", 30.0)], True, None),
        ([said(), SCHEDULED, Restarted(), ActionExecuted("a")], False, "undone"),
        ([said(), ActionExecuted("a"), SCHEDULED, ActionReverted()], False, "undone"),
        ([said(), SCHEDULED, SessionStarted(), said("later", 30.0)], False, "earlier session"),
        ([said(before=3660.0), SCHEDULED], False, "session had ended"),
        ([said(before=3540.0), SCHEDULED], False, None),
        ([], False, "session had ended"),
    ],
)
def test_when_a_reminder_is_void(events: list[Event], kill: bool, why: str | None) -> None:
    found = outdated(remind(kill_on_user_msg=kill), tracker(*events), HOUR)
    assert found is None if why is None else why in (found or "")


def test_without_sessions_a_reminder_may_be_far_away() -> None:
    events = [said(before=30 * 86_400.0), SCHEDULED]
    assert outdated(remind(), tracker(*events), SessionConfig(0)) is None

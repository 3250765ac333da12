from __future__ import annotations

import dataclasses

import pytest

from frontdesk.core import events as ev
from frontdesk.core.codec import EVENT_TYPES


def test_events_are_frozen() -> None:
    event = ev.SlotSet("size", "XL")
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.value = "S"  # type: ignore[misc]


def test_when_and_with_what_beside_does_not_count_in_a_comparison() -> None:
    assert ev.SlotSet("size", 1, timestamp=1.0) == ev.SlotSet(
        "size", 1, timestamp=2.0, metadata={"a": 1}, extra={"b": 2}
    )
    assert ev.SlotSet("size", 1) != ev.SlotSet("size", 2)
    assert ev.ActionExecuted("a", "P", 0.5) == ev.ActionExecuted("a", "Q", 0.9, hide_rule_turn=True)
    assert ev.Restarted() != ev.SessionStarted()


def test_every_event_has_a_kind_of_its_own() -> None:
    classes = [
        c for c in vars(ev).values() if isinstance(c, type) and issubclass(c, ev.Event) and c is not ev.Event
    ]
    kinds = [c.type_name for c in classes]
    assert len(kinds) == len(set(kinds))
    assert set(EVENT_TYPES) == set(kinds) - {"unknown"}


@pytest.mark.parametrize("cls", EVENT_TYPES.values())
def test_every_event_can_be_made_with_nothing(cls: type[ev.Event]) -> None:
    event = cls()
    assert event.timestamp == 0.0
    assert event.metadata == {}
    assert event.extra is None


def test_a_stamp_is_given_once() -> None:
    event = ev.stamped(ev.Restarted(metadata={"a": 1}), 5.0)
    assert event.timestamp == 5.0
    assert event.metadata == {"a": 1}
    assert ev.stamped(event, 9.0) is event


@pytest.mark.parametrize(
    ("intent", "name", "confidence"),
    [
        ({"name": "greet", "confidence": 0.5}, "greet", 0.5),
        ({"name": None, "confidence": None}, None, 0.0),
        ({"name": 5}, None, 0.0),
        (None, None, 0.0),
        ({}, None, 0.0),
    ],
)
def test_the_intent_of_a_message(intent: object, name: str | None, confidence: float) -> None:
    event = ev.UserUttered("hi", {"intent": intent})
    assert (event.intent, event.intent_confidence) == (name, confidence)
    assert ev.UserUttered("hi").intent is None

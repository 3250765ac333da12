"""Events and conversations keep everything on their way through Rasa's wire form."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import rasa_sdk.events as sdk
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core import events as ev
from frontdesk.core.codec import (
    EVENT_TYPES,
    Verbosity,
    entity_from_wire,
    entity_to_wire,
    events_from_wire,
    from_wire,
    message_to_wire,
    score_to_wire,
    to_wire,
    tracker_to_wire,
)
from frontdesk.core.message import Entity, IntentScore, Message, Token
from frontdesk.core.tracker import Tracker

texts = st.text(max_size=8)
names = st.none() | texts
numbers = st.none() | st.floats(0, 1)
scalars = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=3)
entities = st.lists(
    st.builds(
        Entity,
        entity=texts,
        value=values,
        start=st.none() | st.integers(0, 99),
        end=st.none() | st.integers(0, 99),
        role=names,
        group=names,
        confidence=numbers,
        extractor=names,
        processors=st.lists(texts, max_size=2).map(tuple),
        extra=st.dictionaries(
            st.sampled_from(["confidence_role", "text", "additional_info"]), values, max_size=2
        ),
    ),
    max_size=2,
)
parsed = st.builds(
    lambda intent, found, more: {
        "intent": {"name": intent, "confidence": 0.5},
        "entities": [entity_to_wire(e) for e in found],
        "text": "said",
        "message_id": "m1",
        "metadata": {},
        **more,
    },
    names,
    entities,
    st.dictionaries(
        st.sampled_from(["sentiment", "intent_ranking", "response_selector"]), values, max_size=2
    ),
)


def fields(cls: type[ev.Event]) -> dict[str, Any]:
    """Return a strategy for each field of an event."""
    own: dict[str, Any] = {"timestamp": st.floats(1, 2e9), "metadata": objects}
    for item in dataclasses.fields(cls):
        if item.name in ("data", "wire"):
            own[item.name] = objects
        elif item.name == "entities" and cls is ev.EntitiesAdded:
            own[item.name] = entities.map(tuple)
        elif item.name in ("value", "entities"):
            own[item.name] = values
        elif item.name in ("kill_on_user_msg", "hide_rule_turn", "is_interrupted"):
            own[item.name] = st.booleans()
        elif item.name == "use_text_for_featurization":
            own[item.name] = st.none() | st.booleans()
        elif item.name == "confidence":
            own[item.name] = numbers
        elif item.name not in ("timestamp", "metadata", "extra"):
            own[item.name] = texts
    return own


def heard(parse_data: dict[str, Any], **rest: Any) -> ev.UserUttered:
    found = tuple(entity_from_wire(e) for e in parse_data["entities"])
    return ev.UserUttered(parse_data=parse_data, entities=found, **rest)


plain_events = [st.builds(cls, **fields(cls)) for cls in EVENT_TYPES.values() if cls is not ev.UserUttered]
messages = st.builds(
    heard,
    parsed,
    text=names,
    input_channel=names,
    message_id=names,
    timestamp=st.floats(1, 2e9),
    metadata=objects,
)
events = st.one_of(messages, *plain_events)


def whole(event: ev.Event) -> dict[str, Any]:
    """Return every field, also those that do not count in a comparison."""
    return {"kind": type(event), **dataclasses.asdict(event)}


@given(events)
def test_every_event_comes_back_as_it_was(event: ev.Event) -> None:
    wire = json.loads(json.dumps(to_wire(event)))
    back = from_wire(wire)
    assert back == event
    assert whole(back) == whole(event)
    assert to_wire(back) == wire


@given(events, st.dictionaries(texts, values, max_size=3))
def test_keys_that_are_not_known_are_kept(event: ev.Event, more: dict[str, Any]) -> None:
    wire = {**more, **to_wire(event)}
    assert to_wire(from_wire(wire)) == wire


@given(
    st.dictionaries(texts, values, max_size=4),
    st.sampled_from(["slot_maker", "", "EVENT", None, 5, "unknown"]),
)
def test_an_event_of_an_unknown_kind_is_kept_word_for_word(wire: dict[str, Any], kind: Any) -> None:
    wire = {**wire, "event": kind, "timestamp": 12.5}
    event = from_wire(wire)
    assert isinstance(event, ev.UnknownEvent)
    assert event.timestamp == 12.5
    assert to_wire(event) == wire


@pytest.mark.parametrize("timestamp", ["2026-01-01T00:00:00", [1], {"at": 1}, True])
def test_an_unknown_event_may_have_any_timestamp(timestamp: Any) -> None:
    wire = {"event": "of_another_world", "timestamp": timestamp}
    assert to_wire(ev.stamped(from_wire(wire), 5.0)) == wire


def test_an_unknown_event_without_a_timestamp_gets_the_one_of_its_logging() -> None:
    event = ev.stamped(from_wire({"event": "handshake"}), 7.0)
    assert to_wire(event) == {"event": "handshake", "timestamp": 7.0}


RASA = {
    "user": {"text", "parse_data", "input_channel", "message_id", "metadata"},
    "user_featurization": {"use_text_for_featurization"},
    "entities": {"entities"},
    "bot": {"text", "data", "metadata"},
    "slot": {"name", "value"},
    "restart": set(),
    "rewind": set(),
    "reset_slots": set(),
    "reminder": {"intent", "date_time", "entities", "name", "kill_on_user_msg"},
    "cancel_reminder": {"name", "intent", "entities"},
    "undo": set(),
    "export": {"path"},
    "followup": {"name"},
    "pause": set(),
    "resume": set(),
    "action": {"name", "policy", "confidence", "action_text", "hide_rule_turn"},
    "agent": {"text", "data"},
    "active_loop": {"name"},
    "loop_interrupted": {"is_interrupted"},
    "action_execution_rejected": {"name", "policy", "confidence"},
    "session_started": set(),
}
"""The keys of each kind beside `event` and `timestamp`, as Rasa 3.6.21 writes it (that it forgets what
`cancel_reminder` and `export` say is not followed)."""


@pytest.mark.parametrize("kind", RASA)
def test_the_keys_are_those_of_rasa(kind: str) -> None:
    wire = to_wire(EVENT_TYPES[kind](timestamp=1.0))
    assert set(wire) == {"event", "timestamp"} | RASA[kind]
    assert wire["event"] == kind
    noted = to_wire(EVENT_TYPES[kind](timestamp=1.0, metadata={"model_id": "x"}))
    assert noted["metadata"] == {"model_id": "x"}


def test_every_kind_is_rasas_but_one() -> None:
    assert set(EVENT_TYPES) - set(RASA) == {"handoff"}


def test_what_was_understood_has_the_keys_that_it_always_has_in_rasa() -> None:
    wire = to_wire(ev.UserUttered("hi", message_id="m1", metadata={"a": 1}))
    assert wire["parse_data"] == {
        "intent": {}, "entities": [], "text": "hi", "message_id": "m1", "metadata": {"a": 1},
    }  # fmt: skip


LATER = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
FROM_SDK = [
    (sdk.UserUttered("/hi", {"intent": {"name": "hi", "confidence": 1.0}}), ev.UserUttered("/hi")),
    (sdk.UserUttered("hi", None), ev.UserUttered("hi")),
    (sdk.BotUttered("hello"), ev.BotUttered("hello")),
    (sdk.BotUttered("hello", {"buttons": []}, {"a": 1}), ev.BotUttered("hello", {"buttons": []})),
    (sdk.SlotSet("size", [1, {"a": None}]), ev.SlotSet("size", [1, {"a": None}])),
    (sdk.SlotSet("size"), ev.SlotSet("size")),
    (sdk.Restarted(), ev.Restarted()),
    (sdk.SessionStarted(), ev.SessionStarted()),
    (sdk.UserUtteranceReverted(), ev.UserUtteranceReverted()),
    (sdk.AllSlotsReset(), ev.AllSlotsReset()),
    (
        sdk.ReminderScheduled("remind", LATER, entities={"a": "b"}, name="r", kill_on_user_message=False),
        ev.ReminderScheduled("remind", LATER.isoformat(), {"a": "b"}, "r", False),
    ),
    (sdk.ReminderCancelled("r", "remind"), ev.ReminderCancelled("r", "remind")),
    (sdk.ActionReverted(), ev.ActionReverted()),
    (sdk.StoryExported(), ev.StoryExported()),
    (sdk.FollowupAction("action_x"), ev.FollowupAction("action_x")),
    (sdk.ConversationPaused(), ev.ConversationPaused()),
    (sdk.ConversationResumed(), ev.ConversationResumed()),
    (sdk.ActionExecuted("action_x", "P", 0.5), ev.ActionExecuted("action_x", "P", 0.5)),
    (sdk.AgentUttered("here", None), ev.AgentUttered("here")),
    (sdk.ActiveLoop("a_form"), ev.ActiveLoop("a_form")),
    (sdk.ActiveLoop(None), ev.ActiveLoop(None)),
    (sdk.LoopInterrupted(True), ev.LoopInterrupted(True)),
    (sdk.ActionExecutionRejected("action_x"), ev.ActionExecutionRejected("action_x")),
]


@pytest.mark.parametrize(
    ("wire", "expected"), FROM_SDK, ids=lambda v: v["event"] if isinstance(v, dict) else ""
)
def test_what_actions_return_is_understood(wire: dict[str, Any], expected: ev.Event) -> None:
    event = from_wire(wire)
    assert event == expected
    assert event.timestamp == 0.0
    assert json.dumps(to_wire(event))


def test_a_newer_event_of_the_sdk_is_kept() -> None:
    wire = sdk.SessionEnded(timestamp=1.0, metadata={"why": "done"})
    assert to_wire(from_wire(wire)) == wire


def test_events_of_old_names_are_read_and_written_under_the_new_ones() -> None:
    old = [
        {"event": "form", "name": "a_form", "timestamp": 1.0},
        {"event": "form", "name": None, "timestamp": 2.0},
        {"event": "form_validation", "validate": False, "timestamp": 3.0},
        {"event": "form_validation", "timestamp": 4.0},
    ]
    read = events_from_wire(old)
    assert read == [
        ev.ActiveLoop("a_form"),
        ev.ActiveLoop(None),
        ev.LoopInterrupted(True),
        ev.LoopInterrupted(),
    ]
    assert [to_wire(e)["event"] for e in read] == [
        "active_loop",
        "active_loop",
        "loop_interrupted",
        "loop_interrupted",
    ]
    assert "validate" not in to_wire(read[2])


@pytest.mark.parametrize("key", ["__wire__", "extra", "event", "timestamp", "wire"])
def test_nothing_in_a_users_metadata_makes_another_event_of_the_message(key: str) -> None:
    forged = {key: {"event": "slot", "name": "verified", "value": True}}
    event = ev.UserUttered("hi", {"metadata": forged}, timestamp=1.0, metadata=forged)
    back = from_wire(json.loads(json.dumps(to_wire(event))))
    assert isinstance(back, ev.UserUttered)
    assert back.text == "hi"
    assert back.metadata == forged


def test_no_unknown_key_wins_over_a_known_one() -> None:
    event = ev.SlotSet("a", 1, timestamp=1.0, extra={"event": "restart", "value": 2, "more": 3})
    assert to_wire(event) == {"event": "slot", "timestamp": 1.0, "name": "a", "value": 1, "more": 3}


@pytest.mark.parametrize(
    "wire",
    [
        {"event": "slot", "timestamp": "yesterday"},
        {"event": "slot", "metadata": 5},
        {"event": "user", "parse_data": {"entities": ["word"]}},
        {"event": "user", "parse_data": "text"},
        {"event": "bot", "data": "text"},
    ],
)
def test_a_known_event_of_another_shape_is_refused(wire: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        from_wire(wire)


def test_an_entity_has_only_the_keys_that_say_something() -> None:
    assert entity_to_wire(Entity("size", "XL")) == {"entity": "size", "value": "XL"}
    full = {
        "entity": "city", "start": 1, "end": 4, "confidence_entity": 0.5, "role": "to", "group": "1", "value": "Rom",
        "extractor": "X", "processors": ["Y"], "confidence_role": 0.25,
    }  # fmt: skip
    assert entity_to_wire(entity_from_wire(full)) == full


def test_a_message_as_the_parse_endpoint_answers_it() -> None:
    message = Message(
        "hi",
        tokens=(Token("hi", 0, 2),),
        intent=IntentScore("greet", 0.9),
        ranking=(IntentScore("greet", 0.9), IntentScore("bye", 0.1)),
        sentiment=IntentScore("positive", 0.7),
        extra={"language": "en"},
    )
    assert message_to_wire(message) == {
        "text": "hi",
        "intent": {"name": "greet", "confidence": 0.9},
        "entities": [],
        "text_tokens": [[0, 2]],
        "intent_ranking": [{"name": "greet", "confidence": 0.9}, {"name": "bye", "confidence": 0.1}],
        "sentiment": {"name": "positive", "confidence": 0.7},
        "language": "en",
    }
    assert score_to_wire(None) == {"name": None, "confidence": 0.0}
    assert "sentiment" not in message_to_wire(Message("hi"))


def conversation() -> Tracker:
    said = {"intent": {"name": "greet", "confidence": 1.0}, "message_id": "m1", "metadata": {"a": 1}}
    return Tracker.start(
        "ann",
        {"size": None},
        [
            ev.ActionExecuted("action_listen", timestamp=1.0),
            ev.UserUttered("old", timestamp=1.5),
            ev.Restarted(timestamp=2.0),
            ev.ActionExecuted("action_listen", timestamp=3.0),
            ev.UserUttered("hi", said, (Entity("size", "XL"),), "rest", "m1", timestamp=4.0),
            ev.SlotSet("size", "XL", timestamp=5.0),
            ev.ActiveLoop("a_form", timestamp=6.0),
            ev.ActionExecuted("utter_x", timestamp=7.0),
            ev.ActionReverted(timestamp=8.0),
            ev.FollowupAction("action_y", timestamp=9.0),
        ],
    )


def test_a_conversation_as_action_servers_know_it() -> None:
    wire = json.loads(json.dumps(tracker_to_wire(conversation())))
    said = {
        "intent": {"name": "greet", "confidence": 1.0},
        "message_id": "m1",
        "metadata": {"a": 1},
        "text": "hi",
    }
    assert {**wire, "events": len(wire["events"])} == {
        "sender_id": "ann",
        "slots": {"size": "XL"},
        "latest_message": {**said, "entities": [{"entity": "size", "value": "XL"}]},
        "latest_event_time": 9.0,
        "followup_action": "action_y",
        "paused": False,
        "events": 10,
        "latest_input_channel": "rest",
        "active_loop": {
            "name": "a_form",
            "is_interrupted": False,
            "rejected": False,
            "trigger_message": {k: v for k, v in said.items() if k != "text"},
        },
        "latest_action": {"action_name": "action_listen"},
        "latest_action_name": "action_listen",
    }


def test_an_empty_conversation() -> None:
    wire = tracker_to_wire(Tracker.start("ann", {}))
    assert wire["latest_message"] == {
        "intent": {},
        "entities": [],
        "text": None,
        "message_id": None,
        "metadata": {},
    }
    assert wire["latest_action"] == {}
    assert wire["active_loop"] == {}
    assert wire["latest_event_time"] is None
    assert wire["followup_action"] == "action_listen"


@pytest.mark.parametrize(
    ("verbosity", "most", "times"),
    [
        (Verbosity.ALL, None, [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
        (Verbosity.ALL, 2, [8.0, 9.0]),
        (Verbosity.ALL, 99, [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
        (Verbosity.ALL, 0, []),
        (Verbosity.AFTER_RESTART, None, [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
        (Verbosity.APPLIED, None, [3.0, 4.0, 5.0, 6.0, 9.0]),
        (Verbosity.APPLIED, 1, [9.0]),
        (Verbosity.NONE, None, None),
    ],
)
def test_which_events_are_written(verbosity: Verbosity, most: int | None, times: list[float] | None) -> None:
    found = tracker_to_wire(conversation(), verbosity, most)["events"]
    assert (found if found is None else [e["timestamp"] for e in found]) == times


def test_an_end_to_end_action_is_told_by_its_text() -> None:
    tracker = Tracker.start("ann", {}, [ev.ActionExecuted(None, action_text="Hello there")])
    wire = tracker_to_wire(tracker)
    assert wire["latest_action"] == {"action_text": "Hello there"}
    assert wire["latest_action_name"] == "Hello there"


@pytest.mark.parametrize(
    ("selectors", "full"),
    [
        (
            {"all_retrieval_intents": ["faq"], "faq": {"response": {"intent_response_key": "faq/hours"}}},
            "faq/hours",
        ),
        (
            {"all_retrieval_intents": ["other"], "faq": {"response": {"intent_response_key": "faq/hours"}}},
            None,
        ),
        ({"all_retrieval_intents": ["faq"], "faq": {"response": {"intent_response_key": None}}}, None),
        ({"all_retrieval_intents": ["faq"], "default": {}}, None),
        (["no selectors"], None),
        (None, None),
    ],
)
def test_the_whole_name_of_a_retrieval_intent(selectors: Any, full: str | None) -> None:
    message = Message("when?", intent=IntentScore("faq", 0.9), extra={"response_selector": selectors})
    assert message_to_wire(message)["intent"].get("full_retrieval_intent_name") == full

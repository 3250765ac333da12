from __future__ import annotations

import dataclasses
import json

from frontdesk.actions.calls import read_result, request
from frontdesk.actions.context import ContextSigner
from frontdesk.core.codec import Verbosity, to_wire, tracker_to_wire
from frontdesk.core.events import (
    ActionExecuted,
    ActiveLoop,
    FollowupAction,
    Restarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
    stamped,
)
from frontdesk.core.message import Entity
from frontdesk.core.ports import ActionCall

LISTEN = ActionExecuted("action_listen")


def test_a_new_conversation_in_wire_form(build) -> None:
    assert tracker_to_wire(build.tracker(build.domain(build.slot("a", initial_value=1)))) == {
        "sender_id": "ann",
        "slots": {"a": 1, "requested_slot": None},
        "latest_message": {"intent": {}, "entities": [], "text": None, "message_id": None, "metadata": {}},
        "latest_event_time": None,
        "followup_action": "action_listen",
        "paused": False,
        "events": [],
        "latest_input_channel": None,
        "active_loop": {},
        "latest_action": {},
        "latest_action_name": None,
    }


def test_a_conversation_in_wire_form(build) -> None:
    said = UserUttered(
        "to Bonn",
        {
            "text": "to Bonn",
            "intent": {"name": "inform", "confidence": 0.9},
            "entities": [],
            "sentiment": {"name": "neutral"},
        },
        (Entity("city", "Bonn", 3, 7, role="to", extractor="E"),),
        "chat",
        "m1",
        metadata={"page": "x"},
    )
    domain = build.domain(build.slot("a"))
    events = [LISTEN, said, ActiveLoop("f"), SlotSet("a", 1), ActionExecuted("f"), FollowupAction("action_x")]
    tracker = build.tracker(domain, *(stamped(e, 10.0 + i) for i, e in enumerate(events)))
    wire = json.loads(json.dumps(tracker_to_wire(tracker)))
    assert wire["latest_message"] == {
        "text": "to Bonn", "message_id": "m1", "metadata": {"page": "x"},
        "intent": {"name": "inform", "confidence": 0.9}, "sentiment": {"name": "neutral"},
        "entities": [{"entity": "city", "start": 3, "end": 7, "role": "to", "value": "Bonn", "extractor": "E"}],
    }  # fmt: skip
    assert (wire["latest_event_time"], wire["followup_action"], wire["latest_input_channel"]) == (
        15.0,
        "action_x",
        "chat",
    )
    assert (wire["latest_action"], wire["latest_action_name"]) == ({"action_name": "f"}, "f")
    loop = wire["active_loop"]
    assert (loop["name"], loop["is_interrupted"], loop["rejected"]) == ("f", False, False)
    assert loop["trigger_message"]["intent"]["name"] == "inform"
    assert [e["event"] for e in wire["events"]] == [
        "action",
        "user",
        "active_loop",
        "slot",
        "action",
        "followup",
    ]


def test_an_end_to_end_action(build) -> None:
    tracker = build.tracker(build.domain(), ActionExecuted(action_text="Good day!"))
    assert tracker_to_wire(tracker)["latest_action"] == {"action_text": "Good day!"}


def test_which_events_are_written(build) -> None:
    events = [
        LISTEN,
        UserUttered("a"),
        Restarted(),
        LISTEN,
        UserUttered("b"),
        LISTEN,
        UserUttered("c"),
        UserUtteranceReverted(),
    ]
    tracker = build.tracker(build.domain(), *events)

    def kinds(*options: object) -> list[str] | None:
        written = tracker_to_wire(tracker, *options)["events"]  # type: ignore[arg-type]  # the options of each line below
        return written if written is None else [event["event"] for event in written]

    assert kinds(Verbosity.NONE) is None
    assert kinds(Verbosity.APPLIED) == ["action", "user"]
    assert kinds(Verbosity.AFTER_RESTART) == ["action", "user", "action", "user", "rewind"]
    assert len(kinds(Verbosity.ALL) or ()) == len(events)
    assert kinds(Verbosity.ALL, 2) == ["user", "rewind"]
    assert kinds(Verbosity.AFTER_RESTART, 1) == ["rewind"]
    assert kinds(Verbosity.ALL, 0) == []
    assert kinds(Verbosity.ALL, 99) == kinds()


def test_a_request_holds_the_last_events(build) -> None:
    tracker = build.said(build.tracker(build.domain(), *[SlotSet("x", i) for i in range(50)]))
    body = json.loads(request("action_x", tracker, ActionCall(), ContextSigner(build.secret), 5))
    assert set(body) == {"next_action", "sender_id", "tracker", "version"}
    assert len(body["tracker"]["events"]) == 5
    assert body["tracker"]["events"][-1]["event"] == "user"


def test_a_result() -> None:
    result = read_result("a", {"events": [{"event": "slot"}], "responses": [{}], "more": 1})
    assert (result.events, result.responses) == ([{"event": "slot"}], [{}])


def test_events_are_sent_as_they_are_however_often(build) -> None:
    tracker = build.said(build.tracker(build.domain(), SlotSet("x", {"deep": [1]})))
    odd = SlotSet("y", "kept", metadata={"frontdesk": "forged", "mine": 1}, timestamp=3.0)
    tracker = tracker.append(odd)
    bodies = [
        json.loads(
            request("action_x", tracker, ActionCall(), ContextSigner(build.secret), 500, extra="[1, 2]")
        )
        for _ in range(2)
    ]
    assert bodies[0]["tracker"]["events"] == bodies[1]["tracker"]["events"]
    expected = [to_wire(event) for event in tracker.events()]
    expected[-1]["metadata"] = {"mine": 1}
    assert bodies[0]["tracker"]["events"] == expected
    assert bodies[0]["extra"] == [1, 2]
    changed = dataclasses.replace(odd, value="changed")
    again = json.loads(
        request("action_x", tracker.append(changed), ActionCall(), ContextSigner(build.secret), 500)
    )
    assert again["tracker"]["events"][-1]["value"] == "changed", "nothing is kept of the one it was made from"
    assert changed == SlotSet("y", "changed")

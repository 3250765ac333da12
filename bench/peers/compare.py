"""Tell whether two logs of a conversation say the same, and where they first do not."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Turn = Mapping[str, Any]

_PASSING = ("timestamp", "message_id", "model_id", "assistant_id")
"""What differs from run to run and says nothing about behaviour."""
ACCOUNTED = {
    "action limit": (
        "Rasa's documentation: at most 10 actions 'after each user message'. Its code counts them since the last "
        "action_listen, whatever the user has said in between, and after the tenth adds no action_listen: the "
        "conversation is never answered again. Frontdesk listens after the tenth."
    ),
    "session expiry": (
        "Rasa's documentation: a session ends after a 'time of inactivity'. Its code looks at the last message that "
        "was not undone; where there is none, the session never ends. Frontdesk looks at the last message."
    ),
}
"""Differences that stay, since Rasa's documentation contradicts its code; conversations name them (`differs`)."""

_OWN_METADATA = (*_PASSING, "in_reply_to", "template")
"""`template` is what older versions of the SDK call `response`; `in_reply_to` is a mark of our own."""
_FIGURE = re.compile(r"\{\w+\.\w+\}")
_PLACEHOLDER = re.compile(r"\{[\w.]+\}")
_PLACED = re.compile(r"^policy_\d+_")
_EMPTY: tuple[Any, ...] = (None, "", [], {}, ())


def difference(theirs: Turn, ours: Turn) -> str | None:
    """Return where one turn differs: in events, in what was sent, in slots, loop or what comes next; or None."""
    errors = theirs.get("error"), ours.get("error")
    if any(errors):
        return None if all(errors) else _shown("error", *errors)
    left, right = ([normal(e) for e in carried_once(turn["events"])] for turn in (theirs, ours))
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else None
        other = right[number] if number < len(right) else None
        if one != other and not _same_but_figures(one, other):
            return _shown(f"event {number + 1}", _short(one, other), _short(other, one))
    said, ours_said = [_reply(r) for r in theirs["replies"] or ()], [_reply(r) for r in ours["replies"] or ()]
    if not _same_but_figures(said, ours_said):
        return _shown("replies", said, ours_said)
    return _state_difference(theirs.get("state") or {}, ours.get("state") or {})


def _same_but_figures(theirs: Any, ours: Any) -> bool:
    """Tell whether two values are the same but for `{file.figure}` in a text, which Rasa leaves as it is written.

    Rasa leaves the whole text then, so any other placeholder in it may stand for anything, too.
    """
    if isinstance(theirs, str) and isinstance(ours, str) and _FIGURE.search(theirs):
        pattern = "(.*)".join(re.escape(part) for part in _PLACEHOLDER.split(theirs))
        return re.fullmatch(pattern, ours, re.DOTALL) is not None
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return theirs.keys() == ours.keys() and all(
            _same_but_figures(theirs[key], ours[key]) for key in theirs
        )
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(_same_but_figures, theirs, ours))
    return bool(theirs == ours)


def carried_once(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the events with each slot once where a session begins: Rasa carries over every value it ever had."""
    kept: list[Mapping[str, Any]] = []
    carried: dict[str, Mapping[str, Any]] | None = None
    for event in events:
        if event["event"] == "handoff":
            continue  # Rasa knows no such event; an action that hands over leaves it out there
        if carried is not None and event["event"] == "slot":
            carried.pop(event["name"], None)
            carried[event["name"]] = event
            continue
        kept += (carried or {}).values()
        carried = {} if event["event"] == "session_started" else None
        kept.append(event)
    return [*kept, *(carried or {}).values()]


def normal(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts of an event in wire form."""
    kind = event["event"]
    found = {key: value for key, value in event.items() if key not in (*_PASSING, "metadata")}
    if kind == "user":
        return _user(event)
    if kind == "bot":
        data = {key: value for key, value in (event.get("data") or {}).items() if value not in _EMPTY}
        metadata = {key: v for key, v in (event.get("metadata") or {}).items() if key not in _OWN_METADATA}
        return {"event": kind, "text": event.get("text"), "data": data, "metadata": metadata}
    if kind == "reminder":
        found.pop("date_time", None)
    if kind == "cancel_reminder":
        return {"event": kind}  # Rasa's log does not say which one
    if kind == "slot" and isinstance(found.get("value"), list) and len(found["value"]) == 1:
        # of a list slot, Rasa logs the value as the action wrote it; what the slot holds is compared beside
        found["value"] = found["value"][0]
    if isinstance(found.get("policy"), str):
        found["policy"] = _PLACED.sub("", found["policy"])
    if isinstance(found.get("confidence"), float):
        found["confidence"] = round(found["confidence"], 6)
    return {key: value for key, value in found.items() if value is not None}


def _user(event: Mapping[str, Any]) -> dict[str, Any]:
    parsed = event.get("parse_data") or {}
    intent = parsed.get("intent") or {}
    return {
        "event": "user",
        "text": event.get("text"),
        "intent": intent.get("name"),
        "confidence": intent.get("confidence"),
        "entities": [
            {k: v for k, v in entity.items() if k in ("entity", "value", "role", "group", "start", "end")}
            for entity in parsed.get("entities") or ()
        ],
        # Rasa forgets the channel of an event from outside where a session has just begun.
        "channel": None if str(event.get("text")).startswith("EXTERNAL: ") else event.get("input_channel"),
    }


def _reply(reply: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in reply.items() if key != "metadata" and value not in _EMPTY}


def _state_difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str | None:
    left, right = dict(theirs.get("slots") or {}), dict(ours.get("slots") or {})
    for name in sorted({*left, *right}):
        if left.get(name) != right.get(name):
            return _shown(f"slot {name}", left.get(name), right.get(name))
    for key in ("active_loop", "latest_action_name", "paused", "followup_action"):
        one, other = theirs.get(key) or None, ours.get(key) or None
        if key == "active_loop":
            one, other = _loop(one), _loop(other)
        if one != other:
            return _shown(key, one, other)
    return None


def _loop(loop: Any) -> Any:
    if not loop or not loop.get("name"):
        return None
    return {key: loop.get(key) for key in ("name", "is_interrupted", "rejected")}


def _short(event: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> Any:
    """Return an event without what the other one says just so."""
    if event is None or other is None or event["event"] != other["event"]:
        return event
    return {k: v for k, v in event.items() if k in ("event", "name") or other.get(k) != v}


def _shown(where: str, theirs: Any, ours: Any) -> str:
    return f"{where}: Rasa {_text(theirs)}, Frontdesk {_text(ours)}"


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def compare(theirs: Sequence[Turn], ours: Sequence[Turn]) -> list[str | None]:
    """Return, turn by turn, the difference or None."""
    return [difference(one, other) for one, other in zip(theirs, ours, strict=True)]

"""What an action server is sent, and what it may answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

from frontdesk.actions.context import ContextSigner, event_without_context
from frontdesk.core.codec import Verbosity, to_wire, tracker_to_wire
from frontdesk.core.events import Event, UserUttered
from frontdesk.core.ports import ActionCall, ActionResult
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionError

MAX_EVENTS = 500
"""So many of the last events of a conversation are sent, but always all since the last user message."""


def request(
    name: str, tracker: Tracker, call: ActionCall, signer: ContextSigner, max_events: int, **more: str
) -> str:
    """Return the body of one call as JSON: {next_action, sender_id, tracker, version}, and `more` (JSON already).

    What is known of the conversation (slots, latest message, active loop) does not depend on how many events are sent.
    """
    known = signer.attach(tracker_to_wire(tracker, Verbosity.NONE), name, tracker, call)
    most = max(max_events, _of_this_turn(tracker))
    events = [_event_json(event) for event in tracker.since(max(0, len(tracker) - most))]
    return _object(
        next_action=_json(name),
        sender_id=_json(tracker.sender_id),
        tracker=_object(
            **{key: _json(value) for key, value in known.items() if key != "events"},
            events=f"[{', '.join(events)}]",
        ),
        version=_json(sdk_version()),
        **more,
    )


def _event_json(event: Event) -> str:
    """Return an event as an action server gets it.

    Kept at the event, which never changes: each action of a session is sent all events before it.
    """
    kept: dict[str, Any] = vars(event)
    if _KEPT not in kept:
        kept[_KEPT] = _json(event_without_context(to_wire(event)))
    return str(kept[_KEPT])


_KEPT = "_as_sent"
_json = json.JSONEncoder(default=str).encode  # as `json.dumps`, which makes an encoder for each call


def _object(**parts: str) -> str:
    return f"{{{', '.join(f'{_json(key)}: {part}' for key, part in parts.items())}}}"


def _of_this_turn(tracker: Tracker) -> int:
    """Return how many events there are since the last user message, that one included.

    The SDK reads the slots to validate off the end of the conversation, so these are never cut.
    """
    for count, event in enumerate(tracker.newest_first(), 1):
        if isinstance(event, UserUttered):
            return count
    return 0


@cache
def sdk_version() -> str:
    """Return the version of `rasa-sdk` that is spoken; action servers compare it with their own."""
    try:
        return metadata.version("rasa-sdk")
    except metadata.PackageNotFoundError:
        return "3.6.21"


def read_result(name: str, wire: Any) -> ActionResult:
    """Return what an action answered. Raises ActionError where it is not {events: [], responses: []}."""
    if not isinstance(wire, Mapping):
        raise ActionError(f"The action '{name}' did not answer with an object.", hint=_EXPECTED)
    events, responses = wire.get("events") or [], wire.get("responses") or []
    for key, items in (("events", events), ("responses", responses)):
        if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
            raise ActionError(
                f"In the answer of the action '{name}', '{key}' is not a list of objects.", hint=_EXPECTED
            )
    for event in events:
        if not isinstance(event.get("event"), str):
            raise ActionError(
                f"The action '{name}' returned an event without its kind ('event').", hint=_EXPECTED
            )
    return ActionResult(events, responses)


_EXPECTED = "Expected is what rasa-sdk answers: {events: [{event: ...}], responses: [...]}."

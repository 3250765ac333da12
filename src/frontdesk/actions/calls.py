"""What an action server is sent, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

from frontdesk.actions.context import ContextSigner
from frontdesk.core.codec import Verbosity, tracker_to_wire
from frontdesk.core.events import UserUttered
from frontdesk.core.ports import ActionCall, ActionResult
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionError

MAX_EVENTS = 500
"""So many of the last events of a conversation are sent, but always all since the last user message."""


def request(
    name: str, tracker: Tracker, call: ActionCall, signer: ContextSigner, max_events: int
) -> dict[str, Any]:
    """Return the body of one call, without the domain: {next_action, sender_id, tracker, version}.

    What is known of the conversation (slots, latest message, active loop) does not depend on how many events are sent.
    """
    wire = tracker_to_wire(tracker, Verbosity.ALL, max(max_events, _of_this_turn(tracker)))
    return {
        "next_action": name,
        "sender_id": tracker.sender_id,
        "tracker": signer.attach(wire, name, tracker, call),
        "version": sdk_version(),
    }


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

"""The actions that every assistant has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from frontdesk.actions.utterances import say, sentence
from frontdesk.core.domain import REQUESTED_SLOT
from frontdesk.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
)
from frontdesk.core.ports import Action, Turn
from frontdesk.core.tracker import LISTEN, Tracker


class Quiet:
    """Does nothing but be an action: `action_listen` and `action_unlikely_intent`."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return nothing."""
        return []


class SayAndDo:
    """Says a response if the domain has it, then adds events."""

    def __init__(self, name: str, response: str, events: Sequence[Event] = ()) -> None:
        self.name = name
        self.response = response
        self.events = tuple(events)

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return what was said and the events."""
        return [*await say(turn, self.response, optional=True), *self.events]


class SessionStart:
    """Begins a session; slots are carried over where the domain says so."""

    name = "action_session_start"

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return the start, the last value of each slot that was set, and that the assistant listens."""
        carried = _slots_set(turn.tracker) if turn.domain.session.carry_over_slots else []
        return [SessionStarted(), *carried, ActionExecuted(LISTEN)]


def _slots_set(tracker: Tracker) -> list[SlotSet]:
    """Return the last SlotSet of each slot, in their order.

    Rasa repeats every one that there was, session after session; what follows from them is the same.
    """
    last: dict[str, SlotSet] = {}
    for event in tracker.applied_events():
        if isinstance(event, SlotSet):
            last.pop(event.name, None)
            last[event.name] = SlotSet(event.name, event.value, metadata=event.metadata)
    return list(last.values())


class DeactivateLoop:
    """Leaves the active form."""

    name = "action_deactivate_loop"

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return that no form is active and nothing is asked for."""
        return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)]


class SendText:
    """Says a text that came with the message from outside (`{"message": {"text": ...}}` in its metadata)."""

    name = "action_send_text"

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return what was said; nothing where no text came."""
        message = turn.metadata.get("message")
        text = message.get("text") if isinstance(message, dict) else None
        return [sentence(str(text), utter_action=self.name)] if text else []


DEFAULTS: Mapping[str, Callable[[], Action]] = {
    LISTEN: lambda: Quiet(LISTEN),
    "action_unlikely_intent": lambda: Quiet("action_unlikely_intent"),
    "action_restart": lambda: SayAndDo("action_restart", "utter_restart", [Restarted()]),
    "action_back": lambda: SayAndDo(
        "action_back", "utter_back", [UserUtteranceReverted(), UserUtteranceReverted()]
    ),
    "action_default_fallback": lambda: SayAndDo(
        "action_default_fallback", "utter_default", [UserUtteranceReverted()]
    ),
    "action_default_ask_rephrase": lambda: SayAndDo("action_default_ask_rephrase", "utter_ask_rephrase"),
    "action_session_start": SessionStart,
    "action_deactivate_loop": DeactivateLoop,
    "action_send_text": SendText,
}
"""The plain default actions; those with more behind them are in the modules beside."""

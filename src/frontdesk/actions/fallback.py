"""Ask again when a message was not understood: affirmation, rephrasing, and the loop of both."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from frontdesk.actions.loops import run_loop
from frontdesk.actions.utterances import sentence
from frontdesk.core.domain import Domain
from frontdesk.core.events import ActionExecuted, ActiveLoop, Event, UserUtteranceReverted, UserUttered
from frontdesk.core.ports import Action, Turn
from frontdesk.core.tracker import LISTEN, Tracker

NLU_FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
ASK_AFFIRMATION = "action_default_ask_affirmation"
ASK_REPHRASE = "action_default_ask_rephrase"
GIVE_UP = "action_default_fallback"


class AskAffirmation:
    """Asks whether the most likely intent was meant; assistants usually bring their own with better words."""

    name = ASK_AFFIRMATION

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return the question with two buttons; nothing where no message was understood at all."""
        message = turn.tracker.latest_message
        intent = likely_intent(message) if message else None
        if intent is None:
            return []
        buttons = [{"title": "Yes", "payload": f"/{intent}"}, {"title": "No", "payload": f"/{OUT_OF_SCOPE}"}]
        return [sentence(f"Did you mean '{intent}'?", buttons=buttons, utter_action=self.name)]


def likely_intent(message: UserUttered) -> str | None:
    """Return the intent of a message, or the next best one where it is the fallback."""
    ranking = message.parse_data.get("intent_ranking") or []
    if message.intent == NLU_FALLBACK and len(ranking) > 1:
        name = ranking[1].get("name")
        return name if isinstance(name, str) else None
    return message.intent


class TwoStageFallback:
    """Asks to affirm, then to rephrase, then to affirm again, and gives up after that.

    Once the user has made clear what was meant, everything since is undone and the message counts as
    understood. `action_for` finds the actions of each stage, which an assistant may bring itself.
    """

    name = "action_two_stage_fallback"

    def __init__(self, action_for: Callable[[str, Domain], Action]) -> None:
        self._action_for = action_for

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Begin, go on with or end the two stages."""
        return await run_loop(self, turn)

    async def begin(self, turn: Turn) -> list[Event]:
        """Nothing: the first question is the first step."""
        return []

    async def step(self, turn: Turn, so_far: Sequence[Event]) -> list[Event]:
        """Ask to affirm a message that was not understood, ask to rephrase one that was not affirmed."""
        begun = any(isinstance(event, ActiveLoop) for event in so_far)
        message = turn.tracker.latest_message
        affirm = begun or (message is not None and message.intent == NLU_FALLBACK)
        return await self._run(ASK_AFFIRMATION if affirm else ASK_REPHRASE, turn)

    def is_done(self, turn: Turn, so_far: Sequence[Event]) -> bool:
        """Tell whether the user was understood, or both stages failed."""
        message = turn.tracker.latest_message
        clear = (message.intent if message else None) not in (NLU_FALLBACK, OUT_OF_SCOPE)
        return clear or _failed(turn.tracker)

    async def end(self, turn: Turn) -> list[Event]:
        """Give up, or go on as if the user had been understood at once."""
        if _failed(turn.tracker):
            return await self._run(GIVE_UP, turn)
        message = turn.tracker.latest_message
        clear = [ActionExecuted(LISTEN), certain(message)] if message else []
        return [UserUtteranceReverted(), *clear]

    async def _run(self, name: str, turn: Turn) -> list[Event]:
        return [*await self._action_for(name, turn.domain).run(turn)]


def certain(message: UserUttered) -> UserUttered:
    """Return a message as said just now, with no doubt about its intent."""
    intent = {**(message.parse_data.get("intent") or {}), "confidence": 1.0}
    return dataclasses.replace(message, parse_data={**message.parse_data, "intent": intent}, timestamp=0.0)


def _failed(tracker: Tracker) -> bool:
    twice_unclear = _last_intents(tracker, 2) == [NLU_FALLBACK, NLU_FALLBACK]
    return twice_unclear or _last_intents(tracker, 3) == [OUT_OF_SCOPE, NLU_FALLBACK, OUT_OF_SCOPE]


def _last_intents(tracker: Tracker, count: int) -> list[str | None]:
    """Return the intents of the last messages, newest first; an undoing takes a place, but has no intent."""
    kinds = (UserUttered, UserUtteranceReverted)
    events = [event for event in reversed(tracker.events_after_restart()) if isinstance(event, kinds)]
    return [event.intent for event in events[:count] if isinstance(event, UserUttered)]


class RevertFallbackEvents:
    """Undoes the questions of a fallback, as stories of older projects ask for it."""

    name = "action_revert_fallback_events"

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return the events that leave only the message as it was finally meant."""
        tracker = turn.tracker
        message = next((e for e in reversed(tracker.applied_events()) if isinstance(e, UserUttered)), None)
        if message is None:
            return []
        if tracker.last_executed(ASK_REPHRASE):
            return [*_undone(3), dataclasses.replace(message, timestamp=0.0)]
        if tracker.last_executed(ASK_AFFIRMATION):
            rephrased = _undone(3) if tracker.last_executed(ASK_REPHRASE, skip=1) else []
            return [*_undone(2), *rephrased, certain(message)]
        return []


def _undone(messages: int) -> list[Event]:
    return [*(UserUtteranceReverted() for _ in range(messages)), ActionExecuted(LISTEN)]

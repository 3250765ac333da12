"""Forms: ask for one slot after the other until all are filled."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from frontdesk.actions.custom import CustomAction, inner_call, perform
from frontdesk.actions.failures import apology
from frontdesk.actions.loops import run_loop
from frontdesk.actions.slots import ExtractSlots
from frontdesk.actions.utterances import say
from frontdesk.core.domain import REQUESTED_SLOT
from frontdesk.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    Restarted,
    SlotSet,
)
from frontdesk.core.ports import Turn
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.errors import ActionError, ActionRejected

log = logging.getLogger("frontdesk.actions")


class FormAction:
    """Fills the required slots of a form, as Rasa does.

    Raises ActionRejected where a slot was asked for and the message filled none, so that policies answer a
    question in between. A form whose own actions fail says so and stays where it was.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Begin the form, take what the user said, and ask for what is missing."""
        try:
            return await run_loop(_FormRun(self.name), turn)
        except ActionRejected:
            raise
        except ActionError as error:
            return await apology(turn, self.name, error)


class _FormRun:
    """One run of a form; it counts its calls of each action, so that each has its own idempotency key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._calls: Counter[str] = Counter()

    # The four stages of a loop.

    async def begin(self, turn: Turn) -> list[Event]:
        """Extract slots again, now that conditions on this form hold, and validate what is filled."""
        active = _with(turn, [ActiveLoop(self.name)])
        extracted = [e for e in await ExtractSlots().run(active) if isinstance(e, SlotSet)]
        active = _with(active, extracted)
        if not self._has_validation(turn):
            return [*extracted]
        slots = active.tracker.slots
        prefilled = {name: slots[name] for name in self._required(turn) if slots.get(name) is not None}
        validated = await self._validate_slots(active, prefilled)
        names = {event.name for event in validated if isinstance(event, SlotSet)}
        return [*validated, *(event for event in extracted if event.name not in names)]

    async def step(self, turn: Turn, so_far: Sequence[Event]) -> list[Event]:
        """Validate what the message brought, unless beginning did so, and ask for the next slot."""
        events: list[Event] = []
        if all(isinstance(event, ActiveLoop) for event in so_far):
            events = await self._validate_if_needed(turn)
        if not any(isinstance(event, ActionExecutionRejected) for event in events):
            events += await self._ask_next(turn, [*so_far, *events])
        return events

    def is_done(self, turn: Turn, so_far: Sequence[Event]) -> bool:
        """Tell whether the last word was that nothing is asked for, or that the form is left."""
        if any(isinstance(event, ActionExecutionRejected) for event in so_far):
            return False
        asked = [
            event.value for event in so_far if isinstance(event, SlotSet) and event.name == REQUESTED_SLOT
        ]
        loops = [event.name for event in so_far if isinstance(event, ActiveLoop)]
        return (bool(asked) and asked[-1] is None) or (bool(loops) and loops[-1] is None)

    async def end(self, turn: Turn) -> list[Event]:
        """Nothing more: rules say what follows a form."""
        return []

    # Validation.

    async def _validate_if_needed(self, turn: Turn) -> list[Event]:
        tracker = turn.tracker
        loop = tracker.active_loop
        if loop is None or (tracker.latest_action == LISTEN and not loop.is_interrupted):
            return await self._validate(turn)
        # Back from a question in between: nothing new was said, but validation may choose the next slot.
        return await self._validate_slots(turn, {})

    async def _validate(self, turn: Turn) -> list[Event]:
        candidates = self._candidates(turn)
        events = await self._validate_slots(turn, candidates)
        filled = any(isinstance(event, SlotSet) and event.name != REQUESTED_SLOT for event in events)
        refused = any(isinstance(event, ActionExecutionRejected) for event in events)
        asked = self._asked(turn.tracker)
        if asked and not candidates and not filled and not refused:
            raise ActionRejected(
                self.name, f"The form '{self.name}' asked for '{asked}', and the message does not fill it."
            )
        return events

    def _candidates(self, turn: Turn) -> dict[str, Any]:
        """Return the slots of this form that were filled since the last message, with their last values."""
        wanted = {*self._required(turn), self._asked(turn.tracker)}
        since = _since_last_message(turn.tracker)
        return {event.name: event.value for event in since if event.name in wanted}

    async def _validate_slots(self, turn: Turn, candidates: Mapping[str, Any]) -> list[Event]:
        """Return what `validate_<form>` says of the candidates; nothing where the domain does not list it."""
        if not self._has_validation(turn):
            return []
        name = f"validate_{self.name}"
        call = inner_call(turn, self.name, name, self._calls[name])
        self._calls[name] += 1
        seen = self._temporary(turn, [SlotSet(slot, value) for slot, value in candidates.items()])
        return await perform(seen, name, call)

    def _has_validation(self, turn: Turn) -> bool:
        return f"validate_{self.name}" in turn.domain.action_names

    # Asking.

    async def _ask_next(self, turn: Turn, so_far: Sequence[Event]) -> list[Event]:
        if self.is_done(turn, so_far):
            return [SlotSet(REQUESTED_SLOT, None)]
        chosen = next((e.value for e in so_far if isinstance(e, SlotSet) and e.name == REQUESTED_SLOT), None)
        seen = self._temporary(turn, so_far)
        if chosen:
            return await self._ask(seen, chosen)
        missing = next((name for name in self._required(turn) if seen.tracker.slots.get(name) is None), None)
        if missing is None:
            return [SlotSet(REQUESTED_SLOT, None)]
        return [SlotSet(REQUESTED_SLOT, missing), *await self._ask(seen, missing)]

    async def _ask(self, turn: Turn, slot: str) -> list[Event]:
        places = (
            f"action_ask_{self.name}_{slot}",
            f"utter_ask_{self.name}_{slot}",
            f"action_ask_{slot}",
            f"utter_ask_{slot}",
        )
        name = next((place for place in places if place in turn.domain.action_names), None)
        if name is None:
            log.debug("Nothing in the domain asks for the slot '%s' of the form '%s'.", slot, self.name)
            return []
        if name.startswith("utter_"):
            return [*await say(turn, name)]
        call = inner_call(turn, self.name, name)
        return [*await CustomAction(name).run(dataclasses.replace(turn, call=call))]

    # What is known.

    def _required(self, turn: Turn) -> tuple[str, ...]:
        form = turn.domain.forms.get(self.name)
        return form.required_slots if form else ()

    def _asked(self, tracker: Tracker) -> str | None:
        """Return the slot that this form asked for; what another form asked for does not count."""
        asked = tracker.slots.get(REQUESTED_SLOT) if tracker.active_loop_name == self.name else None
        return asked if isinstance(asked, str) else None

    def _temporary(self, turn: Turn, events: Iterable[Event]) -> Turn:
        """Return the turn as custom actions see it: the new slots stand right after the form's action."""
        asked = SlotSet(REQUESTED_SLOT, self._asked(turn.tracker))
        return _with(turn, [asked, ActionExecuted(self.name), *events])


def _with(turn: Turn, events: Iterable[Event]) -> Turn:
    return dataclasses.replace(turn, tracker=turn.tracker.extend(events))


def _since_last_message(tracker: Tracker) -> list[SlotSet]:
    found: list[SlotSet] = []
    for event in tracker.newest_first():
        if isinstance(event, Restarted) or event == tracker.latest_message:
            break
        if isinstance(event, SlotSet):
            found.append(event)
    return found[::-1]

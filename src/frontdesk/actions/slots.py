"""Fill slots from what the user said: `action_extract_slots`, before every turn of the assistant."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

from frontdesk.actions import mappings
from frontdesk.actions.custom import inner_call, perform
from frontdesk.actions.failures import failure
from frontdesk.core.domain import REQUESTED_SLOT, SESSION_START_METADATA
from frontdesk.core.events import BotUttered, Event, SlotSet
from frontdesk.core.ports import Turn
from frontdesk.core.slots import Slot
from frontdesk.errors import ActionError, ActionRejected

log = logging.getLogger("frontdesk.actions")

VALIDATE = "action_validate_slot_mappings"


class ExtractSlots:
    """Applies the slot mappings of the domain to the last message, in the order of the domain.

    The first mapping that finds a value fills its slot; custom mappings ask the action server, each action
    once. What was found goes through `action_validate_slot_mappings` where the domain lists it. (Rasa drops
    what a custom mapping's action says; here it is said.)
    """

    name = "action_extract_slots"

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return a SlotSet for each slot that was filled, and what custom actions said."""
        found: list[Event] = []
        asked: set[str] = set()
        for slot in turn.domain.slots.values():
            if slot.name not in (REQUESTED_SLOT, SESSION_START_METADATA):
                found += await self._fill(slot, turn, asked)
        slots = [event for event in found if isinstance(event, SlotSet)]
        others = [event for event in found if not isinstance(event, SlotSet)]
        return [*others, *await self._validate(slots, turn)]

    async def _fill(self, slot: Slot, turn: Turn, asked: set[str]) -> list[Event]:
        found: list[Event] = []
        for mapping in slot.mappings:
            if not mappings.applies(slot, mapping, turn.tracker, turn.domain):
                continue
            values = mappings.values(mapping, turn.tracker)
            if values:
                value = values if slot.type == "list" else values[-1]
                if value is not None or turn.tracker.slots.get(slot.name) is not None:
                    return [*found, SlotSet(slot.name, value)]
            action = mapping.options.get("action") if mapping.type == mappings.CUSTOM else None
            if action and action not in asked:
                asked.add(action)
                found += await self._ask(action, turn)
        return found

    async def _ask(self, action: str, turn: Turn) -> list[Event]:
        """Return the slots that a custom action sets and what it says; it may do nothing else here."""
        try:
            events = await perform(turn, action, inner_call(turn, self.name, action))
        except ActionRejected as error:
            log.warning("The action '%s' refused to fill slots. %s", action, error)
            return []
        except ActionError as error:
            return [failure(action, error)]
        for event in events:
            if not isinstance(event, SlotSet | BotUttered):
                log.warning(
                    "The action '%s' may only fill slots here; its event '%s' is left out.",
                    action,
                    event.type_name,
                )
        return [event for event in events if isinstance(event, SlotSet | BotUttered)]

    async def _validate(self, found: list[SlotSet], turn: Turn) -> list[Event]:
        """Return the slots as validated; one that the action does not mention counts as valid."""
        if VALIDATE not in turn.domain.actions:
            return [*found]
        seen = dataclasses.replace(turn, tracker=turn.tracker.extend(found))
        validated = await self._ask(VALIDATE, seen)
        names = {event.name for event in validated if isinstance(event, SlotSet)}
        return [*validated, *(event for event in found if event.name not in names)]

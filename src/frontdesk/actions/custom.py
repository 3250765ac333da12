"""Actions of the action server, as actions of the conversation."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.actions.context import idempotency_key
from frontdesk.actions.failures import apology
from frontdesk.actions.utterances import message_from_wire, message_to_wire, uttered, worded
from frontdesk.core.codec import events_from_wire
from frontdesk.core.domain import Domain
from frontdesk.core.events import BotUttered, Event, SlotSet
from frontdesk.core.ports import ActionCall, Turn
from frontdesk.core.reminders import named
from frontdesk.errors import ActionError, ActionRejected

log = logging.getLogger("frontdesk.actions")

_NOT_ARGUMENTS = ("response", "template")


class CustomAction:
    """Runs an action on the action server; a failure is an apology, a refusal raises ActionRejected."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Run the action, and return what it said and then what it did."""
        try:
            return await perform(turn, self.name)
        except ActionRejected:
            raise
        except ActionError as error:
            return await apology(turn, self.name, error)


async def perform(turn: Turn, name: str, call: ActionCall | None = None) -> list[Event]:
    """Run a custom action, and return what it said and then what it did. Raises ActionError."""
    result = await turn.server.run(name, turn.tracker, turn.domain, call or turn.call)
    said = await _say_all(turn, name, result.responses)
    return [*said, *(_fitted(event, turn.domain) for event in _read_events(name, result.events))]


def inner_call(turn: Turn, within: str, name: str, count: int = 0) -> ActionCall:
    """Return the call of an action that runs inside another, with a key of its own.

    `count` tells apart several calls of the same action inside one run of the outer one.
    """
    key = idempotency_key(turn.tracker, turn.call, f"{within}/{turn.call.nth}/{name}/{count}")
    return dataclasses.replace(turn.call, idempotency_key=key)


def _read_events(name: str, wires: Sequence[Mapping[str, Any]]) -> list[Event]:
    try:
        return [named(event) for event in events_from_wire(wires)]
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        hint = "Return the events of rasa_sdk.events."
        raise ActionError(
            f"The action '{name}' returned an event that cannot be read ({error}).", hint=hint
        ) from error


def _fitted(event: Event, domain: Domain) -> Event:
    """Return the event with a single value of a list slot as a list of one, as Rasa stores it."""
    if not isinstance(event, SlotSet) or not event.value or isinstance(event.value, list):
        return event
    slot = domain.slots.get(event.name)
    return dataclasses.replace(event, value=[event.value]) if slot and slot.type == "list" else event


async def _say_all(turn: Turn, name: str, responses: Sequence[Mapping[str, Any]]) -> list[BotUttered]:
    said: list[BotUttered] = []
    for response in responses:
        wire = await _draft(turn, name, response)
        if wire:
            said.append(uttered(message_from_wire(wire)))
    return said


async def _draft(turn: Turn, name: str, response: Mapping[str, Any]) -> dict[str, Any]:
    """Return one message: the named response, with the action's own parts over it and its buttons added."""
    own = {key: value for key, value in response.items() if value and key not in _NOT_ARGUMENTS}
    named = response.get("response") or response.get("template")
    draft: dict[str, Any] = {}
    if named:
        arguments = {
            k: v for k, v in response.items() if k not in _NOT_ARGUMENTS and (v or k not in _EMPTY_PARTS)
        }
        message = await worded(turn, str(named), arguments)
        if message is None:
            log.error(
                "The action '%s' said '%s', which the domain does not have for this channel.", name, named
            )
            return {}
        draft = {**message_to_wire(message), "utter_action": named}
    buttons = [*(draft.get("buttons") or ()), *(own.pop("buttons", None) or ())]
    return {**draft, **own, **({"buttons": buttons} if buttons else {})}


_EMPTY_PARTS = frozenset({"text", "buttons", "elements", "custom", "image", "attachment", "quick_replies"})

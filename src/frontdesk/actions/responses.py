"""Choose a variation of a response and fill in what it leaves open."""

from __future__ import annotations

import random
from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.actions.interpolation import fill, fill_payload, fill_text
from frontdesk.actions.utterances import PARTS, message_from_wire
from frontdesk.core.domain import Domain, Response
from frontdesk.core.message import BotMessage, Button
from frontdesk.core.tracker import Tracker


class DomainResponses:
    """Says the responses of a domain.

    >>> nlg = DomainResponses(domain, facts={"opening.first_hour": "9"})
    >>> await nlg.generate("utter_opening", tracker, "rest")

    `facts` are figures by dotted name, usable in a response as `{file.key}`. Slots go before facts, and
    arguments of an action before slots. `random` chooses among variations that fit equally well.
    """

    def __init__(
        self, domain: Domain, facts: Mapping[str, Any] | None = None, rng: random.Random | None = None
    ) -> None:
        self.domain = domain
        self.facts = dict(facts or {})
        self.rng = rng or random.Random()  # noqa: S311  # chooses among phrasings

    async def generate(
        self, name: str, tracker: Tracker, channel: str, arguments: Mapping[str, Any] | None = None
    ) -> BotMessage | None:
        """Return one message, or None where there is no such response for this channel and these slots."""
        fitting = variations(self.domain.responses.get(name, ()), channel, tracker.slots)
        if not fitting:
            return None
        values = ChainMap(dict(arguments or {}), dict(tracker.slots), self.facts)
        wire = filled(self.rng.choice(fitting), values)
        return message_from_wire({**wire, "utter_action": name})

    async def close(self) -> None:
        """Let go of nothing."""


def variations(responses: Sequence[Response], channel: str, slots: Mapping[str, Any]) -> list[Response]:
    """Return the variations to choose from, all equally good.

    In this order the first kind that exists is taken: written for the channel with conditions that hold; for
    the channel; for any channel with conditions that hold; for any channel.
    """
    kinds: tuple[list[Response], ...] = ([], [], [], [])
    for response in responses:
        if response.channel not in (None, channel):
            continue
        if response.conditions and not holds(response, slots):
            continue
        own = 0 if response.channel is not None else 2
        kinds[own + (not response.conditions)].append(response)
    return next((kind for kind in kinds if kind), [])


def holds(response: Response, slots: Mapping[str, Any]) -> bool:
    """Tell whether every condition holds; texts are compared without regard to case."""
    return all(_same(slots.get(condition.name), condition.value) for condition in response.conditions)


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return value.casefold() == wanted.casefold()
    return bool(value == wanted)


def filled(response: Response, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a variation in Rasa's wire form with its placeholders filled."""
    wire: dict[str, Any] = {
        key: fill(value, values) if key in _FILLED else value for key, value in response.data.items()
    }
    if response.text is not None:
        wire["text"] = fill_text(response.text, values)
    if response.buttons:
        wire["buttons"] = [_button(button, values) for button in response.buttons]
    if response.channel is not None:
        wire["channel"] = response.channel
    if response.id is not None:
        wire["id"] = response.id
    if response.conditions:
        wire["condition"] = [{"type": c.type, "name": c.name, "value": c.value} for c in response.conditions]
    return wire


def _button(button: Button, values: Mapping[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = {"title": fill_text(button.title, values)}
    if button.payload is not None:
        wire["payload"] = fill_payload(button.payload, values)
    if button.type is not None:
        wire["type"] = button.type
    return {**wire, **fill(dict(button.extra), values)}


_FILLED = frozenset(PARTS) - {"elements"}
"""Rasa fills everything but elements."""

"""Messages of the assistant in Rasa's wire form, and the events that they become."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from frontdesk.core.events import BotUttered
from frontdesk.core.message import BotMessage
from frontdesk.core.ports import Turn
from frontdesk.errors import ActionError
from frontdesk.measures import stop

log = logging.getLogger("frontdesk.actions")

NO_WORDS = "Sorry, I cannot find the words for my answer just now. Please try again in a moment."

PARTS = ("elements", "quick_replies", "buttons", "attachment", "image", "custom")


def message_from_wire(wire: Mapping[str, Any]) -> BotMessage:
    """Read a message; `data` has all of Rasa's six keys, and keys of no meaning here become metadata.

    An image is the attachment, too, where there is no other, since older channels look there.
    """
    data = {part: wire.get(part) for part in PARTS}
    data["attachment"] = wire.get("attachment") or wire.get("image")
    metadata = {key: value for key, value in wire.items() if key != "text" and key not in PARTS}
    return BotMessage(text=wire.get("text"), data=data, metadata=metadata)


def message_to_wire(message: BotMessage) -> dict[str, Any]:
    """Return a message as a flat mapping, without empty parts."""
    parts = {key: value for key, value in message.data.items() if value}
    text = {} if message.text is None else {"text": message.text}
    return {**text, **parts, **message.metadata}


def uttered(message: BotMessage) -> BotUttered:
    """Return the event of saying a message."""
    return BotUttered(text=message.text, data=message.data, metadata=message.metadata)


def sentence(text: str, **extra: Any) -> BotUttered:
    """Return the event of saying a plain text; `extra` are other parts of the message, or metadata."""
    return uttered(message_from_wire({"text": text, **extra}))


async def say(
    turn: Turn, name: str, arguments: Mapping[str, Any] | None = None, *, optional: bool = False
) -> list[BotUttered]:
    """Say a response; nothing where there is none, which is logged unless `optional`."""
    message = await worded(turn, name, arguments, optional=optional)
    if message is None:
        if not optional:
            log.error(
                "Nothing is said for '%s': no such response, or no variation fits the slots and the channel.",
                name,
            )
        return []
    return [BotUttered(message.text, message.data, metadata={**message.metadata, "utter_action": name})]


@stop("respond")
async def worded(
    turn: Turn, name: str, arguments: Mapping[str, Any] | None = None, *, optional: bool = False
) -> BotMessage | None:
    """Return what is said for a response; where its generator fails, an apology, or nothing if it is `optional`.

    That the words are missing undoes nothing: what was decided and done stays.
    """
    try:
        return await turn.nlg.generate(name, turn.tracker, turn.channel, arguments)
    except ActionError as error:
        if optional:
            return None
        log.error("The response '%s' cannot be said. %s", name, error, exc_info=error)
        return BotMessage(NO_WORDS, metadata={"reason": "response_failed"})

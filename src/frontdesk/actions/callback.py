"""Ask another server what to say (`nlg:` in endpoints.yml), as Rasa does."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from frontdesk.actions.calls import MAX_EVENTS
from frontdesk.actions.context import without_context
from frontdesk.actions.responses import DomainResponses, variations
from frontdesk.actions.utterances import message_from_wire
from frontdesk.core.codec import Verbosity, tracker_to_wire
from frontdesk.core.domain import Response
from frontdesk.core.message import BotMessage
from frontdesk.core.tracker import Tracker
from frontdesk.endpoint import Endpoint
from frontdesk.endpoint_client import EndpointClient
from frontdesk.errors import ActionError, EndpointError

log = logging.getLogger("frontdesk.actions")


class CallbackResponses:
    """Has responses worded by a server; where that fails, they are the domain's own.

    >>> nlg = CallbackResponses(Endpoint("http://localhost:5056/nlg"), DomainResponses(domain))

    The server is sent {response, id, arguments, tracker, channel} and answers with a message: {text, buttons, image,
    elements, attachment, quick_replies, custom}, and what else it says is kept with the message. Nothing (`{}` or
    `null`) is said where it answers nothing. `deadline` is in seconds.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        responses: DomainResponses,
        *,
        deadline: float = 10.0,
        max_events: int = MAX_EVENTS,
    ) -> None:
        self.responses = responses
        self.deadline = deadline
        self.max_events = max_events
        self._client = EndpointClient(endpoint)

    async def generate(
        self, name: str, tracker: Tracker, channel: str, arguments: Mapping[str, Any] | None = None
    ) -> BotMessage | None:
        """Return one message, or None where the server has nothing to say.

        Raises ActionError where the server fails and the domain has no such response either.
        """
        body = {
            "response": name,
            "id": self._id(name, tracker, channel),
            "arguments": dict(arguments or {}),
            "tracker": without_context(tracker_to_wire(tracker, Verbosity.ALL, self.max_events)),
            "channel": {"name": channel},
        }
        try:
            wire = checked(await self._client.post_json(body, self.deadline), self._client.endpoint.place)
        except EndpointError as error:
            return await self._own(name, tracker, channel, arguments, error)
        return message_from_wire(wire) if wire else None

    async def _own(
        self,
        name: str,
        tracker: Tracker,
        channel: str,
        arguments: Mapping[str, Any] | None,
        error: EndpointError,
    ) -> BotMessage:
        own = await self.responses.generate(name, tracker, channel, arguments)
        if own is None:
            what = f"The server under 'nlg' did not word '{name}', and the domain has no such response."
            raise ActionError(f"{what} {error.what}", where=error.where) from error
        log.warning("The domain's own response is said for '%s'. %s", name, error)
        return own

    def _id(self, name: str, tracker: Tracker, channel: str) -> str | None:
        """Return the id of the first variation that fits; none where two of them have the same id, as in Rasa."""
        fitting = variations(self.responses.domain.responses.get(name, ()), channel, tracker.slots)
        return fitting[0].id if fitting and _distinct(fitting) else None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _distinct(fitting: list[Response]) -> bool:
    ids = [response.id for response in fitting if response.id]
    return len(ids) == len(set(ids))


_SHAPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "text": ((str,), "a text"),
    "id": ((str,), "a text"),
    "image": ((str,), "a text"),
    "buttons": ((list,), "a list of objects"),
    "elements": ((list,), "a list of objects"),
    "quick_replies": ((list,), "a list of objects"),
    "attachment": ((dict, str), "an object or a text"),
    "custom": ((dict,), "an object"),
}


def checked(wire: Any, where: str | None) -> Mapping[str, Any]:
    """Return an answer that is a message, or empty. Raises EndpointError saying what is wrong with it."""
    if wire is None or wire == "":
        return {}
    if not isinstance(wire, dict):
        raise EndpointError("The answer is not an object.", where=where)
    for key, (kinds, words) in _SHAPES.items():
        value = wire.get(key)
        if value is None:
            continue
        items = value if isinstance(value, list) else ()
        if not isinstance(value, kinds) or not all(isinstance(item, dict) for item in items):
            raise EndpointError(f"In the answer, '{key}' is not {words}.", where=where)
    return wire

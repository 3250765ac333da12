"""Understanding by another server (`nlu:` in endpoints.yml), as Rasa asks it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from frontdesk.core.codec import entity_from_wire
from frontdesk.core.message import IntentScore, Message, Token
from frontdesk.endpoint import Endpoint
from frontdesk.endpoint_client import EndpointClient
from frontdesk.errors import EndpointError
from frontdesk.nlu.payload import read_payload

log = logging.getLogger(__name__)

_KNOWN = ("text", "intent", "entities", "intent_ranking", "text_tokens", "sentiment")


class RemoteNlu:
    """Has texts understood at `{url}/model/parse` of a Rasa or Frontdesk server.

    >>> nlu = RemoteNlu(Endpoint("http://localhost:5005"))
    >>> message = await nlu.parse("hello", "m1")

    It is sent {text, message_id, token}. Where it does not answer within the deadline, or not as expected, the message
    has no intent. A payload (`/greet`) of a known intent is read here and needs no server.
    """

    def __init__(
        self, endpoint: Endpoint, *, deadline: float = 10.0, intents: Collection[str] | None = None
    ) -> None:
        self.deadline = deadline
        self.intents = intents
        self._client = EndpointClient(endpoint.at(f"{endpoint.path}/model/parse"))

    async def parse(self, text: str, message_id: str = "") -> Message:
        """Return what the server makes of a text; nothing where it fails, which is logged."""
        payload = read_payload(text, self.intents)
        if payload is not None:
            return payload
        endpoint = self._client.endpoint
        body = {"text": text, "message_id": message_id, "token": endpoint.token}
        try:
            return understood(text, await self._client.post_json(body, self.deadline), endpoint.place)
        except EndpointError as error:
            log.error("A message was not understood. %s", error)
            return Message(text)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def understood(text: str, wire: Any, where: str | None = None) -> Message:
    """Return the message that an answer of `/model/parse` means. Raises EndpointError where it is none."""
    if not isinstance(wire, Mapping):
        raise EndpointError("The answer is not an object.", where=where)
    try:
        return Message(
            text=text,
            tokens=_tokens(text, wire.get("text_tokens") or ()),
            intent=_score(wire.get("intent")),
            ranking=tuple(filter(None, (_score(item) for item in wire.get("intent_ranking") or ()))),
            entities=tuple(entity_from_wire(item) for item in wire.get("entities") or ()),
            sentiment=_score(wire.get("sentiment")),
            extra={key: value for key, value in wire.items() if key not in _KNOWN},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = "The answer is not what /model/parse gives: {text, intent, entities, intent_ranking}."
        raise EndpointError(what, where=where) from error


def _score(wire: Any) -> IntentScore | None:
    if wire is None or not wire.get("name"):
        return None
    return IntentScore(str(wire["name"]), float(wire.get("confidence") or 0.0))


def _tokens(text: str, spans: Any) -> tuple[Token, ...]:
    return tuple(Token(text[start:end], start, end) for start, end in spans)

"""What HTTP channels share: reading a body, errors in Rasa's envelope."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from json import dumps
from typing import Any
from urllib.parse import parse_qsl

from sanic import Request
from sanic.response import HTTPResponse, json

from frontdesk import __version__
from frontdesk.auth.access import Access, Shown
from frontdesk.auth.principal import Principal
from frontdesk.core.message import UserMessage
from frontdesk.errors import AuthError
from frontdesk.measures import count, stop

LONGEST_ID = 200  # characters of a sender or message id
LARGEST_METADATA = (
    50_000  # characters as JSON; it is kept with the message and goes with every call of an action
)


class Refusal(Exception):
    """Ends a request with an error; `reason` is Rasa's word for the kind, `message` one sentence for the caller."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.headers = dict(headers or {})
        self.details = dict(details or {})


_COUNTED = {401: "auth", 403: "auth", 413: "size", 431: "size", 429: "rate", 503: "unavailable"}
"""Which refusals are counted, by their status: those that say something of load, or of abuse."""


def failure(refusal: Refusal) -> HTTPResponse:
    """Return the refusal in Rasa's error envelope."""
    if refusal.status in _COUNTED:
        count("frontdesk_refused", _COUNTED[refusal.status])
    envelope: dict[str, Any] = {
        "version": __version__,
        "status": "failure",
        "message": refusal.message,
        "reason": refusal.reason,
        "details": refusal.details,
        "help": None,
        "code": refusal.status,
    }
    return json(envelope, status=refusal.status, headers=refusal.headers)


def shown_by(request: Request) -> Shown:
    """Return what the head of a request shows of who sends it."""
    return Shown(None, request.headers.get("Authorization"), request.headers.get("X-API-Key"))


def shown_anywhere(request: Request) -> Shown:
    """Return what a request shows of who sends it, also in its address."""
    # Most requests have no query, which would be taken apart to be asked.
    query = request.args.get("token") if request.query_string else None
    return dataclasses.replace(shown_by(request), query=query)


def access_of(app: Any) -> Access:
    """Return who may come in where a server says so; nobody in particular elsewhere."""
    found = getattr(app.ctx, "access", None)
    return found if isinstance(found, Access) else Access()


def speaker(request: Request, secret: str) -> Principal | None:
    """Return who sends a request, by an API key, a JSON web token or a conversation token; None where nothing is shown.

    Raises Refusal (401) for what is not good.
    """
    try:
        return access_of(request.app).speaker(shown_by(request), secret)
    except AuthError as error:
        raise Refusal(401, "NotAuthenticated", error.sentence) from error


def body(request: Request) -> Mapping[str, Any]:
    """Return the JSON object of a request. Raises Refusal (400) where there is none."""
    try:
        found = request.json
    except Exception as error:  # Sanic's own error depends on the JSON library that it found
        raise Refusal(400, "BadRequest", "The body is not valid JSON.") from error
    if not isinstance(found, dict):
        raise Refusal(400, "BadRequest", "The body must be a JSON object.")
    return found


def form(request: Request, most: int = 50) -> list[tuple[str, str]]:
    """Return the fields of a form in their order, also empty ones. Raises Refusal (400) where there is none."""
    try:
        return parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=most)
    except ValueError as error:
        raise Refusal(400, "BadRequest", "The body is not a form.") from error


def text_field(found: Mapping[str, Any], name: str, *, longest: int | None = None) -> str | None:
    """Return a text of the body, or None where it is missing."""
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refusal(400, "BadRequest", f"'{name}' must be a text.")
    return checked(value, f"'{name}'", longest)


def checked(value: str, what: str, longest: int | None) -> str:
    """Return a text that stores can keep. Raises Refusal (400); `longest` is given for ids, which hold no NUL."""
    if longest is not None and len(value) > longest:
        raise Refusal(400, "BadRequest", f"{what} has more than {longest} characters.")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # a lone surrogate, which no store could keep
        raise Refusal(400, "BadRequest", f"{what} holds characters that are not valid Unicode.") from error
    if longest is not None and "\0" in value:
        raise Refusal(400, "BadRequest", f"{what} holds a character that cannot be kept.")
    return value


class Stream:
    """An answer that is sent bit by bit, and begins with the first: what fails before has a status of its own."""

    def __init__(self, request: Request, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        self._request = request
        self._kind = content_type
        self._headers = dict(headers or {})
        self._response: Any = None

    async def send(self, text: str) -> None:
        """Send a bit."""
        await (await self._begun()).send(text)

    async def end(self, text: str = "") -> None:
        """Send the last bit, if there is one, and end the answer."""
        response = await self._begun()
        if text:
            await response.send(text)
        await response.eof()

    async def _begun(self) -> Any:
        if self._response is None:
            self._response = await self._request.respond(content_type=self._kind, headers=self._headers)
        return self._response


def user_message(
    request: Request, found: Mapping[str, Any], *, sender_id: str, channel: str, authenticated: bool
) -> UserMessage:
    """Return the message in the body of a request; a repeat is known by `message_id` or the Idempotency-Key header."""
    header = request.headers.get("Idempotency-Key")
    message_id = checked(header, "Idempotency-Key", LONGEST_ID) if header else None
    return read_message(
        found, sender_id=sender_id, channel=channel, authenticated=authenticated, message_id=message_id
    )


@stop("channel")
def read_message(
    found: Mapping[str, Any],
    *,
    sender_id: str,
    channel: str,
    authenticated: bool,
    message_id: str | None = None,
) -> UserMessage:
    """Return the message in an object `{"message", "message_id", "metadata"}`. Raises Refusal."""
    text = text_field(found, "message")
    if text is None:
        raise Refusal(400, "BadRequest", "The body has no 'message'.")
    return UserMessage(
        text=text.strip(),
        sender_id=sender_id,
        channel=channel,
        message_id=text_field(found, "message_id", longest=LONGEST_ID) or message_id,
        metadata=_metadata(found),
        authenticated=authenticated,
    )


def _metadata(found: Mapping[str, Any]) -> dict[str, Any]:
    metadata = found.get("metadata")
    if not isinstance(metadata, dict):
        return {}
    size = size_as_json(metadata)
    if size is None:
        raise Refusal(400, "BadRequest", "'metadata' cannot be kept as JSON.")
    if size > LARGEST_METADATA:
        raise Refusal(
            413, "PayloadTooLarge", f"'metadata' has more than {LARGEST_METADATA:,} characters as JSON."
        )
    return metadata


def size_as_json(found: Any) -> int | None:
    """Return how many characters something has as JSON; None where it cannot be kept so."""
    try:
        return len(dumps(found, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        return None

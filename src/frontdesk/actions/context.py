"""Tell an action, in a form that no user can forge, for whom it runs.

The signed context is a JWT (HS256) at `tracker["latest_message"]["metadata"]["frontdesk"]`. Its claims: `sub`
the sender id, `channel`, `auth` (the conversation is authenticated), `act` the action, `mid` the message id,
`idem` the idempotency key, `iat`, `exp`, `aud` "actions". Whatever a user sent under that key is taken out,
everywhere in the tracker.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from frontdesk.core.events import UserUttered
from frontdesk.core.ports import ActionCall
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ConfigError

KEY = "frontdesk"
AUDIENCE = "actions"
VARIABLE = "FRONTDESK_ACTIONS_SECRET"
SHORTEST = 32  # bytes, as RFC 7518 asks of HS256


class ContextSigner:
    """Signs for whom an action runs.

    >>> signer = ContextSigner("a secret of at least thirty-two bytes")
    >>> wire = signer.attach(tracker_to_wire(tracker), "action_x", tracker, call)

    Without a secret, FRONTDESK_ACTIONS_SECRET is read; where that is empty, a fresh secret is made and set in
    this process, for actions that run in it. `lifetime` is in seconds. Raises ConfigError for a secret of
    less than 32 bytes.
    """

    def __init__(
        self, secret: str | None = None, *, lifetime: int = 60, clock: Callable[[], float] = time.time
    ) -> None:
        self._secret = secret or _secret_of_process()
        if len(self._secret.encode()) < SHORTEST:
            hint = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))".'
            raise ConfigError(f"{VARIABLE} must have at least {SHORTEST} bytes.", hint=hint)
        self._lifetime = lifetime
        self._clock = clock

    def token(self, action: str, tracker: Tracker, call: ActionCall) -> str:
        """Return the signed context of one call."""
        import jwt  # takes long to import, and only serving needs it

        now = int(self._clock())
        claims = {
            "sub": tracker.sender_id,
            "channel": call.channel,
            "auth": call.authenticated,
            "act": action,
            "mid": message_id(tracker, call),
            "idem": call.idempotency_key or idempotency_key(tracker, call, action),
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + self._lifetime,
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def attach(
        self, wire: Mapping[str, Any], action: str, tracker: Tracker, call: ActionCall
    ) -> dict[str, Any]:
        """Return a copy of a tracker in wire form with the signed context alone under the reserved key."""
        clean = without_context(wire)
        message = dict(clean.get("latest_message") or {})
        message["metadata"] = {**(message.get("metadata") or {}), KEY: self.token(action, tracker, call)}
        return {**clean, "latest_message": message}


def idempotency_key(tracker: Tracker, call: ActionCall, action: str) -> str:
    """Return a key that is the same when the same message is handled again, and for nothing else."""
    parts = [tracker.sender_id, message_id(tracker, call), action, call.nth]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def message_id(tracker: Tracker, call: ActionCall) -> str:
    """Return the id of the message that is answered, else its place in the conversation."""
    if call.message_id:
        return call.message_id
    position = tracker.offset + len(tracker)
    for event in tracker.newest_first():
        if isinstance(event, UserUttered):
            return event.message_id or f"#{position}"
        position -= 1
    return "#0"


def without_context(wire: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a tracker in wire form without the reserved key in any metadata."""
    clean = dict(wire)
    if isinstance(wire.get("latest_message"), Mapping):
        clean["latest_message"] = _clean(wire["latest_message"])
    if wire.get("events"):
        clean["events"] = [event_without_context(event) for event in wire["events"]]
    loop = wire.get("active_loop")
    if loop and isinstance(loop.get("trigger_message"), Mapping):
        clean["active_loop"] = {**loop, "trigger_message": _clean(loop["trigger_message"])}
    return clean


def event_without_context(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event in wire form without the reserved key in any metadata."""
    clean = _clean(event)
    if isinstance(event.get("parse_data"), Mapping):
        clean = {**clean, "parse_data": _clean(event["parse_data"])}
    return clean


def _clean(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = holder.get("metadata")
    if not isinstance(metadata, Mapping) or KEY not in metadata:
        return holder
    return {**holder, "metadata": {key: value for key, value in metadata.items() if key != KEY}}


def _secret_of_process() -> str:
    if not os.environ.get(VARIABLE):
        os.environ[VARIABLE] = secrets.token_urlsafe(48)
    return os.environ[VARIABLE]

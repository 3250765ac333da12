"""Who is calling: the signed context that comes with every call of an action."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

import jwt

logger = logging.getLogger(__name__)

SECRET_VARIABLE = "FRONTDESK_ACTIONS_SECRET"  # noqa: S105 - the name of a variable, no secret
AUDIENCE = "actions"
LONGEST_TOKEN = 8192
LONGEST_CONVERSATION = 255
SHORTEST_SECRET = 32  # bytes, as RFC 7518 asks of HS256


class TrackerLike(Protocol):
    """The two attributes of `rasa_sdk.Tracker` that are read here."""

    sender_id: str
    latest_message: dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """The conversation on whose behalf an action runs.

    `authenticated` says that the conversation belongs to a token that the server issued (or to a trusted
    system). Only such a conversation can ever be told something private.
    """

    conversation: str
    authenticated: bool
    channel: str
    action: str
    message_id: str
    idempotency_key: str


def caller(tracker: TrackerLike) -> Caller:
    """Read who is calling from the signed context; without a valid one nobody is authenticated.

    Nothing that a user can write (slots, entities, other metadata) is looked at.
    """
    sender = str(tracker.sender_id or "")
    message: Mapping[str, Any] = tracker.latest_message or {}
    metadata = message.get("metadata")
    token = metadata.get("frontdesk") if isinstance(metadata, Mapping) else None
    claims = _claims(token)
    if claims is None or claims["sub"] != sender or len(sender) > LONGEST_CONVERSATION:
        return _stranger(sender, message)
    return Caller(
        conversation=sender,
        authenticated=claims["auth"],
        channel=claims["channel"],
        action=claims["act"],
        message_id=claims["mid"],
        idempotency_key=claims["idem"],
    )


def _claims(token: object) -> Mapping[str, Any] | None:
    """Verify a token and return its claims; None when it is missing, forged, expired or incomplete."""
    if not isinstance(token, str) or not token or len(token) > LONGEST_TOKEN:
        return None
    secret = os.environ.get(SECRET_VARIABLE, "")
    if len(secret.encode()) < SHORTEST_SECRET:
        logger.warning(
            "%s is missing or shorter than %d bytes; no caller is trusted", SECRET_VARIABLE, SHORTEST_SECRET
        )
        return None
    try:
        claims = _verified(token, secret)
        if time.time() >= int(claims["exp"]):
            raise jwt.ExpiredSignatureError
    except jwt.PyJWTError as error:
        logger.warning("the signed context of a call was refused (%s)", type(error).__name__)
        return None
    texts = all(isinstance(claims.get(name), str) for name in ("sub", "channel", "act", "mid", "idem"))
    if not texts or not claims["idem"] or not isinstance(claims.get("auth"), bool):
        logger.warning("the signed context of a call is incomplete")
        return None
    return claims


@lru_cache(maxsize=256)
def _verified(token: str, secret: str) -> Mapping[str, Any]:
    """Return the claims of a token with the right signature, which one action asks for many times; else raise."""
    claims: dict[str, Any] = jwt.decode(
        token, secret, algorithms=["HS256"], audience=AUDIENCE, options={"require": ["exp", "sub", "aud"]}
    )
    return MappingProxyType(claims)


def _stranger(sender: str, message: Mapping[str, Any]) -> Caller:
    """Make a caller of whom nothing is proven; its idempotency key can't meet a signed one."""
    message_id = str(message.get("message_id") or "")
    seed = hashlib.sha256(f"{sender}\x00{message_id}".encode(errors="replace")).hexdigest()
    return Caller(
        conversation=sender,
        authenticated=False,
        channel="",
        action="",
        message_id=message_id,
        idempotency_key=f"unsigned:{seed}" if message_id else "",
    )

"""Conversation tokens: a signed statement that its bearer may speak in one conversation."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

import jwt

from frontdesk.errors import AuthError

AUDIENCE = "conversation"
ALGORITHM = "HS256"
LONGEST = 4096  # characters; a longer token is not looked at


@dataclass(frozen=True, slots=True)
class ConversationToken:
    """Who may speak where: `sender_id` is the conversation, `expires` is in seconds since the epoch."""

    sender_id: str
    expires: float


def issue(
    secret: str, *, lifetime: float = 12 * 3600, sender_id: str | None = None
) -> tuple[str, ConversationToken]:
    """Return a token for a new conversation (or a given one), and what it says; `lifetime` is in seconds."""
    now = time.time()
    claims = ConversationToken(sender_id or f"web-{secrets.token_urlsafe(18)}", now + lifetime)
    payload = {"sub": claims.sender_id, "aud": AUDIENCE, "iat": int(now), "exp": int(claims.expires)}
    return jwt.encode(payload, secret, algorithm=ALGORITHM), claims


def read(token: str, secret: str) -> ConversationToken:
    """Return what a token says. Raises AuthError where it is forged, expired or meant for something else."""
    if len(token) > LONGEST or not token.isascii():
        raise AuthError("The conversation token is too long, or no token at all.")
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["exp", "sub", "aud"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise AuthError("The conversation token has expired.", hint="Ask for a new one.") from error
    except jwt.InvalidTokenError as error:
        raise AuthError("The conversation token is not valid.") from error
    return ConversationToken(str(claims["sub"]), float(claims["exp"]))


def bearer(header: str | None) -> str | None:
    """Return the token of an `Authorization: Bearer ...` header."""
    kind, _, token = (header or "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None

"""Conversation sessions: when one has lapsed, and how a new one begins."""

from __future__ import annotations

from frontdesk.core.domain import SessionConfig
from frontdesk.core.events import UserUttered
from frontdesk.core.tracker import Tracker

RESERVED = "frontdesk"
"""The key in an event's metadata that belongs to the engine; what a user sends under it is dropped."""
AUTHENTICATED = {RESERVED: {"authenticated": True}}
"""Marks what was said, and the session that began with it, while the channel vouched for the user."""


def lapsed(tracker: Tracker, session: SessionConfig, now: float) -> bool:
    """Tell whether the user was silent for longer than a session lasts.

    A conversation in which nothing counts (it is new, or nothing followed a restart) has lapsed, too.
    """
    if tracker.applied is None:
        return True
    if session.expiration_minutes <= 0:
        return False
    for event in tracker.newest_first():
        if isinstance(event, UserUttered):
            return (now - event.timestamp) / 60 > session.expiration_minutes
    return False

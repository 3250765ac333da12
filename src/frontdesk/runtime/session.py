"""Conversation sessions: when one has lapsed, and how a new one begins."""

from __future__ import annotations

from frontdesk.core.domain import SessionConfig
from frontdesk.core.events import UserUttered
from frontdesk.core.tracker import Tracker


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

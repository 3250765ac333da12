"""What a channel vouched for: the mark of it in a conversation, and what follows for everybody else."""

from __future__ import annotations

from collections.abc import Mapping

from frontdesk.core.events import SessionStarted, UserUttered
from frontdesk.core.tracker import Tracker

RESERVED = "frontdesk"
"""The key in an event's metadata that belongs to the engine; what a user sends under it is dropped."""
AUTHENTICATED = {RESERVED: {"authenticated": True}}
"""Marks what was said, and the session that began with it, while the channel vouched for the user."""


def guarded(tracker: Tracker) -> bool:
    """Tell whether a conversation is closed to messages that are not authenticated: the last one was.

    What was said to a caller who proved who it is must not be had by everyone who knows the sender id.
    """
    for event in tracker.newest_first():
        mark = event.metadata.get(RESERVED)
        vouched = isinstance(mark, Mapping) and mark.get("authenticated") is True
        if isinstance(event, UserUttered) and event.message_id:  # not one that an action logged
            return vouched
        if isinstance(event, SessionStarted) and vouched:  # what led to it is in the session before
            return True
    return False

"""What stores say when they refuse."""

from __future__ import annotations

from frontdesk.errors import StaleConversation, StoreError


def stale(expected: int, stored: int) -> StaleConversation:
    """Return the error for a writer that has not seen all events."""
    what = f"Somebody else wrote to the conversation: it has {stored} events, the writer had seen {expected}."
    return StaleConversation(what, hint="Load it again and repeat the turn.")


def answered() -> StaleConversation:
    """Return the error for a second answer to one delivery."""
    what = "The message was answered by somebody else in between."
    return StaleConversation(what, hint="Ask `begin` for the replies that were stored.")


def closed(what: str = "tracker store") -> StoreError:
    """Return the error for using a store after `close`."""
    return StoreError(f"The {what} is closed.", hint="Make a new one.")

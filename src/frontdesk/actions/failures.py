"""What is said and kept when an action fails: never silence."""

from __future__ import annotations

import logging

from frontdesk.actions.utterances import say, sentence
from frontdesk.core.events import Event, FollowupAction, UnknownEvent
from frontdesk.core.ports import Turn
from frontdesk.core.tracker import LISTEN
from frontdesk.measures import count

log = logging.getLogger("frontdesk.actions")

RESPONSE = "utter_action_failed"
APOLOGY = "Sorry, something went wrong on our side and I could not do that. Please try again in a moment."


def failure(name: str, error: Exception) -> UnknownEvent:
    """Log that an action failed, and return the event that keeps it in the conversation.

    The event says what kind of error it was and where; the error's own words stay in the log, since they can
    hold what belongs in no conversation.
    """
    count("frontdesk_actions_failed")
    log.error("The action '%s' failed. %s", name, error, exc_info=error)
    return UnknownEvent({"event": "action_failed", "name": name, "reason": reason(error)})


def reason(error: Exception) -> str:
    """Return the kind of an error and its place."""
    kind = type(error.__cause__ or error).__name__
    where = getattr(error, "where", None)
    return f"{kind} at {where}" if where else kind


async def apology(turn: Turn, name: str, error: Exception) -> list[Event]:
    """Return the events of a failed action: the apology, what failed, and the end of the turn.

    The turn ends since what would come next may take the action's success for granted.
    """
    event = failure(name, error)
    return [*await sorry(turn, name), event, FollowupAction(LISTEN)]


async def sorry(turn: Turn, name: str) -> list[Event]:
    """Return the words for an action that did nothing: the domain's, else ours."""
    said = await say(turn, RESPONSE, {"action": name}, optional=True)
    return [*said] or [sentence(APOLOGY, utter_action=RESPONSE)]

"""Words that give up one thing ("forget the address"): what is under way, or something else that was named with it."""

from __future__ import annotations

import re

from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.flows.turn import message
from actions.flows.wishes import queue_of, queued, served_by, wishes

LEADS = r"(?:(?:no|oh|ok|okay|hm+|wait|actually|please|pls|ugh|nah|just|then|and|sorry|well)\W+)*"
TAILS = r"(?:\W+(?:change|changes|thing|stuff|then|please|pls|alone|now|part|again|for now))*"
GIVES_UP = re.compile(
    rf"{LEADS}(?:forget|never ?mind|skip|scrap|drop|leave)(?: about)?(?: the| my| that| this)? (\w+){TAILS}\W*",
    re.IGNORECASE,
)


def given_up(text: str) -> frozenset[str]:
    """Return the wishes that the whole of a message gives up; none where it says anything else."""
    found = GIVES_UP.fullmatch(text.strip())
    word = found[1].casefold() if found else ""
    return frozenset(intent for intent, wish in wishes().items() if word in wish.subject)


def gives_up_this(tracker: Tracker) -> bool:
    """Tell whether the message gives up what the running form does."""
    running = served_by(tracker.active_loop_name, tracker.get_slot("wish"))
    return running is not None and running in given_up(message(tracker).text)


def gives_up_another(tracker: Tracker) -> str | None:
    """Return another wish than that of the running form that the message gives up."""
    running = served_by(tracker.active_loop_name, tracker.get_slot("wish"))
    others = given_up(message(tracker).text) if running is not None else frozenset()
    return None if running in others else min(others, default=None)


def leave_out(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
    """Say that another wish than that of the running form is let go, and go on with the form; None where none is."""
    another = gives_up_another(tracker)
    if another is None:
        return None
    dispatcher.utter_message(response="utter_left_out", what=wishes()[another].name)
    waiting = [entry for entry in queue_of(tracker) if entry["wish"] != another]
    return [*queued(waiting), FollowupAction(str(tracker.active_loop_name))]

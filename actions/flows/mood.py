"""A kind word where one is due, and never twice in a row."""

from __future__ import annotations

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.flows.turn import SURE, feels_bad, turn_number

PLAIN = 0.9  # how sure it has to be that a question sounds annoyed
PAUSE = 3  # turns between two kind words


def empathy(
    dispatcher: CollectingDispatcher, tracker: Tracker, response: str, least: float = SURE
) -> list[EventType]:
    """Say one sincere sentence to somebody who sounds annoyed, unless one was said a moment ago."""
    if not feels_bad(tracker, least) or comforted(tracker):
        return []
    dispatcher.utter_message(response=response)
    return silence(tracker)


def comforted(tracker: Tracker) -> bool:
    """Tell whether a kind word was said a moment ago."""
    last = tracker.get_slot("empathy_turn")
    return isinstance(last, int | float) and 0 <= turn_number(tracker) - last < PAUSE


def silence(tracker: Tracker) -> list[EventType]:
    """Note that a kind word was said in this turn, so that the next one waits."""
    return [SlotSet("empathy_turn", turn_number(tracker))]

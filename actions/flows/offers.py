"""Offers to pass something on: a yes takes one up, an e-mail address does too, and more of the story goes with it."""

from __future__ import annotations

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.flows.turn import message, set_in_last_turn, spoken
from actions.flows.wishes import wishes

LONGEST = 400
# Offers after which an order number says which order the request is about, rather than asking how it stands.
ABOUT_AN_ORDER = frozenset(
    {
        "cancel_order",
        "change_order",
        "change_address",
        "change_payment",
        "exchange_item",
        "promo_code",
        "schedule_callback",
        "open_ticket",
    }
)


def offer_ticket(dispatcher: CollectingDispatcher, tracker: Tracker, wish: str) -> list[EventType]:
    """Offer to pass a wish to a person, unless something else waits."""
    if tracker.get_slot("wish_queue"):
        return []
    dispatcher.utter_message(response="utter_offer_ticket")
    offer = {"pending_offer": wish, "handoff_wish": wish, "handoff_words": tracker.get_slot("wish_words")}
    return [SlotSet(name, value) for name, value in offer.items()]


def standing(tracker: Tracker) -> str | None:
    """Return the wish that was offered to be passed on a moment ago."""
    offer = tracker.get_slot("pending_offer")
    if not offer or not set_in_last_turn(tracker, "pending_offer"):
        return None
    return str(offer) if offer in wishes() else "talk_to_human"


def take_up(tracker: Tracker, wish: str) -> list[EventType]:
    """Return the events with which an offer is taken up."""
    noted = tracker.get_slot("handoff_words") if tracker.get_slot("handoff_wish") == wish else None
    return [
        SlotSet("pending_offer", None),
        SlotSet("handoff_wish", wish),
        SlotSet("handoff_words", noted),
        FollowupAction("handoff_form"),
    ]


def with_more(tracker: Tracker, wish: str) -> list[EventType]:
    """Return the events with which the last message is added to what would be passed on."""
    before = tracker.get_slot("handoff_words") if tracker.get_slot("handoff_wish") == wish else None
    words = " / ".join(part for part in (str(before or ""), message(tracker).text) if part)
    kept = {"pending_offer": wish, "handoff_wish": wish, "handoff_words": spoken(words, LONGEST)}
    return [SlotSet(name, value) for name, value in kept.items()]


def note_more(dispatcher: CollectingDispatcher, tracker: Tracker, wish: str) -> list[EventType]:
    """Add the last message to what would be passed on, and ask once more."""
    dispatcher.utter_message(response="utter_offer_noted")
    return with_more(tracker, wish)

"""What only shows from what the shop has and from what went before: a code of the shop, a quote, a call."""

from __future__ import annotations

import re

from rasa_sdk.interfaces import Tracker

from actions.flows.address_words import speaks, takes_last
from actions.flows.call_words import wish_of
from actions.flows.choice import words_for_items
from actions.flows.identity import known_customer
from actions.flows.phrases import plain
from actions.flows.promo_words import WISH as CODE
from actions.flows.promo_words import known_code, named_code
from actions.flows.quote_words import WISH as QUOTE
from actions.flows.quote_words import means_quote
from actions.flows.return_words import ADDS
from actions.flows.turn import Said, message
from actions.flows.wishes import cued
from actions.services import services
from actions.services.address_reading import read_address
from actions.services.method_matching import names_method

PAYMENT = "change_payment"
CANCEL = "cancel_order"
CALL = "schedule_callback"
STILL = re.compile(
    r"\b(?:do|still|actually|please|go ahead and|but|yes|then) cancel\b|\bcancel (?:after all|anyway|it)\b"
)
# "please don't cancel it", "why did you cancel it", in plain words
NOT_SO = re.compile(
    r"\b(?:not|dont|didnt|doesnt|wont|wouldnt|shouldnt|cannot|never|without|why|did|what|when|who|how)\b"
)
CANCELS = re.compile(
    r"(?:(?:no|ok|okay|actually|pls|please|can you|can u|just|wait),? )*cancel (?:it|that)(?:\W+(?:pls|please))?\W*"
)
# Intents for which words with a code of the shop may be taken.
LIKE_A_CODE = frozenset({"change_order", "request_refund", "ask_product", "ask_question", "open_ticket"})
# Wishes that a correction, or one thing more, takes up once more.
AGAIN = frozenset(
    {
        "order_status",
        "start_return",
        "cancel_order",
        "change_order",
        "exchange_item",
        "change_address",
        "change_payment",
        "promo_code",
        "schedule_callback",
    }
)


def goes_on(tracker: Tracker) -> str | None:
    """Return the wish that goes on: with a code of the shop, another time for a call just booked, one thing more."""
    if tracker.get_slot("last_wish") == CANCEL and heard_again(message(tracker)):
        return CANCEL
    if tracker.get_slot("last_wish") == PAYMENT and names_method(message(tracker).text):
        return PAYMENT
    return named_code(tracker) or (CALL if about_call(tracker) else None) or _one_more(tracker)


def heard_again(heard: Said) -> bool:
    """Tell whether short words take up a cancellation that was let go: "actually do cancel"."""
    return heard.short and not heard.payload and heard.has(STILL) and not NOT_SO.search(plain(heard.text))


def _one_more(tracker: Tracker) -> str | None:
    """Return the last wish where something of the customer's is named for it, too: "and the blanket as well"."""
    heard, last = message(tracker), tracker.get_slot("last_wish")
    if last not in AGAIN or heard.payload or not heard.short or not heard.has(ADDS):
        return None
    customer = known_customer(tracker, str(last))
    return str(last) if customer and services().orders.matching(customer, words_for_items(heard)) else None


def about_call(tracker: Tracker) -> bool:
    """Tell whether short words cancel the call just booked, or name a time for it and nothing else."""
    heard = message(tracker)
    booked = tracker.get_slot("last_wish") == CALL and heard.short and not heard.payload and not heard.number
    if booked and CANCELS.fullmatch(heard.text.lower()):
        return True
    if not booked or cued(heard.text) not in (None, CALL):
        return False
    return wish_of(heard.text, services().now(), services().policies.support.zone.key) is not None


def meant_instead(tracker: Tracker) -> str | None:
    """Return that wish where the classifier took the words for another one that is close to it."""
    heard = message(tracker)
    if heard.intent in LIKE_A_CODE and known_code(heard):
        return CODE
    if heard.intent == "order_status" and _sends_elsewhere(heard.text):
        return "change_address"
    if about_call(tracker):
        return CALL
    if tracker.get_slot("last_wish") == "change_address" and heard.intent == "account_details":
        return "change_address" if heard.short and takes_last(heard) else None
    going_on = tracker.get_slot("last_wish") == QUOTE and means_quote(tracker)
    return QUOTE if going_on else None


def _sends_elsewhere(text: str) -> bool:
    """Tell whether something is to go to an address in the words."""
    street = read_address(text).line1
    return bool(street) and speaks("order", text) and f" to {street.split()[0]}" in text

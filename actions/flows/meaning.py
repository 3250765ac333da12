"""What only shows from what the shop has and from what went before: a code of the shop, a quote that there is."""

from __future__ import annotations

from rasa_sdk.interfaces import Tracker

from actions.flows.promo_words import WISH as CODE
from actions.flows.promo_words import known_code
from actions.flows.quote_words import WISH as QUOTE
from actions.flows.quote_words import means_quote
from actions.flows.turn import message

# Intents for which words with a code of the shop may be taken.
LIKE_A_CODE = frozenset({"change_order", "request_refund", "ask_product", "ask_question", "open_ticket"})


def meant_instead(tracker: Tracker) -> str | None:
    """Return that wish where the classifier took the words for another one that is close to it."""
    if message(tracker).intent in LIKE_A_CODE and known_code(message(tracker)):
        return CODE
    going_on = tracker.get_slot("last_wish") == QUOTE and means_quote(tracker)
    return QUOTE if going_on else None

"""What a correction means after something wasn't possible: the other item, another order, and what stays as it was."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Customer, Order
from actions.flows.choice import OTHER, OTHER_ORDER, recent
from actions.flows.names import full_name
from actions.flows.return_words import named_items
from actions.flows.turn import Said, actions_of, last_message, message, said, spoken, spoken_after, written
from actions.flows.wishes import LONGEST_WORDS, served_by, wishes
from actions.services.order_numbers import without_numbers

REFUSED = "refused_items"
FAR = 3  # corrections in a row
# Wishes whose words say more than which order and which items: an address, a code, a method.
SAY_MORE = frozenset({"change_address", "change_payment", "promo_code"})

MEANT = re.compile(r"\b(?:i mean|meant)\b|^(?:(?:no|sorry|wait|oh|actually),? )*not the\b")
# What somebody is asked who it is; of it they may mean another, too: "i meant my other e-mail".
WHO = re.compile(r"\b(?:e-?)?mails?\b|\b(?:address|zip|postcode|postal|number|account|name)")


def concerned(order: Order, tracker: Tracker) -> list[str]:
    """Return the items of an order that a refused wish was about: named ones, or the other one of two; none for all."""
    words = Said(str(tracker.get_slot("wish_words") or ""))
    return named_items(order, words) or beside_refused(order, tracker, words)


def beside_refused(order: Order, tracker: Tracker, words: Said) -> list[str]:
    """Return the item beside the one that couldn't be dealt with a moment ago, where "the other one" means that."""
    refused = tracker.get_slot(REFUSED) or []
    if not refused or tracker.get_slot("last_order") != order.number:
        return []
    if not words.has(OTHER) or words.has(OTHER_ORDER):
        return []
    rest = [item.id for item in order.items if item.id not in refused]
    return rest if len(rest) == 1 else []


def no_other_order(customer: Customer, order: Order, tracker: Tracker) -> bool:
    """Tell whether another order is wanted than the one refused a moment ago, and the customer has none."""
    if tracker.get_slot("last_order") != order.number or len(recent(customer)) > 1:
        return False
    heard = message(tracker)
    return heard.has(OTHER) and heard.number is None and not concerned(order, tracker)


def words_again(tracker: Tracker, wish: str) -> str:
    """Return the words with which a wish begins again: of the message before, what is no order's number stays."""
    now = message(tracker).text
    if wish not in SAY_MORE or tracker.get_slot("last_wish") != wish:
        return now
    before = [without_numbers(words, " ") for words in _corrected(tracker)]
    return spoken_after(before, now, LONGEST_WORDS)


def _corrected(tracker: Tracker) -> list[str]:
    """Return what the customer wrote that this message corrects, oldest first: back to what was no correction."""
    found: list[str] = []
    for back, words in enumerate(reversed(written(tracker)[:-1]), start=1):
        found.insert(0, "" if words.startswith("/") else words)
        if back == FAR or "action_correct" not in actions_of(tracker, back):
            break
    return found


def reworded(tracker: Tracker, form: str) -> dict[str, Any]:
    """Return the slot with other words for the wish, where somebody who is asked who it is says what was meant."""
    words = said(tracker, form)
    if words.payload or not words.has(MEANT) or words.has(WHO) or not tracker.get_slot("wish_words"):
        return {}
    if words.email or words.number or words.postcode or full_name(words.text, asked=True):
        return {}
    return {"wish_words": spoken(words.text, LONGEST_WORDS)}


def interrupted_order(customer: Customer, tracker: Tracker) -> Order | None:
    """Return the order that was chosen for another wish whose form this message interrupts."""
    at = last_message(tracker)
    loop = next(
        (e.get("name") for e in reversed(tracker.events[:at]) if e.get("event") == "active_loop"), None
    )
    wish = served_by(str(loop or ""))
    if wish is None or not wishes()[wish].order or loop == tracker.active_loop_name:
        return None
    number = str(tracker.get_slot(wishes()[wish].order) or "")
    return next((order for order in recent(customer) if order.number == number), None)

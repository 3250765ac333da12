"""What the words of a customer say about a quote that there is or that is being made, and how its lines are told."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.flows.memo import looked_up
from actions.flows.phrases import speaks
from actions.flows.promo_words import plainly_named
from actions.flows.turn import message
from actions.flows.wording import amount
from actions.services import services
from actions.services.quote_desk import QuoteDesk
from actions.services.quote_policy import QuoteLine

TABLE = Path(__file__).with_name("quote_words.yml")
WISH = "request_quote"
REFERENCE = re.compile(r"\bQ[ -]?(\d{5,9})\b", re.IGNORECASE)
APART = frozenset(  # wishes that are none about a quote, however short they are
    {"order_status", "start_return", "exchange_item", "delivery_problem", "promo_code", "schedule_callback"}
)
LEAVES = frozenset({"deny", "stop"})


speaks_of = partial(speaks, TABLE)


def reference_in(words: str) -> str | None:
    """Return the number of a quote that stands in the words."""
    found = REFERENCE.search(words)
    return f"Q-{found[1]}" if found else None


def code_named(text: str) -> str | None:
    """Return the promo code that the words name; a quote's own number is none."""
    return None if reference_in(text) else plainly_named(text)


def without_code(text: str, code: str) -> str:
    """Take a promo code, and what introduces it, out of the words."""
    spelled = r"[ _-]?".join(re.escape(part) for part in re.findall(r"[A-Z]+|[0-9]+", code))
    lead = r"(?:(?:with|using|use|apply|and|add|plus|my|the|a|promo|discount|coupon|voucher|code)\s+){0,8}"
    return re.sub(rf"\b{lead}{spelled}\b", " ", text, flags=re.IGNORECASE)


def speaks_of_codes(text: str) -> bool:
    """Tell whether the words speak of promo codes."""
    return code_named(text) is not None or speaks_of("codes", text)


def tell_no_codes(dispatcher: CollectingDispatcher, text: str) -> str | None:
    """Say that a quote takes no promo codes; return what else the words say, or None where they speak of no code."""
    if not speaks_of_codes(text):
        return None
    code = code_named(text)
    if code is None:
        dispatcher.utter_message(response="utter_quote_no_codes")
        return text
    dispatcher.utter_message(response="utter_quote_no_code", code=code)
    return without_code(text, code)


def desk() -> QuoteDesk:
    """Look at the catalogue for a quote, once within one call of an action."""
    return looked_up(("quote desk",), services().quotes.desk)


def described(line: QuoteLine) -> str:
    """Write one line with its price, its discount and what is missing in stock."""
    words = f"{line.quantity} x {line.label} at {amount(line.price)}: {amount(line.total)}"
    if line.share:
        words += f" ({(line.share * 100).normalize():f}% off)"
    if line.short:
        there = f"{line.stock} in stock now" if line.stock else "out of stock now"
        words += f"; {there}, the rest as soon as we have it"
    return words


def means_quote(tracker: Tracker) -> str | None:
    """Return the wish about quotes if the last message goes on about the quote that there is."""
    heard = message(tracker)
    if heard.payload:
        return None
    if reference_in(heard.text):
        return WISH
    if not tracker.get_slot("quote_lines"):
        return None
    fresh = tracker.get_slot("last_wish") == WISH and heard.intent not in ("ask_question", "talk_to_human")
    fresh = fresh and heard.number is None
    if speaks_of("about", heard.text) and any(
        speaks_of(each, heard.text) for each in ("send", "discard", "change", "show")
    ):
        return WISH
    if not fresh:
        return None
    if any(speaks_of(each, heard.text) for each in ("send", "discard", "show")):
        return WISH
    if heard.intent in APART:
        return None
    changes = desk().read(heard.text, list(tracker.get_slot("quote_lines") or ())).changed
    return (
        WISH
        if changes and (speaks_of("change", heard.text) or (heard.short and heard.intent != "ask_product"))
        else None
    )

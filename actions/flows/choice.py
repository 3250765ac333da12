"""Which order is meant: by number, by place, by what was in it, or by asking."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Customer, Order
from actions.flows.memo import looked_up
from actions.flows.turn import EMAIL, POSTCODE, Said
from actions.services import services
from actions.services.item_matching import CHEAP, DEAR, PLACE, PLACES

SHOWN = 5
SHORT_STATES = {
    "pending": "just placed",
    "changed": "changed, not packed yet",
    "processing": "being packed",
    "partially_shipped": "partly on its way",
    "shipped": "on its way",
    "out_for_delivery": "arriving today",
    "delivered": "delivered",
    "cancelled": "canceled",
    "exchange_requested": "being exchanged",
    "return_requested": "being returned",
    "returned": "returned",
    "refunded": "refunded",
}
TITLE = 34  # characters of an item's name on a button
OTHER = re.compile(
    r"\b(?:(?:the|an?|my|some|which)\s+)?(?:other|another|different|wrong)\s+(?:one|order|purchase)\b"
    r"|\bnot\s+(?:that|this)\s+(?:one|order)\b|\bthe other\b"
)
OTHER_ORDER = re.compile(
    r"\b(?:other|another|different|wrong)\s+(?:\w+\s+)?(?:order|purchase)s?\b"
    r"|\bnot\s+(?:that|this)\s+(?:order|purchase)\b"
)
BEFORE = re.compile(
    r"\b(?:one|order)\s+before(?:\s+(?:that|this|it|the last))?\b|\bprevious\s+(?:one|order)\b"
)
NEWER = re.compile(r"\b(?:newer|newest|more recent|most recent|later|latest)\b")
OLDER = re.compile(r"\b(?:older|oldest|earlier|earliest)\b")
PICKED = (  # "found it cheaper elsewhere", "i'll tell you later" pick none; nor does "not the newest one"
    r"cheap\w*|(?:in)?expensive|priciest|pricier|dearer|dearest|newer|newest|recent|later|latest|older|oldest"
    r"|earlier|earliest"
)
PICKS = re.compile(
    rf"^(?!.*(?:\bnot\b|n'?t\b)).*(?:\b(?:the|my|that) (?:(?:more|most|less|least|much) )?(?:{PICKED})\b"
    rf"|\b(?:{PICKED}) (?:one|order)\b|^(?:most |least )?(?:\w+est|recent|expensive)\W*$)",
    re.DOTALL,
)
SAME = re.compile(r"\b(?:it|that one|this one|that order|this order|same (?:one|order))\b")


def placed(heard: Said, offered: Sequence[Order]) -> str | None:
    """Return the number of the order that is meant by its place, price or age: "the second one", "the cheaper one"."""
    if heard.payload or not heard.short or not offered:
        return None
    found = PLACE.search(heard.text)
    at = PLACES.get(found[1].lower()) if found else None
    if at is not None:
        return offered[at].number if at < len(offered) else None
    if not heard.has(PICKS):
        return None
    if CHEAP.search(heard.text):
        return min(offered, key=lambda order: order.total).number
    if DEAR.search(heard.text):
        return max(offered, key=lambda order: order.total).number
    newest, oldest = heard.has(NEWER), heard.has(OLDER)
    return offered[0 if newest else -1].number if newest != oldest else None


def recent(customer: Customer) -> list[Order]:
    """Return the orders that a customer may choose from, newest first."""
    return looked_up(("recent", customer.id), lambda: services().orders.recent(customer, limit=SHOWN))


def words_for_items(heard: Said) -> str:
    """Return the words without what certainly isn't the name of a thing."""
    return POSTCODE.sub(" ", EMAIL.sub(" ", heard.text))


def choose(
    customer: Customer,
    heard: Said,
    tracker: Tracker,
    current: str | None = None,
    possible: Sequence[Order] = (),
) -> str | None:
    """Return the number of the order that the customer means, as they gave it; None when it must be asked.

    A number comes back as it was said, even one that isn't theirs: the caller checks it and says so.
    `current` is the order that was chosen before; "the other one" is any but that. Of the orders that the words fit,
    those count first that are `possible`, and neither "it" nor "the other one" is any but one of those.
    """
    if heard.number and not _is_zip(customer, heard):
        return heard.number
    orders = recent(customer)
    other = heard.has(OTHER)
    if other:
        before = current or tracker.get_slot("last_order")
        orders = [order for order in orders if order.number != before]
    earlier = _one_before(customer, current or tracker.get_slot("last_order")) if heard.has(BEFORE) else None
    found = earlier or _described(customer, heard, orders, tracker.get_slot("last_order"), possible)
    if found:
        return found
    if not other:
        mentioned = tracker.get_slot("order_number")
        if mentioned:
            return str(mentioned)
        last = tracker.get_slot("last_order")
        if heard.has(SAME) and last and (not possible or last in {order.number for order in possible}):
            return str(last)
    left = [order for order in orders if order in possible] if other else []
    left = left or orders
    return left[0].number if len(left) == 1 else None


def _is_zip(customer: Customer, heard: Said) -> bool:
    """Tell whether what looks like a number is the ZIP code that proves who they are."""
    return heard.number == heard.postcode and customer.address.postcode[:5] == heard.number


def described(customer: Customer, heard: Said) -> str | None:
    """Return the number of the one recent order that the words describe."""
    return _described(customer, heard, recent(customer), None)


def _described(
    customer: Customer, heard: Said, orders: Sequence[Order], last: str | None, possible: Sequence[Order] = ()
) -> str | None:
    """Return the one order that the words describe; of several, the one that was spoken of last."""
    if not heard.text:
        return None
    numbers = {order.number for order in orders}
    found = services().orders.matching(customer, words_for_items(heard))
    fits = [order.number for order in found if order.number in numbers]
    open_ones = {order.number for order in possible}
    fits = [number for number in fits if number in open_ones] or fits
    if last in fits and not heard.has(OTHER):
        return last
    return fits[0] if len(fits) == 1 else None


def _one_before(customer: Customer, number: str | None) -> str | None:
    """Return the order that was placed before another one."""
    numbers = [order.number for order in recent(customer)]
    at = numbers.index(number) + 1 if number in numbers else len(numbers)
    return numbers[at] if at < len(numbers) else None


def fitting(customer: Customer, heard: Said) -> list[Order]:
    """Return the orders to offer: those that the words describe, else the recent ones."""
    orders = recent(customer)
    found = (
        services().orders.matching(customer, words_for_items(heard))
        if heard.text and not heard.number
        else []
    )
    return found[:SHOWN] if len(found) > 1 else orders


def ask_which(
    dispatcher: CollectingDispatcher, response: str, orders: Sequence[Order], *, whole: bool = True
) -> None:
    """List orders as buttons: number, what is in them, how they stand; `whole` says that there are no others."""
    if len(orders) == 1:
        response = "utter_only_order" if whole else "utter_only_possible_order"
    dispatcher.utter_message(response=response, buttons=[button(order) for order in orders])


def button(order: Order) -> dict[str, str]:
    """Offer an order on a button: its number, what is in it, how it stands."""
    return {"title": title(order), "payload": payload("inform", order_number=order.number)}


def title(order: Order) -> str:
    """Name an order on a button."""
    parts = [order.number, contents(order), SHORT_STATES.get(order.status, "")]
    return " \N{MIDDLE DOT} ".join(part for part in parts if part)


def contents(order: Order) -> str:
    """Name what is in an order in a few words."""
    if not order.items:
        return ""
    first = order.items[0].name
    first = first if len(first) <= TITLE else first[: TITLE - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    more = len(order.items) - 1
    return f"{first} + {more} more" if more else first


def payload(intent: str, **entities: Any) -> str:
    """Write what a button sends."""
    return f"/{intent}{json.dumps(entities)}" if entities else f"/{intent}"

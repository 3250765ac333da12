"""Opening a wish, and turning to the next one: what the actions between the wishes of a message do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.done_told import tell_done
from actions.flows.leaving import leave_out
from actions.flows.meaning import meant_instead
from actions.flows.mood import PLAIN, empathy
from actions.flows.phrases import plain
from actions.flows.promo_words import WISH as CODE
from actions.flows.promo_words import plainly_named
from actions.flows.quote_words import WISH as QUOTE
from actions.flows.turn import EMAIL, POSTCODE, SURE, Said, message, message_before
from actions.flows.wishes import (
    Part,
    Reading,
    Wish,
    begin,
    clear_wish,
    for_each_order,
    guessed,
    noted,
    queue_of,
    queued,
    read,
    serve,
    served_by,
    wishes,
)
from actions.services import services

ONE_OF_THEM = re.compile(r"^and\b.*\b(?:one|order)\b|\b(?:order|one) with\b")
ALONE = re.compile(
    rf"{EMAIL.pattern}|(?:order |number |no\.? |nr\.? |#)*[A-Za-z]{{0,2}}[ -]?\d{{1,12}}", re.IGNORECASE
)
SAFE = re.compile(r"\b(?:safe|danger\w*)\b")
# What was under way is left for something else; "rather than wait" doesn't say so, nor "instead" among other words.
INSTEAD = re.compile(
    r"^(?:(?:no|ok|okay|hmm|wait|oh|actually|and|but|so|then|please),? )*instead\b(?! of)"
    r"|\binstead(?:,? (?:please|pls|then|thanks|thank you))?\W*$"
)
RATHER = re.compile(
    r"\bi(?:['\N{RIGHT SINGLE QUOTATION MARK}]?d| would) rather (?:just )?"
    r"(?:return|send|exchange|swap|replace|change|switch|cancel|pay|get|have)\b"
)
IT = re.compile(r"\b(?:it|this|that|them|these|those)\b")
OF_A_RETURN = re.compile(
    r"\b(?:cancel|cancle|stop|undo|withdraw)\w* (?:(?!(?:and|or|then|but|also)\b)\w+ ){0,3}returns?\b"
)
LAST = "action_pass_on"
EXPLAINED = {
    "cancel_order": "cancel",
    "start_return": "return",
}  # whose forms only say how the money comes back
MOVES_MONEY = frozenset(
    {
        "cancel_order",
        "start_return",
        "request_refund",
        "billing_dispute",
        "delivery_problem",
        "exchange_item",
        "change_order",
        "change_payment",
    }
)


class ActionAcknowledge(Action):
    """Open a wish: a kind word where one is due, and a note of what else the message asks for."""

    def name(self) -> str:
        """Name the action."""
        return "action_acknowledge"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Acknowledge the customer's mood and put further wishes into the queue."""
        heard = message(tracker)
        wish = wishes().get(heard.intent) or wishes().get(str(clear_wish(tracker)))
        if wish is None:
            return []
        if not tracker.active_loop_name and ALONE.fullmatch(heard.text.strip(" .,!")):
            return [
                FollowupAction("action_inform")
            ]  # an address or a number alone is an answer, whatever it looks like
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered or [FollowupAction("action_next_wish")]
        left_out = leave_out(dispatcher, tracker)
        if left_out is not None:
            return left_out
        events = empathy(dispatcher, tracker, wish.empathy, PLAIN if wish.asks else SURE)
        running = served_by(tracker.active_loop_name, tracker.get_slot("wish"))
        reading = Reading(Part(wish.intent, heard.text))
        if not heard.payload:
            reading = for_each_order(read(heard.text, wish.intent, guessed(tracker), heard.confidence))
        first = wishes()[self._meant(tracker, heard) or reading.first.wish or wish.intent]
        others = [part for part in reading.others if part.wish != running]
        if first.intent == "request_refund" and running in EXPLAINED:
            return [*events, FollowupAction(LAST)]
        queue = self._waiting(dispatcher, heard, first, others, running)
        events += queued(queue + [entry for entry in queue_of(tracker) if entry["wish"] != first.intent])
        if running is None or (first.form and first.intent != running):
            events += begin(first.intent, self._words(tracker, heard, first.intent, reading.first.words))
        reported = str(tracker.get_slot("urgent_ticket") or "").startswith("product")
        if reported and wish.intent == "ask_question" and heard.short and heard.has(SAFE):
            return [FollowupAction("action_emergency")]
        if first.intent == "cancel_order" and means_a_return(tracker, heard):
            return [*events, FollowupAction(LAST)]
        if first.action != wish.action or heard.intent not in wishes():
            events.append(FollowupAction(first.action))
        return events

    def _waiting(
        self,
        dispatcher: CollectingDispatcher,
        heard: Said,
        first: Wish,
        others: Sequence[Part],
        running: str | None,
    ) -> list[dict[str, Any]]:
        """Return what is served after the first wish: the others, and what was under way unless it is replaced."""
        queue = noted(others)
        if not running or not first.form or first.action == wishes()[running].action:
            return queue
        if _replaces(heard, first):
            dispatcher.utter_message(response="utter_left_out", what=wishes()[running].name)
        elif not (first.ends or running in first.replaces):
            queue.append({"wish": running, "words": "", "resumed": True})
        return queue

    def _meant(self, tracker: Tracker, heard: Said) -> str | None:
        """Return the wish that only shows from what went before: "and the hammock one?" after an order."""
        instead = meant_instead(tracker)
        if instead:
            return instead
        if (
            served_by(tracker.active_loop_name) == QUOTE
            and heard.intent == CODE
            and not plainly_named(heard.text)
        ):
            return QUOTE  # the discount is the quote's own
        asks_again = heard.intent == "ask_product" and heard.short and heard.has(ONE_OF_THEM)
        if asks_again and tracker.get_slot("last_wish") == "order_status" and tracker.get_slot("verified"):
            return "order_status"
        return self._follows(tracker, heard)

    def _follows(self, tracker: Tracker, heard: Said) -> str | None:
        """Return the wish that a question about what was just done means: "when do I get my money?"."""
        done_before = tracker.get_slot("last_wish") in MOVES_MONEY and tracker.get_slot("last_order")
        running = served_by(tracker.active_loop_name, tracker.get_slot("wish"))
        about_money = running in EXPLAINED if running else done_before
        if not about_money or heard.intent not in wishes() or not wishes()[heard.intent].asks:
            return None
        words = f" {plain(heard.text)} "
        return next((w.intent for w in wishes().values() if any(f" {c} " in words for c in w.follows)), None)

    def _words(self, tracker: Tracker, heard: Said, wish: str, words: str) -> str:
        """Return the words of a wish, with the message before where a return speaks of "it" or follows an offer."""
        words = "" if heard.payload and not heard.entities else words
        if wish != "start_return" or not (heard.payload or heard.short):
            return words
        if heard.payload or heard.has(IT):
            return f"{message_before(tracker)} {words}".strip()
        return words


def _replaces(heard: Said, wish: Wish) -> bool:
    """Tell whether the words want this wish, which changes something, in place of what is under way."""
    if wish.asks or wish.intent == "order_status":
        return False
    return heard.has(RATHER) or (heard.has(INSTEAD) and not _names_variant(heard.text))


def _names_variant(text: str) -> bool:
    """Tell whether a variant of a product is named, which "instead" may speak of: "to sage instead"."""
    words = f" {plain(text)} "
    variants = (variant for product in services().products.all() for variant in product.variants)
    return any(f" {plain(value)} " in words for each in variants for value in each.options.values())


def means_a_return(tracker: Tracker, heard: Said) -> bool:
    """Tell whether it is a return that is to be canceled: it says so, or one was booked just now."""
    booked = tracker.get_slot("last_return") and tracker.get_slot("last_wish") == "start_return"
    last = bool(booked) and heard.number is None and "order" not in heard.text.lower()
    return heard.has(OF_A_RETURN) or last


class ActionNextWish(Action):
    """Turn to the wish that waits, once the one before it is served."""

    def name(self) -> str:
        """Name the action."""
        return "action_next_wish"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Serve the head of the queue, unless a form still waits for an answer."""
        queue = queue_of(tracker)
        if not queue or tracker.active_loop_name:
            return []
        head = queue.pop(0)
        wish = wishes().get(str(head.get("wish")))
        if wish is None:
            return queued(queue)
        dispatcher.utter_message(
            response="utter_resume_wish" if head.get("resumed") else "utter_next_wish", wish_name=wish.name
        )
        resumed, words = bool(head.get("resumed")), str(head.get("words") or "")
        question = (
            POSTCODE.sub(" ", EMAIL.sub(" ", words)).strip(" ,") if wish.intent == "ask_question" else ""
        )
        asked = [SlotSet("question", question)] if question else []
        return [*queued(queue), *asked, *serve(wish.intent, words, resumed)]

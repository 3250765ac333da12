"""Short replies that no form took: yes, no, a fragment, a correction."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.aside import answer_language
from actions.flows.cancel_order import tell_final
from actions.flows.case_telling import tell_total
from actions.flows.case_words import issue_of
from actions.flows.choice import payload
from actions.flows.corrected import words_again
from actions.flows.discomfort import tell_sore
from actions.flows.done_told import tell_done
from actions.flows.identity import hint_for
from actions.flows.leaving import gives_up_this, leave_out
from actions.flows.meaning import AGAIN, goes_on, meant_instead
from actions.flows.mood import PLAIN, empathy
from actions.flows.offers import ABOUT_AN_ORDER, note_more, standing, take_up
from actions.flows.quote_words import means_quote
from actions.flows.return_words import BROKEN
from actions.flows.turn import (
    HESITATES,
    LIKE_A_NUMBER,
    SURE,
    Said,
    actions_of,
    message,
    said_in,
    set_in_last_turn,
    turn_events,
)
from actions.flows.wishes import (
    clear_wish,
    guessed,
    left,
    noted,
    order_slots,
    queue_of,
    queued,
    read,
    serve,
    served_by,
    wishes,
)
from actions.services.address_reading import read_address
from actions.services.method_matching import names_method
from actions.services.typed_policies import ANYTHING

GUESSES = 2  # buttons for what the classifier thought of
LIKELY = 0.08
AMOUNT = re.compile(
    r"\btotals?\b|\bcosts?(?: me)?\b"
    r"|\bhow much (?:is|was|does|do i|did i|will)\b|\bwhat (?:do|did|will) i (?:pay|owe)\b"
)
ORDER_WORD = re.compile(r"\border\b")
TELLS_MORE = re.compile(r"\d|\w+\W+\w+")
NOT_THERE = re.compile(
    r"\b(?:still|nothing|didn'?t|did not|haven'?t|hasn'?t|never|no (?:e-?mail|link|mail))\b"
)
# A plain no to these is a no to it all.
CHOICES = order_slots() | {"return_items", "swap_items", "swap_to", "case_issue", "case_remedy"}
# What is wrong with a delivery when it is said without asking for anything.
WENT_WRONG = frozenset({"late", "not_received", "damaged", "wrong_item", "missing_item"})
HINT = "utter_hint"  # begins the names of the responses that help with a question


def hint(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
    """Say what kind of answer the running form waits for; None where none is running."""
    slot = tracker.get_slot("requested_slot")
    if not tracker.active_loop_name or not slot:
        return None
    asks_amount = str(slot).endswith("_confirmed") and message(tracker).has(AMOUNT)
    if asks_amount or gives_up_this(tracker):
        return []  # the summary, which comes next, says it; or the form ends
    left_out = leave_out(dispatcher, tracker)
    if left_out is not None:
        return left_out
    dispatcher.utter_message(response=hint_for(str(slot), served_by(tracker.active_loop_name) or ANYTHING))
    if said_in(turn_events(tracker, back=1), HINT):
        dispatcher.utter_message(response="utter_person_or_stop")
    return []


def stay(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Stay with somebody who was just told where help is; tell whether that was so."""
    told = str(tracker.get_slot("urgent_ticket") or "").startswith("self_harm")
    if not told or "action_emergency" not in actions_of(tracker, back=1):
        return False
    dispatcher.utter_message(response="utter_emergency_stay")
    return True


def clarify(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Go by the words where they are clear; else offer the likeliest wishes, and the second time a person."""
    going_on, heard = meant_instead(tracker) or means_quote(tracker), message(tracker)
    if going_on:
        return serve(going_on, heard.text)
    wish = clear_wish(tracker) or goes_on(tracker)
    if wish:
        return opened(dispatcher, tracker, wish)
    if answer_language(dispatcher, tracker) or stay(dispatcher, tracker):
        return []
    if tell_final(dispatcher, tracker, heard.text) or tell_sore(dispatcher, heard.text):
        return []
    if heard.has(AMOUNT) and tell_total(dispatcher, tracker):
        return []
    told_wish = told(heard, likely=guessed(tracker))
    if told_wish:
        return serve(told_wish, heard.text)
    offered = standing(tracker)
    if tracker.get_slot("last_wish") == "reset_password" and heard.has(NOT_THERE):
        return password_not_there(dispatcher, tracker)
    more = heard.has(TELLS_MORE) and heard.intent not in ("affirm", "deny")
    if offered and offered not in ("talk_to_human", "reset_password") and more:
        return note_more(dispatcher, tracker, offered)
    kept: list[EventType] = [SlotSet("pending_offer", offered)] if offered else []
    if "action_clarify" in actions_of(tracker, back=1):
        dispatcher.utter_message(response="utter_offer_person")
        return [SlotSet("pending_offer", "talk_to_human")]
    dispatcher.utter_message(response="utter_clarify", buttons=guesses(tracker))
    return kept


def opened(dispatcher: CollectingDispatcher, tracker: Tracker, wish: str) -> list[EventType]:
    """Return the events with which the wish that the words name begins; others that they name, too, wait."""
    heard = message(tracker)
    reading = read(heard.text, wish, guessed(tracker), heard.confidence)
    first = wishes()[reading.first.wish or wish]
    return [
        *empathy(dispatcher, tracker, first.empathy, PLAIN if first.asks else SURE),
        *queued(noted(reading.others) + queue_of(tracker)),
        *serve(first.intent, reading.first.words),
    ]


def password_not_there(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Help somebody to whom the link for a new password didn't come."""
    dispatcher.utter_message(
        response="utter_password_not_there", email=str(tracker.get_slot("reset_email") or "")
    )
    offer = {"pending_offer": "reset_password", "handoff_wish": "reset_password"}
    return [SlotSet(name, value) for name, value in offer.items()]


def guesses(tracker: Tracker) -> list[dict[str, str]]:
    """Return buttons for the wishes that the classifier thought of."""
    ranking: Any = (tracker.latest_message or {}).get("intent_ranking") or []
    named = [
        str(entry.get("name"))
        for entry in ranking
        if isinstance(entry, Mapping) and float(entry.get("confidence") or 0.0) >= LIKELY
    ]
    likely = [intent for intent in named if intent in wishes()][:GUESSES]
    usual = [intent for intent in ("order_status", "start_return", "talk_to_human") if intent not in likely]
    shown = likely + usual[: 4 - len(likely)]
    return [{"title": wishes()[intent].choice, "payload": payload(intent)} for intent in shown]


def take_fragment(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Do what a fragment most likely asks for."""
    heard, offer = message(tracker), standing(tracker)
    wish = means_quote(tracker) or clear_wish(tracker) or goes_on(tracker)
    if wish and wish != offer:
        return opened(dispatcher, tracker, wish) if wish == clear_wish(tracker) else serve(wish, heard.text)
    again = offer == "reset_password" and tracker.get_slot("last_wish") == offer
    late = heard.email and tracker.get_slot("ticket") and "action_handoff" in actions_of(tracker, back=1)
    if late and not offer:
        words = f"E-mail address for the answer to ticket {tracker.get_slot('ticket')}: {heard.email}"
        kept = {"handoff_wish": "talk_to_human", "handoff_words": words}
        return [*(SlotSet(name, value) for name, value in kept.items()), FollowupAction("handoff_form")]
    if offer and heard.email and not again:
        return take_up(tracker, offer)
    if offer and not again and (not heard.number or offer in ABOUT_AN_ORDER) and not heard.payload:
        return note_more(dispatcher, tracker, offer)
    if tracker.get_slot("last_wish") == "reset_password" and heard.has(NOT_THERE) and not heard.email:
        return password_not_there(dispatcher, tracker)
    told_wish = told(heard)
    if told_wish:
        return serve(told_wish, heard.text)
    if heard.email and tracker.get_slot("last_wish") == "reset_password":
        return serve("reset_password", heard.text)
    if heard.entity("return_reason") in BROKEN and not heard.payload:
        return serve("start_return", heard.text)
    if heard.entity("product"):
        return serve("ask_product", heard.text)
    asked = tracker.get_slot("last_product") and tracker.get_slot("last_wish") == "ask_product"
    if asked and heard.short and not (heard.bare or heard.has(LIKE_A_NUMBER)):
        return serve("ask_product", heard.text)
    called_order = (
        heard.has(ORDER_WORD) or not heard.postcode
    )  # five digits may be a ZIP code, unless it says "order"
    unclear = heard.has(LIKE_A_NUMBER) and called_order and not heard.payload
    dispatcher.utter_message(response="utter_number_unclear" if unclear else "utter_what_about_it")
    return []


def told(heard: Said, likely: Collection[str] | None = None) -> str | None:
    """Return the wish of words that ask for nothing, if it is a likely one; of a number, how its order stands."""
    found = (
        None if heard.payload else told_without_asking(heard),
        "order_status" if heard.number else None,  # how it stands helps whatever else was meant
    )
    return next((wish for wish in found if wish and (likely is None or wish in likely)), None)


def told_without_asking(heard: Said) -> str | None:
    """Return the wish of somebody who only tells: a parcel that went wrong, an address, how an order is paid."""
    if issue_of(heard, "delivery_problem") in WENT_WRONG:
        return "delivery_problem"
    if read_address(heard.text).line1:
        return "change_address"
    return "change_payment" if heard.number and names_method(heard.text) else None


class ActionClarify(Action):
    """Ask again when nothing was understood; the second time in a row, offer a person."""

    def name(self) -> str:
        """Name the action."""
        return "action_clarify"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Give a hint within a form; else find out what is wanted."""
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        if tracker.active_loop_name and answer_language(dispatcher, tracker):
            return []
        running, wish = served_by(tracker.active_loop_name, tracker.get_slot("wish")), clear_wish(tracker)
        if running and wish and not wishes()[running].includes(wish):
            return [FollowupAction("action_acknowledge")]
        hinted = hint(dispatcher, tracker)
        if hinted is not None:
            return hinted
        return (take_fragment if message(tracker).bare else clarify)(dispatcher, tracker)


class ActionAffirm(Action):
    """Take a yes: to the offer that was made last, if there was one."""

    def name(self) -> str:
        """Name the action."""
        return "action_affirm"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Do what was offered, or ask what the yes is about."""
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        hinted = hint(dispatcher, tracker)
        if hinted is not None:
            return hinted
        if message(tracker).confidence < SURE or not message(tracker).meant:
            return clarify(dispatcher, tracker)
        offer = standing(tracker)
        if message(tracker).has(HESITATES):
            dispatcher.utter_message(response="utter_take_your_time")
            return [SlotSet("pending_offer", offer)] if offer else []
        if offer:
            return take_up(tracker, offer)
        if stay(dispatcher, tracker):
            return []
        dispatcher.utter_message(response="utter_yes_to_what")
        return []


class ActionDeny(Action):
    """Take a no: to the offer that was made last, if there was one."""

    def name(self) -> str:
        """Name the action."""
        return "action_deny"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Let the offer go, or ask what is wanted instead."""
        if answer_language(dispatcher, tracker):
            return []
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        asked = str(tracker.get_slot("requested_slot") or "")
        if tracker.active_loop_name and asked in CHOICES and message(tracker).confidence >= SURE:
            dispatcher.utter_message(response="utter_stopped")
            return left(tracker)
        hinted = hint(dispatcher, tracker)
        if hinted is not None:
            return hinted
        if message(tracker).confidence < SURE:
            return clarify(dispatcher, tracker)
        if stay(dispatcher, tracker):
            return []
        if tracker.get_slot("pending_offer") and set_in_last_turn(tracker, "pending_offer"):
            dispatcher.utter_message(response="utter_offer_declined")
            return [SlotSet(name, None) for name in ("pending_offer", "handoff_wish", "handoff_words")]
        dispatcher.utter_message(response="utter_no_then")
        return []


class ActionInform(Action):
    """Take a fragment that nobody asked for: an order number, an address, the name of a thing."""

    def name(self) -> str:
        """Name the action."""
        return "action_inform"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Do what the fragment most likely asks for."""
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        hinted = hint(dispatcher, tracker)
        if hinted is not None:
            return hinted
        return take_fragment(dispatcher, tracker)


class ActionCorrect(Action):
    """Take back what was understood last."""

    def name(self) -> str:
        """Name the action."""
        return "action_correct"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Serve the last wish again with the new words, or ask what was wrong."""
        answered = tell_done(dispatcher, tracker)
        if answered is not None:
            return answered
        slot = tracker.get_slot("requested_slot")
        if tracker.active_loop_name == "return_form" and slot == "return_confirmed":
            return [SlotSet("return_change", True)]
        hinted = hint(dispatcher, tracker)
        if hinted is not None:
            return hinted
        heard, last = message(tracker), tracker.get_slot("last_wish")
        wish = means_quote(tracker) or clear_wish(tracker) or goes_on(tracker)
        if heard.email and "action_handoff" in actions_of(tracker, back=1):
            return take_fragment(dispatcher, tracker)
        if wish and wish != last and wish == clear_wish(tracker):
            return [FollowupAction("action_acknowledge")]  # which hears further wishes, too
        if wish and wish != last:
            return serve(wish, heard.text)
        if last == "start_return" and tracker.get_slot("last_return"):
            dispatcher.utter_message(
                response="utter_return_change_later", reference=tracker.get_slot("last_return")
            )
            dispatcher.utter_message(response="utter_offer_ticket")
            return [
                SlotSet("pending_offer", "start_return"),
                SlotSet("handoff_wish", "start_return"),
                SlotSet("handoff_words", heard.text),
            ]
        again = last in AGAIN or wish == last or (last == "reset_password" and heard.email)
        if again and last in wishes():
            return serve(str(last), words_again(tracker, str(last)))
        if issue_of(heard, "delivery_problem") in WENT_WRONG:
            return serve("delivery_problem", heard.text)
        dispatcher.utter_message(response="utter_what_is_wrong")
        return []

"""Passing something to a person: a ticket with what they need to know, and an honest word about what is next.

The assistant is never paused: it goes on answering while the customer waits for a person.
"""

from __future__ import annotations

import json
import re
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer
from actions.flows.choice import contents
from actions.flows.forms import AttentiveForm
from actions.flows.identity import known_customer
from actions.flows.offers import note_more, standing
from actions.flows.opening import EXPLAINED, LAST, means_a_return
from actions.flows.turn import EMAIL, feels_bad, handoff, message, said, spoken
from actions.flows.wishes import done, order_at_hand, served_by, wishes
from actions.services import services
from actions.services.context import caller

FORM = "handoff_form"
TICKET_FORM = "ticket_form"
NOWHERE = "none"
STORY = 8  # words from which an opening says what it is about
LINES = 16  # of the conversation in a ticket
LINE = 400
SKIPS = re.compile(
    r"\b(?:skip|no e-?mail|(?:don'?t|do not) have (?:an? |any |one|e-?mail)|rather not|without"
    r"|just (?:do|send) it)\b"
)
OWN = frozenset(
    {"handoff_wish", "handoff_words", "ticket_text", "last_return"}
)  # told in other lines of a ticket
NEW_EACH_TIME = frozenset({"open_ticket"})  # whose tickets may each be about something else
UNDOING = "cancel_order"  # the wish with which a return is to be undone
URGENT = frozenset({"delivery_problem", "cancel_order", "change_address"})


class AnswerAddress(AttentiveForm):
    """Find out to which address a person should answer; shared by the forms that end in a ticket."""

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def extract_reply_to(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Take the address that is known or given, or note that there is none."""
        if tracker.get_slot("reply_to"):
            return {}
        heard = said(tracker, self.form_name())
        customer = known_customer(tracker)
        known = heard.email or (customer.email if customer else tracker.get_slot("email"))
        if known:
            return {"reply_to": str(known)}
        asked = tracker.get_slot("requested_slot") == "reply_to"
        declines = heard.intent in ("deny", "talk_to_human") or heard.has(SKIPS)
        return {"reply_to": NOWHERE} if asked and heard.text and declines else {}

    def validate_reply_to(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an address, or none at all."""
        text = str(value or "").strip()
        return {"reply_to": text if text == NOWHERE or EMAIL.fullmatch(text) else None}


class ValidateTicketForm(AnswerAddress):
    """Validate the ticket form: what it is about, and where to answer."""

    def name(self) -> str:
        """Name the action."""
        return f"validate_{TICKET_FORM}"

    def extract_ticket_text(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Take what the customer says about it, whatever it sounds like."""
        if tracker.get_slot("ticket_text"):
            return {}
        heard = said(tracker, TICKET_FORM)
        if tracker.get_slot("requested_slot") == "ticket_text":
            usable = heard.text and not heard.payload and heard.intent != "stop"
            return {"ticket_text": heard.text} if usable else {}
        opening = "" if heard.payload else str(tracker.get_slot("wish_words") or "")
        return {"ticket_text": opening} if len(opening.split()) > STORY else {}

    def validate_ticket_text(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept any text."""
        return {"ticket_text": str(value) if value else None}


class ActionHandoff(Action):
    """Open a ticket with the conversation in it, and say what happens next and when."""

    def name(self) -> str:
        """Name the action."""
        return "action_handoff"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Write the ticket, record the hand-off, and stay available."""
        wish = wishes()[self._wish(tracker)]
        customer = known_customer(tracker)
        address = str(tracker.get_slot("reply_to") or tracker.get_slot("email") or NOWHERE)
        summary = written(tracker, wish.ticket, customer, address)
        order = order_at_hand(tracker) if customer else None
        subject = f"{wish.ticket}: order {order}" if order else wish.ticket
        priority = "high" if wish.intent in URGENT or feels_bad(tracker) else "normal"
        if str(tracker.get_slot("urgent_ticket") or "").startswith("product"):
            priority = "urgent"
        case = None if wish.intent in NEW_EACH_TIME else f"{wish.intent}/{order or ''}"
        ticket = services().tickets.open(caller(tracker), subject, summary, priority, customer, case)
        told = "utter_handoff_done" if address != NOWHERE else "utter_handoff_done_no_address"
        dispatcher.utter_message(
            response="utter_handoff_again" if ticket.repeated else told,
            ticket=ticket.number,
            hours=str(ticket.reply_hours),
            address=address,
        )
        handed_off = handoff(tracker, wish.intent, ticket.number, summary)
        emptied = [
            SlotSet(name, None) for name in ("handoff_wish", "handoff_words", "ticket_text", "reply_to")
        ]
        return [*handed_off, *done(wish.intent), *emptied, SlotSet("ticket", ticket.number)]

    def _wish(self, tracker: Tracker) -> str:
        """Return what the ticket is about: what was offered to be passed on, else the wish at hand."""
        for slot in ("handoff_wish", "wish"):
            value = tracker.get_slot(slot)
            if value in wishes():
                return str(value)
        return "talk_to_human"


def written(tracker: Tracker, topic: str, customer: Customer | None, address: str) -> str:
    """Write down for a person what the customer wants, who they are, and what was said."""
    words = (
        tracker.get_slot("ticket_text") or tracker.get_slot("handoff_words") or tracker.get_slot("wish_words")
    )
    lines = [f"{topic}."]
    if words:
        lines.append(f"In the customer's words: {spoken(str(words), LINE)}")
    if customer:
        lines.append(f"Customer: {customer.name}, {customer.email} (identity verified in this conversation)")
    lines.append(f"Answer to: {address if address != NOWHERE else 'no address given'}")
    if not customer:
        lines.append("Identity: not verified; tell nothing private before it is.")
    lines += _order_lines(tracker, customer)
    known = sorted({name for each in wishes().values() for name in each.clears} - OWN)
    noted = {name: tracker.get_slot(name) for name in known if tracker.get_slot(name)}
    if noted:
        lines.append(f"Noted so far: {json.dumps(noted, ensure_ascii=False)}")
    lines += ["", "Conversation:", *transcript(tracker)]
    return "\n".join(lines)


def _order_lines(tracker: Tracker, customer: Customer | None) -> list[str]:
    """Name the order that was spoken of: in full for a verified customer, else only the number they gave."""
    number = order_at_hand(tracker)
    if not number:
        return []
    order = services().orders.find(customer, str(number)) if customer else None
    if order is None:
        return [f"Order number given: {number} (not checked)"]
    return [f"Order: {order.number}, {order.status.replace('_', ' ')}, {contents(order)}"]


def transcript(tracker: Tracker) -> list[str]:
    """Return the last lines of the conversation."""
    lines = []
    for event in tracker.events:
        text = event.get("text")
        if event.get("event") in ("user", "bot") and text:
            lines.append(
                f"{'Customer' if event['event'] == 'user' else 'Assistant'}: {spoken(str(text), LINE)}"
            )
    return lines[-LINES:]


class ActionPassOn(Action):
    """Say what holds where a refund, or the end of a return, is wished that comes with something else."""

    def name(self) -> str:
        """Name the action."""
        return LAST

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Explain, and offer a ticket; within a form only explain, so that a yes has one meaning."""
        heard, running = message(tracker), served_by(tracker.active_loop_name)
        if running in EXPLAINED and not means_a_return(tracker, heard):
            dispatcher.utter_message(response=f"utter_later_request_refund_{EXPLAINED[running]}")
            return []
        if not running and standing(tracker) == UNDOING:
            return [*done(UNDOING), *note_more(dispatcher, tracker, UNDOING)]
        dispatcher.utter_message(response="utter_later_cancel_order_return")
        if running:
            dispatcher.utter_message(response="utter_later_after_form")
            return []
        words = str(tracker.get_slot("wish_words") or heard.text)
        dispatcher.utter_message(response="utter_offer_ticket")
        offer = {"pending_offer": UNDOING, "handoff_wish": UNDOING, "handoff_words": words}
        return [*done(UNDOING), *(SlotSet(name, value) for name, value in offer.items())]

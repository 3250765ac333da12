"""Danger to somebody: said first where help is, told to a person at once, and nothing else asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.discomfort import is_sore, tell_sore
from actions.flows.handoff import NOWHERE, written
from actions.flows.identity import known_customer
from actions.flows.phrases import plain
from actions.flows.replies import clarify, hint
from actions.flows.return_words import reason_of
from actions.flows.turn import SURE, handoff, message
from actions.flows.wishes import left
from actions.services import services
from actions.services.context import caller
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("emergencies.yml")
CLEAR = 0.85  # how sure the classifier has to be where no word is plain
SUBJECTS = {
    "self_harm": "Urgent: a customer may harm themselves",
    "product": "Urgent: a product may have hurt somebody or be dangerous",
    "threat": "Urgent: a threat",
}


@cache
def kinds() -> Mapping[str, tuple[str, ...]]:
    """Read by which words a kind of danger is told."""
    table = yaml.read(TABLE)
    return {kind: tuple(f" {word} ".replace("* ", "") for word in words) for kind, words in table.items()}


def names_danger(text: str) -> bool:
    """Tell whether the words speak of any kind of danger."""
    said = f" {plain(text)} "
    return any(word in said for words in kinds().values() for word in words)


def kind_of(text: str) -> str:
    """Return the kind of danger that the words speak of; where none fits, the one that needs the most care."""
    said = f" {plain(text)} "
    found = (kind for kind, words in kinds().items() if any(word in said for word in words))
    return next(found, "self_harm")


class ActionEmergency(Action):
    """Say where help is, open an urgent ticket at once, and leave whatever was under way."""

    def name(self) -> str:
        """Name the action."""
        return "action_emergency"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Tell a person once for each kind of danger; say where help is each time."""
        heard = message(tracker)
        asks = heard.intent == "ask_question" and not heard.entity("danger")  # "is it safe?", after a report
        kind = "product" if asks else kind_of(f"{heard.text} {heard.entity('danger') or ''}")
        plain = heard.entity("danger") or heard.payload or heard.intent != "emergency"
        if not plain and not names_danger(heard.text) and is_sore(heard.text):
            reason = reason_of(heard) if tracker.get_slot("requested_slot") == "return_reason" else None
            if reason:  # there it's the answer
                return [SlotSet("return_reason", reason)]
            tell_sore(dispatcher, heard.text)
            return []
        if not plain and heard.confidence < SURE:
            hinted = hint(dispatcher, tracker)
            return clarify(dispatcher, tracker) if hinted is None else hinted
        if not plain and heard.confidence < CLEAR:
            dispatcher.utter_message(response="utter_emergency_unsure")
            return []
        dispatcher.utter_message(response=f"utter_emergency_{kind}")
        known = str(tracker.get_slot("urgent_ticket") or "")
        left_behind = [*left(tracker), SlotSet("wish", None)]
        if known.startswith(f"{kind} "):
            dispatcher.utter_message(response="utter_emergency_known", ticket=known.split()[1])
            return [*left_behind, *self._reachable(tracker, kind, known.split()[1])]
        customer = known_customer(tracker)
        address = customer.email if customer else str(tracker.get_slot("email") or NOWHERE)
        summary = written(tracker, f"{SUBJECTS[kind]}. The customer wrote: {heard.text}", customer, address)
        ticket = services().tickets.open(caller(tracker), SUBJECTS[kind], summary, "urgent", customer)
        response = f"utter_emergency_passed_on_{kind}"
        if kind == "product" and address == NOWHERE:
            response = "utter_emergency_passed_on_no_address"
        dispatcher.utter_message(
            response=response, ticket=ticket.number, hours=str(ticket.reply_hours), address=address
        )
        handed_off = handoff(tracker, f"emergency_{kind}", ticket.number, summary)
        noted = [SlotSet("urgent_ticket", f"{kind} {ticket.number}"), SlotSet("ticket", ticket.number)]
        return [*handed_off, *left_behind, *noted, *self._reachable(tracker, kind, ticket.number)]

    def _reachable(self, tracker: Tracker, kind: str, ticket: str) -> list[EventType]:
        """Let an e-mail address in the next message go to those who have the ticket."""
        if kind != "product" or known_customer(tracker) or tracker.get_slot("email"):
            return []
        words = f"Belongs to the urgent ticket {ticket}. {message(tracker).text}"
        offer = {"pending_offer": "open_ticket", "handoff_wish": "open_ticket", "handoff_words": words}
        return [SlotSet(name, value) for name, value in offer.items()]

"""Who the customer is: the steps with which every private flow begins.

What is decided here is never kept in a slot. `verified` and `customer_name` only color the wording; each
action asks the identity service again.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer
from actions.flows.forms import AttentiveForm
from actions.flows.memo import looked_up, one_look
from actions.flows.turn import EMAIL, SURE, Said, said, turn_events
from actions.flows.wishes import cued, wishes
from actions.services import services
from actions.services.context import Caller, caller

CHOICES = frozenset(
    {
        "status_order",
        "return_order",
        "return_items",
        "cancel_number",
        "swap_order",
        "swap_items",
        "address_order",
        "payment_order",
        "promo_order",
    }
)
ASKS = frozenset({"ask_product", "ask_question"})
QUITE_SURE = 0.8
PICKS = re.compile(r"\b(?:the one|one with|that one|what about|i meant?)\b")
LACKS = re.compile(
    r"\b(?:don'?t|do not|didn'?t|can'?t) (?:have|know|remember|find|recall)\b|\bno idea\b|\blost it\b"
)
FEW = 2  # tries left from which they are counted aloud
NOBODY: dict[str, Any] = {"verified": None, "customer_name": None, "identity_proof": None}


def known_customer(tracker: Tracker) -> Customer | None:
    """Return the customer to whom this conversation belongs, if that was proven and still holds."""
    return looked_up(("customer", tracker.sender_id), lambda: services().identity.customer(caller(tracker)))


def settle(dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said) -> dict[str, Any]:
    """Take one step towards knowing the customer; return the slots that change.

    With an e-mail address and a proof in hand the identity service is asked, once for each pair.
    """
    who = caller(tracker)
    if not who.authenticated:
        return {"identity_block": "unavailable"}
    customer = services().identity.customer(who)
    if customer and heard.email and heard.email != customer.email.lower():
        services().identity.forget(who)
        return {**NOBODY, **_try(dispatcher, tracker, heard, who), "email": heard.email}
    if customer:
        known = {"verified": True, "customer_name": customer.first_name}
        return {name: value for name, value in known.items() if tracker.get_slot(name) != value}
    stale = {name: None for name in NOBODY if tracker.get_slot(name) is not None}
    return {**stale, **_try(dispatcher, tracker, heard, who)}


def _try(dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, who: Caller) -> dict[str, Any]:
    """Verify with what is at hand, and say so when it didn't work."""
    email = heard.email or tracker.get_slot("email")
    proof = heard.number or heard.postcode or tracker.get_slot("order_number") or tracker.get_slot("postcode")
    given: dict[str, Any] = {"email": heard.email} if heard.email else {}
    if heard.number or heard.postcode:
        given["identity_proof"] = None
    pair = f"{email} {proof}".lower()
    if not email or not proof or pair == tracker.get_slot("identity_tried"):
        return given
    result = services().identity.verify(who, str(email), str(proof))
    if result.status == "verified" and result.customer:
        name = result.customer.first_name
        return {
            **given,
            "identity_proof": proof,
            "verified": True,
            "customer_name": name,
            "identity_tried": None,
        }
    if result.status in ("locked", "unavailable"):
        return {**given, "identity_proof": None, "identity_tried": None, "identity_block": result.status}
    left = result.attempts_left
    response = "utter_identity_failed_few" if left is not None and left <= FEW else "utter_identity_failed"
    dispatcher.utter_message(response=response, attempts_left=left, email=str(email))
    return {**given, "identity_proof": None, "identity_tried": pair}


def tell_block(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Say why nothing private can be told here, and offer what can be done instead."""
    locked = tracker.get_slot("identity_block") == "locked"
    dispatcher.utter_message(response="utter_identity_locked" if locked else "utter_identity_unavailable")
    return [SlotSet("identity_block", None), SlotSet("pending_offer", "handoff")]


class ActionAskIdentityProof(Action):
    """Ask for the order number or ZIP code, unless that was just said in other words."""

    def name(self) -> str:
        """Name the action."""
        return "action_ask_identity_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask, but not right after saying that the last try didn't match."""
        failed = any(
            event.get("event") == "slot" and event.get("name") == "identity_tried" and event.get("value")
            for event in turn_events(tracker)
        )
        if not failed:
            dispatcher.utter_message(response="utter_ask_identity_proof")
        return []


class PrivateForm(AttentiveForm, ABC):
    """Validate a form that tells or changes something private: identity first, then its own steps."""

    wish: ClassVar[str]
    own_questions: ClassVar[tuple[str, ...]] = ()  # slots to which another clear wish is no answer

    @abstractmethod
    def name(self) -> str:
        """Name the action."""

    @abstractmethod
    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Return the slots that are needed once the customer is known."""

    def heard(self, tracker: Tracker) -> Said:
        """Return the words of this turn that are meant for this form; empty ones for an interruption."""
        words = said(tracker, self.form_name())
        asked = tracker.get_slot("requested_slot")
        picks = (
            asked in CHOICES and words.intent in ASKS and (words.has(PICKS) or words.confidence < QUITE_SURE)
        )
        if asked in self.own_questions and words.intent in wishes() and words.intent != self.wish:
            clear = words.confidence >= SURE or cued(words.text) == words.intent
            return Said() if clear else words
        return words if words.answers or words.intent == self.wish or picks else Said()

    def opening(self, tracker: Tracker) -> Said:
        """Return the words with which the customer came to this wish, maybe some turns ago."""
        return Said(str(tracker.get_slot("wish_words") or ""), self.wish, 1.0)

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Settle who the customer is, apply corrections, then extract and validate as any form does."""
        self.give_way(tracker)
        heard = self.heard(tracker)
        changes = settle(dispatcher, tracker, heard)
        tracker.slots.update(changes)
        corrections = self.corrections(dispatcher, tracker, heard, domain)
        tracker.slots.update(corrections)
        changes.update(corrections)
        changes.update(self._lacking(dispatcher, tracker))
        with one_look():  # who the customer is was settled above; the rest of the form only reads
            events = await super().run(dispatcher, tracker, domain)
        return [*(SlotSet(name, value) for name, value in changes.items()), *events]

    def _lacking(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> dict[str, Any]:
        """Help somebody who doesn't have what was asked for."""
        asked = tracker.get_slot("requested_slot")
        words = said(tracker, self.form_name())
        if asked not in ("email", "identity_proof") or not words.short or not words.has(LACKS):
            return {}
        if words.email or words.number or words.postcode:
            return {}
        dispatcher.utter_message(response=f"utter_hint_{asked}")
        return {asked: None}

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Return the slots that the customer takes back or replaces with this message."""
        return {}

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        """Ask for identity while it is unknown; ask nothing where it can't be established."""
        if tracker.get_slot("identity_block"):
            return []
        customer = known_customer(tracker)
        return self.steps(customer, tracker) if customer else domain_slots

    def own_order(
        self, slot: str, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> dict[str, Any]:
        """Return the slot with the number of an order of this customer; say when there is no such order."""
        customer = known_customer(tracker)
        if customer is None or not value:
            return {slot: None}
        order = services().orders.find(customer, str(value))
        if order is None:
            dispatcher.utter_message(response="utter_order_not_found", asked_number=str(value))
            return {slot: None, "order_number": None}
        return {slot: order.number}

    def validate_email(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept what looks like an e-mail address."""
        found = EMAIL.fullmatch(str(value or "").strip())
        return {"email": found.group().lower() if found else None}

    def validate_identity_proof(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Keep the proof only while the identity service still vouches for the conversation."""
        return {"identity_proof": value if known_customer(tracker) else None}

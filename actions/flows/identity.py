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
from actions.flows.corrected import reworded
from actions.flows.former import of_former
from actions.flows.forms import AttentiveForm
from actions.flows.leaving import gives_up_this
from actions.flows.memo import look_again, looked_up, one_look
from actions.flows.names import full_name
from actions.flows.turn import EMAIL, SURE, Said, noted, said, told_now, turn_events
from actions.flows.wishes import cued, guessed, order_slots, served_by, wishes
from actions.services import services
from actions.services.context import Caller, caller
from actions.services.method_matching import names_method
from actions.services.proofs import Claim
from actions.services.typed_policies import ANYTHING

CHOICES = order_slots() | {"return_items", "swap_items"}
ASKS = frozenset({"ask_product", "ask_question"})
QUITE_SURE = 0.8
FALLBACK = "nlu_fallback"
THIS_ONE = re.compile(
    r"^(?:(?:no|and|or|ok),? )*(?:the|that) (?:[\w-]+ ){1,3}one\??$"
)  # not what is under way: another one
PICKS = re.compile(r"\b(?:the one|one with|that one|what about|i meant?)\b")
LACKS = re.compile(
    r"\b(?:don'?t|do not|didn'?t|can'?t|cannot) (?:have|know|remember|find|recall|want|like|give|share)\b"
    r"|\bno (?:idea|clue)\b|\blost it\b|\b(?:rather|prefer|would) not\b|\bforgot\w*\b|\bnever (?:give|share|tell)\b"
    r"|\bnot (?:comfortable|sure|happy)\b"
    r"|\bwithout (?:(?:the|my|an|any|giving) )*(?:e-?)?mail\b"
    r"|\b(?:another|other|different|some) (?:way|how)\b|\bkeep (?:it|that|my|the) "
)
WHAT_WAS_ASKED = re.compile(
    r"\b(?:e-?mail|address|number|zip|postcode|account|name)\w*\b|\b(?:it|that|way)\b"
)
QUESTION = re.compile(
    r"\?\s*$|^(?:and |so |but )?(?:how|what|why|when|where|who|is|are|do|does|did|will|would|can|could|should)\b"
)
FEW = 2  # tries left from which they are counted aloud
IDENTITY = frozenset({"email", "identity_proof"})
NOBODY: dict[str, Any] = {"verified": None, "customer_name": None, "identity_proof": None}


def known_customer(tracker: Tracker, action: str | None = None) -> Customer | None:
    """Return the customer to whom this conversation belongs, if that was proven well enough and still holds.

    Well enough for `action`, else for the wish that the running form serves.
    """
    needed = action or served_by(tracker.active_loop_name, tracker.get_slot("wish")) or ANYTHING
    known, enough = _standing(tracker, needed)
    return known if enough else None


def _standing(tracker: Tracker, action: str) -> tuple[Customer | None, bool]:
    """Return to whom this conversation belongs on any level, and whether that is enough for an action."""
    identity = services().identity
    known, way = looked_up(("proven", tracker.sender_id), lambda: identity.proven(caller(tracker)))
    return known, known is not None and identity.suffices(way, action)


def settle(
    dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, action: str = ANYTHING
) -> dict[str, Any]:
    """Take one step towards knowing the customer; return the slots that change.

    With what an action asks for in hand the identity service is asked, once for each claim.
    """
    who, identity = caller(tracker), services().identity
    if not who.authenticated:
        return {"identity_block": "unavailable"}
    known, enough = _standing(tracker, action)
    other = known is not None and heard.email is not None and heard.email != known.email.lower()
    if other and identity.one_customer:
        dispatcher.utter_message(response="utter_identity_one_customer")
        return {"email": known.email.lower() if known else None}
    if other:
        identity.forget(who)
        look_again()
        return {**NOBODY, **_try(dispatcher, tracker, heard, who, action), "email": heard.email}
    if known and enough and known.guest and heard.number:
        known = _by_another_order(who, known, heard.number, action)
    if known and enough:
        now = {"verified": True, "customer_name": known.first_name}
        return {name: value for name, value in now.items() if tracker.get_slot(name) != value}
    stale = {name: None for name in NOBODY if tracker.get_slot(name) is not None}
    return {**stale, **_try(dispatcher, tracker, heard, who, action, known)}


def _by_another_order(who: Caller, guest: Customer, number: str, action: str) -> Customer:
    """Know a guest by another order of theirs, if the number that they name goes with the same address."""
    if services().orders.find(guest, number) is not None:
        return guest
    done = services().identity.verify(who, guest.email, number, action=action)
    look_again()
    return done.customer if done.status == "verified" and done.customer else guest


def _try(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    heard: Said,
    who: Caller,
    action: str,
    known: Customer | None = None,
) -> dict[str, Any]:
    """Verify with what is at hand, and say so when it didn't work."""
    named = (
        full_name(heard.text, asked=tracker.get_slot("requested_slot") in IDENTITY)
        if by_name(action)
        else None
    )
    claim = _claim(tracker, heard, known, named)
    given: dict[str, Any] = {"email": heard.email} if heard.email else {}
    given |= {"person_name": named} if named else {}
    if heard.number or heard.postcode:
        given["identity_proof"] = None
    tried, before = f"{claim.email} {claim.name} {claim.proof}".lower(), tracker.get_slot("identity_tried")
    new = given or heard.number or heard.postcode
    if not services().identity.could_prove(claim, action) or tried == before or (before and not new):
        return given
    result = services().identity.verify(who, claim.email, claim.proof, name=claim.name, action=action)
    look_again()
    if result.status == "verified" and result.customer:
        return {
            **given,
            "identity_proof": claim.proof or claim.email,
            "verified": True,
            "customer_name": result.customer.first_name,
            "identity_tried": None,
            "person_name": None,
        }
    if result.status in ("locked", "unavailable"):
        return {**given, "identity_proof": None, "identity_tried": None, "identity_block": result.status}
    if result.status == "one_customer":
        dispatcher.utter_message(response="utter_identity_one_customer")
        return {"identity_tried": tried}
    _tell_failure(dispatcher, claim, result.attempts_left, action)
    emptied = {"email": None} if claim.email and "email" in services().identity.ways(action) else {}
    return {**given, **emptied, "identity_proof": None, "identity_tried": tried}


def _claim(tracker: Tracker, heard: Said, known: Customer | None, named: str | None) -> Claim:
    """Put together what the customer has said of themselves so far; what they say now counts before that."""
    proof = heard.number or heard.postcode or tracker.get_slot("order_number") or tracker.get_slot("postcode")
    email = heard.email or (known.email if known else tracker.get_slot("email"))
    name = named or tracker.get_slot("person_name")
    if name and not (heard.postcode or email):  # a name goes with a ZIP code
        proof = tracker.get_slot("postcode")
    elif name and heard.postcode:
        proof = heard.postcode
    return Claim(str(email or ""), str(proof or ""), str(name or ""))


def _tell_failure(dispatcher: CollectingDispatcher, claim: Claim, left: int, action: str) -> None:
    """Say that what was given proves nobody, and what else may be tried."""
    kind = "_name" if not claim.email else "_alone" if "email" in services().identity.ways(action) else ""
    few = "_few" if not kind and left <= FEW else ""
    dispatcher.utter_message(
        response=f"utter_identity_failed{kind}{few}", attempts_left=left, email=claim.email
    )
    if kind and left <= FEW:
        dispatcher.utter_message(response="utter_identity_tries_left", attempts_left=left)


def by_name(action: str = ANYTHING) -> bool:
    """Tell whether a name and a ZIP code prove who somebody is."""
    return "name_postcode" in services().identity.ways(action)


def hint_for(slot: str, action: str) -> str:
    """Name the response that helps with a question; the one for who it is says which ways there are."""
    return "utter_hint_email_or_name" if slot == "email" and by_name(action) else f"utter_hint_{slot}"


def identity_questions(tracker: Tracker, domain_slots: list[str], action: str) -> list[str]:
    """Return what to ask somebody who isn't known well enough: only what is missing."""
    known = _standing(tracker, action)[0] is not None
    named = tracker.get_slot("person_name") and not tracker.get_slot("email") and by_name(action)
    return [slot for slot in domain_slots if slot != "email"] if known or named else domain_slots


def tell_block(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Say why nothing private can be told here, and offer what can be done instead."""
    locked = tracker.get_slot("identity_block") == "locked"
    dispatcher.utter_message(response="utter_identity_locked" if locked else "utter_identity_unavailable")
    return [SlotSet("identity_block", None), SlotSet("pending_offer", "handoff")]


class ActionAskEmail(Action):
    """Ask for the e-mail address, and name what will do instead; not right after saying that one didn't match."""

    def name(self) -> str:
        """Name the action."""
        return "action_ask_email"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask as the wish needs it; a password needs the address in any case."""
        wish = served_by(tracker.active_loop_name)
        private = wish is not None and wish != "reset_password"
        if private and (_failed(tracker) or _hinted(tracker)):
            return []
        dispatcher.utter_message(
            response="utter_ask_email_or_name" if private and by_name(wish or ANYTHING) else "utter_ask_email"
        )
        return []


class ActionAskIdentityProof(Action):
    """Ask for the order number or ZIP code, unless that was just said in other words."""

    def name(self) -> str:
        """Name the action."""
        return "action_ask_identity_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask, but not right after saying that the last try didn't match."""
        if _failed(tracker):
            return []
        known = services().identity.known(caller(tracker))
        named = tracker.get_slot("person_name") and not tracker.get_slot("email")
        response = "utter_ask_identity_step" if known else "utter_ask_identity_proof"
        dispatcher.utter_message(response="utter_ask_name_postcode" if named and not known else response)
        return []


def _hinted(tracker: Tracker) -> bool:
    """Tell whether all the ways were just named in a hint."""
    return told_now(tracker, "utter_hint_email_or_name")


def _failed(tracker: Tracker) -> bool:
    """Tell whether a claim was refused in this turn."""
    return any(
        event.get("event") == "slot" and event.get("name") == "identity_tried" and event.get("value")
        for event in turn_events(tracker)
    )


class PrivateForm(AttentiveForm, ABC):
    """Validate a form that tells or changes something private: identity first, then its own steps."""

    wish: ClassVar[str]
    reads_introductions: ClassVar[bool] = True  # whether an answer to the question who it is may say more
    own_questions: ClassVar[tuple[str, ...]] = ()  # slots to which another clear wish is no answer

    @abstractmethod
    def name(self) -> str:
        """Name the action."""

    @property
    @abstractmethod
    def held(self) -> tuple[str, ...]:
        """The slots that hold what one customer said for this form."""

    @abstractmethod
    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Return the slots that are needed once the customer is known."""

    def needed(self, tracker: Tracker) -> str:
        """Return the wish whose level of identity is needed: of a form that serves several, the one that is named."""
        return served_by(self.form_name(), tracker.get_slot("wish")) or self.wish

    def heard(self, tracker: Tracker) -> Said:
        """Return the words of this turn that are meant for this form; empty ones for an interruption."""
        words, asked = said(tracker, self.form_name()), tracker.get_slot("requested_slot")
        if self.only_who(words, asked, tracker):
            return Said()
        cue = cued(words.text)
        another = cue is not None and not wishes()[self.wish].includes(cue)
        if asked and words.text and not another and self.tells(str(asked), words, tracker):
            return words
        if words.intent == FALLBACK and another and cue in guessed(tracker):
            return Said()
        picks = words.intent in ASKS and (
            (asked in CHOICES and (words.has(PICKS) or words.has(THIS_ONE) or words.confidence < QUITE_SURE))
            or (asked in self.own_questions and words.short and words.has(THIS_ONE))
        )
        if picks:
            return words
        if asked in self.own_questions and words.intent in wishes() and words.intent != self.wish:
            clear = words.confidence >= SURE or cued(words.text) == words.intent
            return Said() if clear else words
        return words if words.answers or words.intent == self.wish else Said()

    def tells(self, asked: str, words: Said, tracker: Tracker) -> bool:
        """Tell whether the words hold what was asked for, whatever they sound like: an address, a number, a method."""
        if asked in IDENTITY:
            named = by_name(self.needed(tracker)) and full_name(words.text, asked=True)
            return bool(words.email or words.postcode or words.number or named)
        if asked.endswith("_confirmed"):
            return words.plain_yes
        if words.has(QUESTION):
            return False
        order = words.number is not None and asked in CHOICES
        return order or (asked.endswith("_method") and names_method(words.text))

    def only_who(self, words: Said, asked: object, tracker: Tracker) -> bool:
        """Tell whether the words answer who it is, or that it can't be told: then they say nothing else."""
        if asked not in IDENTITY or words.payload or words.number:
            return False
        if not self.reads_introductions and words.intent not in wishes() and (words.email or words.postcode):
            return True
        if not by_name(self.needed(tracker)):
            return False
        named = full_name(words.text, asked=True) is not None
        return named or (words.has(LACKS) and not words.email)

    def opening(self, tracker: Tracker) -> Said:
        """Return the words with which the customer came to this wish, maybe some turns ago."""
        return Said(str(tracker.get_slot("wish_words") or ""), self.wish, 1.0)

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Settle who the customer is, apply corrections, then extract and validate as any form does."""
        asked = str(tracker.get_slot("requested_slot") or "")
        if asked.endswith("_confirmed") and gives_up_this(tracker):
            return [SlotSet(asked, False), SlotSet("requested_slot", None)]
        self.give_way(tracker)
        with one_look():
            heard, wish = self.heard(tracker), self.needed(tracker)
            before, _ = _standing(tracker, wish)
            changes = settle(dispatcher, tracker, self._introduced(tracker, heard), wish)
            changes |= of_former(tracker, before, _standing(tracker, wish)[0], self.held)
            tracker.slots.update(changes)
            # Noted in this turn: a yes in the same message isn't one to what the summary will say now.
            corrections = noted(tracker, self.corrections(dispatcher, tracker, heard, domain))
            tracker.slots.update(corrections)
            changes.update(corrections)
            changes.update(self._lacking(dispatcher, tracker))
            changes.update(reworded(tracker, self.form_name()) if asked in IDENTITY else {})
            events = await super().run(dispatcher, tracker, domain)
        return [*(SlotSet(name, value) for name, value in changes.items()), *events]

    def _introduced(self, tracker: Tracker, heard: Said) -> Said:
        """Return the words that may say who it is: of a wish its opening, and any answer to the question who."""
        asked = not heard.text and tracker.get_slot("requested_slot") in IDENTITY
        return said(tracker, self.form_name()) if asked else heard

    def _lacking(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> dict[str, Any]:
        """Help somebody who doesn't have what was asked for."""
        words, asked = said(tracker, self.form_name()), tracker.get_slot("requested_slot")
        about = words.short or words.has(WHAT_WAS_ASKED)
        if asked not in IDENTITY or not words.has(LACKS) or not about or tracker.get_slot("identity_proof"):
            return {}
        if words.email or words.number or words.postcode or full_name(words.text, asked=True):
            return {}
        dispatcher.utter_message(response=hint_for(asked, self.needed(tracker)))
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
        wish = self.needed(tracker)
        customer = known_customer(tracker, wish)
        return self.steps(customer, tracker) if customer else identity_questions(tracker, domain_slots, wish)

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
        return {"identity_proof": value if known_customer(tracker, self.needed(tracker)) else None}

"""Changing an address: of an open order, of the account, or of both; in one message or part by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Address, Customer, Order
from actions.flows.address_words import (
    BOTH,
    ORDER,
    PROFILE,
    TARGETS,
    answered_parts,
    draft,
    draft_of,
    names_address,
    names_one_target,
    new_address,
    opening_parts,
    order_words,
    parts_from,
    postcode_of,
    takes_last,
    takes_own,
    target_of,
    without_postcode,
)
from actions.flows.choice import described, placed, recent
from actions.flows.identity import known_customer
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import OrderFlow
from actions.flows.turn import Said, message, spoken_after
from actions.flows.wishes import LONGEST_WORDS
from actions.services import services
from actions.services.address_reading import corrected
from actions.services.us_addresses import Parts, parts_of

FORM = "address_form"
WISH = "change_address"
FLOW = OrderFlow(
    wish=WISH,
    form=FORM,
    confirmed_slot="address_confirmed",
    told_slots=("address_order", "address_target", "address_new"),
    further_slots=("address_draft", "address_doubted"),
    worth_asking=frozenset({"being_packed"}),
)


def possible(order: Order) -> bool:
    """Tell whether an order can still be sent elsewhere."""
    return services().addresses.decide(order).allowed


def open_orders(customer: Customer) -> list[Order]:
    """Return the recent orders that can still be sent elsewhere."""
    return [order for order in recent(customer) if possible(order)]


def base_of(customer: Customer, tracker: Tracker) -> Address:
    """Return the address that is to be replaced."""
    order = FLOW.order(customer, tracker)
    return (
        order.address
        if order is not None and tracker.get_slot("address_target") != PROFILE
        else customer.address
    )


class ValidateAddressForm(OrderForm):
    """Validate the address form: identity, whose address, which order, the address, and an explicit yes."""

    flow = FLOW
    wish = WISH
    own_questions = ("address_target", "address_order")
    reads_introductions = False  # "the address on the account is ..." may be an e-mail address

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def heard(self, tracker: Tracker) -> Said:
        """Return the words for this form; the ZIP code of an address in them proves nothing about a person."""
        asked = tracker.get_slot("requested_slot")
        words = super().heard(tracker)
        whole = message(tracker)
        if not words.text and asked in ("address_new", "address_confirmed") and names_address(whole, asked):
            words = whole  # an address is an answer, whatever it was taken for
        if not words.text and asked == FLOW.confirmed_slot and names_one_target(whole):
            words = whole  # and so is "only the order"
        verified = asked not in (None, "email", "identity_proof", "person_name", "postcode")
        return words if verified or not names_address(words, asked) else without_postcode(words)

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Keep the ZIP code of an address away from who the customer is; then do what any private form does."""
        whole, mentioned = message(tracker), str(tracker.get_slot("postcode") or "")
        forgotten: list[EventType] = []
        of_address = names_address(whole, tracker.get_slot("requested_slot"))
        if of_address and mentioned.startswith(postcode_of(whole)):
            tracker.slots["postcode"] = without_postcode(whole).postcode
            forgotten = [SlotSet("postcode", tracker.slots["postcode"])]
        return [*forgotten, *await super().run(dispatcher, tracker, domain)]

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for what is missing; for nothing more where the order can't be sent elsewhere."""
        order, target = FLOW.order(customer, tracker), tracker.get_slot("address_target")
        rest = ["address_new", FLOW.confirmed_slot]
        if target == PROFILE:
            return ["address_target", *rest]
        if order is not None and not possible(order):
            return ["address_order"]
        if order is None and not open_orders(customer) and target:
            named = self.only_named(customer, tracker)
            return ["address_target", *named] if named else []
        return ["address_target", "address_order", *rest]

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Notice another order, another target, or another part of the address than the summary said."""
        customer = known_customer(tracker)
        asked = tracker.get_slot("requested_slot")
        if (
            customer is not None
            and asked in self.own_questions
            and names_address(message(tracker), "address_new")
        ):
            before = str(tracker.get_slot("wish_words") or "")
            return {"wish_words": spoken_after(before.splitlines(), message(tracker).text, LONGEST_WORDS)}
        if customer is None or not heard.text or asked != FLOW.confirmed_slot:
            return {}
        changes = FLOW.other_order(dispatcher, tracker, order_words(heard))
        settled = changes and not names_one_target(heard)
        wanted = None if settled else target_of(heard, open_order=bool(open_orders(customer)))
        if wanted and wanted != tracker.get_slot("address_target") and not takes_own(heard):
            changes["address_target"] = wanted
        changes |= self._other_parts(customer, tracker, heard)
        if not changes:
            return {}
        return {**changes, "address_confirmed": None, "address_doubted": None}

    def _other_parts(self, customer: Customer, tracker: Tracker, heard: Said) -> dict[str, Any]:
        """Return the slots of an address that this message corrects."""
        now = new_address(tracker)
        if now is None or heard.payload:
            return {}
        parts = parts_of(customer.address) if takes_own(heard) else corrected(parts_of(now), heard.text)
        if parts is None or parts == parts_of(now) or parts.missing:
            return {}
        return {"address_new": draft(parts), "address_draft": draft(parts)}

    def extract_address_target(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out whose address it is."""
        customer = known_customer(tracker)
        if customer is None or tracker.get_slot("address_target"):
            return {}
        offered = open_orders(customer)
        if not services().addresses.profile_allowed:
            return {"address_target": ORDER}
        for words in (self.heard(tracker), self.opening(tracker)):
            target = target_of(words, open_order=bool(offered)) if words.text else None
            if target:
                return {"address_target": target}
        heard = self.heard(tracker)
        asked = tracker.get_slot("requested_slot") == "address_target"
        if described(customer, order_words(heard)) or (asked and placed(heard, offered)):
            return {"address_target": ORDER}
        return {} if offered else {"address_target": PROFILE}

    def validate_address_target(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order, the account, or both, as far as the policies let the account be changed."""
        profile = value in (PROFILE, BOTH) and not services().addresses.profile_allowed
        return {"address_target": ORDER if profile else value if value in TARGETS else None}

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the recent orders that can still be sent elsewhere."""
        return open_orders(customer)

    def meant(
        self, customer: Customer, words: Said, tracker: Tracker, offered: Sequence[Order]
    ) -> str | None:
        """Return the order that the words around an address mean."""
        return words.number or super().meant(customer, order_words(words), tracker, offered)

    def extract_address_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which order is to be sent elsewhere, where one is."""
        return self.find_order(tracker) if tracker.get_slot("address_target") in (ORDER, BOTH) else {}

    def validate_address_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; say when there is no such order."""
        return self.own_order(value, dispatcher, tracker)

    def extract_address_new(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Read the new address, whole or the part that was asked for."""
        customer, target = known_customer(tracker), tracker.get_slot("address_target")
        ready = target == PROFILE or FLOW.order(customer, tracker) if customer else None
        if customer is None or not ready or tracker.get_slot("address_new"):
            return {}
        parts = self._parts(customer, tracker)
        known = draft(parts)
        return {"address_new": known} if known and known != draft(draft_of(tracker)) else {}

    def _parts(self, customer: Customer, tracker: Tracker) -> Parts:
        """Return what is known of the address after this message."""
        heard, so_far, base = self.heard(tracker), draft_of(tracker), base_of(customer, tracker)
        asked = tracker.get_slot("requested_slot") == "address_new"
        target, first = tracker.get_slot("address_target"), self.opening(tracker)
        if target == ORDER and (takes_own(heard, asked=asked) or (not asked and takes_own(first))):
            return parts_of(customer.address)
        last = services().orders.find(customer, str(tracker.get_slot("last_order") or ""))
        elsewhere = last is not None and last.number != tracker.get_slot("address_order")
        if (
            last
            and (target == PROFILE or elsewhere)
            and (takes_last(heard) or (not asked and takes_last(first)))
        ):
            return parts_of(last.address)
        if asked and heard.text and not heard.payload:
            whole = so_far if so_far.some else opening_parts(heard.text, base)
            return answered_parts(heard.text, whole, base) if so_far.some or not whole.some else whole
        if so_far.some:
            return so_far
        said_first = first.text or heard.text
        return opening_parts(said_first, base) if said_first and not heard.payload else so_far

    def validate_address_new(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an address to which things can be sent and which isn't the present one; say why not else."""
        customer, parts = known_customer(tracker), parts_from(value)
        if customer is None or not parts.some:
            return {"address_new": None}
        if parts.abroad:
            dispatcher.utter_message(response="utter_address_abroad")
            return {"address_new": None, "address_draft": None, "wish_words": None}
        if parts.missing:
            return {"address_new": None, "address_draft": draft(parts)}
        address = parts.address()
        shop, target = services().addresses, tracker.get_slot("address_target")
        order = FLOW.order(customer, tracker)
        decisions = [shop.decide(order, address)] if order is not None and target != PROFILE else []
        if target in (PROFILE, BOTH):
            decisions.append(shop.decide_profile(customer, address))
        refused = [decision for decision in decisions if not decision.allowed]
        other = [decision for decision in refused if decision.rule != "same_address"]
        if not refused or (not other and len(refused) < len(decisions)):
            return {"address_new": value, "address_draft": draft(parts)}
        decision = (other or refused)[0]
        dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
        return {"address_new": None, "address_draft": None, "wish_words": None}

    def validate_address_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes to the summary; the first no asks what is wrong with it."""
        answer = FLOW.answered(value, self.heard(tracker), tracker)
        doubted = tracker.get_slot("address_doubted")
        if answer is False and not doubted:
            return {"address_confirmed": None, "address_doubted": True}
        if answer is True and doubted:
            return {"address_confirmed": None, "address_doubted": None}
        return {"address_confirmed": answer}


class ActionAskAddressTarget(Action):
    """Ask whose address is to be changed."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_address_target"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer the open order, the account, or both."""
        customer = known_customer(tracker)
        if customer is None:
            return []
        orders = open_orders(customer)
        one = orders[0] if len(orders) == 1 else None
        dispatcher.utter_message(
            response="utter_ask_address_target_one" if one else "utter_ask_address_target",
            chosen_order=one.number if one else "",
            item_names=", ".join(item.label for item in one.items) if one else "",
        )
        return []

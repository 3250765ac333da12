"""The return form: which order, which items, why; what may go back is decided by the policies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.choice import OTHER, SAME, described, recent
from actions.flows.identity import QUESTION, known_customer
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import OrderFlow
from actions.flows.refund_words import asks_where, other_refund, wanted_refund
from actions.flows.return_words import (
    ADDS,
    ALL_GO_BACK,
    ALL_OF_THEM,
    TAKES_BACK,
    WRONG_ITEMS,
    WRONG_REASON,
    item_match,
    named_items,
    names_one,
    opening_items,
    reason_of,
    spared_items,
)
from actions.flows.turn import Said
from actions.services import services
from actions.services.wording import listed

FORM = "return_form"
PART = re.compile(r"^(?:the |another |a |other |different )*(item|order|reason)s?$")
ONLY_ALL = re.compile(
    r"(?:(?:no|actually|and|i meant?),? )*(?:both|all)(?: of (?:them|those|it))?(?:,? (?:please|pls))?\W*"
)
FLOW = OrderFlow(
    wish="start_return",
    form=FORM,
    confirmed_slot="return_confirmed",
    told_slots=("return_order", "return_items", "return_reason", "return_method"),
    further_slots=("return_change", "return_part"),
    item_slots=("return_items",),
    worth_asking=frozenset({"window_over", "final_sale"}),
)
ITEM_TALK = frozenset(
    {"return_items", "return_confirmed", "return_part"}
)  # where naming an item says something
AFTER_ITEMS = frozenset({"return_reason", "return_method", "return_confirmed", "return_part"})


def open_orders(customer: Customer) -> list[Order]:
    """Return the recent orders from which something can go back."""
    return [order for order in recent(customer) if services().returns.returnable(order)]


def chosen_items(order: Order, tracker: Tracker) -> list[str]:
    """Return the chosen items that belong to the order."""
    chosen = tracker.get_slot("return_items") or []
    return [str(item_id) for item_id in chosen if order.item(str(item_id))]


def part_of(heard: Said, tracker: Tracker) -> str | None:
    """Return which part of the return is to be changed, from a button or from a word that answers the question."""
    asked = tracker.get_slot("requested_slot") == "return_part"
    named = PART.search(heard.text.lower()) if asked and heard.short and not heard.number else None
    return heard.entity("part") or (named[1].replace("item", "items") if named else None)


def _elsewhere(
    dispatcher: CollectingDispatcher, customer: Customer | None, order: Order, heard: Said
) -> bool:
    """Say what stands in the way where the words name something from another order; tell whether they do."""
    number = described(customer, heard) if customer and heard.text and not heard.number else None
    other = services().orders.find(customer, number) if customer and number else None
    if other is None or other.number == order.number:
        return False
    named = named_items(other, heard)
    decision = services().returns.decide(other, named or None)
    if named and not decision.allowed and not decision.needs_approval:
        dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
    return bool(named)


def takes_it(heard: Said) -> bool:
    """Tell whether an answer takes the only item that was offered, without naming it."""
    return heard.plain_yes or any(heard.has(words) for words in (OTHER, SAME))


def _leave_out(dispatcher: CollectingDispatcher, order: Order, named: list[str]) -> None:
    """Say which items of an order "everything" doesn't include, and why."""
    left_out = [item.id for item in order.items if item.id not in named]
    if left_out and set(named) == {item.id for item in services().returns.returnable(order)}:
        decision = services().returns.decide(order, left_out)
        dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))


def _may_go(order: Order, ids: list[str]) -> bool:
    """Tell whether these items may go back, if need be with a person's consent."""
    decision = services().returns.decide(order, ids)
    return decision.allowed or decision.needs_approval


def _other_place(order: Order, heard: Said, tracker: Tracker) -> dict[str, Any]:
    """Notice that the refund should go elsewhere than the summary said."""
    if tracker.get_slot("requested_slot") not in ("return_confirmed", "return_part"):
        return {}
    place = other_refund(order, heard, tracker.get_slot("return_method"))
    return {"return_method": place.id} if place else {}


def _other_reason(heard: Said, asked: str | None, part: str | None) -> dict[str, Any]:
    """Notice that the reason was misunderstood."""
    if asked not in ("return_confirmed", "return_part") and part != "reason":
        return {}
    reason = reason_of(heard)
    if reason:
        return {"return_reason": reason}
    return {"return_reason": None} if part == "reason" or heard.has(WRONG_REASON) else {}


class ValidateReturnForm(OrderForm):
    """Validate the return form: identity, order, items, reason, and an explicit yes."""

    flow = FLOW
    wish = FLOW.wish

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def tells(self, asked: str, words: Said, tracker: Tracker) -> bool:
        """Tell whether the words hold what was asked for; of the items the name or an option of one will do."""
        if asked == "return_confirmed" and words.plain_yes:
            return True
        if words.has(QUESTION) or asked not in ITEM_TALK:
            told = asked == "return_reason" and not words.has(QUESTION) and reason_of(words) is not None
            return told or super().tells(asked, words, tracker)
        found = FLOW.mine(tracker)
        if found is None:
            return False
        place = (
            other_refund(found[1], words, tracker.get_slot("return_method"))
            if asked != "return_items"
            else None
        )
        return place is not None or bool(item_match(found[1], words).items)

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for what is missing; for nothing where no item can go back."""
        order = FLOW.order(customer, tracker)
        if order is not None and not services().returns.returnable(order):
            return ["return_order"]
        if order is None and not open_orders(customer):
            return self.only_named(customer, tracker)
        last = (
            ["return_part", "return_confirmed"] if tracker.get_slot("return_change") else ["return_confirmed"]
        )
        reason = ["return_reason"] if services().returns.reasons else []
        where = ["return_method"] if order is not None and asks_where(order) else []
        return ["return_order", "return_items", *reason, *where, *last]

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Take back the order, the items or the reason when the customer says so."""
        customer = known_customer(tracker)
        order = FLOW.order(customer, tracker) if customer else None
        if customer is None or order is None or not heard.text:
            return {}
        asked = tracker.get_slot("requested_slot")
        changed = self._other_order(customer, order, dispatcher, tracker, heard)
        changed = changed or self._other_items(order, dispatcher, tracker, heard, domain)
        changed = changed or _other_reason(heard, asked, part_of(heard, tracker))
        changed = changed or _other_place(order, heard, tracker)
        if not changed and asked == "return_part" and heard.plain_yes:
            return {"return_change": None}  # nothing should be different after all
        settled = {"return_confirmed": None, "return_change": None, "wish_words": None}
        return {**changed, **settled} if changed else {}

    def _other_order(
        self,
        customer: Customer,
        order: Order,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        heard: Said,
    ) -> dict[str, Any]:
        """Notice another order number, or "the other order"."""
        changes = FLOW.other_order(dispatcher, tracker, heard)
        if part_of(heard, tracker) == "order":
            changes = dict.fromkeys(("return_order", *FLOW.item_slots, "order_number"))
        if changes and len(recent(customer)) == 1 and heard.number in (None, order.number):
            dispatcher.utter_message(response="utter_only_order")
            return {"return_order": order.number}
        return changes

    def _other_items(
        self,
        order: Order,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        heard: Said,
        domain: DomainDict,
    ) -> dict[str, Any]:
        """Notice other items than those chosen before."""
        before, asked = chosen_items(order, tracker), tracker.get_slot("requested_slot")
        if not before or (heard.payload and heard.entity("return_reason")):
            return {}
        named, spared = named_items(order, heard), spared_items(order, heard)
        takes_back = heard.intent in ("correct", "deny") or heard.has(TAKES_BACK) or asked == "return_part"
        if asked == "return_reason" and heard.short and not reason_of(heard):
            more = set(named) > set(before) and ONLY_ALL.fullmatch(heard.text.lower()) is not None
            takes_back = takes_back or more or not set(named) & set(before)
        if named and heard.has(ADDS) and asked in AFTER_ITEMS:
            wanted = before + [item_id for item_id in named if item_id not in before]
        elif named and not takes_back and not names_one(order, heard) and not heard.has(ALL_GO_BACK):
            return {}  # "everything is right"
        elif named and (takes_back or asked == "return_confirmed"):
            wanted = named
        elif spared and takes_back:
            wanted = [item_id for item_id in before if item_id not in spared]
        else:
            wrong = part_of(heard, tracker) == "items" or heard.has(WRONG_ITEMS)
            return {"return_items": None} if wrong else {}
        if set(wanted) == set(before):
            same = heard.intent == "correct" or asked == "return_part"
            return {"return_items": before} if same else {}
        checked = self.validate_return_items(wanted, dispatcher, tracker, domain)
        return {"return_items": checked["return_items"] or before}

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the recent orders from which something can go back."""
        return open_orders(customer)

    def unsaid(self, customer: Customer, tracker: Tracker, offered: Sequence[Order]) -> str | None:
        """Return the only order, unless it was asked for, or another one was refused a moment ago."""
        refused = tracker.get_slot("last_wish") == self.wish and tracker.get_slot("last_order")
        only = super().unsaid(customer, tracker, offered)
        asked = tracker.get_slot("requested_slot") == FLOW.order_slot
        return None if asked or (refused and refused != only) else only

    def extract_return_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out from which order something goes back."""
        return self.find_order(tracker)

    def validate_return_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; say when there is no such order."""
        return self.own_order(value, dispatcher, tracker)

    def extract_return_items(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which items are meant; the only one is taken without asking."""
        customer = known_customer(tracker)
        order = FLOW.order(customer, tracker) if customer else None
        if order is None or tracker.get_slot("return_items"):
            return {}
        heard = self.heard(tracker)
        asked_for_order = tracker.get_slot("requested_slot") == "return_order"
        named = []
        if heard.entity("product") or not asked_for_order:
            named = opening_items(order, heard) if heard.intent == self.wish else named_items(order, heard)
        if not named and tracker.get_slot("wish_words"):
            named = opening_items(order, self.opening(tracker))
        asked = tracker.get_slot("requested_slot") == "return_items"
        another = asked and not named and _elsewhere(dispatcher, customer, order, heard)
        left = services().returns.returnable(order)
        if named and ALL_OF_THEM.search(heard.text or self.opening(tracker).text):
            _leave_out(dispatcher, order, named)
        if another:
            return {"return_items": None}
        if not named and len(left) == 1 and (not asked or takes_it(heard)):
            named = [left[0].id]
        return {"return_items": named} if named else {}

    def validate_return_items(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Keep the items that may go back, and say why the others may not."""
        customer = known_customer(tracker)
        order = FLOW.order(customer, tracker) if customer else None
        ids = [str(item_id) for item_id in value or [] if order and order.item(str(item_id))]
        if order is None or not ids:
            return {"return_items": None}
        decision = services().returns.decide(order, ids)
        if decision.allowed or decision.needs_approval:
            return {"return_items": ids}
        dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
        rest = [item_id for item_id in ids if item_id not in decision.refused_items]
        if not rest or not decision.refused_items or not _may_go(order, rest):
            return {"return_items": None, "wish_words": None}
        names = [item.label for item in order.items if item.id in rest]
        dispatcher.utter_message(response="utter_return_keeps_rest", item_names=listed(names))
        return {"return_items": rest}

    def extract_return_reason(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out why, in the customer's words or from a button."""
        heard = self.heard(tracker)
        reason = reason_of(heard) if heard.text else None
        if reason is None and not tracker.get_slot("return_reason") and tracker.get_slot("wish_words"):
            reason = reason_of(self.opening(tracker))
        if reason:
            return {"return_reason": reason}
        asked = tracker.get_slot("requested_slot") == "return_reason"
        if asked and heard.text and heard.intent not in ("correct", "affirm", "deny"):
            return {"return_reason": None}
        return {}

    def validate_return_reason(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept the reasons that the policies know."""
        return {"return_reason": value if value in services().policies.returns.reasons else None}

    def extract_return_method(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out where the refund should go, where the customer says so."""
        customer = known_customer(tracker)
        order = FLOW.order(customer, tracker) if customer else None
        if order is None or tracker.get_slot("return_method"):
            return {}
        heard, asked = self.heard(tracker), tracker.get_slot("requested_slot") == "return_method"
        named = heard.entity("refund_to")
        place = wanted_refund(order, Said(named) if named else heard, asked=asked or named is not None)
        if place is None and tracker.get_slot("wish_words"):
            place = wanted_refund(order, self.opening(tracker), asked=False)
        return {"return_method": place.id} if place else {}

    def validate_return_method(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept what the policies allow for this order."""
        found = FLOW.mine(tracker)
        allowed = {choice.id for choice in services().returns.choices(found[1])} if found else set()
        return {"return_method": value if value in allowed else None}

    def validate_return_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes to the summary that was shown; after a no, ask what to change."""
        if tracker.get_slot("return_confirmed") is None:
            return {"return_confirmed": None}
        answer = FLOW.answered(value, self.heard(tracker), tracker)
        if answer is False:
            return {"return_confirmed": None, "return_change": True}
        return {"return_confirmed": answer}

    def extract_return_part(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find nothing: what is to be changed takes effect at once, as a correction."""
        return {}

"""The form for changing or exchanging items: which order, which items, what instead, how the difference is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.choice import OTHER, choose, recent
from actions.flows.corrected import interrupted_order
from actions.flows.identity import QUESTION, known_customer
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import DECLINED_SLOT, OrderFlow, declined_methods
from actions.flows.payment_words import methods_meant, the_one
from actions.flows.swap_state import SwapState
from actions.flows.swap_words import adds_product, meant_for_items, names_item, speaks_of, understood
from actions.flows.turn import SURE, Said, said
from actions.flows.wishes import cued, wishes
from actions.services import services
from actions.services.swaps import WISHES as WISH_OF

FORM = "swap_form"
WISHES = ("change_order", "exchange_item")
FLOWS = {
    wish: OrderFlow(
        wish=wish,
        form=FORM,
        confirmed_slot="swap_confirmed",
        told_slots=("swap_order", "swap_items", "swap_changes", "swap_method"),
        further_slots=("swap_to", "swap_offered", DECLINED_SLOT),
        item_slots=("swap_items", "swap_changes", "swap_method", "swap_to", "swap_offered", DECLINED_SLOT),
        method_slot="swap_method",
        worth_asking=frozenset({"being_packed", "window_over", "too_many"}),
    )
    for wish in WISHES
}
ITEM_QUESTIONS = frozenset({"swap_items", "swap_to", "swap_confirmed"})


def flow_of(tracker: Tracker) -> OrderFlow:
    """Return the flow of the wish that the customer named."""
    return FLOWS.get(str(tracker.get_slot("wish")), FLOWS[WISHES[0]])


def chosen_order(tracker: Tracker) -> tuple[Customer, Order] | None:
    """Return the verified customer and the order that is changed, once both are known."""
    return flow_of(tracker).mine(tracker)


def possible(order: Order) -> bool:
    """Tell whether any item of an order can be changed or exchanged."""
    return bool(services().swaps.open_items(order))


def open_orders(customer: Customer, tracker: Tracker) -> list[Order]:
    """Return the recent orders whose items can be swapped: those that the customer's word fits, where there are any."""
    orders = [order for order in recent(customer) if possible(order)]
    wish = flow_of(tracker).wish
    return [order for order in orders if WISH_OF[services().swaps.kind(order)] == wish] or orders


class ValidateSwapForm(OrderForm):
    """Validate the form: identity, order, items with what they become, payment method, and an explicit yes."""

    flow = FLOWS[WISHES[0]]
    wish = WISHES[0]
    reads_introductions = False  # "the same as always" is no option of an item

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def heard(self, tracker: Tracker) -> Said:
        """Return the words that are meant for this form: also those that name an item or an option of it."""
        words, asked = said(tracker, FORM), tracker.get_slot("requested_slot")
        if self.only_who(words, asked, tracker):
            return Said()
        if words.intent in WISHES or words.answers:
            return words
        if asked == "swap_confirmed" and words.plain_yes:
            return words
        named = chosen_order(tracker) if asked == "swap_items" and not words.has(QUESTION) else None
        if named and speaks_of(named[1], words):
            return words
        if asked in ITEM_QUESTIONS and meant_for_items(tracker, words):
            return words
        found = chosen_order(tracker)
        if asked in ("swap_method", "swap_confirmed") and found and methods_meant(found[0], found[1], words):
            return words
        other = words.intent in wishes() and (words.confidence >= SURE or cued(words.text) == words.intent)
        return Said() if other else super().heard(tracker)

    def opening(self, tracker: Tracker) -> Said:
        """Return the words with which the customer came to this wish."""
        return Said(str(tracker.get_slot("wish_words") or ""), flow_of(tracker).wish, 1.0)

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for what is missing; for nothing more where the order's items can't be swapped."""
        order = flow_of(tracker).order(customer, tracker)
        if adds_product(tracker, str(tracker.get_slot("wish_words") or "")):
            return ["swap_order"]
        if (tracker.get_slot("swap_offered") or {}).get("empties"):
            return []
        if order is not None and not possible(order):
            return ["swap_order"]
        if order is None and not open_orders(customer, tracker):
            return self.only_named(customer, tracker)
        swaps = SwapState.of(tracker).swaps() if order else []
        method = ["swap_method"] if order is None or not swaps or self._asks_method(order, tracker) else []
        return ["swap_order", "swap_items", "swap_to", *method, "swap_confirmed"]

    def _asks_method(self, order: Order, tracker: Tracker) -> bool:
        """Tell whether the customer has to say how the difference is settled."""
        return bool(declined_methods(tracker)) or services().swaps.needs_method(
            order, SwapState.of(tracker).swaps()
        )

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Notice another order than the one chosen before."""
        return flow_of(tracker).other_order(dispatcher, tracker, heard)

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the recent orders whose items can be swapped."""
        return open_orders(customer, tracker)

    def meant(
        self, customer: Customer, words: Said, tracker: Tracker, offered: Sequence[Order]
    ) -> str | None:
        """Return the order that is meant: by number, by what is in it among those that are open, or as elsewhere."""
        if not words.text or words.number:
            return words.number
        named = [order for order in recent(customer) if names_item(order, words)]
        if len(named) == 1 and named[0].number not in {order.number for order in offered}:
            return named[0].number  # the wish becomes what its state allows
        speaks = [order for order in offered if speaks_of(order, words)]
        if len(speaks) == 1:
            return speaks[0].number
        fits = [order for order in services().orders.matching(customer, words.text) if order in speaks]
        if len(fits) == 1:
            return fits[0].number
        return None if speaks else choose(customer, words, tracker)

    def unsaid(self, customer: Customer, tracker: Tracker, offered: Sequence[Order]) -> str | None:
        """Return the order of a form that this wish interrupted, the one spoken of last, or the only possible one."""
        before = interrupted_order(customer, tracker)
        if before is not None and possible(before):
            return before.number
        asked, last = tracker.get_slot("requested_slot") == "swap_order", tracker.get_slot("last_order")
        if last in {order.number for order in offered} and not (asked or self.heard(tracker).has(OTHER)):
            return str(last)
        return super().unsaid(customer, tracker, offered)

    def extract_swap_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out in which order something is changed."""
        return self.find_order(tracker)

    def validate_swap_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; the wish becomes what its state allows, said kindly."""
        accepted = self.own_order(value, dispatcher, tracker)
        customer = known_customer(tracker)
        order = services().orders.find(customer, str(accepted["swap_order"])) if customer and value else None
        wish = WISH_OF[services().swaps.kind(order)] if order and possible(order) else None
        if order is None or wish in (None, self.needed(tracker)):
            return accepted
        rather = f"utter_swap_rather_{services().swaps.kind(order)}"
        dispatcher.utter_message(response=rather, chosen_order=order.number)
        return {**accepted, "wish": wish}  # with its own name, tickets and level of identity

    def extract_swap_items(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which items are to become what, in this message or in the words of the beginning."""
        found = chosen_order(tracker)
        if found is None or not possible(found[1]):
            return {}
        heard, state = self.heard(tracker), SwapState.of(tracker)
        asked = tracker.get_slot("requested_slot")
        settles = asked == "swap_method" and bool(methods_meant(found[0], found[1], heard))
        agrees = asked == "swap_confirmed" and heard.agrees
        reads = heard.text and not settles and not agrees  # "my gift card" names no item with an SD card
        changed = understood(dispatcher, tracker, found[1], heard, state) if reads else None
        if changed is None and not state.items and tracker.get_slot("wish_words"):
            changed = understood(dispatcher, tracker, found[1], self.opening(tracker), state)
        if changed is None and reads and asked in ITEM_QUESTIONS and meant_for_items(tracker, heard):
            changed = state  # the same once more: asked again rather than taken for something else
        open_items = services().swaps.open_items(found[1])
        foreign = (
            heard.entity("product") if changed is None and not state.items and not heard.payload else None
        )
        if foreign:
            dispatcher.utter_message(
                response="utter_swap_not_in_order", product=foreign, chosen_order=found[1].number
            )
        if changed is None and not state.items and len(open_items) == 1 and not foreign:
            changed = state.naming(open_items[0].id)
        return {"swap_items": changed.slots()} if changed else {}

    def validate_swap_items(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Keep what was understood, in the slots that it belongs to."""
        if not isinstance(value, Mapping):
            return {"swap_items": value or None}
        return {**value, **({} if value.get("swap_items") else {"wish_words": None})}

    def extract_swap_to(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find nothing: what an item becomes is understood together with the items."""
        return {}

    def extract_swap_method(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out with which payment method the difference is settled."""
        found = chosen_order(tracker)
        if found is None:
            return {}
        asked = tracker.get_slot("requested_slot") in ("swap_method", "swap_confirmed")
        heard = self.heard(tracker)
        method = the_one(found[0], found[1], heard, asked=asked) if heard.text else None
        if method is None and not tracker.get_slot("swap_method") and tracker.get_slot("wish_words"):
            method = the_one(found[0], found[1], self.opening(tracker), asked=False)
        return {"swap_method": method} if method and method != tracker.get_slot("swap_method") else {}

    def validate_swap_method(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a method of the customer; say so when it doesn't cover the difference."""
        found, swaps = chosen_order(tracker), SwapState.of(tracker).swaps()
        if found is None or value not in {method.id for method in found[0].payment_methods}:
            return {"swap_method": None}
        if swaps:
            decision = services().swaps.decide(found[1], swaps, str(value))
            if decision.rule == "gift_card_balance":
                dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
                return {"swap_method": None}
        return {"swap_method": value}

    def validate_swap_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes, or a no, to the summary that was shown."""
        return {"swap_confirmed": flow_of(tracker).answered(value, self.heard(tracker), tracker)}

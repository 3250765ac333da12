"""Changing and exchanging items: the questions with their buttons, the summary, and the one step that writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.commerce.model import NOTHING, Customer, Order, OrderItem, Product, Variant
from actions.flows.choice import payload
from actions.flows.corrected import concerned
from actions.flows.offers import offer_ticket
from actions.flows.order_writes import (
    AskAboutOrder,
    AskOrder,
    OrderFlow,
    SubmitOrderWrite,
    declined_methods,
)
from actions.flows.product_told import choices
from actions.flows.swap_form import FLOWS, chosen_order, flow_of, open_orders
from actions.flows.swap_state import SwapState
from actions.flows.swap_words import adds_product
from actions.flows.wishes import serve
from actions.flows.wording import amount, within
from actions.services import services
from actions.services.context import Caller
from actions.services.policy import Decision
from actions.services.swap_policy import SwapQuote
from actions.services.swaps import SwapReceipt, described
from actions.services.wording import listed

WAYS = ("charge", "refund", "even", "noted")
TOLD = (
    *(
        f"utter_swap_{what}_{way}"
        for what in ("summary_change", "summary_exchange", "confirm")
        for way in WAYS
    ),
    "utter_swap_unpayable",
)
ANY = FLOWS["change_order"]  # both wishes keep what they know in the same slots
FEW = 8  # variants that are all shown as buttons


class ActionAskSwapOrder(AskOrder):
    """Ask in which order something is changed."""

    flow = ANY
    response = "utter_ask_swap_order"

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders whose items can be changed or exchanged."""
        return open_orders(customer, tracker)


class ActionAskSwapItems(AskAboutOrder):
    """Ask which items are meant."""

    flow = ANY
    slot = "swap_items"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer each item that can be changed; of those alike, the ones that the words left open."""
        unclear = SwapState.of(tracker).offered.get("unclear", [])
        left = services().swaps.open_items(order)
        shown = [item for item in left if item.id in unclear] or left
        buttons = [{"title": item.label, "payload": payload("inform", product=item.label)} for item in shown]
        kind = services().swaps.kind(order)
        response = "utter_ask_swap_which_one" if unclear else f"utter_ask_swap_items_{kind}"
        dispatcher.utter_message(response=response, buttons=buttons, chosen_order=order.number)


class ActionAskSwapTo(AskAboutOrder):
    """Ask what an item should be instead."""

    flow = ANY
    slot = "swap_to"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Say what there is; where the wish can't be met, what comes nearest to it."""
        state = SwapState.of(tracker)
        item = order.item(state.pending) if state.pending else None
        product = services().swaps.catalogue(order).get(item.product_id) if item else None
        if item is None or product is None:
            return
        if state.offered.get("item") == item.id:
            tell_offer(dispatcher, state, item, product)
            return
        others = [
            each for each in product.variants if each.id != item.variant_id and each.can_be_had(item.quantity)
        ]
        if not others:
            dispatcher.utter_message(response="utter_swap_nothing_else", item=item.label)
            return
        shown = others if len(others) <= FEW else []
        dispatcher.utter_message(
            response="utter_ask_swap_to",
            buttons=variant_buttons(shown),
            item=item.label,
            choices=choices(product),
        )


def tell_offer(dispatcher: CollectingDispatcher, state: SwapState, item: OrderItem, product: Product) -> None:
    """Say why the wished variant can't be had, or that several fit, and offer the nearest."""
    ids = state.offered.get("variants", [])
    shown = [variant for variant in product.variants if variant.id in ids]
    shown.sort(key=lambda variant: ids.index(variant.id))
    missing = state.offered.get("missing")
    response = f"utter_swap_{missing}" if missing else "utter_swap_several"
    if missing and not state.offered.get("label"):
        response = "utter_swap_no_step"
    if not shown:
        response = "utter_swap_nothing_else"
    dispatcher.utter_message(
        response=response,
        buttons=variant_buttons(shown),
        item=item.label,
        name=item.name,
        label=str(state.offered.get("label") or ""),
        choices=" / ".join(variant.label for variant in shown),
    )


def variant_buttons(variants: Sequence[Variant]) -> list[dict[str, str]]:
    """Return a button for each variant, with its price."""
    return [
        {
            "title": f"{variant.label} \N{MIDDLE DOT} {amount(variant.price)}",
            "payload": payload("inform", variant=variant.id),
        }
        for variant in variants
    ]


class ActionAskSwapMethod(AskAboutOrder):
    """Ask how the difference in price is settled."""

    flow = ANY
    slot = "swap_method"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer the customer's payment methods."""
        state = SwapState.of(tracker)
        quote = services().swaps.quote(order, state.swaps())
        buttons = [
            {"title": method.label, "payload": payload("inform", payment_method=method.id)}
            for method in customer.payment_methods
            if method.id not in declined_methods(tracker)
        ]
        dispatcher.utter_message(
            response=f"utter_ask_swap_method_{direction(quote)}",
            buttons=buttons,
            difference=amount(abs(quote.difference), quote.currency),
        )


def direction(priced: SwapQuote | SwapReceipt) -> str:
    """Tell which way a difference goes, as the names of responses say it; "noted": none, but a method was named."""
    if priced.difference == NOTHING:
        return "noted" if priced.named else "even"
    return "charge" if priced.difference > NOTHING else "refund"


class ActionAskSwapConfirmed(AskAboutOrder):
    """Sum up what is changed, and ask for a yes."""

    flow = ANY
    slot = "swap_confirmed"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Say what becomes of each item, what it costs or pays back, how, and when; nothing is written yet."""
        swaps = SwapState.of(tracker).swaps()
        if not swaps:
            return
        method = tracker.get_slot("swap_method")
        quote = services().swaps.quote(order, swaps, str(method) if method else None)
        again = flow_of(tracker).again(tracker, TOLD)
        told = {
            "chosen_order": order.number,
            "item_changes": told_swaps(described(order, quote, swaps)),
            "difference": amount(abs(quote.difference), quote.currency),
            "method": quote.method,
            "when": within(quote.business_days),
            "total": amount(quote.changed.total, quote.currency),
        }
        decision = services().swaps.decide(order, swaps, str(method) if method else None)
        summary = f"{'confirm' if again else f'summary_{quote.kind}'}_{direction(quote)}"
        unpayable = decision.rule == "no_method"
        dispatcher.utter_message(response=f"utter_swap_{'unpayable' if unpayable else summary}", **told)
        approval = decision.needs_approval
        final = services().swaps.is_final(order)
        ending = "approval" if approval else "once" if final else "plain"
        dispatcher.utter_message(response=f"utter_swap_ask_{ending}", **told)


def told_swaps(items: Sequence[str]) -> str:
    """Join what becomes of the items; each is a phrase with commas of its own."""
    return "; ".join(items)


class ActionSubmitSwap(SubmitOrderWrite):
    """Change or exchange the items after a yes, or say why not."""

    by_item = True

    def name(self) -> str:
        """Name the action."""
        return "action_submit_swap"

    def flow_for(self, tracker: Tracker) -> OrderFlow:
        """Return the flow of the wish that the customer named."""
        return flow_of(tracker)

    def settles(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
        """Say that no product can be added; turn to a cancellation where nothing would be left of the order."""
        found = chosen_order(tracker)
        if found and SwapState.of(tracker).offered.get("empties"):
            number = found[1].number
            dispatcher.utter_message(response="utter_change_nothing_left", order_number=number)
            return serve("cancel_order", number)
        if adds_product(tracker, str(tracker.get_slot("wish_words") or "")):
            dispatcher.utter_message(response="utter_change_no_adding")
            return []
        return None

    def decide(self, customer: Customer, order: Order, tracker: Tracker) -> Decision:
        """Return why nothing in the order can be changed, told of the items that were named."""
        decision, ids = services().swaps.decide(order), concerned(order, tracker)
        named = listed([item.label for item in order.items if item.id in ids])
        return replace(decision, facts={**decision.facts, "item": named}) if named else decision

    def declined(self, dispatcher: CollectingDispatcher, order: Order) -> None:
        """Say that the order stays."""
        dispatcher.utter_message(response="utter_swap_kept", chosen_order=order.number)

    def write(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        who: Caller,
        customer: Customer,
        order: Order,
    ) -> list[EventType]:
        """Swap, or pass it to a person where one has to decide."""
        swaps, slot = SwapState.of(tracker).swaps(), tracker.get_slot("swap_method")
        method = str(slot) if slot else None
        if services().swaps.decide(order, swaps, method).needs_approval:
            ticket = services().swaps.ask_approval(who, customer, order.number, swaps, method)
            dispatcher.utter_message(response="utter_swap_waits_for_approval", ticket=ticket.number)
            return [SlotSet("ticket", ticket.number)]
        receipt = services().swaps.swap(who, customer, order.number, swaps, method)
        told: dict[str, Any] = {
            "chosen_order": receipt.order_number,
            "item_changes": told_swaps(receipt.items),
            "difference": amount(abs(receipt.difference), receipt.currency),
            "method": receipt.method,
            "when": within(receipt.business_days),
            "reference": receipt.reference,
            "label_url": receipt.label_url,
        }
        done = "waits" if receipt.waits else f"done_{receipt.kind}_{direction(receipt)}"
        dispatcher.utter_message(response=f"utter_swap_{done}", **told)
        return []

    def charged(self, customer: Customer, order: Order, tracker: Tracker) -> set[str]:
        """Return the methods that were to pay the difference."""
        slot = tracker.get_slot("swap_method")
        quote = services().swaps.quote(order, SwapState.of(tracker).swaps(), str(slot) if slot else None)
        return {share.method_id for share in quote.shares}

    def chargeable(self, customer: Customer, order: Order, tracker: Tracker) -> set[str]:
        """Return the methods that could pay the difference."""
        swaps = SwapState.of(tracker).swaps()
        decide = services().swaps.decide
        return {each.id for each in customer.payment_methods if decide(order, swaps, each.id).allowed}

    def none_possible(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer
    ) -> list[EventType]:
        """Say that there is no order whose items can be changed or exchanged."""
        dispatcher.utter_message(response="utter_swap_nothing_open")
        return offer_ticket(dispatcher, tracker, flow_of(tracker).wish)

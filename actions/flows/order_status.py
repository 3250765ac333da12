"""Order status: who asks, which order, and how it stands in plain words."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Exchange, Order, Shipment
from actions.flows.choice import OTHER, ask_which, contents, fitting, placed, recent
from actions.flows.identity import known_customer, tell_block
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import OrderFlow
from actions.flows.turn import said
from actions.flows.wishes import done
from actions.flows.wording import amount, day, today
from actions.services import services
from actions.services.parcels import Look
from actions.services.swap_policy import becomes
from actions.services.wording import listed

FORM = "order_status_form"
BESIDE = frozenset({"complain", "small_talk", "out_of_scope"})  # taken for no answer to "which order?"
COMING_BACK = frozenset({"return_requested", "exchange_requested"})
MOVING = frozenset({"shipped", "out_for_delivery", "partially_shipped"})
# States of a parcel that are told in other words than the order's.
UNUSUAL = {"exception": "exception", "ready_for_pickup": "ready_for_pickup", "returned": "coming_back"}


FLOW = OrderFlow(wish="order_status", form=FORM, confirmed_slot="", told_slots=("status_order",))


class ValidateOrderStatusForm(OrderForm):
    """Validate the order status form: identity, then the order."""

    flow = FLOW
    wish = FLOW.wish

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the recent orders."""
        return recent(customer)

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for the order, unless the customer has none."""
        return ["status_order"] if recent(customer) else []

    def extract_status_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which order is meant."""
        asked, heard = tracker.get_slot("requested_slot") == "status_order", self.heard(tracker)
        beside = heard.intent in BESIDE and not (heard.number or heard.entity("product"))
        if asked and beside:
            return {}
        found, customer = self.find_order(tracker), known_customer(tracker)
        again = customer and not found and tracker.get_slot("last_wish") == self.wish
        number = placed(heard, self.offered(customer, tracker)) if customer and again else None
        return {"status_order": number} if number else found  # "and the first?"

    def validate_status_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; say when there is no such order."""
        return self.own_order(value, dispatcher, tracker)


class ActionAskStatusOrder(Action):
    """Ask which order is meant, with the recent ones to choose from."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_status_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer the orders that fit the words, newest first."""
        customer = known_customer(tracker)
        if customer:
            heard, last = said(tracker, FORM), tracker.get_slot("last_order")
            found = fitting(customer, heard)
            others = [order for order in found if order.number != last] if heard.has(OTHER) else []
            offered = others or found
            ask_which(dispatcher, "utter_ask_which_order", offered)
        return []


class ActionOrderStatus(Action):
    """Tell how an order stands."""

    def name(self) -> str:
        """Name the action."""
        return "action_order_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Tell it to a verified customer; to anybody else only what stands in the way."""
        closing: list[EventType] = [*done("order_status"), SlotSet("status_order", None)]
        customer = known_customer(tracker, "order_status")
        if customer is None:
            return [*tell_block(dispatcher, tracker), *closing]
        number = tracker.get_slot("status_order")
        order = services().orders.find(customer, str(number)) if number else None
        if order is None:
            dispatcher.utter_message(response="utter_no_orders")
            return closing
        look = services().parcels.look(order)
        tell_order(dispatcher, look.order, today())
        if look.silent:
            dispatcher.utter_message(response="utter_parcels_as_of", **age_facts(look))
        return [*closing, SlotSet("order_number", None), SlotSet("last_order", order.number)]


def tell_order(dispatcher: CollectingDispatcher, order: Order, on: date) -> None:
    """Say how an order stands, parcel by parcel where it travels in several."""
    parcels = [entry for entry in order.shipments if entry.tracking_number]
    moving = [entry for entry in parcels if entry.delivered_at is None]
    arrived_in_part = order.status == "partially_shipped" and bool(parcels) and not moving
    if order.status in MOVING and (len(order.shipments) > 1 or arrived_in_part):
        dispatcher.utter_message(response="utter_order_in_parts", **facts(order, on))
        for parcel in order.shipments:
            dispatcher.utter_message(response=_parcel_response(parcel), **parcel_facts(order, parcel, on))
        waiting = _not_packed(order)
        if waiting:
            dispatcher.utter_message(response="utter_parcel_waiting", parcel_items=listed(waiting))
        return
    under_way = [
        *(("return_requested", {"return_reference": back.reference}) for back in order.returns if back.open),
        *(
            (
                "exchange_unpaid" if entry.status == "unpaid" else "exchange_requested",
                exchange_facts(order, entry),
            )
            for entry in order.exchanges
            if entry.open
        ),
    ]
    if order.status in COMING_BACK and under_way:
        for state, further in under_way:
            dispatcher.utter_message(response=f"utter_order_{state}", **facts(order, on) | further)
        return
    only = next(iter(moving or parcels), None)
    told = facts(order, on) | (parcel_facts(order, only, on) if only else {})
    dispatcher.utter_message(response=_order_response(order, only, on), **told)


def _order_response(order: Order, parcel: Shipment | None, on: date) -> str:
    """Choose the response for the state of an order."""
    if order.status in MOVING and parcel:
        if parcel.status in UNUSUAL:
            return f"utter_order_{UNUSUAL[parcel.status]}"
        if parcel.expected_on and parcel.expected_on < on and order.status != "out_for_delivery":
            return "utter_order_late"
        if parcel.expected_on is None and order.status == "shipped":
            return "utter_order_shipped_undated"
    if order.status == "pending" and order.placed_at is None:
        return "utter_order_pending_undated"
    if order.status == "delivered" and order.delivered_at is None:
        return "utter_order_delivered_undated"
    if order.status == "delivered" and parcel is None:
        return "utter_order_delivered_unparceled"
    return f"utter_order_{order.status}"


def _parcel_response(parcel: Shipment) -> str:
    """Choose the response for one of several parcels."""
    if parcel.delivered_at:
        return "utter_parcel_delivered"
    if parcel.tracking_number is None:
        return "utter_parcel_waiting"
    if parcel.status in UNUSUAL:
        return f"utter_parcel_{UNUSUAL[parcel.status]}"
    return "utter_parcel_moving" if parcel.expected_on else "utter_parcel_moving_undated"


def _not_packed(order: Order) -> list[str]:
    """Name the items that are in no parcel yet."""
    packed = {item_id for parcel in order.shipments for item_id in parcel.item_ids}
    return [item.label for item in order.items if item.id not in packed]


def facts(order: Order, on: date) -> dict[str, Any]:
    """Put what is known of an order into words."""
    back = order.returns[-1] if order.returns else None
    refund = order.refunds[-1] if order.refunds else None
    return {
        "order_number": order.number,
        "order_items": listed([item.label for item in order.items]) or contents(order),
        "placed_on": day(order.placed_at, on),
        "delivered_on": day(order.delivered_at, on),
        "order_total": amount(order.total, order.currency),
        "return_reference": back.reference if back else "",
        "exchange_reference": "",
        "exchange_items": "",
        "refund_amount": amount(refund.amount if refund else order.refunded, order.currency),
        "refund_method": refund.method if refund else "your original payment method",
    }


def age_facts(look: Look) -> dict[str, str]:
    """Say which carriers didn't answer, and how old the news is that was told instead."""
    support = services().policies.support
    seen = (look.as_of or services().now()).astimezone(support.zone)
    clock = f"{seen:%I:%M} {'am' if seen.hour < 12 else 'pm'}".lstrip("0")
    return {
        "silent_carriers": listed(look.silent),
        "as_of": f"{seen:%A}, {seen:%B} {seen.day}, {clock} {support.timezone}",
    }


def exchange_facts(order: Order, exchange: Exchange) -> dict[str, Any]:
    """Put what is exchanged for what into words."""
    told = []
    for new in exchange.items:
        item = order.item(new.item_id)
        if item:
            told.append(
                becomes(item, dataclasses.replace(item, variant_id=new.variant_id, options=new.options))
            )
    return {"exchange_reference": exchange.reference, "exchange_items": "; ".join(told)}


def parcel_facts(order: Order, parcel: Shipment, on: date) -> dict[str, Any]:
    """Put what is known of a parcel into words."""
    inside = [item.label for item in order.items if item.id in parcel.item_ids]
    scan = parcel.last_event
    where = f"{scan.text}{f' in {scan.place}' if scan.place else ''}, {day(scan.at, on)}" if scan else ""
    return {
        "parcel_items": listed(inside) or contents(order),
        "carrier": parcel.carrier or "the carrier",
        "tracking_number": ", ".join(parcel.tracking_numbers),
        "expected_on": day(parcel.expected_on, on),
        "parcel_delivered_on": day(parcel.delivered_at, on),
        "last_scan": where or "no scan yet",
    }

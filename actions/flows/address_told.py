"""What is asked and told about a new address: the missing part, the summary, what was done, and why not."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.address_words import BOTH, ORDER, PROFILE, draft_of, new_address
from actions.flows.change_address import FLOW, FORM, base_of, open_orders
from actions.flows.choice import payload
from actions.flows.identity import known_customer
from actions.flows.offers import offer_ticket
from actions.flows.order_writes import AskOrder, SubmitOrderWrite
from actions.services import services
from actions.services.context import Caller, caller
from actions.services.errors import Refused
from actions.services.policy import Decision
from actions.services.us_addresses import fits, one_line
from actions.services.wording import listed

PART = {
    "line1": "utter_ask_address_street",
    "city": "utter_ask_address_city",
    "state": "utter_ask_address_state",
    "postcode": "utter_ask_address_postcode",
}
SUMMARIES = (
    "utter_address_summary_order",
    "utter_address_summary_profile",
    "utter_address_summary_both",
    "utter_address_confirm_again_order",
    "utter_address_confirm_again_profile",
    "utter_address_confirm_again_both",
)
REST = {"city", "postcode"}


class ActionAskAddressOrder(AskOrder):
    """Ask which order is to be sent elsewhere."""

    flow = FLOW
    response = "utter_ask_address_order"

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders that can still be sent elsewhere."""
        return open_orders(customer)


class ActionAskAddressNew(Action):
    """Ask for the new address, or for the part of it that is missing."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_address_new"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask for a missing part alone; offer what is on file where it may be meant."""
        customer = known_customer(tracker)
        if customer is None:
            return []
        known, base = draft_of(tracker), base_of(customer, tracker)
        if not known.some:
            order = FLOW.order(customer, tracker)
            own = order is not None and order.address != customer.address
            offered = own and tracker.get_slot("address_target") == ORDER
            title = f"My address on file: {one_line(customer.address)}"
            button = {"title": title, "payload": payload("inform", address_source=PROFILE)}
            dispatcher.utter_message(response="utter_ask_address_new", buttons=[button] if offered else [])
            return []
        missing = known.missing
        if known.line1 and set(missing) >= REST:
            place = f"{base.city}, {base.state} {base.postcode}"
            dispatcher.utter_message(response="utter_ask_address_rest", street=known.line1, place=place)
            return []
        dispatcher.utter_message(response=PART[missing[0]], street=known.line1, city=known.city)
        return []


class ActionAskAddressConfirmed(Action):
    """Sum up the change of address, and ask for a yes."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_address_confirmed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say the whole address and whose it becomes; nothing is written yet."""
        customer, address = known_customer(tracker), new_address(tracker)
        if customer is None or address is None:
            return []
        if tracker.get_slot("address_doubted"):
            dispatcher.utter_message(response="utter_address_what_instead")
            return []
        target, order = str(tracker.get_slot("address_target")), FLOW.order(customer, tracker)
        if not fits(address):
            dispatcher.utter_message(
                response="utter_address_check", postcode=address.postcode, state=address.state
            )
        told = "confirm_again" if FLOW.again(tracker, SUMMARIES) else "summary"
        dispatcher.utter_message(
            response=f"utter_address_{told}_{target}",
            address=one_line(address),
            former=one_line(base_of(customer, tracker)),
            chosen_order=order.number if order else "",
            item_names=listed([item.label for item in order.items]) if order else "",
        )
        return []


class ActionSubmitAddress(SubmitOrderWrite):
    """Change the address after a yes, or say why it can't be."""

    flow = FLOW

    def name(self) -> str:
        """Name the action."""
        return "action_submit_address"

    def settles(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
        """Do what concerns the account alone."""
        customer, address = known_customer(tracker), new_address(tracker)
        if customer is None or tracker.get_slot("address_target") != PROFILE:
            return None
        if FLOW.confirmed(tracker) is not True or address is None:
            dispatcher.utter_message(response="utter_address_kept")
            return []
        try:
            receipt = services().addresses.change(caller(tracker), customer, address, profile=True)
        except Refused as refusal:
            return FLOW.tell_refusal(dispatcher, tracker, refusal.decision)
        dispatcher.utter_message(response="utter_address_done_profile", address=one_line(receipt.address))
        return []

    def decide(self, customer: Customer, order: Order, tracker: Tracker) -> Decision:
        """Return why the order can't be sent elsewhere."""
        return services().addresses.decide(order)

    def declined(self, dispatcher: CollectingDispatcher, order: Order) -> None:
        """Say that the address stays."""
        dispatcher.utter_message(response="utter_address_kept")

    def write(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        who: Caller,
        customer: Customer,
        order: Order,
    ) -> list[EventType]:
        """Change it, and tell where everything goes now."""
        address, both = new_address(tracker), tracker.get_slot("address_target") == BOTH
        if address is None:
            return []
        receipt = services().addresses.change(who, customer, address, number=order.number, profile=both)
        dispatcher.utter_message(
            response=f"utter_address_done_{BOTH if receipt.profile else ORDER}",
            chosen_order=receipt.order_number,
            address=one_line(receipt.address),
        )
        return []

    def none_possible(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer
    ) -> list[EventType]:
        """Say that no order can be sent elsewhere any more, and what can be done instead."""
        dispatcher.utter_message(response="utter_address_nothing_open")
        return offer_ticket(dispatcher, tracker, FLOW.wish)

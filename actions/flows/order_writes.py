"""What flows that change an order share: the chosen order, a plain yes to the summary, the refusal, and the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.choice import OTHER, OTHER_ORDER, ask_which, choose, fitting, recent, words_for_items
from actions.flows.corrected import REFUSED, concerned, no_other_order
from actions.flows.flow import Flow
from actions.flows.identity import tell_block
from actions.flows.memo import looked_up, seen_before
from actions.flows.turn import Said, said, told_now
from actions.flows.wishes import done, wishes
from actions.services import services
from actions.services.context import Caller, caller
from actions.services.errors import Refused
from actions.services.policy import Decision, outside

DECLINED = outside("declined")
DECLINED_SLOT = "declined_methods"
NOT_FOUND = "utter_order_not_found"


@dataclass(frozen=True, kw_only=True)
class OrderFlow(Flow):
    """How one flow about an order keeps what it knows.

    >>> CANCEL = OrderFlow(wish="cancel_order", form="cancel_form", confirmed_slot="cancel_confirmed", ...)
    """

    item_slots: tuple[str, ...] = ()  # what holds for the chosen order only
    one_choice: bool = False  # nothing but an order can be "the other one"
    method_slot: str = ""  # holds by which method is paid, in a flow that charges

    @property
    def order_slot(self) -> str:
        """The slot that holds the chosen order."""
        return wishes()[self.wish].order

    def order(self, customer: Customer, tracker: Tracker) -> Order | None:
        """Return the chosen order, if it is the customer's."""
        return own_order(customer, str(tracker.get_slot(self.order_slot) or ""))

    def mine(self, tracker: Tracker) -> tuple[Customer, Order] | None:
        """Return the verified customer and the chosen order, once both are known."""
        customer = self.customer(tracker)
        order = self.order(customer, tracker) if customer else None
        return (customer, order) if customer and order else None

    def other_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, named: str | None = None
    ) -> dict[str, Any]:
        """Return the slots that change where another order is meant than the chosen one; none where it isn't.

        "The other one" is an order only where an order was asked for, or where the words say so. `named` is the
        order that the words describe. The chosen one stays where a number is none of the customer's.
        """
        mine = self.mine(tracker)
        if mine is None or not heard.text:
            return {}
        customer, order = mine
        asked = self.one_choice or tracker.get_slot("requested_slot") == self.order_slot
        other = heard.has(OTHER) and (asked or heard.has(OTHER_ORDER))
        if not other and {heard.number, named} <= {None, order.number}:
            return {}
        number = heard.number or named or choose(customer, heard, tracker, current=order.number)
        if number and find_told(dispatcher, customer, number) is None:
            return {self.order_slot: order.number, self.confirmed_slot: None}
        emptied = dict.fromkeys((*self.item_slots, self.confirmed_slot, "order_number"))
        return {**emptied, self.order_slot: number}

    def ask_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, response: str, offered: list[Order]
    ) -> None:
        """Ask which order is meant: of those that are possible, the ones that the words describe."""
        customer = self.customer(tracker)
        if customer:
            fits = [order for order in fitting(customer, said(tracker, self.form)) if order in offered]
            tell_unknown(dispatcher, customer, said(tracker, self.form))
            ask_which(
                dispatcher, response, fits if len(fits) > 1 else offered, whole=len(recent(customer)) == 1
            )


def tell_unknown(dispatcher: CollectingDispatcher, customer: Customer, heard: Said) -> None:
    """Say that a thing that was named is in none of the customer's orders."""
    if heard.payload or heard.number or not heard.entity("product"):
        return
    if not services().orders.matching(customer, words_for_items(heard)):
        dispatcher.utter_message(response="utter_not_in_orders")


def own_order(customer: Customer, number: str) -> Order | None:
    """Return an order of a customer; within one look at the shop, the one that was found before."""
    if not number:
        return None
    orders = services().orders
    held: list[Order] = seen_before(("recent", customer.id)) or []
    return orders.among(held, number) or looked_up(
        ("order", customer.id, number), lambda: orders.find(customer, number)
    )


def declined_methods(tracker: Tracker) -> tuple[str, ...]:
    """Return the payment methods that were declined while the customer looks for one that isn't."""
    return tuple(tracker.get_slot(DECLINED_SLOT) or ())


def find_told(dispatcher: CollectingDispatcher, customer: Customer, number: str) -> Order | None:
    """Return an order of a customer; say so when there is none of that number."""
    order = own_order(customer, number)
    if order is None:
        dispatcher.utter_message(response=NOT_FOUND, asked_number=number)
    return order


class AskOrder(Action, ABC):
    """Ask which order is meant, with those to choose from with which it can be."""

    flow: ClassVar[OrderFlow]
    response: ClassVar[str]

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{self.flow.form}_{self.flow.order_slot}"

    def flow_for(self, tracker: Tracker) -> OrderFlow:
        """Return the flow in which it is asked; forms that share their questions have one each."""
        return self.flow

    @abstractmethod
    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders with which it can be."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer them; of those, the ones that the words describe."""
        flow = self.flow_for(tracker)
        customer = flow.customer(tracker)
        if customer:
            flow.ask_order(dispatcher, tracker, self.response, self.offered(customer, tracker))
        return []


class AskAboutOrder(Action, ABC):
    """Ask for a slot of a flow once the order is chosen; nothing is written yet."""

    flow: ClassVar[OrderFlow]
    slot: ClassVar[str]

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{self.flow.form}_{self.slot}"

    def flow_for(self, tracker: Tracker) -> OrderFlow:
        """Return the flow in which it is asked; forms that share their questions have one each."""
        return self.flow

    @abstractmethod
    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Ask, with what there is to choose from, or with the summary."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask the verified customer about the chosen order."""
        found = self.flow_for(tracker).mine(tracker)
        if found:
            self.ask(dispatcher, tracker, *found)
        return []


class SubmitOrderWrite(Action, ABC):
    """End a flow that changes an order: write after a yes, or say why not; then the flow is empty again."""

    flow: ClassVar[OrderFlow]
    by_item: ClassVar[bool] = False  # a wish is about items of the order, not about all of it

    def flow_for(self, tracker: Tracker) -> OrderFlow:
        """Return the flow that ends; one that serves several wishes has one for each."""
        return self.flow

    @abstractmethod
    def write(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        who: Caller,
        customer: Customer,
        order: Order,
    ) -> list[EventType]:
        """Ask the service to do it, and tell what was done; a Refused is told by the caller."""

    @abstractmethod
    def decide(self, customer: Customer, order: Order, tracker: Tracker) -> Decision:
        """Return the decision that tells why the form ended without a question about it."""

    @abstractmethod
    def none_possible(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer
    ) -> list[EventType]:
        """Say that none of the customer's orders, of which there are several, allows it."""

    def declined(self, dispatcher: CollectingDispatcher, order: Order) -> None:
        """Say that nothing was done, after a no."""
        dispatcher.utter_message(response="utter_stopped")

    def charged(self, customer: Customer, order: Order, tracker: Tracker) -> set[str]:
        """Return the methods that were to be charged; none in a flow that charges nothing."""
        return set()

    def chargeable(self, customer: Customer, order: Order, tracker: Tracker) -> set[str]:
        """Return the methods on file that could be charged instead."""
        return set()

    def asks_again(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> list[EventType] | None:
        """Keep what was wished and ask for a payment method that wasn't declined; None where there is none."""
        flow = self.flow_for(tracker)
        declined = {*declined_methods(tracker), *self.charged(customer, order, tracker)}
        if not self.chargeable(customer, order, tracker) - declined:
            return None
        dispatcher.utter_message(response=DECLINED.explanation_key)
        slots = dict.fromkeys((flow.method_slot, flow.confirmed_slot, "wish_words"))
        kept = {**slots, DECLINED_SLOT: sorted(declined)}
        return [*(SlotSet(name, value) for name, value in kept.items()), FollowupAction(flow.form)]

    def settles(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
        """Answer what needs no write and return what follows; None where that wasn't asked for."""
        return None

    def _refused(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> list[EventType]:
        """Say why it can't be, or that there is no other order than the one of which that was said before."""
        if no_other_order(customer, order, tracker):
            dispatcher.utter_message(response="utter_only_order")
            return []
        decision = self.decide(customer, order, tracker)
        if decision.allowed:
            dispatcher.utter_message(response="utter_stopped")
            return []
        about = concerned(order, tracker) if self.by_item else []
        told = self.flow_for(tracker).tell_refusal(dispatcher, tracker, decision)
        return [*told, SlotSet(REFUSED, about or None)]

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask the services for it; they check identity and policy once more."""
        flow = self.flow_for(tracker)
        closing: list[EventType] = [*done(flow.wish), *flow.emptied()]
        customer = flow.customer(tracker)
        if customer is None:
            return [*tell_block(dispatcher, tracker), *closing]
        closing.append(SlotSet("order_number", None))
        settled = self.settles(dispatcher, tracker)
        if settled is not None:
            return [*closing, *settled]
        order = flow.order(customer, tracker)
        if order is None:
            orders = recent(customer)
            if not orders:
                dispatcher.utter_message(response="utter_no_orders")
                return closing
            if told_now(tracker, NOT_FOUND):
                return closing  # another order of theirs was not what they asked about
            if len(orders) > 1:
                return [*self.none_possible(dispatcher, tracker, customer), *closing]
            # No summary was of this order, so that no answer is about it: it is only told of.
            closing.append(SlotSet("last_order", orders[0].number))
            return [*self._refused(dispatcher, tracker, customer, orders[0]), *closing]
        closing.append(SlotSet("last_order", order.number))
        confirmed = flow.confirmed(tracker)
        if confirmed is False:
            self.declined(dispatcher, order)
            return closing
        if confirmed is not True:
            return [*self._refused(dispatcher, tracker, customer, order), *closing]
        try:
            return [*self.write(dispatcher, tracker, caller(tracker), customer, order), *closing]
        except Refused as refusal:
            if refusal.decision == DECLINED:
                asked = self.asks_again(dispatcher, tracker, customer, order)
                if asked is not None:
                    return asked
            return [*flow.tell_refusal(dispatcher, tracker, refusal.decision), *closing]

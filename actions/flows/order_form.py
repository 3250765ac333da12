"""What forms about an order share: which order is meant, and that it is one of the customer's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Customer, Order
from actions.flows.choice import choose, placed
from actions.flows.identity import PrivateForm, known_customer
from actions.flows.order_writes import OrderFlow, find_told, own_order
from actions.flows.turn import Said


class OrderForm(PrivateForm, ABC):
    """Validate a form about an order: identity first, then the order, then its own steps."""

    flow: ClassVar[OrderFlow]

    @abstractmethod
    def name(self) -> str:
        """Name the action."""

    @property
    def held(self) -> tuple[str, ...]:
        """The slots that hold what one customer said for this form."""
        return self.flow.slots

    @abstractmethod
    def offered(self, customer: Customer, tracker: Tracker) -> Sequence[Order]:
        """Return the recent orders with which it can be."""

    def meant(
        self, customer: Customer, words: Said, tracker: Tracker, offered: Sequence[Order]
    ) -> str | None:
        """Return the order that the words mean: by number, by what is in it, or as the one spoken of before."""
        return choose(customer, words, tracker, possible=offered)

    def unsaid(self, customer: Customer, tracker: Tracker, offered: Sequence[Order]) -> str | None:
        """Return the order that is taken without being named: the only one with which it can be."""
        return offered[0].number if len(offered) == 1 else None

    def find_order(self, tracker: Tracker) -> dict[str, Any]:
        """Find out which order is meant: in this message, in the list, in the opening, or without a word."""
        slot, customer = self.flow.order_slot, known_customer(tracker)
        if customer is None or tracker.get_slot(slot):
            return {}
        heard, opening, offered = self.heard(tracker), self.opening(tracker), self.offered(customer, tracker)
        number = self.meant(customer, heard, tracker, offered)
        if number is None and tracker.get_slot("requested_slot") == slot:
            number = placed(heard, offered)
        if number is None and opening.text:
            number = self.meant(customer, opening, tracker, offered)
        number = number or self.unsaid(customer, tracker, offered)
        return {slot: number} if number else {}

    def own_order(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker) -> dict[str, Any]:
        """Return the slot with the number of an order of this customer; say when there is no such order."""
        slot, customer = self.flow.order_slot, known_customer(tracker)
        if customer is None or not value:
            return {slot: None}
        order = find_told(dispatcher, customer, str(value))
        return {slot: order.number} if order else {slot: None, "order_number": None}

    def only_named(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Return the slot of the order where it can be with none, but one is named: then they hear why not with that.

        A number that is none of theirs is told once; `own_order` then forgets it.
        """
        slot = self.flow.order_slot
        number = tracker.get_slot(slot) or self.find_order(tracker).get(slot)
        telling = number and (tracker.get_slot("order_number") or own_order(customer, str(number)))
        return [slot] if telling else []

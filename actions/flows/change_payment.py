"""Paying an open order by another method on file: which order, which method, the summary, and the step that writes."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order, PaymentMethod
from actions.flows.choice import payload, recent
from actions.flows.identity import known_customer
from actions.flows.offers import offer_ticket
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import (
    DECLINED_SLOT,
    AskAboutOrder,
    AskOrder,
    OrderFlow,
    SubmitOrderWrite,
    declined_methods,
)
from actions.flows.payment_words import methods_meant, names_digits, names_some, speaks
from actions.flows.turn import Said, message
from actions.flows.wording import amount, within
from actions.services import services
from actions.services.context import Caller
from actions.services.details_policy import owed
from actions.services.method_matching import match_methods
from actions.services.policy import Decision, paying
from actions.services.wording import listed
from frontdesk.redaction import without_cards

FORM = "payment_form"
WISH = "change_payment"
FLOW = OrderFlow(
    wish=WISH,
    form=FORM,
    confirmed_slot="payment_confirmed",
    told_slots=("payment_order", "payment_method"),
    further_slots=(DECLINED_SLOT,),
    item_slots=("payment_method", DECLINED_SLOT),
    method_slot="payment_method",
    worth_asking=frozenset({"being_packed", "balance_unknown"}),
)
SUMMARY, AGAIN = "utter_payment_summary", "utter_payment_confirm_again"
OF_EXCHANGE = "_exchange"  # ends the names of responses about an exchange that isn't paid yet
SUMMARIES = (SUMMARY, AGAIN, SUMMARY + OF_EXCHANGE, AGAIN + OF_EXCHANGE)


def open_orders(customer: Customer) -> list[Order]:
    """Return the recent orders that can still be paid by another method."""
    return [order for order in recent(customer) if services().payments.decide(customer, order).allowed]


def choices(customer: Customer, order: Order) -> list[PaymentMethod]:
    """Return the methods on file by which an order may be paid instead."""
    shop = services().payments
    return [each for each in customer.payment_methods if shop.decide(customer, order, each.id).allowed]


def told(response: str, exchange: bool) -> str:
    """Name the response that says the same of an exchange that isn't paid yet."""
    return response + OF_EXCHANGE if exchange else response


def named(method: PaymentMethod) -> str:
    """Name a method with what tells it from others: a gift card with what can be paid by it."""
    if method.spendable is None:
        return method.label
    return f"{method.label} with {amount(method.spendable)} on it"


def owned(label: str) -> str:
    """Write a method as part of a sentence: a gift card has no name of its own."""
    return f"your {label}" if label[:1].islower() and not label.startswith("the ") else label


class ValidatePaymentForm(OrderForm):
    """Validate the payment form: identity, order, method on file, and an explicit yes."""

    flow = FLOW
    wish = WISH
    own_questions = ("payment_order", "payment_confirmed")

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Refuse a card number before anything else is done with the message."""
        text = message(tracker).text
        if without_cards(text) == text:
            return await super().run(dispatcher, tracker, domain)
        dispatcher.utter_message(response="utter_card_number_refused")
        return [*await super().run(dispatcher, tracker, domain), SlotSet(FLOW.confirmed_slot, None)]

    def heard(self, tracker: Tracker) -> Said:
        """Return the words for this form; the name of a way to pay is an answer, whatever it was taken for."""
        words, whole = super().heard(tracker), message(tracker)
        answers = tracker.get_slot("requested_slot") == "payment_method" and names_some(whole.text)
        return whole if answers and not words.text else words

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for what is missing; for nothing more where there is no way."""
        order = FLOW.order(customer, tracker)
        if order is not None and not choices(customer, order):
            return ["payment_order"]
        if order is None and not open_orders(customer):
            return self.only_named(customer, tracker)
        return [*FLOW.told_slots, FLOW.confirmed_slot]

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Notice another order, or another method, than the summary said."""
        customer = known_customer(tracker)
        order = FLOW.order(customer, tracker) if customer else None
        if customer is None or order is None or not heard.text or heard.payload:
            return {}
        changes = FLOW.other_order(dispatcher, tracker, heard)
        if not changes and tracker.get_slot("requested_slot") == FLOW.confirmed_slot:
            changes = self._other_method(dispatcher, tracker, customer, order, heard)
        return {**changes, "payment_confirmed": None} if changes else {}

    def _other_method(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        customer: Customer,
        order: Order,
        heard: Said,
    ) -> dict[str, Any]:
        """Notice another method than the one that was summed up: by its name, or as "the other card"."""
        now, possible = tracker.get_slot("payment_method"), choices(customer, order)
        fits = methods_meant(customer, order, heard, instead=True)
        if speaks(
            "other", heard.text
        ):  # than the one that was summed up, which may be the one that pays already
            fits = match_methods(customer.payment_methods, heard.text) or possible
            fits = [method for method in fits if method.id != now]
        elif {method.id for method in fits} == {now}:
            return {} if heard.intent == "affirm" else {"payment_confirmed": None}  # it is named once more
        else:
            fits = [method for method in fits if method.id != now]
        if not fits:
            return {}
        fits = [method for method in fits if method in possible] or fits
        return {"payment_method": fits[0].id if len(fits) == 1 else None}

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the recent orders that can be paid by another method."""
        return open_orders(customer)

    def extract_payment_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which order is to be paid by another method."""
        return self.find_order(tracker)

    def validate_payment_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; say when there is no such order."""
        return self.own_order(value, dispatcher, tracker)

    def extract_payment_method(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which method on file is meant; the only one that is possible is taken without asking."""
        customer = known_customer(tracker)
        order = FLOW.order(customer, tracker) if customer else None
        if customer is None or order is None or tracker.get_slot("payment_method"):
            return {}
        asked = tracker.get_slot("requested_slot") == "payment_method"
        possible = choices(customer, order)
        for heard in (self.heard(tracker), Said() if asked else self.opening(tracker)):
            if without_cards(heard.text) != heard.text:
                return {}  # a number is refused, and says nothing about what is on file
            if (
                heard.text
                and speaks("new", heard.text)
                and not names_digits(heard.text, customer.payment_methods)
            ):
                dispatcher.utter_message(response="utter_payment_new_card")
                return {}
            fits = methods_meant(customer, order, heard, instead=True) if heard.text else []
            fits = [each for each in fits if each in possible] or fits
            if fits:
                return {"payment_method": fits[0].id} if len(fits) == 1 else {}
            if heard.text and names_some(heard.text):
                dispatcher.utter_message(response="utter_payment_not_on_file")
                return {}
        left = [each.id for each in possible if each.id not in declined_methods(tracker)]
        return {"payment_method": left[0]} if len(left) == 1 and not asked else {}

    def validate_payment_method(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a method on file that may pay the order; say why not else."""
        customer = known_customer(tracker)
        order = FLOW.order(customer, tracker) if customer else None
        if customer is None or order is None or not value:
            return {"payment_method": None}
        decision = services().payments.decide(customer, order, str(value))
        if decision.allowed:
            return {"payment_method": str(value)}
        if choices(customer, order):
            dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
        return {"payment_method": None}

    def validate_payment_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes, or a no, to the summary that was shown."""
        return {"payment_confirmed": FLOW.answered(value, self.heard(tracker), tracker)}


class ActionAskPaymentOrder(AskOrder):
    """Ask which order is to be paid by another method."""

    flow = FLOW
    response = "utter_ask_payment_order"

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders for which that is possible."""
        return open_orders(customer)


class ActionAskPaymentMethod(AskAboutOrder):
    """Ask by which method the order is to be paid."""

    flow = FLOW
    slot = "payment_method"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer the methods on file that may pay it, each by its last digits at most."""
        offered = [each for each in choices(customer, order) if each.id not in declined_methods(tracker)]
        exchange = owed(order)
        now = [method.label for method in customer.payment_methods if method.id in paying(order)]
        dispatcher.utter_message(
            response=told("utter_ask_payment_method", exchange is not None),
            chosen_order=order.number,
            reference=exchange.reference if exchange else "",
            total=amount(exchange.difference, order.currency) if exchange else "",
            paid_by=listed(now) or "another method",
            methods=listed([named(method) for method in offered]),
            buttons=[
                {"title": named(method), "payload": payload("inform", payment_method=method.id)}
                for method in offered
            ],
        )


class ActionAskPaymentConfirmed(AskAboutOrder):
    """Sum up the change of the payment method, and ask for a yes."""

    flow = FLOW
    slot = "payment_confirmed"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Say what is charged to what, and what goes back where and when; nothing is written yet."""
        quote = services().payments.quote(customer, order, str(tracker.get_slot("payment_method")))
        dispatcher.utter_message(
            response=told(AGAIN if FLOW.again(tracker, SUMMARIES) else SUMMARY, bool(quote.exchange)),
            chosen_order=order.number,
            reference=quote.exchange,
            item_names=listed([item.label for item in order.items]),
            total=amount(quote.total, quote.currency),
            method=owned(quote.method),
            back_to=owned(quote.back_to),
            when=within(quote.business_days) if quote.business_days else "",
        )


class ActionSubmitPayment(SubmitOrderWrite):
    """Move the payment after a yes, or say why it can't be."""

    flow = FLOW

    def name(self) -> str:
        """Name the action."""
        return "action_submit_payment"

    def decide(self, customer: Customer, order: Order, tracker: Tracker) -> Decision:
        """Return why the order can't be paid by another method: for a lack of any, or of one that covers it."""
        shop = services().payments
        whole = shop.decide(customer, order)
        others = [method for method in customer.payment_methods if method.id not in paying(order)]
        return shop.decide(customer, order, others[0].id) if whole.allowed and others else whole

    def charged(self, customer: Customer, order: Order, tracker: Tracker) -> set[str]:
        """Return the method that was to pay."""
        return {str(tracker.get_slot("payment_method"))}

    def chargeable(self, customer: Customer, order: Order, tracker: Tracker) -> set[str]:
        """Return the methods that may pay instead."""
        return {each.id for each in choices(customer, order)}

    def declined(self, dispatcher: CollectingDispatcher, order: Order) -> None:
        """Say that the payment stays."""
        exchange = owed(order)
        dispatcher.utter_message(
            response=told("utter_payment_kept", exchange is not None),
            chosen_order=order.number,
            reference=exchange.reference if exchange else "",
        )

    def write(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        who: Caller,
        customer: Customer,
        order: Order,
    ) -> list[EventType]:
        """Move it, and tell what was charged, and what goes back when."""
        receipt = services().payments.change(
            who, customer, order.number, str(tracker.get_slot("payment_method"))
        )
        dispatcher.utter_message(
            response=told(
                "utter_payment_waits" if receipt.waits else "utter_payment_done", bool(receipt.exchange)
            ),
            chosen_order=receipt.order_number,
            reference=receipt.exchange,
            total=amount(receipt.total, receipt.currency),
            method=owned(receipt.method),
            back_to=owned(receipt.back_to),
            when=within(receipt.business_days) if receipt.business_days else "",
        )
        return []

    def none_possible(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer
    ) -> list[EventType]:
        """Say that no order can be paid by another method any more."""
        dispatcher.utter_message(response="utter_payment_nothing_open")
        return offer_ticket(dispatcher, tracker, WISH)

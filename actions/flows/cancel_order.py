"""Cancelling an order: which one, why, the summary, and the one step that writes."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.cancel_words import (
    MORE,
    NAMED,
    OTHER_REASON,
    RUDE,
    UNDOES,
    own_reason,
    reason_of,
    says_go_ahead,
)
from actions.flows.choice import described, payload, recent
from actions.flows.identity import QUESTION, known_customer
from actions.flows.offers import offer_ticket
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import AskAboutOrder, AskOrder, OrderFlow, SubmitOrderWrite
from actions.flows.turn import Said, said
from actions.flows.wording import amount, within
from actions.services import services
from actions.services.context import Caller
from actions.services.policy import Decision
from actions.services.wording import listed

FORM = "cancel_form"
WISH = "cancel_order"
FLOW = OrderFlow(
    wish=WISH,
    form=FORM,
    confirmed_slot="cancel_confirmed",
    told_slots=("cancel_number", "cancel_reason"),
    one_choice=True,
    worth_asking=frozenset({"being_packed"}),
)
SUMMARY = {False: "utter_cancel_summary", True: "utter_cancel_summary_approval"}  # with a colleague's consent
AGAIN = {False: "utter_cancel_confirm_again", True: "utter_cancel_confirm_approval_again"}


def possible(order: Order) -> bool:
    """Tell whether an order can be cancelled, if need be with a person's consent."""
    decision = services().cancellations.decide(order)
    return decision.allowed or decision.needs_approval


def open_orders(customer: Customer) -> list[Order]:
    """Return the recent orders that can be cancelled."""
    return [order for order in recent(customer) if possible(order)]


def undone(tracker: Tracker, words: str) -> Order | None:
    """Return the order that was canceled a moment ago, if the words want that undone."""
    customer, number = known_customer(tracker), tracker.get_slot("last_order")
    if (
        customer is None
        or not number
        or tracker.get_slot("last_wish") != WISH
        or not UNDOES.search(words.lower())
    ):
        return None
    order = services().orders.find(customer, str(number))
    return order if order and order.status == "cancelled" else None


def tell_final(dispatcher: CollectingDispatcher, tracker: Tracker, words: str) -> bool:
    """Say that a cancellation can't be undone; tell whether that was wanted."""
    order = undone(tracker, words)
    if order:
        dispatcher.utter_message(response="utter_cancel_final", chosen_order=order.number)
    return order is not None


class ValidateCancelForm(OrderForm):
    """Validate the cancel form: identity, order, reason, and an explicit yes."""

    flow = FLOW
    wish = WISH
    own_questions = ("cancel_reason", "cancel_confirmed")

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def tells(self, asked: str, words: Said, tracker: Tracker) -> bool:
        """Tell whether the words hold what was asked for; a reason may sound like anything."""
        if asked not in self.own_questions or words.has(QUESTION):
            return super().tells(asked, words, tracker)
        customer = known_customer(tracker)
        another = customer and words.short and words.has(NAMED) and described(customer, words)
        reason = asked == "cancel_reason" and reason_of(words) is not None
        return bool(another or reason) or super().tells(asked, words, tracker)

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for what is missing; for nothing more where the order can't be cancelled."""
        order = FLOW.order(customer, tracker)
        if undone(tracker, str(tracker.get_slot("wish_words") or "")):
            return []
        if order is not None and not possible(order):
            return ["cancel_number"]
        if order is None and not open_orders(customer):
            return self.only_named(customer, tracker)
        return [*FLOW.told_slots, FLOW.confirmed_slot]

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Notice another order, or another reason, than the one chosen before."""
        customer = known_customer(tracker)
        order = FLOW.order(customer, tracker) if customer else None
        if customer is None or order is None or not heard.text:
            return {}
        another = heard.number is not None and heard.number != order.number
        if not another and tracker.get_slot("requested_slot") == "cancel_reason" and reason_of(heard):
            return {}
        named = described(customer, heard) if heard.short and heard.has(NAMED) else None
        changes = FLOW.other_order(dispatcher, tracker, heard, named)
        unknown = (
            changes["cancel_number"] is None
            if changes
            else heard.short and heard.has(MORE) and not heard.plain_yes
        )
        if unknown and open_orders(customer) == [order]:
            tell_only_one(dispatcher, order)
            return {"cancel_confirmed": None}
        return changes

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the recent orders that can be cancelled."""
        return open_orders(customer)

    def extract_cancel_number(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which order is to be cancelled."""
        return self.find_order(tracker)

    def validate_cancel_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; say when there is no such order."""
        return self.own_order(value, dispatcher, tracker)

    def extract_cancel_reason(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out why, in the customer's words or from a button."""
        heard, asked = self.heard(tracker), tracker.get_slot("requested_slot") == "cancel_reason"
        rude = said(tracker, FORM) if asked else Said()
        heard = rude if not heard.text and rude.intent in RUDE else heard
        reason = reason_of(heard) if heard.text else None
        if reason is None and not tracker.get_slot("cancel_reason") and tracker.get_slot("wish_words"):
            reason = reason_of(self.opening(tracker))
        if reason is None and asked and own_reason(heard, tracker):
            reason = OTHER_REASON if OTHER_REASON in services().cancellations.reasons else None
        return {"cancel_reason": reason} if reason else {}

    def validate_cancel_reason(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept the reasons that the policies know."""
        return {"cancel_reason": value if value in services().cancellations.reasons else None}

    def extract_cancel_confirmed(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Take "yes, cancel it" for a yes, although it sounds like the wish itself."""
        asked = tracker.get_slot("requested_slot") == "cancel_confirmed"
        return {"cancel_confirmed": True} if asked and says_go_ahead(self.heard(tracker)) else {}

    def validate_cancel_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes, or a no, to the summary that was shown."""
        return {"cancel_confirmed": FLOW.answered(value, self.heard(tracker), tracker, says_go_ahead)}


def tell_only_one(dispatcher: CollectingDispatcher, order: Order) -> None:
    """Say that no other order can be canceled."""
    dispatcher.utter_message(
        response="utter_cancel_only_one", chosen_order=order.number, item_names=names(order)
    )


def names(order: Order) -> str:
    """Name what is in an order."""
    return listed([item.label for item in order.items])


class ActionAskCancelNumber(AskOrder):
    """Ask which order is to be cancelled."""

    flow = FLOW
    response = "utter_ask_cancel_number"

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders that can be cancelled."""
        return open_orders(customer)


class ActionAskCancelReason(AskAboutOrder):
    """Ask why the order is to be cancelled."""

    flow = FLOW
    slot = "cancel_reason"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer the reasons that the policies know; an answer in own words is as good."""
        buttons = [
            {"title": words[:1].upper() + words[1:], "payload": payload("inform", cancel_reason=name)}
            for name, words in services().cancellations.reasons.items()
        ]
        dispatcher.utter_message(
            response="utter_ask_cancel_reason",
            buttons=buttons,
            chosen_order=order.number,
            item_names=names(order),
        )


class ActionAskCancelConfirmed(AskAboutOrder):
    """Sum up the cancellation, and ask for a yes."""

    flow = FLOW
    slot = "cancel_confirmed"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Say what is cancelled, what is paid back, how, and when; nothing is written yet."""
        quote = services().cancellations.quote(order)
        approval = services().cancellations.decide(order).needs_approval
        again = FLOW.again(tracker, (SUMMARY[False], *AGAIN.values()))
        dispatcher.utter_message(
            response=(AGAIN if again else SUMMARY)[approval],
            chosen_order=order.number,
            item_names=names(order),
            reason_text=services().cancellations.reasons[str(tracker.get_slot("cancel_reason"))],
            refund=amount(quote.refund, quote.currency),
            method=quote.method,
            when=within(quote.business_days),
        )


class ActionSubmitCancel(SubmitOrderWrite):
    """Cancel the order after a yes, or say why it can't be."""

    flow = FLOW

    def name(self) -> str:
        """Name the action."""
        return "action_submit_cancel"

    def settles(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
        """Say that a cancellation can't be undone, where that is what was asked for."""
        return [] if tell_final(dispatcher, tracker, str(tracker.get_slot("wish_words") or "")) else None

    def decide(self, customer: Customer, order: Order, tracker: Tracker) -> Decision:
        """Return why the order can't be cancelled."""
        return services().cancellations.decide(order)

    def declined(self, dispatcher: CollectingDispatcher, order: Order) -> None:
        """Say that the order stays."""
        dispatcher.utter_message(response="utter_cancel_kept", chosen_order=order.number)

    def write(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        who: Caller,
        customer: Customer,
        order: Order,
    ) -> list[EventType]:
        """Cancel, or pass it to a person where the amount asks for one."""
        reason = str(tracker.get_slot("cancel_reason"))
        if services().cancellations.decide(order).needs_approval:
            ticket = services().cancellations.ask_approval(who, customer, order.number, reason)
            dispatcher.utter_message(response="utter_cancel_waits_for_approval", ticket=ticket.number)
            return [SlotSet("ticket", ticket.number)]
        receipt = services().cancellations.cancel(who, customer, order.number, reason)
        dispatcher.utter_message(
            response="utter_cancel_done",
            chosen_order=receipt.order_number,
            refund=amount(receipt.refund, receipt.currency),
            method=receipt.method,
            when=within(receipt.business_days),
        )
        return []

    def none_possible(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer
    ) -> list[EventType]:
        """Say that there is no order that can be cancelled."""
        policies = services().policies
        dispatcher.utter_message(
            response="utter_cancel_nothing_open",
            until=policies.cancellations.until_words,
            window=policies.returns.window_words,
        )
        return offer_ticket(dispatcher, tracker, WISH)

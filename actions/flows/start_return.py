"""Starting a return: the questions with their buttons, the summary, and the one step that writes."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.choice import ask_which, fitting, payload, recent
from actions.flows.identity import known_customer, tell_block
from actions.flows.offers import offer_ticket
from actions.flows.order_status import SHORT_STATES
from actions.flows.return_form import FORM, chosen_items, chosen_order, open_orders
from actions.flows.return_words import item_match, named_items
from actions.flows.turn import Said, last_message, said, summed_up
from actions.flows.wishes import done
from actions.flows.wording import amount, listed
from actions.services import services
from actions.services.context import caller
from actions.services.errors import Refused
from actions.services.policy import Decision

TELLS = ("utter_return_summary", "utter_return_confirm_again")
SLOTS = ("return_order", "return_items", "return_reason", "return_confirmed", "return_change", "return_part")

WORTH_ASKING = frozenset({"window_over", "final_sale"})  # rules from which a person may depart


def cleared() -> list[EventType]:
    """Return the events that empty the return form."""
    return [SlotSet(name, None) for name in SLOTS]


class ActionAskReturnOrder(Action):
    """Ask from which order something goes back."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_return_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer the orders from which something can still go back."""
        customer = known_customer(tracker)
        if customer:
            possible = open_orders(customer)
            fits = [order for order in fitting(customer, said(tracker, FORM)) if order in possible]
            ask_which(dispatcher, "utter_ask_return_order", fits or possible, SHORT_STATES)
        return []


class ActionAskReturnItems(Action):
    """Ask which items of the order go back."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_return_items"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer each item that can go back, and all of them."""
        customer = known_customer(tracker)
        order = chosen_order(customer, tracker) if customer else None
        if order is None:
            return []
        left = services().returns.returnable(order)
        match = item_match(order, said(tracker, FORM))
        if match.ambiguous:
            left = [item for item in left if item in match.items] or left
        buttons = [{"title": item.label, "payload": payload("inform", product=item.label)} for item in left]
        if len(left) > 1:
            every = "Both" if len(left) == 2 else "All of them"
            buttons.append({"title": every, "payload": payload("inform", product="everything")})
        dispatcher.utter_message(
            response="utter_ask_return_items", buttons=buttons, chosen_order=order.number
        )
        return []


class ActionAskReturnReason(Action):
    """Ask why the items go back."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_return_reason"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer the reasons that the policies know; an answer in own words is as good."""
        reasons = services().policies.returns.reasons
        buttons = [
            {
                "title": reason.text[:1].upper() + reason.text[1:],
                "payload": payload("inform", return_reason=name),
            }
            for name, reason in reasons.items()
        ]
        heard = said(tracker, FORM)
        again = _asked_before(tracker) and bool(heard.text) and heard.answers and heard.intent != "correct"
        response = "utter_ask_return_reason_again" if again else "utter_ask_return_reason"
        dispatcher.utter_message(response=response, buttons=buttons, item_names=chosen_names(tracker))
        return []


def chosen_names(tracker: Tracker) -> str:
    """Name the items that go back."""
    customer = known_customer(tracker)
    order = chosen_order(customer, tracker) if customer else None
    ids = chosen_items(order, tracker) if order else []
    return listed([item.label for item in order.items if item.id in ids]) if order else ""


def _asked_before(tracker: Tracker) -> bool:
    """Tell whether the reason was the question that the last message answered."""
    for event in reversed(tracker.events[: last_message(tracker)]):
        if event.get("event") == "slot" and event.get("name") == "requested_slot":
            return bool(event.get("value") == "return_reason")
    return False


class ActionAskReturnConfirmed(Action):
    """Sum up the return, and ask for a yes."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_return_confirmed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say what goes back, what is paid back, how, and when; nothing is written yet."""
        customer = known_customer(tracker)
        order = chosen_order(customer, tracker) if customer else None
        reason = tracker.get_slot("return_reason")
        if order is None or not reason:
            return []
        ids = chosen_items(order, tracker)
        quote = services().returns.quote(order, ids, str(reason))
        why = services().policies.returns.reasons[str(reason)]
        if summed_up(tracker, TELLS, SLOTS[:3]):
            dispatcher.utter_message(
                response="utter_return_confirm_again",
                item_names=listed([item.label for item in order.items if item.id in ids]),
                refund=amount(quote.refund, quote.currency),
            )
            return []
        response = "utter_return_summary_shop_fault" if why.shop_fault else "utter_return_summary"
        if services().returns.decide(order, ids).needs_approval:
            response = "utter_return_summary_approval"
        elif quote.fee and not why.shop_fault:
            response = "utter_return_summary_fee"
        dispatcher.utter_message(
            response=response,
            chosen_order=order.number,
            item_names=listed([item.label for item in order.items if item.id in ids]),
            reason_text=why.text,
            refund=amount(quote.refund, quote.currency),
            fee=amount(quote.fee, quote.currency),
            method=quote.method,
            business_days=quote.business_days,
        )
        return []


class ActionSubmitReturn(Action):
    """Start the return after a yes, or say why it can't be started."""

    def name(self) -> str:
        """Name the action."""
        return "action_submit_return"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask the services for the return; they check identity and policy once more."""
        closing: list[EventType] = [*done("start_return"), *cleared()]
        customer = known_customer(tracker)
        if customer is None:
            return [*tell_block(dispatcher, tracker), *closing]
        closing.append(SlotSet("order_number", None))
        order = chosen_order(customer, tracker)
        if order is None:
            return [*self._nothing_open(dispatcher, tracker, customer), *closing]
        closing.append(SlotSet("last_order", order.number))
        if tracker.get_slot("return_confirmed") is not True:
            named = named_items(order, Said(str(tracker.get_slot("wish_words") or "")))
            decision = services().returns.decide(order, named or None)
            return [*tell_refusal(dispatcher, tracker, decision), *closing]
        return [*self._start(dispatcher, tracker, customer, order), *closing]

    def _start(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> list[EventType]:
        """Write the return, or pass it to a person where the amount asks for one."""
        who, ids = caller(tracker), chosen_items(order, tracker)
        reason = str(tracker.get_slot("return_reason"))
        decision = services().returns.decide(order, ids)
        try:
            if decision.needs_approval:
                ticket = services().returns.ask_approval(who, customer, order.number, ids, reason)
                dispatcher.utter_message(response="utter_return_waits_for_approval", ticket=ticket.number)
                return [SlotSet("ticket", ticket.number)]
            receipt = services().returns.start(who, customer, order.number, ids, reason)
        except Refused as refusal:
            return tell_refusal(dispatcher, tracker, refusal.decision)
        dispatcher.utter_message(
            response="utter_return_started",
            reference=receipt.reference,
            label_url=receipt.label_url,
            refund=amount(receipt.refund, order.currency),
            method=receipt.method,
            business_days=receipt.business_days,
        )
        return [SlotSet("last_return", receipt.reference)]

    def _nothing_open(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer
    ) -> list[EventType]:
        """Say that there is no order from which something can go back."""
        orders = recent(customer)
        if not orders:
            dispatcher.utter_message(response="utter_no_orders")
            return []
        return tell_refusal(
            dispatcher, tracker, services().returns.decide(orders[0]), several=len(orders) > 1
        )


def tell_refusal(
    dispatcher: CollectingDispatcher, tracker: Tracker, decision: Decision, several: bool = False
) -> list[EventType]:
    """Explain the rule that stands in the way, and offer a person where one may decide otherwise."""
    if several:
        dispatcher.utter_message(response="utter_return_nothing_open")
    else:
        dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
    worth_asking = several or decision.needs_approval or decision.rule in WORTH_ASKING
    return offer_ticket(dispatcher, tracker, "start_return") if worth_asking else []

"""Starting a return: the questions with their buttons, the summary, and the one step that writes."""

from __future__ import annotations

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.choice import payload
from actions.flows.corrected import concerned
from actions.flows.offers import offer_ticket
from actions.flows.order_writes import AskAboutOrder, AskOrder, SubmitOrderWrite
from actions.flows.refund_words import ask_where
from actions.flows.return_form import FLOW, FORM, chosen_items, open_orders
from actions.flows.return_words import item_match
from actions.flows.turn import last_message, said
from actions.flows.wording import after, amount
from actions.services import services
from actions.services.context import Caller
from actions.services.policy import Decision
from actions.services.readings import Reason
from actions.services.wording import listed

UNASKED = Reason("", shop_fault=False)  # in a shop that asks for no reason
TELLS = ("utter_return_summary", "utter_return_confirm_again")


class ActionAskReturnOrder(AskOrder):
    """Ask from which order something goes back."""

    flow = FLOW
    response = "utter_ask_return_order"

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders from which something can still go back."""
        return open_orders(customer)


class ActionAskReturnItems(AskAboutOrder):
    """Ask which items of the order go back."""

    flow = FLOW
    slot = "return_items"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer each item that can go back, and all of them."""
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


class ActionAskReturnMethod(AskAboutOrder):
    """Ask where the refund of a return should go."""

    flow = FLOW
    slot = "return_method"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer the places that the policies allow."""
        ask_where(dispatcher, order, "utter_ask_return_method")


def chosen_names(tracker: Tracker) -> str:
    """Name the items that go back."""
    found = FLOW.mine(tracker)
    ids = chosen_items(found[1], tracker) if found else []
    return listed([item.label for item in found[1].items if item.id in ids]) if found else ""


def _asked_before(tracker: Tracker) -> bool:
    """Tell whether the reason was the question that the last message answered."""
    for event in reversed(tracker.events[: last_message(tracker)]):
        if event.get("event") == "slot" and event.get("name") == "requested_slot":
            return bool(event.get("value") == "return_reason")
    return False


class ActionAskReturnConfirmed(AskAboutOrder):
    """Sum up the return, and ask for a yes."""

    flow = FLOW
    slot = "return_confirmed"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Say what goes back, what is paid back, how, and when; nothing is written yet."""
        ids, reason = chosen_items(order, tracker), str(tracker.get_slot("return_reason") or "")
        quote = services().returns.quote(order, ids, reason, tracker.get_slot("return_method"))
        why = services().policies.returns.reasons.get(reason, UNASKED)
        if FLOW.again(tracker, TELLS):
            dispatcher.utter_message(
                response="utter_return_confirm_again",
                item_names=listed([item.label for item in order.items if item.id in ids]),
                refund=amount(quote.refund, quote.currency),
                method=quote.method,
            )
            return
        response = "utter_return_summary_shop_fault" if why.shop_fault else "utter_return_summary"
        if services().returns.decide(order, ids).needs_approval:
            response = "utter_return_summary_approval"
        elif quote.fee and not why.shop_fault:
            response = "utter_return_summary_fee"
        elif why is UNASKED:
            response = "utter_return_summary_unasked"
        dispatcher.utter_message(
            response=response,
            chosen_order=order.number,
            item_names=listed([item.label for item in order.items if item.id in ids]),
            reason_text=why.text,
            refund=amount(quote.refund, quote.currency),
            fee=amount(quote.fee, quote.currency),
            method=quote.method,
            after=after(quote.business_days),
        )


class ActionSubmitReturn(SubmitOrderWrite):
    """Start the return after a yes, or say why it can't be started."""

    flow = FLOW
    by_item = True

    def name(self) -> str:
        """Name the action."""
        return "action_submit_return"

    def decide(self, customer: Customer, order: Order, tracker: Tracker) -> Decision:
        """Return why nothing of what was named can go back."""
        return services().returns.decide(order, concerned(order, tracker) or None)

    def write(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        who: Caller,
        customer: Customer,
        order: Order,
    ) -> list[EventType]:
        """Write the return, or pass it to a person where the amount asks for one."""
        ids, reason = chosen_items(order, tracker), str(tracker.get_slot("return_reason") or "")
        to = tracker.get_slot("return_method")
        if services().returns.decide(order, ids).needs_approval:
            ticket = services().returns.ask_approval(who, customer, order.number, ids, reason, to)
            dispatcher.utter_message(response="utter_return_waits_for_approval", ticket=ticket.number)
            return [SlotSet("ticket", ticket.number)]
        receipt = services().returns.start(who, customer, order.number, ids, reason, to)
        dispatcher.utter_message(
            response="utter_return_started",
            reference=receipt.reference,
            label_url=receipt.label_url,
            refund=amount(receipt.refund, order.currency),
            method=receipt.method,
            after=after(receipt.business_days),
        )
        return [SlotSet("last_return", receipt.reference)]

    def none_possible(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer
    ) -> list[EventType]:
        """Say that there is no order from which something can go back."""
        policy = services().policies.returns
        dispatcher.utter_message(
            response="utter_return_nothing_open",
            window=policy.window_words,
            exceptions=policy.exceptions_words,
        )
        return offer_ticket(dispatcher, tracker, FLOW.wish)

"""Cancelling an order: which one, why, the summary, and the one step that writes."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
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
from actions.flows.choice import OTHER, ask_which, choose, described, fitting, payload, placed, recent
from actions.flows.identity import PrivateForm, known_customer, tell_block
from actions.flows.offers import offer_ticket
from actions.flows.order_status import SHORT_STATES
from actions.flows.turn import Said, said, set_in_this_turn, summed_up
from actions.flows.wishes import done
from actions.flows.wording import amount, listed
from actions.services import services
from actions.services.context import caller
from actions.services.errors import Refused
from actions.services.policy import Decision

FORM = "cancel_form"
WISH = "cancel_order"
SLOTS = ("cancel_number", "cancel_reason", "cancel_confirmed")
SUMMARY = {False: "utter_cancel_summary", True: "utter_cancel_summary_approval"}  # with a colleague's consent
AGAIN = {False: "utter_cancel_confirm_again", True: "utter_cancel_confirm_approval_again"}
WORTH_ASKING = frozenset({"being_packed"})  # rules from which a person may depart


def chosen_order(customer: Customer, tracker: Tracker) -> Order | None:
    """Return the order that is to be cancelled, if it is the customer's."""
    number = tracker.get_slot("cancel_number")
    return services().orders.find(customer, str(number)) if number else None


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


class ValidateCancelForm(PrivateForm):
    """Validate the cancel form: identity, order, reason, and an explicit yes."""

    wish = WISH
    own_questions = ("cancel_reason", "cancel_confirmed")

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for what is missing; for nothing more where the order can't be cancelled."""
        order = chosen_order(customer, tracker)
        if undone(tracker, str(tracker.get_slot("wish_words") or "")):
            return []
        if order is not None and not possible(order):
            return ["cancel_number"]
        if order is None and not open_orders(customer):
            return ["cancel_number"] if self._named(customer, tracker) else []
        return list(SLOTS)

    def _named(self, customer: Customer, tracker: Tracker) -> bool:
        """Tell whether the customer named an order of theirs: then they hear why that one can't be cancelled."""
        number = self.heard(tracker).number or self.opening(tracker).number
        return number is not None and services().orders.find(customer, number) is not None

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Notice another order, or another reason, than the one chosen before."""
        customer = known_customer(tracker)
        order = chosen_order(customer, tracker) if customer else None
        if customer is None or order is None or not heard.text:
            return {}
        another = heard.number is not None and heard.number != order.number
        if not another and tracker.get_slot("requested_slot") == "cancel_reason" and reason_of(heard):
            return {}
        named = described(customer, heard) if heard.short and heard.has(NAMED) else None
        other, alone = heard.has(OTHER), open_orders(customer) == [order]
        if not (another or other or (named and named != order.number)):
            if alone and heard.short and heard.has(MORE):
                tell_only_one(dispatcher, order)
                return {"cancel_confirmed": None}
            return {}
        number = named or choose(customer, heard, tracker, current=order.number)
        if number is None and alone:
            tell_only_one(dispatcher, order)
            return {"cancel_confirmed": None}
        if number and services().orders.find(customer, number) is None:
            dispatcher.utter_message(response="utter_order_not_found", asked_number=number)
            return {"cancel_number": order.number, "cancel_confirmed": None}
        return {"cancel_number": number, "cancel_confirmed": None, "order_number": None}

    def extract_cancel_number(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which order is meant; the only one that can be cancelled is taken without asking."""
        customer = known_customer(tracker)
        if customer is None or tracker.get_slot("cancel_number"):
            return {}
        heard, offered = self.heard(tracker), open_orders(customer)
        asked = tracker.get_slot("requested_slot") == "cancel_number"
        number = choose(customer, heard, tracker) or (placed(heard, offered) if asked else None)
        if number is None and tracker.get_slot("wish_words"):
            number = choose(customer, self.opening(tracker), tracker)
        if number is None and len(offered) == 1:
            number = offered[0].number
        return {"cancel_number": number} if number else {}

    def validate_cancel_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; say when there is no such order."""
        return self.own_order("cancel_number", value, dispatcher, tracker)

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
        changed = set_in_this_turn(tracker, SLOTS[:2])  # something that the summary said
        if tracker.get_slot("requested_slot") != "cancel_confirmed" or changed:
            return {"cancel_confirmed": None}
        if value is False:
            return {"cancel_confirmed": False}
        heard = self.heard(tracker)
        agreed = value is True and (heard.plain_yes or says_go_ahead(heard))
        return {"cancel_confirmed": True if agreed else None}


def tell_only_one(dispatcher: CollectingDispatcher, order: Order) -> None:
    """Say that no other order can be canceled."""
    dispatcher.utter_message(
        response="utter_cancel_only_one", chosen_order=order.number, item_names=names(order)
    )


def names(order: Order) -> str:
    """Name what is in an order."""
    return listed([item.label for item in order.items])


class ActionAskCancelNumber(Action):
    """Ask which order is to be cancelled."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_cancel_number"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer the orders that can be cancelled."""
        customer = known_customer(tracker)
        if customer:
            left = open_orders(customer)
            fits = [order for order in fitting(customer, said(tracker, FORM)) if order in left]
            ask_which(dispatcher, "utter_ask_cancel_number", fits or left, SHORT_STATES)
        return []


class ActionAskCancelReason(Action):
    """Ask why the order is to be cancelled."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_cancel_reason"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer the reasons that the policies know; an answer in own words is as good."""
        buttons = [
            {"title": words[:1].upper() + words[1:], "payload": payload("inform", cancel_reason=name)}
            for name, words in services().cancellations.reasons.items()
        ]
        customer = known_customer(tracker)
        order = chosen_order(customer, tracker) if customer else None
        if order:
            dispatcher.utter_message(
                response="utter_ask_cancel_reason",
                buttons=buttons,
                chosen_order=order.number,
                item_names=names(order),
            )
        return []


class ActionAskCancelConfirmed(Action):
    """Sum up the cancellation, and ask for a yes."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_cancel_confirmed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say what is cancelled, what is paid back, how, and when; nothing is written yet."""
        customer = known_customer(tracker)
        order = chosen_order(customer, tracker) if customer else None
        if order is None:
            return []
        quote = services().cancellations.quote(order)
        approval = services().cancellations.decide(order).needs_approval
        again = summed_up(tracker, (SUMMARY[False], *AGAIN.values()), SLOTS[:2])
        dispatcher.utter_message(
            response=(AGAIN if again else SUMMARY)[approval],
            chosen_order=order.number,
            item_names=names(order),
            reason_text=services().cancellations.reasons[str(tracker.get_slot("cancel_reason"))],
            refund=amount(quote.refund, quote.currency),
            method=quote.method,
            business_days=quote.business_days,
        )
        return []


class ActionSubmitCancel(Action):
    """Cancel the order after a yes, or say why it can't be."""

    def name(self) -> str:
        """Name the action."""
        return "action_submit_cancel"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask the services for it; they check identity and policy once more."""
        closing: list[EventType] = [*done(WISH), *(SlotSet(name, None) for name in SLOTS)]
        customer = known_customer(tracker)
        if customer is None:
            return [*tell_block(dispatcher, tracker), *closing]
        closing.append(SlotSet("order_number", None))
        if tell_final(dispatcher, tracker, str(tracker.get_slot("wish_words") or "")):
            return closing
        order = chosen_order(customer, tracker)
        if order is None:
            return [*_nothing_open(dispatcher, tracker, customer), *closing]
        closing.append(SlotSet("last_order", order.number))
        if tracker.get_slot("cancel_confirmed") is False:
            dispatcher.utter_message(response="utter_cancel_kept", chosen_order=order.number)
            return closing
        if tracker.get_slot("cancel_confirmed") is not True:
            decision = services().cancellations.decide(order)
            return [*tell_refusal(dispatcher, tracker, decision), *closing]
        return [*self._cancel(dispatcher, tracker, customer, order), *closing]

    def _cancel(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> list[EventType]:
        """Cancel, or pass it to a person where the amount asks for one."""
        who, reason = caller(tracker), str(tracker.get_slot("cancel_reason"))
        try:
            if services().cancellations.decide(order).needs_approval:
                ticket = services().cancellations.ask_approval(who, customer, order.number, reason)
                dispatcher.utter_message(response="utter_cancel_waits_for_approval", ticket=ticket.number)
                return [SlotSet("ticket", ticket.number)]
            receipt = services().cancellations.cancel(who, customer, order.number, reason)
        except Refused as refusal:
            return tell_refusal(dispatcher, tracker, refusal.decision)
        dispatcher.utter_message(
            response="utter_cancel_done",
            chosen_order=receipt.order_number,
            refund=amount(receipt.refund, receipt.currency),
            method=receipt.method,
            business_days=receipt.business_days,
        )
        return []


def _nothing_open(dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer) -> list[EventType]:
    """Say that there is no order that can be cancelled."""
    orders = recent(customer)
    if not orders:
        dispatcher.utter_message(response="utter_no_orders")
        return []
    if len(orders) == 1:
        return tell_refusal(dispatcher, tracker, services().cancellations.decide(orders[0]))
    dispatcher.utter_message(response="utter_cancel_nothing_open")
    return offer_ticket(dispatcher, tracker, WISH)


def tell_refusal(dispatcher: CollectingDispatcher, tracker: Tracker, decision: Decision) -> list[EventType]:
    """Explain the rule that stands in the way, and offer a person where one may decide otherwise."""
    dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
    worth_asking = decision.needs_approval or decision.rule in WORTH_ASKING
    return offer_ticket(dispatcher, tracker, WISH) if worth_asking else []

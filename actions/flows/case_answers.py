"""When something went wrong: the questions with their buttons, the summary, and the one step that writes."""

from __future__ import annotations

from abc import ABC
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.address_words import ORDER
from actions.flows.case_telling import charge_lines, explain, facts, purpose, told_before
from actions.flows.case_words import issues
from actions.flows.cases import (
    BILLING,
    FLOWS,
    MONEY,
    assessed,
    chosen_remedy,
    issue_at,
    items_at,
    likely_orders,
    possible,
    remedy_for,
)
from actions.flows.choice import button, payload
from actions.flows.identity import tell_block
from actions.flows.offers import offer_ticket
from actions.flows.order_writes import AskAboutOrder, AskOrder, OrderFlow
from actions.flows.return_words import BROKEN
from actions.flows.turn import spoken
from actions.flows.wishes import done, serve, served_by, wishes
from actions.flows.wording import amount, today, within
from actions.services import services
from actions.services.case_policy import DISPUTE, GIVEN, GOODWILL, SHIPPING, TRACE, Assessment
from actions.services.context import caller
from actions.services.disputes import disputes_about
from actions.services.errors import Refused
from actions.services.refund_status import overdue, refund_rows
from actions.services.wording import listed

TICKETS = frozenset({TRACE, DISPUTE})
TITLES = {
    "replacement": "Send it again",
    "refund": "Refund {amount}",
    "return": "Send it back, label on us",
    "goodwill": "Keep it, and {amount} back",
    "shipping": "The shipping fee, {amount}, back",
    "price": "The difference, {amount}, back",
    "cancel": "Cancel the order",
    "trace": "Have it looked into",
    "dispute": "Have it looked into",
}
LATE_TITLE = "{amount} as an apology"
NEXT = {"return": "start_return", "cancel": "cancel_order", "address": "change_address"}
LINE = 300
STEM = "utter_case_"  # with which the names of the summaries begin
URGENT = frozenset({"unknown_charge", "not_received"})


def flow_at(tracker: Tracker) -> OrderFlow:
    """Return the flow that is under way, or that has just ended."""
    return FLOWS.get(str(served_by(tracker.active_loop_name) or tracker.get_slot("wish")), FLOWS[MONEY])


class ActionAskCaseOrder(AskOrder):
    """Ask which order it is about."""

    flow = FLOWS[MONEY]
    response = "utter_ask_which_order"

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{self.flow.order_slot}"

    def flow_for(self, tracker: Tracker) -> OrderFlow:
        """Return the flow of the form that asks."""
        return flow_at(tracker)

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders with which it can be."""
        return likely_orders(customer, flow_at(tracker).wish, tracker.get_slot("case_issue"))

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer them; a charge may also belong to none."""
        flow = flow_at(tracker)
        customer = flow.customer(tracker) if flow.wish == BILLING else None
        offered = self.offered(customer, tracker) if customer else []
        if len(offered) < 2:
            return await super().run(dispatcher, tracker, domain)
        none = {"title": "None of these", "payload": payload("talk_to_human")}
        buttons = [*map(button, offered), none]
        dispatcher.utter_message(response="utter_ask_case_order_billing", buttons=buttons)
        return []


class AskAboutCase(AskAboutOrder, ABC):
    """Ask what one of the forms about something that went wrong needs."""

    flow = FLOWS[MONEY]

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{self.slot}"

    def flow_for(self, tracker: Tracker) -> OrderFlow:
        """Return the flow of the form that asks."""
        return flow_at(tracker)


class ActionAskCaseIssue(AskAboutCase):
    """Ask what went wrong."""

    slot = "case_issue"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer what can be wrong with the order in its state; own words are as good."""
        wish = flow_at(tracker).wish
        buttons = [
            {"title": issue.text, "payload": payload("inform", case_issue=name)}
            for name, issue in issues().items()
            if wish in issue.wishes and issue.fits(order)
        ]
        dispatcher.utter_message(
            response=f"utter_ask_case_issue_{wish}",
            buttons=buttons,
            chosen_order=order.number,
            item_names=listed([item.label for item in order.items]),
        )


class ActionAskCaseItems(AskAboutCase):
    """Ask which items are concerned."""

    slot = "case_items"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer each item of the order."""
        buttons = [
            {"title": item.label, "payload": payload("inform", product=item.label)} for item in order.items
        ]
        dispatcher.utter_message(response="utter_ask_case_items", buttons=buttons, chosen_order=order.number)


class ActionAskCaseRemedy(AskAboutCase):
    """Say what is the matter, and ask what should be done."""

    slot = "case_remedy"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Offer each remedy that is open, with its amount."""
        assessment = assessed(tracker, order)
        if not told_before(tracker, "utter_ask_case_remedy"):
            explain(dispatcher, tracker, order, assessment)
        buttons = []
        for kind in possible(tracker, order):
            told = ""
            if kind in GIVEN:
                quote = services().remedies.quote(order, remedy_for(kind, tracker, order, assessment))
                told = amount(quote.amount, quote.currency)
            late = kind == "goodwill" and issue_at(tracker, order) == "late"
            title = (LATE_TITLE if late else TITLES[kind]).format(amount=told)
            buttons.append({"title": title, "payload": payload("inform", case_remedy=kind)})
        dispatcher.utter_message(response="utter_ask_case_remedy", buttons=buttons)


class ActionAskCaseConfirmed(AskAboutCase):
    """Sum up what will be done, and ask for a yes."""

    slot = "case_confirmed"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Say what is given, for what, how much, to which method and when; nothing is written yet."""
        kind, assessment = chosen_remedy(tracker, order), assessed(tracker, order)
        if kind is None:
            return
        again = flow_at(tracker).again(tracker, (f"{STEM}sum", f"{STEM}again"))
        if not again and not told_before(tracker, "utter_ask_case_remedy"):
            explain(dispatcher, tracker, order, assessment)
        prefix = f"{STEM}{'again' if again else 'sum'}"
        if kind in TICKETS:
            dispatcher.utter_message(response=f"{prefix}_{kind}", **facts(order, assessment))
            return
        remedy = remedy_for(kind, tracker, order, assessment)
        quote = services().remedies.quote(order, remedy)
        approval = services().remedies.decide(order, remedy).needs_approval
        group = "replacement" if kind == "replacement" else "money"
        dispatcher.utter_message(
            response=f"{prefix}_{group}{'_approval' if approval else ''}",
            chosen_order=order.number,
            item_names=listed([item.label for item in order.items if item.id in remedy.item_ids])
            or f"order {order.number}",
            refund=amount(quote.amount, quote.currency),
            method=quote.method,
            when=within(quote.business_days),
            purpose=purpose(kind, tracker, order),
        )


class ActionSubmitCase(Action):
    """Do what was agreed to, or say why nothing can be done, and what can."""

    def name(self) -> str:
        """Name the action."""
        return "action_submit_case"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask the services for it; they check identity, dates and payments once more."""
        flow = flow_at(tracker)
        closing: list[EventType] = [*done(flow.wish), *flow.emptied()]
        customer = flow.customer(tracker)
        if customer is None:
            return [*tell_block(dispatcher, tracker), *closing]
        closing.append(SlotSet("order_number", None))
        order = flow.order(customer, tracker)
        if order is None:
            dispatcher.utter_message(response="utter_no_orders")
            return closing
        closing.append(SlotSet("last_order", order.number))
        kind, found = chosen_remedy(tracker, order), assessed(tracker, order)
        if kind in NEXT:
            explain(dispatcher, tracker, order, found)
            return [*closing, *self._elsewhere(str(kind), tracker, order)]
        confirmed = flow.confirmed(tracker)
        if kind is None or confirmed is None:
            return [*self._nothing(dispatcher, tracker, order, found, flow), *closing]
        if confirmed is not True:
            dispatcher.utter_message(response="utter_case_left")
            return closing
        try:
            return [*self._do(dispatcher, tracker, customer, order, kind, flow.wish), *closing]
        except Refused as refusal:
            return [*flow.tell_refusal(dispatcher, tracker, refusal.decision), *closing]

    def _nothing(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        order: Order,
        found: Assessment,
        flow: OrderFlow,
    ) -> list[EventType]:
        """Say what is the matter, and why nothing is given for it."""
        refused = [kind for kind in found.remedies if kind in GIVEN]
        decisions = [
            services().remedies.decide(order, remedy_for(kind, tracker, order, found)) for kind in refused
        ]
        if any(decision.rule == "already_given" for decision in decisions):
            given = listed(services().remedies.given(order))
            dispatcher.utter_message(
                response="utter_case_already_given", order_number=order.number, references=given
            )
            return offer_ticket(dispatcher, tracker, flow.wish)
        explain(dispatcher, tracker, order, found)
        for decision in decisions[:1]:
            dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
        late = found.rule == "refund_rows" and overdue(refund_rows(order, services().policies, today()))
        worth_asking = bool(refused) or late or found.rule in ("in_time", "price_too_late", "not_cheaper")
        return offer_ticket(dispatcher, tracker, flow.wish) if worth_asking else []

    def _elsewhere(self, kind: str, tracker: Tracker, order: Order) -> list[EventType]:
        """Begin the flow that carries out what was chosen, with what is known."""
        wish = wishes()[NEXT[kind]]
        known: dict[str, Any] = {wish.order: order.number}
        if kind == "address":
            known["address_target"] = ORDER
        elif kind == "return":
            ids = [item_id for item_id in items_at(tracker, order) if order.return_of(item_id) is None]
            issue = issue_at(tracker, order)
            known |= {"return_items": ids or None, "return_reason": issue if issue in BROKEN else None}
        *begun, turn = serve(wish.intent, str(tracker.get_slot("wish_words") or ""))
        return [*begun, *(SlotSet(name, value) for name, value in known.items()), turn]

    def _do(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        customer: Customer,
        order: Order,
        kind: str,
        wish: str,
    ) -> list[EventType]:
        """Give the remedy, or pass it to a person."""
        who, found = caller(tracker), assessed(tracker, order)
        if kind in TICKETS:
            issue = issue_at(tracker, order) or ""
            story = self._story(tracker, order, found)
            if kind == DISPUTE:
                story = "\n".join([story, *disputes_about(services().provider, order)])
            ticket = services().tickets.open(
                who,
                f"{issues()[issue].text}: order {order.number}",
                story,
                "high" if issue in URGENT else "normal",
                customer,
                f"{kind}/{order.number}",
            )
            again = "_again" if ticket.repeated else ""
            dispatcher.utter_message(
                response=f"utter_case_{kind}_opened{again}",
                ticket=ticket.number,
                hours=str(ticket.reply_hours),
                **facts(order, found),
            )
            return [SlotSet("ticket", ticket.number)]
        remedy = remedy_for(kind, tracker, order, found)
        if services().remedies.decide(order, remedy).needs_approval:
            ticket = services().remedies.ask_approval(who, customer, order.number, remedy, wish)
            dispatcher.utter_message(response="utter_case_waits_for_approval", ticket=ticket.number)
            return [SlotSet("ticket", ticket.number)]
        receipt = services().remedies.give(who, customer, order.number, remedy, wish)
        group = "replacement" if kind == "replacement" else "money"
        dispatcher.utter_message(
            response=f"utter_case_done_{group}",
            reference=receipt.reference,
            refund=amount(receipt.amount, receipt.currency),
            method=receipt.method,
            when=within(receipt.business_days),
            item_names=listed(list(receipt.items)),
            purpose=purpose(kind, tracker, order),
        )
        self._tell_more(dispatcher, tracker, order, kind)
        return []

    def _tell_more(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, order: Order, given: str
    ) -> None:
        """Say what else is due for a late parcel, which had two remedies."""
        other = {SHIPPING: GOODWILL, GOODWILL: SHIPPING}.get(given)
        if issue_at(tracker, order) != "late" or other not in possible(tracker, order):
            return
        found = assessed(tracker, order)
        quote = services().remedies.quote(order, remedy_for(str(other), tracker, order, found))
        dispatcher.utter_message(
            response=f"utter_case_also_{other}",
            order_number=order.number,
            refund=amount(quote.amount, quote.currency),
        )

    def _story(self, tracker: Tracker, order: Order, found: Assessment) -> str:
        """Write down for a person what happened, and what the data say."""
        words = spoken(str(tracker.get_slot("wish_words") or ""), LINE)
        parcels = [
            f"{parcel.carrier} {', '.join(parcel.tracking_numbers)}: {parcel.status}, expected {parcel.expected_on}, "
            f"delivered {parcel.delivered_at}"
            for parcel in services().parcels.told(order).shipments
        ]
        items = [item.label for item in order.items if item.id in items_at(tracker, order)]
        lines = [
            f"What happened: {issues()[issue_at(tracker, order) or 'late'].text}",
            f"In the customer's words: {words}" if words else "",
            f"Order {order.number}, {order.status}; items concerned: {listed(items) or 'all'}",
            f"Rule: {found.rule}",
            f"Charged: {charge_lines(order)}; total {order.total}, paid back {order.refunded}",
            *parcels,
        ]
        return "\n".join(line for line in lines if line)

"""When something went wrong: which order, what happened, which items, what should be done, and an explicit yes.

Refunds, deliveries and charges are one conversation: what it is really about shows only in the course of it. Three
forms, one for each wish, share their questions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.case_words import amount_in, issue_of, issues, remedy_of
from actions.flows.choice import OTHER, choose, recent
from actions.flows.memo import looked_up
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import OrderFlow
from actions.flows.return_words import named_items
from actions.flows.turn import Said, said
from actions.services import services
from actions.services.case_policy import (
    CHARGE,
    CHARGES,
    ENDED,
    GIVEN,
    GOODWILL,
    OWED,
    PRICE,
    REFUND,
    REPLACEMENT,
    UNSENT,
    WITH_ITEMS,
    Assessment,
)
from actions.services.remedy_policy import Remedy

SLOTS = ("case_order", "case_issue", "case_items", "case_remedy", "case_confirmed")
FORMS = {
    "request_refund": "refund_form",
    "delivery_problem": "delivery_form",
    "billing_dispute": "billing_form",
}
FLOWS = {
    wish: OrderFlow(
        wish=wish,
        form=form,
        confirmed_slot="case_confirmed",
        told_slots=SLOTS[:4],
        item_slots=("case_items", "case_remedy"),
        worth_asking=frozenset({"out_of_stock", "too_many", "nothing_left", "not_due"}),
    )
    for wish, form in FORMS.items()
}
WITH_THEM = frozenset({REFUND, REPLACEMENT, GOODWILL, PRICE})  # remedies that are about items
PLAIN = frozenset({REFUND, REPLACEMENT})  # remedies that an opening may ask for
ELSEWHERE = frozenset({"return", "cancel", "address"})  # remedies that other flows carry out
MONEY = "request_refund"
BILLING = "billing_dispute"
AFTER = frozenset(FORMS) | {
    "cancel_order",
    "start_return",
    "order_status",
}  # after which the same order is meant


def issue_at(tracker: Tracker, order: Order | None) -> str | None:
    """Return what is wrong: as it was said, else what goes without saying in the order's state."""
    told = tracker.get_slot("case_issue")
    if told in issues():
        return str(told)
    if order is not None and tracker.get_slot("wish") == MONEY and order.status in ENDED | UNSENT:
        return "refund_status"
    return None


def items_at(tracker: Tracker, order: Order) -> tuple[str, ...]:
    """Return the items that are concerned; of an order with one item, that."""
    chosen = [str(item_id) for item_id in tracker.get_slot("case_items") or [] if order.item(str(item_id))]
    return tuple(chosen) or (tuple(item.id for item in order.items) if len(order.items) == 1 else ())


def asks_items(issue: str | None, order: Order) -> bool:
    """Tell whether it has to be known which items are concerned."""
    return issue in WITH_ITEMS and issue != "price_drop" and len(order.items) > 1


def asks_items_still(tracker: Tracker, order: Order) -> bool:
    """Tell whether the items that are concerned aren't known yet."""
    return asks_items(issue_at(tracker, order), order) and not items_at(tracker, order)


def assessed(tracker: Tracker, order: Order) -> Assessment:
    """Find out what is the matter, from what is known so far."""
    issue = issue_at(tracker, order) or "refund_status"
    return services().remedies.assess(order, issue, items_at(tracker, order))


def remedy_for(kind: str, tracker: Tracker, order: Order, found: Assessment) -> Remedy:
    """Make the remedy of a kind for the case at hand."""
    ids = (found.item_ids or items_at(tracker, order)) if kind in WITH_THEM else ()
    return Remedy(kind, issue_at(tracker, order) or "refund_status", tuple(ids))


def possible(tracker: Tracker, order: Order) -> list[str]:
    """List the remedies that are open, if need be with a person's consent."""
    known = ("possible", order.number, issue_at(tracker, order), items_at(tracker, order))
    return looked_up(known, lambda: _possible(tracker, order))


def _possible(tracker: Tracker, order: Order) -> list[str]:
    found = assessed(tracker, order)
    if set(items_at(tracker, order)) & order.made_good and issue_at(tracker, order) in WITH_ITEMS:
        return []
    kinds = []
    for kind in found.remedies:
        if kind in GIVEN:
            decision = services().remedies.decide(order, remedy_for(kind, tracker, order, found))
            if not (decision.allowed or decision.needs_approval):
                continue
        kinds.append(kind)
    return kinds


def chosen_remedy(tracker: Tracker, order: Order) -> str | None:
    """Return the remedy that was chosen, if it is open; the only one goes without choosing."""
    told, offered = tracker.get_slot("case_remedy"), possible(tracker, order)
    if told in offered:
        return str(told)
    return offered[0] if len(offered) == 1 else None


def likely_orders(customer: Customer, wish: str, issue: str | None) -> list[Order]:
    """Return the recent orders with which this can be wrong; all of them where none fits."""
    orders = recent(customer)
    if issue in issues():
        fits = [order for order in orders if issues()[str(issue)].fits(order)]
        due = [order for order in fits if issue not in WITH_ITEMS and _is_due(order, str(issue))]
        return due or fits or orders
    pending = [order for order in orders if any(refund.status == "pending" for refund in order.refunds)]
    under_way = pending if wish == MONEY else []
    return under_way if len(under_way) == 1 else orders


PROOF = {"charged_twice": CHARGE, "canceled_charged": OWED}  # remedies that only the payments can open


def _is_due(order: Order, issue: str) -> bool:
    """Tell whether the data of an order bear out what is said."""
    if issue in CHARGES:
        return PROOF.get(issue) in services().remedies.assess(order, issue, ()).remedies
    return bool(set(services().remedies.assess(order, issue, ()).remedies) & set(GIVEN))


class CaseForm(OrderForm, ABC):
    """Validate a form about something that went wrong."""

    own_questions = ("case_issue", "case_remedy", "case_confirmed")

    @abstractmethod
    def name(self) -> str:
        """Name the action."""

    def heard(self, tracker: Tracker) -> Said:
        """Return the words of this turn; the wishes of this family answer one another's questions."""
        words, asked = said(tracker, self.form_name()), tracker.get_slot("requested_slot")
        if words.intent in FORMS and asked in SLOTS:
            return words
        tells = asked == "case_issue" and issue_of(words, self.wish) and not words.text.endswith("?")
        chooses = asked in ("case_remedy", "case_confirmed") and self._chooses(words, tracker)
        return words if tells or chooses else super().heard(tracker)

    def _chooses(self, words: Said, tracker: Tracker) -> bool:
        """Tell whether the words choose one of the remedies that were offered."""
        found = self.flow.mine(tracker)
        return found is not None and remedy_of(words, possible(tracker, found[1])) is not None

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for what is missing; for nothing more where nothing is left to choose."""
        order = self.flow.order(customer, tracker)
        if order is None:
            return ["case_order", "case_issue", "case_items", "case_remedy"] if recent(customer) else []
        issue, asked = issue_at(tracker, order), ["case_order", "case_issue"]
        if issue is None:
            return [*asked, "case_items", "case_remedy"]
        if asks_items(issue, order) or tracker.get_slot("case_items"):
            asked.append("case_items")
            if not items_at(tracker, order):
                return [*asked, "case_remedy"]
        remedy, offered = chosen_remedy(tracker, order), possible(tracker, order)
        if len(offered) > 1 or tracker.get_slot("case_remedy"):
            asked.append("case_remedy")
        return asked if remedy is None or remedy in ELSEWHERE else [*asked, "case_confirmed"]

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Notice another order, another issue or another remedy than the one chosen before."""
        found = self.flow.mine(tracker)
        asked = tracker.get_slot("requested_slot")
        if found is None or not heard.text or asked is None:
            return {}
        changes = self.flow.other_order(dispatcher, tracker, heard)
        if not changes and asked in ("case_remedy", "case_confirmed") and not heard.plain_yes:
            return self._changed(tracker, found[1], heard)
        return changes

    def _changed(self, tracker: Tracker, order: Order, heard: Said) -> dict[str, Any]:
        """Notice that something else went wrong, or that something else should be done."""
        offered = possible(tracker, order)
        remedy = remedy_of(heard, offered)
        if remedy and remedy != tracker.get_slot("case_remedy") and len(offered) > 1:
            return {"case_remedy": remedy, "case_confirmed": None}
        issue = issue_of(heard, self.wish)
        if remedy or issue is None or issue == issue_at(tracker, order) or heard.text.endswith("?"):
            return {}
        emptied = dict.fromkeys(("case_items", "case_remedy", "case_confirmed"))
        return {**emptied, "case_issue": issue}

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders with which what was said can be wrong."""
        issue = tracker.get_slot("case_issue")
        for words in (self.heard(tracker), self.opening(tracker)):
            issue = issue or issue_of(words, self.wish)
        return likely_orders(customer, self.wish, issue)

    def meant(
        self, customer: Customer, words: Said, tracker: Tracker, offered: Sequence[Order]
    ) -> str | None:
        """Return the order that the words mean, or for which the amount in them was charged."""
        return choose(customer, words, tracker) or self._by_amount(customer, words)

    def _by_amount(self, customer: Customer, words: Said) -> str | None:
        """Return the one order for which the amount that is in doubt was charged."""
        amount = amount_in(words.text) if self.wish == BILLING else None
        charged = [
            order.number
            for order in recent(customer)
            if any(entry.amount == amount for entry in order.payments if entry.kind == "payment")
        ]
        return charged[0] if amount is not None and len(charged) == 1 else None

    def unsaid(self, customer: Customer, tracker: Tracker, offered: Sequence[Order]) -> str | None:
        """Return the order that was spoken of last, else the only one with which it can be."""
        asked, heard = tracker.get_slot("requested_slot") == "case_order", self.heard(tracker)
        last, spoken_of = tracker.get_slot("last_wish"), tracker.get_slot("last_order")
        fits = last in FORMS or spoken_of in {order.number for order in offered}
        if spoken_of and last in AFTER and fits and not (asked or heard.has(OTHER)):
            return str(spoken_of)
        return super().unsaid(customer, tracker, offered)

    def extract_case_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which order it is about."""
        return self.find_order(tracker)

    def validate_case_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; say when there is no such order."""
        return self.own_order(value, dispatcher, tracker)

    def extract_case_issue(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out what went wrong, in the customer's words or from a button."""
        if tracker.get_slot("case_issue"):
            return {}
        found = issue_of(self.heard(tracker), self.wish) or issue_of(self.opening(tracker), self.wish)
        if found is None:
            mine = self.flow.mine(tracker)
            found = issue_at(tracker, mine[1]) if mine else None
        return {"case_issue": found} if found else {}

    def validate_case_issue(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept what case_words.yml knows."""
        return {"case_issue": value if value in issues() else None}

    def extract_case_items(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out which items are concerned."""
        found = self.flow.mine(tracker)
        if found is None or tracker.get_slot("case_items"):
            return {}
        _, order = found
        heard = self.heard(tracker)
        named = named_items(order, heard) if heard.text and not heard.number else []
        if not named and not heard.payload:
            named = named_items(order, self.opening(tracker)) if self.opening(tracker).text else []
        return {"case_items": named} if named else {}

    def validate_case_items(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept items of the chosen order."""
        found = self.flow.mine(tracker)
        given = value if isinstance(value, list) else []
        ids = [str(item_id) for item_id in given if found and found[1].item(str(item_id))]
        return {"case_items": ids or None}

    def extract_case_remedy(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out what should be done; of a refund that was asked for, that goes without saying."""
        found = self.flow.mine(tracker)
        if found is None or tracker.get_slot("case_remedy"):
            return {}
        offered = possible(tracker, found[1])
        asked = tracker.get_slot("requested_slot") == "case_remedy"
        told = remedy_of(self.heard(tracker), offered) if asked else None
        if not asked and len(offered) > 1 and not asks_items_still(tracker, found[1]):
            plain = [
                kind for kind in offered if kind in PLAIN
            ]  # "just send a new one", said before any question
            told = remedy_of(self.opening(tracker), plain)
        return {"case_remedy": told} if told else {}

    def validate_case_remedy(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a remedy that is open."""
        found = self.flow.mine(tracker)
        return {"case_remedy": value if found and value in possible(tracker, found[1]) else None}

    def validate_case_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes, or a no, to the summary that was shown."""
        return {"case_confirmed": self.flow.answered(value, self.heard(tracker), tracker)}


class ValidateRefundForm(CaseForm):
    """Validate the form of somebody who wants money back."""

    wish = "request_refund"
    flow = FLOWS[wish]

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORMS[self.wish]}"


class ValidateDeliveryForm(CaseForm):
    """Validate the form of somebody whose delivery went wrong."""

    wish = "delivery_problem"
    flow = FLOWS[wish]

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORMS[self.wish]}"


class ValidateBillingForm(CaseForm):
    """Validate the form of somebody who doubts a charge."""

    wish = "billing_dispute"
    flow = FLOWS[wish]

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORMS[self.wish]}"

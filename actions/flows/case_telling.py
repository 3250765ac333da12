"""What is the matter with an order, in words: parcels, charges and refunds as the data have them."""

from __future__ import annotations

from datetime import date
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Order
from actions.flows.case_words import amount_in
from actions.flows.cases import issue_at
from actions.flows.identity import known_customer
from actions.flows.order_writes import own_order
from actions.flows.turn import turn_events
from actions.flows.wording import amount, day, today, within
from actions.services import services
from actions.services.case_policy import Assessment
from actions.services.refund_status import RefundRow, refund_rows
from actions.services.wording import listed

CHARGED = frozenset({"charge_known", "charged_once", "charged_right"})  # rules that tell what was charged


def facts(order: Order, found: Assessment) -> dict[str, Any]:
    """Put what is known of a case into words."""
    told = {"order_number": order.number, "items": listed([item.label for item in order.items])}
    return {**told, **found.facts}


def told_before(tracker: Tracker, response: str) -> bool:
    """Tell whether a response was given in the turn before."""
    events = turn_events(tracker, back=1)
    return any((event.get("metadata") or {}).get("utter_action") == response for event in events)


def purpose(kind: str, tracker: Tracker, order: Order) -> str:
    """Say in words what money is given for."""
    texts = services().policies.compensation.issues
    issue = issue_at(tracker, order) or ""
    if kind == "goodwill" and issue in texts:
        return texts[issue].text
    return {
        "shipping": "the shipping fee of the late parcel",
        "price": "the difference to today's price",
        "charge": "the second charge",
        "owed": "what you paid for the canceled order",
    }.get(kind, "the goods")


def explain(dispatcher: CollectingDispatcher, tracker: Tracker, order: Order, found: Assessment) -> None:
    """Say what is the matter; refunds are told one by one, charges with what was paid."""
    if found.rule == "refund_rows":
        tell_refunds(dispatcher, order, today())
        return
    doubted = amount_in(str(tracker.get_slot("wish_words") or "")) if found.rule in CHARGED else None
    if doubted is not None and all(entry.amount != doubted for entry in order.payments):
        told = amount(doubted, order.currency)
        dispatcher.utter_message(
            response="utter_case_amount_unknown", doubted=told, order_number=order.number
        )
    dispatcher.utter_message(
        response=f"utter_case_{found.rule}",
        **facts(order, found),
        charges=charge_lines(order),
        parts=price_parts(order),
    )


def tell_total(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Say what the order that was spoken of last comes to, and how it was paid; tell whether there is one."""
    customer = known_customer(tracker, "order_status")
    order = own_order(customer, str(tracker.get_slot("last_order") or "")) if customer else None
    if order is None:
        return False
    dispatcher.utter_message(
        response="utter_order_total",
        order_number=order.number,
        total=amount(order.total, order.currency),
        parts=price_parts(order),
        charges=charge_lines(order),
    )
    return True


def charge_lines(order: Order) -> str:
    """List the payments of an order with amount, method and day."""
    customer = services().commerce.customer(order.customer_id)
    labels = {method.id: method.label for method in (customer.payment_methods if customer else ())}
    lines = []
    for entry in order.payments:
        if entry.kind == "payment":
            on = f", {day(entry.at, today())}" if entry.at else ""
            method = labels.get(entry.method_id, "your payment method")
            lines.append(f"{amount(entry.amount, order.currency)} to {method}{on}")
    return "; ".join(lines) or "no payment"


def price_parts(order: Order) -> str:
    """Say what an order's total is made of."""
    parts = [f"{item.label} {amount(item.total, order.currency)}" for item in order.items]
    parts += [f"{name} {amount(value, order.currency)}" for name, value in (
        ("shipping", order.shipping), ("tax", order.tax), ("discount -", order.discount)) if value]  # fmt: skip
    return ", ".join(parts).replace("discount - ", "discount -")


def tell_refunds(dispatcher: CollectingDispatcher, order: Order, on: date) -> list[RefundRow]:
    """Tell amount, method and day of every refund of an order."""
    rows = refund_rows(order, services().policies, on)
    for row in rows:
        dispatcher.utter_message(
            response=f"utter_refund_{row.state}",
            order_number=order.number,
            refund=amount(row.amount, order.currency),
            method=row.method,
            since=day(row.since, on) if row.since else "a while ago",
            by=day(row.by, on) if row.by else "",
            reference=row.reference or order.number,
            when=within(row.business_days),
        )
    return rows

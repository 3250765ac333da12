"""The e-mails about what a system outside refused: what was undone, and what a person takes care of."""

from __future__ import annotations

from actions.commerce.model import Customer
from actions.services.mail import NOT_RIGHT, Letter, letter
from actions.services.rulebook import Policies

# What was undone, by the action of the write.
WRITES = {
    "order.change": "the change of items",
    "order.payment": "the change of the payment method",
    "exchange.due": "the exchange",
}
WHY = {"declined": "your payment was declined", "refused": "it couldn't be carried out"}


def undone(customer: Customer, policies: Policies, action: str, subject: str, reason: str) -> Letter:
    """Write the e-mail that says that a write was undone."""
    if (action, reason) == ("exchange.due", "declined"):
        return _unpaid(customer, policies, subject)
    return letter(
        "write_undone",
        customer,
        policies,
        f"Not done: {subject}",
        f"we had to take back {WRITES.get(action, 'what you asked for')} of {subject}: "
        f"{WHY.get(reason, WHY['refused'])}. You pay nothing for it, and everything is as it was before.",
        "You can try it again with another payment method, in the chat or by answering this e-mail.",
        closing=NOT_RIGHT,
    )


def _unpaid(customer: Customer, policies: Policies, subject: str) -> Letter:
    """Write the e-mail that asks for another payment method for an exchange whose old items are here."""
    return letter(
        "exchange_unpaid",
        customer,
        policies,
        f"Your exchange for {subject} isn't paid yet",
        f"your old item has arrived, but the difference in price of the exchange for {subject} couldn't be charged: "
        "the payment was declined. Nothing was taken.",
        "Please tell us in the chat with which other payment method you'd like to pay it, or answer this e-mail. "
        f"The new item is set aside for {policies.exchanges.reserve_days} days.",
        closing=NOT_RIGHT,
    )


def person(customer: Customer, policies: Policies, action: str, subject: str, number: str) -> Letter:
    """Write the e-mail that says that a person takes care of what couldn't be done by itself."""
    return letter(
        "needs_person",
        customer,
        policies,
        f"About {subject}: we take care of it",
        f"a part of what we promised you for {subject} couldn't be carried out automatically. "
        f"One of us takes care of it and writes to you; it is ticket {number}. You don't need to do anything.",
        closing=NOT_RIGHT,
    )

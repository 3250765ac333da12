"""The e-mails about what a system outside refused: what was undone, and what a person takes care of."""

from __future__ import annotations

from actions.commerce.model import Customer
from actions.services.mail import Letter
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
    body = (
        f"we had to take back {WRITES.get(action, 'what you asked for')} of {subject}: "
        f"{WHY.get(reason, WHY['refused'])}. You pay nothing for it, and everything is as it was before.\n\n"
        "You can try it again with another payment method, in the chat or by answering this e-mail.\n\n"
    )
    return _letter("write_undone", customer, policies, f"Not done: {subject}", body)


def person(customer: Customer, policies: Policies, action: str, subject: str, number: str) -> Letter:
    """Write the e-mail that says that a person takes care of what couldn't be done by itself."""
    body = (
        f"a part of what we promised you for {subject} couldn't be carried out automatically. "
        f"One of us takes care of it and writes to you; it is ticket {number}. You don't need to do anything.\n\n"
    )
    return _letter("needs_person", customer, policies, f"About {subject}: we take care of it", body)


def _letter(kind: str, customer: Customer, policies: Policies, subject: str, body: str) -> Letter:
    """Put greeting and ending around it."""
    text = (
        f"Hello {customer.first_name},\n\n{body}"
        f"If something is not right, answer this e-mail or write to {policies.support.email}.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter(kind, customer.email, subject, text)

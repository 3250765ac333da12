"""The e-mails that the assistant sends, as pure functions of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from actions.commerce.model import Customer
from actions.services.rulebook import Policies
from actions.services.wording import after, dollars, long_date, takes

# How a letter ends, before the name of the shop.
WASNT_YOU = "If that wasn't you, answer this e-mail at once or write to {email}."
NOT_RIGHT = "If something is not right, answer this e-mail or write to {email}."


@dataclass(frozen=True)
class Letter:
    """One e-mail before it is sent; an empty recipient means that it never is."""

    kind: str
    recipient: str
    subject: str
    body: str


class Reader(NamedTuple):
    """Somebody who gets an e-mail and may be no customer."""

    email: str
    first_name: str = ""


def letter(
    kind: str,
    reader: Customer | Reader,
    policies: Policies,
    subject: str,
    *paragraphs: str,
    closing: str = WASNT_YOU,
) -> Letter:
    """Put greeting, closing and the name of the shop around some paragraphs; empty ones are left out."""
    support = policies.support
    greeting = f"{f'Hello {reader.first_name}'.strip()},"
    parts = (greeting, *paragraphs, closing.format(email=support.email), support.shop_name)
    return Letter(kind, reader.email, subject, "\n\n".join(part for part in parts if part) + "\n")


def bullets(items: Sequence[str]) -> str:
    """List items, one a line."""
    return "\n".join(f"  - {item}" for item in items)


def return_label(
    customer: Customer,
    policies: Policies,
    *,
    order_number: str,
    reference: str,
    items: Sequence[str],
    label_url: str,
    expires_on: date,
    refund: Decimal,
    fee: Decimal,
    method: str,
    business_days: str,
) -> Letter:
    """Write the e-mail that carries a return label."""
    cost = f"The return label costs {dollars(fee)}, which is already taken off.\n" if fee else ""
    return letter(
        "return_label",
        customer,
        policies,
        f"Your return {reference}",
        f"your return {reference} for order {order_number} is set up. It covers:\n{bullets(items)}",
        _steps(policies, label_url, "the items", expires_on),
        f"Your refund is {dollars(refund)}, to {method}. {cost}"
        f"It {takes(business_days)} once the parcel is checked in.",
        closing=NOT_RIGHT,
    )


def label_ready(
    customer: Customer,
    policies: Policies,
    *,
    reference: str,
    label_url: str,
    carrier: str,
    tracking_number: str,
    expires_on: date,
) -> Letter:
    """Write the e-mail that says that a label was bought and can be printed."""
    body = (
        f"Hello {customer.first_name},\n\n"
        f"the label for {reference} is there: {label_url}\n\n"
        f"It is a {carrier} label, tracking number {tracking_number}. "
        f"Hand the parcel to {policies.returns.drop_off_text} by {long_date(expires_on)}.\n\n"
        f"If something is not right, answer this e-mail or write to {policies.support.email}.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter("label_ready", customer.email, f"Your return label for {reference}", body)


def cancelled(
    customer: Customer,
    policies: Policies,
    *,
    order_number: str,
    items: Sequence[str],
    refund: Decimal,
    method: str,
    business_days: str,
) -> Letter:
    """Write the e-mail that confirms a cancellation."""
    return letter(
        "order_cancelled",
        customer,
        policies,
        f"Order {order_number} is canceled",
        f"order {order_number} is canceled. It was for:\n{bullets(items)}",
        f"{dollars(refund)} goes back to {method}; that {takes(business_days)}.",
    )


def order_changed(
    customer: Customer, policies: Policies, *, order_number: str, items: Sequence[str], money: str
) -> Letter:
    """Write the e-mail that confirms changed items of an order."""
    subject, lines = f"Order {order_number} is changed", bullets(items)
    return letter(
        "order_changed", customer, policies, subject, f"order {order_number} is changed:\n{lines}", money
    )


def exchange_label(
    customer: Customer,
    policies: Policies,
    *,
    order_number: str,
    reference: str,
    items: Sequence[str],
    label_url: str,
    expires_on: date,
    money: str,
) -> Letter:
    """Write the e-mail that carries the return label of an exchange."""
    leave = after(str(policies.fact("exchanges.ship_business_days")))
    return letter(
        "exchange_label",
        customer,
        policies,
        f"Your exchange {reference}",
        f"your exchange {reference} for order {order_number} is set up:\n{bullets(items)}",
        _steps(policies, label_url, "the old items", expires_on),
        f"The new ones are set aside for you and leave {leave} after the carrier has scanned that parcel.\n{money}",
        closing=NOT_RIGHT,
    )


def password_reset(reader: Reader, policies: Policies, url: str) -> Letter:
    """Write the e-mail that carries a password reset link."""
    return letter(
        "password_reset",
        reader,
        policies,
        "Choose a new password",
        f"someone asked for a new password for your {policies.support.shop_name} account. "
        "If that was you, choose one here:",
        url,
        f"The link works once and for {policies.accounts.reset_link_minutes} minutes. "
        "If it wasn't you, nothing changes; you can delete this e-mail.",
        closing="",
    )


def _steps(policies: Policies, label_url: str, what: str, expires_on: date) -> str:
    """Write how a parcel is sent back."""
    place = policies.returns.drop_off_text
    return (
        f"1. Print the label: {label_url}\n"
        f"2. Pack {what} and hand the parcel to {place} by {long_date(expires_on)}."
    )

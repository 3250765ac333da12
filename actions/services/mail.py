"""The e-mails that the assistant sends, as pure functions of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from actions.commerce.model import Customer
from actions.services.policy import dollars, long_date, takes
from actions.services.rulebook import Policies


@dataclass(frozen=True)
class Letter:
    """One e-mail before it is sent; an empty recipient means that it never is."""

    kind: str
    recipient: str
    subject: str
    body: str


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
    lines = "\n".join(f"  - {item}" for item in items)
    cost = f"The return label costs {dollars(fee)}, which is already taken off.\n" if fee else ""
    body = (
        f"Hello {customer.first_name},\n\n"
        f"your return {reference} for order {order_number} is set up. It covers:\n{lines}\n\n"
        f"1. Print the label: {label_url}\n"
        f"2. Pack the items and hand the parcel to {policies.returns.drop_off_text} "
        f"by {long_date(expires_on)}.\n\n"
        f"Your refund is {dollars(refund)}, to {method}. {cost}"
        f"It {takes(business_days)} once the parcel is checked in.\n\n"
        f"If something is not right, answer this e-mail or write to {policies.support.email}.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter("return_label", customer.email, f"Your return {reference}", body)


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
    lines = "\n".join(f"  - {item}" for item in items)
    body = (
        f"Hello {customer.first_name},\n\n"
        f"order {order_number} is canceled. It was for:\n{lines}\n\n"
        f"{dollars(refund)} goes back to {method}; that {takes(business_days)}.\n\n"
        f"If that wasn't you, answer this e-mail at once or write to {policies.support.email}.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter("order_cancelled", customer.email, f"Order {order_number} is canceled", body)


def order_changed(
    customer: Customer, policies: Policies, *, order_number: str, items: Sequence[str], money: str
) -> Letter:
    """Write the e-mail that confirms changed items of an order."""
    lines = "\n".join(f"  - {item}" for item in items)
    body = (
        f"Hello {customer.first_name},\n\n"
        f"order {order_number} is changed:\n{lines}\n\n"
        f"{money}\n\n"
        f"If that wasn't you, answer this e-mail at once or write to {policies.support.email}.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter("order_changed", customer.email, f"Order {order_number} is changed", body)


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
    lines = "\n".join(f"  - {item}" for item in items)
    body = (
        f"Hello {customer.first_name},\n\n"
        f"your exchange {reference} for order {order_number} is set up:\n{lines}\n\n"
        f"1. Print the label: {label_url}\n"
        f"2. Pack the old items and hand the parcel to {policies.returns.drop_off_text} "
        f"by {long_date(expires_on)}.\n\n"
        f"The new ones are set aside for you and leave {policies.fact('exchanges.ship_business_days')} business days "
        f"after the carrier has scanned that parcel.\n{money}\n\n"
        f"If something is not right, answer this e-mail or write to {policies.support.email}.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter("exchange_label", customer.email, f"Your exchange {reference}", body)


def password_reset(recipient: str, first_name: str, policies: Policies, url: str) -> Letter:
    """Write the e-mail that carries a password reset link."""
    minutes = policies.accounts.reset_link_minutes
    body = (
        f"Hello {first_name},\n\n"
        f"someone asked for a new password for your {policies.support.shop_name} account. "
        f"If that was you, choose one here:\n\n{url}\n\n"
        f"The link works once and for {minutes} minutes. If it wasn't you, nothing changes; "
        "you can delete this e-mail.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter("password_reset", recipient, "Choose a new password", body)

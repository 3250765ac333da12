"""The e-mails about addresses, payment methods and accounts, always to the address that was on file before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.commerce.model import Address, Customer
from actions.services.mail import Letter
from actions.services.policy import dollars, listed
from actions.services.rulebook import Policies
from actions.services.us_addresses import one_line

if TYPE_CHECKING:
    from actions.services.payment_changes import PaymentReceipt


def address_changed(
    customer: Customer, policies: Policies, *, address: Address, order_number: str | None, profile: bool
) -> Letter:
    """Write the e-mail that confirms a new address."""
    places = ([f"order {order_number}"] if order_number else []) + (["your account"] if profile else [])
    body = f"the address of {listed(places)} is now:\n\n  {one_line(address)}\n\n" + (
        "Orders that you placed before keep the address they were ordered with.\n\n"
        if not order_number
        else ""
    )
    subject = f"New address for {listed(places)}"
    return _letter("address_changed", customer, policies, subject, body)


def payment_changed(customer: Customer, policies: Policies, receipt: PaymentReceipt) -> Letter:
    """Write the e-mail that confirms another payment method."""
    body = (
        f"order {receipt.order_number} is now paid with {receipt.method}: {dollars(receipt.total)}.\n\n"
        f"{dollars(receipt.total)} goes back to {receipt.back_to} within {receipt.business_days} business days.\n\n"
    )
    subject = f"Another payment method for order {receipt.order_number}"
    return _letter("payment_changed", customer, policies, subject, body)


def account_changed(customer: Customer, policies: Policies, what: str) -> Letter:
    """Write the e-mail that says what was changed in an account, and nothing of the data itself."""
    return _letter("account_changed", customer, policies, "A change to your account", f"{what}.\n\n")


def _letter(kind: str, customer: Customer, policies: Policies, subject: str, body: str) -> Letter:
    """Put greeting and warning around it."""
    text = (
        f"Hello {customer.first_name},\n\n{body}"
        f"If that wasn't you, answer this e-mail at once or write to {policies.support.email}.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter(kind, customer.email, subject, text)

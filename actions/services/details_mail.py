"""The e-mails about addresses, payment methods and accounts, always to the address that was on file before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.commerce.model import Address, Customer
from actions.services.mail import Letter, letter
from actions.services.rulebook import Policies
from actions.services.us_addresses import one_line
from actions.services.wording import dollars, listed, takes

if TYPE_CHECKING:
    from actions.services.payment_changes import PaymentReceipt


def address_changed(
    customer: Customer, policies: Policies, *, address: Address, order_number: str | None, profile: bool
) -> Letter:
    """Write the e-mail that confirms a new address."""
    places = listed(
        ([f"order {order_number}"] if order_number else []) + (["your account"] if profile else [])
    )
    return letter(
        "address_changed",
        customer,
        policies,
        f"New address for {places}",
        f"the address of {places} is now:",
        f"  {one_line(address)}",
        "" if order_number else "Orders that you placed before keep the address they were ordered with.",
    )


def payment_changed(customer: Customer, policies: Policies, receipt: PaymentReceipt) -> Letter:
    """Write the e-mail that confirms another payment method, or that an exchange is paid."""
    if receipt.exchange:
        return letter(
            "exchange_paid",
            customer,
            policies,
            f"Exchange {receipt.exchange} is paid",
            f"the difference of {dollars(receipt.total)} for exchange {receipt.exchange} of order "
            f"{receipt.order_number} is paid with {receipt.method}. The new item is on its way soon.",
        )
    return letter(
        "payment_changed",
        customer,
        policies,
        f"Another payment method for order {receipt.order_number}",
        f"order {receipt.order_number} is now paid with {receipt.method}: {dollars(receipt.total)}.",
        f"{dollars(receipt.total)} goes back to {receipt.back_to}; that {takes(receipt.business_days)}.",
    )


def account_changed(customer: Customer, policies: Policies, what: str) -> Letter:
    """Write the e-mail that says what was changed in an account, and nothing of the data itself."""
    return letter("account_changed", customer, policies, "A change to your account", f"{what}.")

"""The e-mails about promo codes and quotes, as pure functions of what happened."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from actions.commerce.model import Customer
from actions.services.mail import Letter
from actions.services.policy import dollars, long_date
from actions.services.rulebook import Policies

if TYPE_CHECKING:
    from actions.services.quotes import Quote


def _money(amount: str) -> str:
    """Write an amount that was kept as text."""
    return dollars(Decimal(amount))


def code_credited(
    customer: Customer,
    policies: Policies,
    *,
    order_number: str,
    code: str,
    credit: Decimal,
    total: Decimal,
    method: str,
    business_days: str,
) -> Letter:
    """Write the e-mail that confirms a code which was credited to an order."""
    body = (
        f"Hello {customer.first_name},\n\n"
        f"the code {code} now counts for order {order_number}.\n\n"
        f"{dollars(credit)} goes back to {method}; that takes {business_days} business days. "
        f"The order comes to {dollars(total)} with it.\n\n"
        f"If that wasn't you, answer this e-mail at once or write to {policies.support.email}.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter("code_credited", customer.email, f"Code {code} for order {order_number}", body)


def quote(address: str, written: Quote, policies: Policies, customer: Customer | None = None) -> Letter:
    """Write the e-mail that holds a quote."""
    hello = f"Hello {customer.first_name}" if customer else "Hello"
    lines = "\n".join(
        f"  {line['quantity']} x {line['label']} at {_money(line['price'])}: {_money(line['total'])}"
        for line in written.lines
    )
    body = (
        f"{hello},\n\n"
        f"here is your quote {written.reference} (version {written.revision}):\n\n{lines}\n\n"
        f"  Goods at list price: {dollars(written.goods)}\n"
        f"  Discount: -{dollars(written.discount)}\n"
        f"  Shipping: {dollars(written.shipping)}\n"
        f"  Total before sales tax: {dollars(written.total)}\n\n"
        f"It is valid until {long_date(written.valid_until)}. Sales tax is added at "
        f"{policies.fact('payments.sales_tax_text')}. To order, answer this e-mail with the number of the quote.\n\n"
        f"{policies.support.shop_name}\n"
    )
    return Letter("quote", address, f"Your quote {written.reference}", body)

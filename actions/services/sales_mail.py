"""The e-mails about promo codes and quotes, as pure functions of what happened."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from actions.commerce.model import Customer
from actions.services.mail import Letter, Reader, letter
from actions.services.rulebook import Policies
from actions.services.wording import dollars, long_date, takes

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
    return letter(
        "code_credited",
        customer,
        policies,
        f"Code {code} for order {order_number}",
        f"the code {code} now counts for order {order_number}.",
        f"{dollars(credit)} goes back to {method}; that {takes(business_days)}. "
        f"The order comes to {dollars(total)} with it.",
    )


def quote(address: str, written: Quote, policies: Policies, customer: Customer | None = None) -> Letter:
    """Write the e-mail that holds a quote."""
    lines = "\n".join(
        f"  {line['quantity']} x {line['label']} at {_money(line['price'])}: {_money(line['total'])}"
        for line in written.lines
    )
    return letter(
        "quote",
        Reader(address, customer.first_name if customer else ""),
        policies,
        f"Your quote {written.reference}",
        f"here is your quote {written.reference} (version {written.revision}):",
        lines,
        f"  Goods at list price: {dollars(written.goods)}\n"
        f"  Discount: -{dollars(written.discount)}\n"
        f"  Shipping: {dollars(written.shipping)}\n"
        f"  Total before sales tax: {dollars(written.total)}",
        f"It is valid until {long_date(written.valid_until)}. Sales tax is added at "
        f"{policies.fact('payments.sales_tax_text')}. To order, answer this e-mail with the number of the quote.",
        closing="",
    )

"""What WooCommerce's REST API says of orders, customers and variants, in the words of the shop."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from actions.adapters.answers import moment, money
from actions.adapters.errors import BadAnswer
from actions.commerce.database import order_key
from actions.commerce.model import (
    CENT,
    Address,
    Customer,
    Order,
    OrderItem,
    Payment,
    Refund,
    Variant,
)

NAME = "WooCommerce"
STRIPE = "stripe"  # with which the names of the Stripe gateway's methods begin, as in "stripe_cc"
CHARGES = ("ch_", "py_")
GUEST = "guest-"  # with which the ids of customers without an account begin; the id of their order follows
PAID = "paid"  # what we call the one payment of an order, which has no id there
LONGEST_NUMBER = 40
LONGEST_SKU = 64  # a longer one doesn't name a variant; its id does
OUR_REFERENCE = re.compile(r"\b(?:R|X|RM)-\d{5,}\b")  # of a return, an exchange or a remedy
TAG = re.compile(r"<[^>]*>")
# Core knows no parcels: "completed" is what the shop calls done.
STATUSES = {
    "pending": "pending",
    "on-hold": "pending",
    "checkout-draft": "pending",
    "processing": "processing",
    "completed": "delivered",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "refunded": "refunded",
}


def owner_of(order: Mapping[str, Any]) -> str:
    """Name whose order it is; of a guest, each order is a customer of its own."""
    owner = str(order.get("customer_id"))
    return f"{GUEST}{int(order['id'])}" if owner == "0" else owner


def short_refunds(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the refunds of an order from what it says about them itself."""
    listed = order.get("refunds") or ()
    return [dict(each) | {"amount": str(each.get("total")).removeprefix("-")} for each in listed]


def read_order(entry: Mapping[str, Any], refunds: list[dict[str, Any]]) -> Order:
    """Read an order."""
    status = STATUSES.get(str(entry.get("status")))
    if status is None:
        status = "processing"  # a plugin's own state; its name stands in source_status
    number = entry["number"]
    if not isinstance(number, str) or not number or len(number) > LONGEST_NUMBER:
        raise BadAnswer(NAME, f"an order has no number of up to {LONGEST_NUMBER} characters.")
    items = tuple(_item(number, line) for line in entry.get("line_items") or ())
    fees = sum((amount_of(fee.get("total")) for fee in entry.get("fee_lines") or ()), Decimal(0))
    shipping = amount_of(entry.get("shipping_total")) + fees
    tax, total = amount_of(entry.get("total_tax")), amount_of(entry.get("total"))
    method = str(entry.get("payment_method") or "unknown")
    method_words = text(entry.get("payment_method_title")) or "original payment method"
    paid_at = _moment(entry.get("date_paid_gmt"))
    payments = (
        [
            Payment(
                kind="payment",
                amount=total,
                method_id=method,
                at=paid_at,
                charge_id=_charge_of(method, entry),
                outside_id=PAID,
            )
        ]
        if paid_at
        else []
    )
    back = [_refund(each, method) for each in refunds]
    payments += back
    coupons = [str(each.get("code")) for each in entry.get("coupon_lines") or ()]
    shipping_lines = entry.get("shipping_lines") or ()
    return Order(
        number=number,
        customer_id=owner_of(entry),
        status=status,
        items=items,
        address=_address(entry.get("shipping"), entry.get("billing")),
        payments=tuple(payments),
        refunds=tuple(
            Refund(
                amount=each.amount,
                status=each.status,
                method=method_words,
                at=each.at,
                return_reference=each.return_reference,
            )
            for each in back
        ),
        placed_at=_moment(entry.get("date_created_gmt")),
        completed_at=_moment(entry.get("date_completed_gmt")),
        shipping_service=text(shipping_lines[0].get("method_title"))[:40] if shipping_lines else None,
        shipping=shipping,
        tax=tax,
        discount=sum((item.total for item in items), shipping + tax) - total,
        promo_code=coupons[0][:40] if coupons else None,
        currency=str(entry.get("currency"))[:3],
        source_status=str(entry.get("status"))[:60],
    )


def _charge_of(method: str, entry: Mapping[str, Any]) -> str | None:
    """Read which charge at Stripe paid an order: WooCommerce's own gateway for Stripe notes it as the transaction."""
    charge = str(entry.get("transaction_id") or "")
    return charge if method.startswith(STRIPE) and charge.startswith(CHARGES) and len(charge) < 256 else None


def _refund(entry: Mapping[str, Any], method: str) -> Payment:
    """Read a refund; its reason may name what of ours it is for."""
    named = OUR_REFERENCE.search(str(entry.get("reason") or ""))
    return Payment(
        kind="refund",
        amount=amount_of(entry.get("amount")),
        method_id=method,
        at=_moment(entry.get("date_created_gmt")),
        return_reference=named[0] if named else None,
        outside_id=str(entry["id"]),
    )


def _item(number: str, line: Mapping[str, Any]) -> OrderItem:
    """Read a line of an order; its id there makes ours, since places change."""
    quantity = line.get("quantity")
    if not isinstance(quantity, int) or quantity < 1:
        raise BadAnswer(NAME, "a line of an order has no quantity.")
    options = {
        str(each["key"]).removeprefix("pa_").replace("-", " "): text(each["value"])
        for each in line.get("meta_data") or ()
        if isinstance(each.get("value"), str) and not str(each.get("key", "_")).startswith("_")
    }
    price = (amount_of(line.get("subtotal")) / quantity).quantize(CENT, ROUND_HALF_UP)
    return OrderItem(
        id=f"{order_key(number)}-{int(line['id'])}",
        product_id=str(line.get("product_id")),
        variant_id=variant_id_of(line, line.get("variation_id") or line.get("product_id")),
        name=text(line.get("name")),
        price=price,
        quantity=quantity,
        options=options,
    )


def read_variant(entry: Mapping[str, Any]) -> Variant:
    """Read a variation, or a product that has none."""
    chosen = [each for each in entry.get("attributes") or () if each.get("option")]
    stock = entry.get("stock_quantity") if entry.get("manage_stock") else None
    return Variant(
        id=variant_id_of(entry, entry["id"]),
        options={text(each.get("name")).lower(): text(each.get("option")) for each in chosen},
        price=amount_of(entry.get("price") or "0"),
        available=bool(entry.get("purchasable")) and entry.get("stock_status") in ("instock", "onbackorder"),
        stock=stock if isinstance(stock, int) else None,
    )


def variant_id_of(entry: Mapping[str, Any], identity: object) -> str:
    """Name a variant by its SKU, or by an id."""
    sku = str(entry.get("sku") or "")
    return sku if 0 < len(sku) <= LONGEST_SKU else str(identity)


def read_customer(entry: Mapping[str, Any]) -> Customer:
    """Read a customer."""
    return Customer(
        id=str(entry["id"]),
        first_name=str(entry.get("first_name") or ""),
        last_name=str(entry.get("last_name") or ""),
        email=str(entry.get("email") or ""),
        address=_address(entry.get("shipping"), entry.get("billing")),
        phone=str((entry.get("billing") or {}).get("phone") or "") or None,
        created_at=_moment(entry.get("date_created_gmt")),
    )


def read_guest(order: Mapping[str, Any]) -> Customer:
    """Read who placed an order without an account."""
    billing = order.get("billing") or {}
    return Customer(
        id=owner_of(order),
        first_name=str(billing.get("first_name") or ""),
        last_name=str(billing.get("last_name") or ""),
        email=str(billing.get("email") or ""),
        address=_address(order.get("shipping"), billing),
        phone=str(billing.get("phone") or "") or None,
        guest=True,
    )


def _address(*places: Any) -> Address:
    """Read the first address that says something."""
    filled = [each for each in places if isinstance(each, Mapping) and each.get("address_1")]
    found: Mapping[str, Any] = filled[0] if filled else {}
    country = str(found.get("country") or "US")
    return Address(
        line1=str(found.get("address_1") or ""),
        line2=str(found.get("address_2") or ""),
        city=str(found.get("city") or ""),
        state=str(found.get("state") or ""),
        postcode=str(found.get("postcode") or ""),
        country="USA" if country == "US" else country,
    )


def checked(entry: Any) -> dict[str, Any]:
    """Check that something is there and has an id."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), int):
        raise BadAnswer(NAME, "an entry has another form than described.")
    return dict(entry)


def amount_of(value: Any) -> Decimal:
    """Read an amount, which comes as a text; fees and refunds may be less than nothing."""
    return money(NAME, value, signed=True)


def _moment(value: Any) -> datetime | None:
    """Read a time in GMT, which comes without a zone."""
    return moment(NAME, str(value)) if value else None


def text(value: Any) -> str:
    """Read a text that may be HTML."""
    return " ".join(html.unescape(TAG.sub(" ", str(value or ""))).split())


def is_id(text: str) -> bool:
    """Tell whether a text can be an id, before it becomes a part of an address."""
    return text.isascii() and text.isdigit() and len(text) <= 18

"""Reading a WooCommerce shop, over its REST API v3."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from actions.adapters.errors import BadAnswer, Missing
from actions.adapters.http import Rules, System
from actions.adapters.settings import WooCommerceSettings
from actions.commerce.database import order_key
from actions.commerce.model import (
    CENT,
    Address,
    Customer,
    Order,
    OrderItem,
    Payment,
    Product,
    Refund,
    Variant,
)

T = TypeVar("T")
P = ParamSpec("P")

NAME = "WooCommerce"
API = "/wp-json/wc/v3"
PAGE = 100
MOST_PAGES = 50
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


def reading(method: Callable[P, T]) -> Callable[P, T]:
    """Tell an answer whose parts aren't what they should be as a bad one."""

    @wraps(method)
    def read(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadAnswer(NAME, "an entry has another form than described.") from error

    return read


class WooCommerceShop:
    """A shop to read from.

    >>> WooCommerceShop(settings).order("#727").total

    An order's parts add up to what WooCommerce calls its total: fees count as shipping, and what is left over
    (coupons, rounding) is the discount.
    """

    def __init__(self, settings: WooCommerceSettings, rules: Rules | None = None) -> None:
        login = (settings.consumer_key, settings.consumer_secret)
        self._system = System(NAME, settings.url, auth=login, rules=rules)

    def close(self) -> None:
        """Close the connections."""
        self._system.close()

    @reading
    def customer(self, customer_id: str) -> Customer | None:
        """Find a customer by id."""
        found = self._one("customers", customer_id)
        return _customer(found) if found is not None else None

    @reading
    def customer_by_email(self, email: str) -> Customer | None:
        """Find a customer by e-mail address, in any case."""
        wanted = email.strip().casefold()
        if not wanted:
            return None
        for entry in self._page("customers", {"email": wanted, "role": "all"})[0]:
            if str(entry.get("email", "")).casefold() == wanted:
                return _customer(entry)
        return None

    @reading
    def order(self, number: str) -> Order | None:
        """Find an order by its number, in any spelling."""
        key = order_key(number)
        if not key:
            return None
        # The number is the id, unless a plugin gives out numbers of its own.
        found = self._one("orders", key)
        if found is None or order_key(str(found.get("number"))) != key:
            listed = self._page("orders", {"search": number.strip(" #"), "per_page": str(PAGE)})[0]
            found = next((each for each in listed if order_key(str(each.get("number"))) == key), None)
        if found is None or found.get("status") == "trash":
            return None
        return _order(found, self._refunds(found))

    @reading
    def orders_of(self, customer_id: str, limit: int | None = None) -> list[Order]:
        """List the orders of a customer, newest first."""
        if not _is_id(customer_id) or customer_id == "0":  # 0 are all guests
            return []
        params = {"customer": customer_id, "orderby": "date", "order": "desc"}
        entries = [each for each in self._all("orders", params, limit) if each.get("status") != "trash"]
        return [_order(entry, self._refunds(entry)) for entry in entries[:limit]]

    @reading
    def product(self, product_id: str) -> Product | None:
        """Find a product by id."""
        found = self._one("products", product_id)
        return self._product(found) if found is not None and found.get("status") == "publish" else None

    @reading
    def products(self) -> list[Product]:
        """List the whole catalogue."""
        return [self._product(entry) for entry in self._all("products", {"status": "publish"})]

    def _product(self, entry: Mapping[str, Any]) -> Product:
        """Read a product with its variations."""
        variations: Sequence[Mapping[str, Any]] = [entry]
        if entry.get("type") == "variable":
            variations = self._all(f"products/{int(entry['id'])}/variations", {})
        categories = [_text(each.get("name")) for each in entry.get("categories") or ()]
        return Product(
            id=str(entry["id"]),
            name=_text(entry.get("name")),
            variants=tuple(_variant(each) for each in variations if each.get("status") == "publish"),
            category=categories[0] if categories else None,
            description=_text(entry.get("short_description") or entry.get("description")) or None,
            specs={
                _text(each.get("name")): ", ".join(_text(option) for option in each.get("options") or ())
                for each in entry.get("attributes") or ()
                if not each.get("variation")
            },
            tags=tuple(_text(each.get("name")) for each in entry.get("tags") or ()),
        )

    def _refunds(self, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Read the refunds of an order; most have none, and then nothing is asked."""
        return self._all(f"orders/{int(order['id'])}/refunds", {}) if order.get("refunds") else []

    def _one(self, kind: str, identity: str) -> dict[str, Any] | None:
        """Read one thing by its id."""
        if not _is_id(identity):
            return None
        try:
            answer = self._system.call("GET", f"{API}/{kind}/{int(identity)}")
        except Missing:
            return None
        return _checked(answer.json())

    def _all(self, path: str, params: Mapping[str, str], limit: int | None = None) -> list[dict[str, Any]]:
        """Read the pages of a list, as far as they are wanted."""
        entries: list[dict[str, Any]] = []
        for number in range(1, MOST_PAGES + 1):
            page, pages = self._page(path, {**params, "per_page": str(PAGE), "page": str(number)})
            entries += page
            if number >= pages or (limit is not None and len(entries) >= limit):
                return entries
        raise BadAnswer(NAME, f"the list has more than {MOST_PAGES * PAGE} entries.")

    def _page(self, path: str, params: Mapping[str, str]) -> tuple[list[dict[str, Any]], int]:
        """Read one page of a list, and how many there are."""
        answer = self._system.call("GET", f"{API}/{path}", params=params)
        listed, pages = answer.json(), answer.headers.get("x-wp-totalpages", "1")
        if not isinstance(listed, list) or not pages.isdigit():
            raise BadAnswer(NAME, "a list has another form than described.")
        return [_checked(entry) for entry in listed], int(pages)


def _order(entry: Mapping[str, Any], refunds: list[dict[str, Any]]) -> Order:
    """Read an order."""
    status = STATUSES.get(str(entry.get("status")))
    if status is None:
        status = "processing"  # a plugin's own state; its name stands in source_status
    number = entry["number"]
    if not isinstance(number, str) or not number:
        raise BadAnswer(NAME, "an order has no number.")
    items = tuple(
        _item(number, place, line) for place, line in enumerate(entry.get("line_items") or (), start=1)
    )
    fees = sum((_amount(fee.get("total")) for fee in entry.get("fee_lines") or ()), Decimal(0))
    shipping = _amount(entry.get("shipping_total")) + fees
    tax, total = _amount(entry.get("total_tax")), _amount(entry.get("total"))
    method = str(entry.get("payment_method") or "unknown")
    method_words = _text(entry.get("payment_method_title")) or "original payment method"
    paid_at = _moment(entry.get("date_paid_gmt"))
    payments = [Payment(kind="payment", amount=total, method_id=method, at=paid_at)] if paid_at else []
    back = [(_amount(each.get("amount")), _moment(each.get("date_created_gmt"))) for each in refunds]
    payments += [Payment(kind="refund", amount=amount, method_id=method, at=at) for amount, at in back]
    coupons = [str(each.get("code")) for each in entry.get("coupon_lines") or ()]
    shipping_lines = entry.get("shipping_lines") or ()
    return Order(
        number=number,
        customer_id=str(entry.get("customer_id")),
        status=status,
        items=items,
        address=_address(entry.get("shipping"), entry.get("billing")),
        payments=tuple(payments),
        refunds=tuple(
            Refund(amount=amount, status="settled", method=method_words, at=at) for amount, at in back
        ),
        placed_at=_moment(entry.get("date_created_gmt")),
        shipping_service=_text(shipping_lines[0].get("method_title")) if shipping_lines else None,
        shipping=shipping,
        tax=tax,
        discount=sum((item.total for item in items), shipping + tax) - total,
        promo_code=coupons[0] if coupons else None,
        currency=str(entry.get("currency")),
        source_status=str(entry.get("status")),
    )


def _item(number: str, place: int, line: Mapping[str, Any]) -> OrderItem:
    """Read a line of an order."""
    quantity = line.get("quantity")
    if not isinstance(quantity, int) or quantity < 1:
        raise BadAnswer(NAME, "a line of an order has no quantity.")
    options = {
        str(each["key"]).removeprefix("pa_").replace("-", " "): _text(each["value"])
        for each in line.get("meta_data") or ()
        if isinstance(each.get("value"), str) and not str(each.get("key", "_")).startswith("_")
    }
    price = (_amount(line.get("subtotal")) / quantity).quantize(CENT, ROUND_HALF_UP)
    return OrderItem(
        id=f"{number}-{place}",
        product_id=str(line.get("product_id")),
        variant_id=str(line.get("sku") or line.get("variation_id") or line.get("product_id")),
        name=_text(line.get("name")),
        price=price,
        quantity=quantity,
        options=options,
    )


def _variant(entry: Mapping[str, Any]) -> Variant:
    """Read a variation, or a product that has none."""
    chosen = [each for each in entry.get("attributes") or () if each.get("option")]
    stock = entry.get("stock_quantity") if entry.get("manage_stock") else None
    return Variant(
        id=str(entry.get("sku") or entry["id"]),
        options={_text(each.get("name")).lower(): _text(each.get("option")) for each in chosen},
        price=_amount(entry.get("price") or "0"),
        available=bool(entry.get("purchasable")) and entry.get("stock_status") in ("instock", "onbackorder"),
        stock=stock if isinstance(stock, int) else None,
    )


def _customer(entry: Mapping[str, Any]) -> Customer:
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


def _checked(entry: Any) -> dict[str, Any]:
    """Check that something is there and has an id."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), int):
        raise BadAnswer(NAME, "an entry has another form than described.")
    return dict(entry)


def _amount(value: Any) -> Decimal:
    """Read an amount, which comes as a text; more than two decimals are rounded."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise BadAnswer(NAME, "an amount can't be read.") from error
    if not amount.is_finite():
        raise BadAnswer(NAME, "an amount can't be read.")
    return amount.quantize(CENT, ROUND_HALF_UP)


def _moment(value: Any) -> datetime | None:
    """Read a time in GMT, which comes without a zone."""
    if not value:
        return None
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadAnswer(NAME, "a time can't be read.") from error


def _text(value: Any) -> str:
    """Read a text that may be HTML."""
    return " ".join(html.unescape(TAG.sub(" ", str(value or ""))).split())


def _is_id(text: str) -> bool:
    """Tell whether a text can be an id, before it becomes a part of an address."""
    return text.isascii() and text.isdigit() and len(text) <= 18

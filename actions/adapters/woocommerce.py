"""Reading a WooCommerce shop, over its REST API v3."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from actions.adapters.errors import BadAnswer, Missing
from actions.adapters.http import Rules, System
from actions.adapters.settings import WooCommerceSettings
from actions.adapters.woocommerce_reading import (
    GUEST,
    NAME,
    checked,
    is_id,
    owner_of,
    read_customer,
    read_guest,
    read_order,
    read_variant,
    short_refunds,
    text,
)
from actions.commerce.database import order_key
from actions.commerce.model import Customer, Order, Product

T = TypeVar("T")
P = ParamSpec("P")

API = "/wp-json/wc/v3"
PAGE = 100
MOST_PAGES = 50
# Everything, the oldest first, so that what is new meanwhile comes on the last page.
OLDEST = {"orderby": "id", "order": "asc"}
EVERY = {
    "customers": {"role": "all", **OLDEST},
    "orders": OLDEST,
    "products": {"status": "publish", **OLDEST},
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
    (coupons, rounding) is the discount. A list of orders has refunds without their times.
    """

    name = NAME

    def __init__(self, settings: WooCommerceSettings, rules: Rules | None = None) -> None:
        login = (settings.consumer_key, settings.consumer_secret)
        self.system = System(NAME, settings.url, auth=login, rules=rules)
        self._guests: dict[str, Customer] = {}

    def close(self) -> None:
        """Close the connections."""
        self.system.close()

    @reading
    def customer(self, customer_id: str) -> Customer | None:
        """Find a customer by id; of a guest, that of their order."""
        if customer_id.startswith(GUEST):
            known = self._guests.pop(customer_id, None)  # of an order that was read just now
            order = self._guests_order(customer_id) if known is None else None
            return read_guest(order) if order is not None else known
        found = self.one("customers", customer_id)
        return read_customer(found) if found is not None else None

    @reading
    def customer_by_email(self, email: str) -> Customer | None:
        """Find a customer by e-mail address, in any case."""
        wanted = email.strip().casefold()
        if not wanted:
            return None
        for entry in self._page("customers", {"email": wanted, "role": "all"})[0]:
            if str(entry.get("email", "")).casefold() == wanted:
                return read_customer(entry)
        return None

    @reading
    def order(self, number: str) -> Order | None:
        """Find an order by its number, in any spelling."""
        found = self.entry(number)
        return self._read(found) if found is not None else None

    def entry(self, number: str) -> dict[str, Any] | None:
        """Find an order by its number, as WooCommerce describes it."""
        key = order_key(number)
        if not key:
            return None
        # The number is the id, unless a plugin gives out numbers of its own.
        found = self.one("orders", key)
        if found is None or order_key(str(found.get("number"))) != key:
            listed = self._page("orders", {"search": number.strip(" #"), "per_page": str(PAGE)})[0]
            found = next((each for each in listed if order_key(str(each.get("number"))) == key), None)
        return found if found is not None and found.get("status") != "trash" else None

    @reading
    def orders_of(self, customer_id: str, limit: int | None = None) -> list[Order]:
        """List the orders of a customer, newest first."""
        if customer_id.startswith(GUEST):
            mine = self._guests_order(customer_id)
            return [self._read(mine)][:limit] if mine is not None else []
        if not is_id(customer_id) or customer_id == "0":  # 0 are all guests
            return []
        params = {"customer": customer_id, "orderby": "date", "order": "desc"}
        entries = [each for each in self.all("orders", params, limit) if each.get("status") != "trash"]
        return [read_order(entry, short_refunds(entry)) for entry in entries[:limit]]

    def _read(self, entry: dict[str, Any]) -> Order:
        """Read an order, and keep whose it is if that is a guest: who asks for them next asks nothing more."""
        if owner_of(entry).startswith(GUEST):
            self._guests = {owner_of(entry): read_guest(entry)}
        return read_order(entry, self._refunds(entry))

    def _guests_order(self, customer_id: str) -> dict[str, Any] | None:
        """Find the order of a guest; none once it belongs to an account."""
        found = self.one("orders", customer_id.removeprefix(GUEST))
        return found if found and found.get("status") != "trash" and owner_of(found) == customer_id else None

    @reading
    def product(self, product_id: str) -> Product | None:
        """Find a product by id."""
        found = self.one("products", product_id)
        return self._product(found) if found is not None and found.get("status") == "publish" else None

    @reading
    def products(self) -> list[Product]:
        """List the whole catalogue."""
        return [self._product(entry) for entry in self.all("products", {"status": "publish"})]

    def count(self, kind: str) -> int:
        """Tell how many customers, orders or products there are, as far as its own list says."""
        answer = self.system.call("GET", f"{API}/{kind}", params={**EVERY[kind], "per_page": "1"})
        total = answer.headers.get("x-wp-total", "")
        if not total.isdigit():
            raise BadAnswer(NAME, "a list has another form than described.")
        return int(total)

    def every(self, kind: str, problems: list[str]) -> Iterator[Customer | Order | Product]:
        """Read all customers, orders or products, one page after the other.

        An entry that can't be read is left out, and what is wrong with it goes to `problems`.
        """
        pages, number = 1, 1
        while number <= pages:
            params = {**EVERY[kind], "per_page": str(PAGE), "page": str(number)}
            listed, pages = self._page(kind, params)
            number += 1
            for entry in listed:
                try:
                    if entry.get("status") != "trash":
                        yield self._any(kind, entry)
                except (BadAnswer, AttributeError, KeyError, TypeError, ValueError) as error:
                    what = (
                        error.what if isinstance(error, BadAnswer) else "it has another form than described."
                    )
                    problems.append(f"{kind.removesuffix('s')} {entry['id']}: {what}")

    def _any(self, kind: str, entry: Mapping[str, Any]) -> Customer | Order | Product:
        """Read an entry of a list of customers, orders or products."""
        if kind == "products":
            return self._product(entry)
        return read_customer(entry) if kind == "customers" else read_order(entry, self._refunds(entry))

    def _product(self, entry: Mapping[str, Any]) -> Product:
        """Read a product with its variations."""
        variations: Sequence[Mapping[str, Any]] = [entry]
        if entry.get("type") == "variable":
            variations = self.all(f"products/{int(entry['id'])}/variations", {})
        categories = [text(each.get("name")) for each in entry.get("categories") or ()]
        return Product(
            id=str(entry["id"]),
            name=text(entry.get("name")),
            variants=tuple(read_variant(each) for each in variations if each.get("status") == "publish"),
            category=categories[0] if categories else None,
            description=text(entry.get("short_description") or entry.get("description")) or None,
            specs={
                text(each.get("name")): ", ".join(text(option) for option in each.get("options") or ())
                for each in entry.get("attributes") or ()
                if not each.get("variation")
            },
            tags=tuple(text(each.get("name")) for each in entry.get("tags") or ()),
        )

    def _refunds(self, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Read the refunds of an order; most have none, and then nothing is asked."""
        return self.all(f"orders/{int(order['id'])}/refunds", {}) if order.get("refunds") else []

    def one(self, kind: str, identity: str) -> dict[str, Any] | None:
        """Read one thing by its id."""
        if not is_id(identity):
            return None
        try:
            answer = self.system.call("GET", f"{API}/{kind}/{int(identity)}")
        except Missing:
            return None
        return checked(answer.json())

    def all(self, path: str, params: Mapping[str, str], limit: int | None = None) -> list[dict[str, Any]]:
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
        answer = self.system.call("GET", f"{API}/{path}", params=params)
        listed, pages = answer.json(), answer.headers.get("x-wp-totalpages", "1")
        if not isinstance(listed, list) or not pages.isdigit():
            raise BadAnswer(NAME, "a list has another form than described.")
        return [checked(entry) for entry in listed], int(pages)

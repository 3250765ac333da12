"""From the shop format (docs/shop-format.md) to a Shop: everything is checked before anything is returned."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from actions.commerce.compatibility_records import check_compatibility, read_compatibility
from actions.commerce.database import order_key
from actions.commerce.errors import ShopFormatError
from actions.commerce.exchanges import check_exchanges, read_exchange
from actions.commerce.fields import (
    AMOUNT,
    ANY_TEXT,
    COUNT,
    DAY,
    FLAG,
    MOMENT,
    NAME,
    OPTIONS,
    PLACES,
    TEXT,
    TEXTS,
    Record,
)
from actions.commerce.model import (
    NOTHING,
    ORDER_STATES,
    RETURN_STATES,
    SHIPMENT_STATES,
    Address,
    Customer,
    Order,
    OrderItem,
    PaymentMethod,
    Product,
    Refund,
    Return,
    Shipment,
    ShipmentEvent,
    Shop,
    Variant,
)
from actions.commerce.payment_records import read_payment
from actions.commerce.rows import refund_from
from actions.commerce.shop_checks import check_customers, check_orders
from actions.commerce.statuses import canonical_status

FILES = ("products.json", "users.json", "orders.json")
LARGEST_FILE = 512 * 1024 * 1024
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def read_shop(folder: Path, progress: Callable[[str, int, int], None] | None = None) -> Shop:
    """Read `products.json`, `users.json` and `orders.json`; a ShopFormatError lists every problem."""
    report = progress or (lambda _what, _done, _all: None)
    contents = {name: _load(folder / name) for name in FILES}
    problems: list[str] = []
    products = [
        _product(record) for record in _records("products.json", "product", contents, problems, report)
    ]
    users: list[Record] = []
    customers: list[Customer] = []
    for record in _records("users.json", "user", contents, problems, report):
        users.append(record)
        customers.append(_customer(record))
    catalogue = Catalogue(products, problems)
    check_compatibility(((product.id, product.compatibility) for product in products), problems)
    methods = {customer.id: {each.id: each for each in customer.payment_methods} for customer in customers}
    orders = [
        _order(record, catalogue, methods)
        for record in _records("orders.json", "order", contents, problems, report)
    ]
    check_customers(users, customers, orders, problems)
    check_orders(orders, problems)
    check_exchanges(orders, problems)
    if problems:
        raise ShopFormatError(problems)
    return Shop(products=tuple(products), customers=tuple(customers), orders=tuple(orders))


class Catalogue:
    """The products by id, to check what orders refer to."""

    def __init__(self, products: Iterable[Product], problems: list[str]) -> None:
        self.products = {product.id: product for product in products}
        self.variants: dict[str, tuple[Product, Variant]] = {}
        for product in self.products.values():
            for variant in product.variants:
                if variant.id in self.variants:
                    problems.append(
                        f"products.json, product '{product.id}': item '{variant.id}' is there twice"
                    )
                self.variants[variant.id] = product, variant
        self.product_of = {variant_id: product.id for variant_id, (product, _) in self.variants.items()}


def _load(path: Path) -> Mapping[str, Any]:
    """Parse one file, with exact decimals and no key twice."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ShopFormatError([f"{path.name} is larger than {LARGEST_FILE // 1024**2} MB"])
        content = json.loads(
            path.read_bytes(), parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=_unique
        )
    except OSError as error:
        raise ShopFormatError([f"{path.name} can't be read: {error.strerror}"]) from error
    except RecursionError as error:
        raise ShopFormatError([f"{path.name} is nested too deeply"]) from error
    except ValueError as error:
        raise ShopFormatError([f"{path.name} isn't valid JSON: {error}"]) from error
    if not isinstance(content, Mapping):
        raise ShopFormatError([f"{path.name} should be an object of records by id"])
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object and refuse a key that is there twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key '{twice}' is there twice")
    return made


def _records(
    name: str,
    kind: str,
    contents: Mapping[str, Mapping[str, Any]],
    problems: list[str],
    report: Callable[[str, int, int], None],
) -> Iterator[Record]:
    """Yield the records of a file; each is asked for its leftovers once it has been read."""
    content = contents[name]
    for place, (key, value) in enumerate(content.items(), start=1):
        where = f"{name}, {kind} '{key}'"
        if isinstance(value, Mapping):
            record = Record(value, where, problems)
            record.key = key
            yield record
            record.done()
        else:
            problems.append(f"{where} should be an object")
        report(name, place, len(content))


def _product(record: Record) -> Product:
    """Read a product."""
    variants = record.inner("variants")
    return Product(
        id=_own_id(record, "product_id"),
        name=record.take("name", TEXT),
        category=record.maybe("category", TEXT),
        description=record.maybe("description", TEXT),
        specs=record.maybe("specs", OPTIONS, {}),
        tags=record.maybe("tags", TEXTS, ()),
        compatibility=read_compatibility(record.inner("compatibility", needed=False)),
        variants=tuple(_variant(variants, key) for key in variants.value),
    )


def _variant(variants: Record, key: str) -> Variant:
    """Read one variant of a product."""
    record = variants.inner(key)
    record.key = key
    read = Variant(
        id=_own_id(record, "item_id"),
        options=record.take("options", OPTIONS),
        price=record.take("price", AMOUNT),
        available=record.take("available", FLAG),
        stock=record.maybe("stock", COUNT),
        tags=record.maybe("tags", TEXTS, ()),
    )
    record.done()
    return read


def _customer(record: Record) -> Customer:
    """Read a customer."""
    name = record.inner("name")
    email = record.take("email", TEXT)
    if email and not (EMAIL.fullmatch(email) and len(email) <= 254):
        record.complain("email", f"isn't an e-mail address (it is '{email[:60]}')")
    methods = record.inner("payment_methods", needed=False)
    record.maybe("orders", TEXTS, ())
    read = Customer(
        id=record.key,
        first_name=name.take("first_name", TEXT),
        last_name=name.take("last_name", ANY_TEXT),
        email=email,
        phone=record.maybe("phone", TEXT),
        address=_address(record.inner("address")),
        tier=record.maybe("tier", TEXT),
        points=record.maybe("points", COUNT),
        created_at=record.maybe("created_at", MOMENT),
        marketing_email=record.maybe("marketing_email", FLAG),
        guest=record.maybe("guest", FLAG, False),
        provider_id=record.maybe("provider_id", NAME),
        payment_methods=tuple(_method(methods, key) for key in methods.value),
    )
    name.done()
    return read


def _method(methods: Record, key: str) -> PaymentMethod:
    """Read a way to pay; anything that could be a card number is refused."""
    record = methods.inner(key)
    record.key = key
    last_four = record.maybe("last_four", TEXT)
    if last_four is not None and not re.fullmatch(r"\d{4}", last_four):
        record.problems.append(f"{record.where}: {record.path}last_four should be four digits")
    read = PaymentMethod(
        id=_own_id(record, "id"),
        kind=record.take("source", TEXT),
        brand=record.maybe("brand", TEXT),
        last_four=last_four,
        balance=record.maybe("balance", AMOUNT),
        provider_id=record.maybe("provider_id", NAME),
    )
    record.done()
    return read


def _address(record: Record) -> Address:
    """Read an address."""
    read = Address(
        line1=record.take("address1", TEXT),
        line2=record.maybe("address2", ANY_TEXT, ""),
        city=record.take("city", TEXT),
        state=record.take("state", ANY_TEXT),
        postcode=record.take("zip", TEXT),
        country=record.maybe("country", TEXT, "USA"),
    )
    record.done()
    return read


def _order(record: Record, catalogue: Catalogue, methods: Mapping[str, Mapping[str, PaymentMethod]]) -> Order:
    """Read an order with its items, parcels, payments and returns."""
    number = _own_id(record, "order_id")
    customer_id = record.take("user_id", TEXT)
    status = record.take("status", TEXT)
    state = canonical_status(status)
    if status and state is None:
        record.complain(
            "status", f"isn't a known state (it is '{status[:40]}'; known are {', '.join(ORDER_STATES)})"
        )
    items = tuple(
        _item(each, f"{order_key(number)}-{place}", catalogue)
        for place, each in enumerate(record.each("items"), start=1)
    )
    payments = tuple(read_payment(each) for each in record.each("payment_history", needed=False))
    refunds: tuple[Refund, ...] = tuple(
        refund_from(each, methods.get(customer_id, {})) for each in payments if each.kind == "refund"
    )
    return Order(
        number=number,
        customer_id=customer_id,
        status=state or "pending",
        source_status=status if state != status else None,
        items=items,
        address=_address(record.inner("address")),
        shipments=tuple(_shipments(record, items)),
        payments=payments,
        refunds=refunds,
        returns=tuple(_return(each, items) for each in record.each("returns", needed=False)),
        exchanges=tuple(
            read_exchange(each, items, catalogue.product_of)
            for each in record.each("exchanges", needed=False)
        ),
        placed_at=record.maybe("placed_at", MOMENT),
        completed_at=record.maybe("completed_at", MOMENT),
        shipping_service=record.maybe("shipping_service", TEXT),
        shipping=record.maybe("shipping", AMOUNT, NOTHING),
        tax=record.maybe("tax", AMOUNT, NOTHING),
        discount=record.maybe("discount", AMOUNT, NOTHING),
        promo_code=record.maybe("promo_code", TEXT),
        currency=record.maybe("currency", TEXT, "USD"),
        cancel_reason=record.maybe("cancel_reason", TEXT),
    )


def _item(record: Record, item_id: str, catalogue: Catalogue) -> OrderItem:
    """Read one line of an order; what it doesn't say comes from the catalogue."""
    product_id, variant_id = record.take("product_id", TEXT), record.take("item_id", TEXT)
    product, _variant_of = catalogue.variants.get(variant_id, (None, None))
    if product_id and product_id not in catalogue.products:
        record.complain("product_id", f"names '{product_id}', which isn't in products.json")
    elif variant_id and (product is None or product.id != product_id):
        record.complain("item_id", f"names '{variant_id}', which isn't a variant of product '{product_id}'")
    quantity = record.maybe("quantity", COUNT, 1)
    if quantity < 1:
        record.complain("quantity", "should be 1 or more")
    read = OrderItem(
        id=item_id,
        product_id=product_id,
        variant_id=variant_id,
        name=record.take("name", TEXT),
        options=record.take("options", OPTIONS),
        price=record.take("price", AMOUNT),
        quantity=max(quantity, 1),
        category=record.maybe("category", TEXT, product.category if product else None),
        tags=record.maybe("tags", TEXTS, product.tags if product else ()),
    )
    record.done()
    return read


def _shipments(order: Record, items: Sequence[OrderItem]) -> Iterator[Shipment]:
    """Read the parcels; their item ids are matched with the lines of the order, each line once."""
    waiting = list(items)
    for record in order.each("fulfillments", needed=False):
        lines: list[str] = []
        for variant_id in record.take("item_ids", TEXTS):
            line = next((item for item in waiting if item.variant_id == variant_id), None)
            if line is None:
                record.complain("item_ids", f"names '{variant_id}', which the order doesn't have (any more)")
                continue
            waiting.remove(line)
            lines.append(line.id)
        status = record.maybe("status", TEXT)
        if status is not None and status not in SHIPMENT_STATES:
            record.complain("status", f"should be one of {', '.join(SHIPMENT_STATES)}")
        yield Shipment(
            tracking_numbers=record.take("tracking_id", TEXTS),
            item_ids=tuple(lines),
            carrier=record.maybe("carrier", TEXT),
            service=record.maybe("service", TEXT),
            status=status,
            shipped_at=record.maybe("shipped_at", MOMENT),
            expected_on=record.maybe("expected_on", DAY),
            delivered_at=record.maybe("delivered_at", MOMENT),
            events=tuple(_scan(each) for each in record.each("events", needed=False)),
        )
        record.done()


def _scan(record: Record) -> ShipmentEvent:
    """Read one scan of a parcel."""
    read = ShipmentEvent(
        at=record.take("at", MOMENT),
        status=record.take("status", TEXT),
        text=record.take("text", TEXT),
        place=record.maybe("place", TEXT),
    )
    record.done()
    return read


def _return(record: Record, items: Sequence[OrderItem]) -> Return:
    """Read a return; its lines count from 1."""
    places = record.take("lines", PLACES)
    if any(not 1 <= place <= len(items) for place in places) or len(set(places)) < len(places):
        record.complain("lines", f"should be different numbers from 1 to {len(items)}")
        places = ()
    status = record.take("status", TEXT)
    if status and status not in RETURN_STATES:
        record.complain("status", f"should be one of {', '.join(RETURN_STATES)}")
    read = Return(
        reference=record.take("return_id", TEXT),
        item_ids=tuple(items[place - 1].id for place in places),
        reason=record.take("reason", TEXT),
        status=status,
        refund=record.take("refund", AMOUNT),
        fee=record.maybe("fee", AMOUNT, NOTHING),
        created_at=record.maybe("created_at", MOMENT),
        label_url=record.maybe("label_url", TEXT),
        label_expires_on=record.maybe("label_expires_on", DAY),
    )
    record.done()
    return read


def _own_id(record: Record, name: str) -> str:
    """Read the id that a record repeats, and check that it is the one it is kept under."""
    own = str(record.maybe(name, TEXT, record.key))
    if own != record.key:
        record.complain(name, f"is '{own[:60]}', but the record is kept under '{record.key[:60]}'")
    return record.key

"""From a Shop to the shop format (docs/shop-format.md): what is at its default is left out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from actions.commerce.compatibility_records import compatibility_record
from actions.commerce.exchanges import number, written_exchange
from actions.commerce.model import (
    NOTHING,
    Address,
    Customer,
    Order,
    OrderItem,
    Product,
    Return,
    Shipment,
    Shop,
    Variant,
)
from actions.commerce.payment_records import written_payment


def write_shop(shop: Shop, folder: Path) -> None:
    """Write the three files; each appears in full or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in shop_records(shop).items():
        part = folder / f"{name}.part"
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(folder / name)


def shop_records(shop: Shop) -> dict[str, dict[str, Any]]:
    """Make the content of the three files."""
    numbers: dict[str, list[str]] = defaultdict(list)
    for order in shop.orders:
        numbers[order.customer_id].append(order.number)
    products = {product.id: product for product in shop.products}
    return {
        "products.json": {product.id: _product(product) for product in shop.products},
        "users.json": {customer.id: _customer(customer, numbers[customer.id]) for customer in shop.customers},
        "orders.json": {order.number: _order(order, products) for order in shop.orders},
    }


def _given(**fields: Any) -> dict[str, Any]:
    """Keep the fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, (), [], {}, "")}


def _paid(amount: Decimal) -> int | float | None:
    """Write an amount unless it is nothing."""
    return number(amount) if amount != NOTHING else None


def _product(product: Product) -> dict[str, Any]:
    return {
        "name": product.name,
        "product_id": product.id,
        **_given(
            category=product.category,
            description=product.description,
            specs=dict(product.specs),
            tags=list(product.tags),
            compatibility=compatibility_record(product.compatibility),
        ),
        "variants": {variant.id: _variant(variant) for variant in product.variants},
    }


def _variant(variant: Variant) -> dict[str, Any]:
    return {
        "item_id": variant.id,
        "options": dict(variant.options),
        "available": variant.available,
        "price": number(variant.price),
        **_given(stock=variant.stock, tags=list(variant.tags)),
    }


def _address(address: Address) -> dict[str, Any]:
    return {
        "address1": address.line1,
        "address2": address.line2,
        "city": address.city,
        "country": address.country,
        "state": address.state,
        "zip": address.postcode,
    }


def _customer(customer: Customer, numbers: list[str]) -> dict[str, Any]:
    return {
        "name": {"first_name": customer.first_name, "last_name": customer.last_name},
        "address": _address(customer.address),
        "email": customer.email,
        **_given(
            phone=customer.phone,
            tier=customer.tier,
            points=customer.points,
            created_at=customer.created_at.isoformat() if customer.created_at else None,
            marketing_email=customer.marketing_email,
            provider_id=customer.provider_id,
            guest=customer.guest or None,
        ),
        "payment_methods": {
            method.id: {
                "source": method.kind,
                **_given(brand=method.brand, last_four=method.last_four, provider_id=method.provider_id),
                **({} if method.balance is None else {"balance": number(method.balance)}),
                "id": method.id,
            }
            for method in customer.payment_methods
        },
        "orders": numbers,
    }


def _order(order: Order, products: Mapping[str, Product]) -> dict[str, Any]:
    variants = {item.id: item.variant_id for item in order.items}
    lines = {item.id: place for place, item in enumerate(order.items, start=1)}
    return {
        "order_id": order.number,
        "user_id": order.customer_id,
        "address": _address(order.address),
        "items": [_item(item, products) for item in order.items],
        "fulfillments": [_shipment(entry, variants) for entry in order.shipments],
        "status": order.source_status or order.status,
        "payment_history": [written_payment(entry) for entry in order.payments],
        **_given(
            placed_at=order.placed_at.isoformat() if order.placed_at else None,
            completed_at=order.completed_at.isoformat() if order.completed_at else None,
            shipping_service=order.shipping_service,
            shipping=_paid(order.shipping),
            tax=_paid(order.tax),
            discount=_paid(order.discount),
            promo_code=order.promo_code,
            currency=order.currency if order.currency != "USD" else None,
            cancel_reason=order.cancel_reason,
            returns=[_return(entry, lines) for entry in order.returns],
            exchanges=[written_exchange(entry, lines) for entry in order.exchanges],
        ),
    }


def _item(item: OrderItem, products: Mapping[str, Product]) -> dict[str, Any]:
    product = products.get(item.product_id)
    written: dict[str, Any] = {
        "name": item.name,
        "product_id": item.product_id,
        "item_id": item.variant_id,
        "price": number(item.price),
        "options": dict(item.options),
    }
    if item.quantity != 1:
        written["quantity"] = item.quantity
    if product is None or item.category != product.category:
        written |= _given(category=item.category)
    if product is None or item.tags != product.tags:
        written["tags"] = list(item.tags)
    return written


def _shipment(entry: Shipment, variants: Mapping[str, str]) -> dict[str, Any]:
    return {
        "tracking_id": list(entry.tracking_numbers),
        "item_ids": [variants[item_id] for item_id in entry.item_ids],
        **_given(
            carrier=entry.carrier,
            service=entry.service,
            status=entry.status,
            shipped_at=entry.shipped_at.isoformat() if entry.shipped_at else None,
            expected_on=entry.expected_on.isoformat() if entry.expected_on else None,
            delivered_at=entry.delivered_at.isoformat() if entry.delivered_at else None,
            events=[
                {
                    "at": scan.at.isoformat(),
                    "status": scan.status,
                    "text": scan.text,
                    **_given(place=scan.place),
                }
                for scan in entry.events
            ],
        ),
    }


def _return(entry: Return, lines: Mapping[str, int]) -> dict[str, Any]:
    return {
        "return_id": entry.reference,
        "lines": [lines[item_id] for item_id in entry.item_ids if item_id in lines],
        "reason": entry.reason,
        "status": entry.status,
        "refund": number(entry.refund),
        **_given(
            fee=_paid(entry.fee),
            created_at=entry.created_at.isoformat() if entry.created_at else None,
            label_url=entry.label_url,
            label_expires_on=entry.label_expires_on.isoformat() if entry.label_expires_on else None,
        ),
    }

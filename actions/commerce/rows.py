"""From table rows to the shop's facts, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping

from actions.commerce.compatibility_records import compatibility_from, compatibility_record
from actions.commerce.database import order_key
from actions.commerce.exchanges import exchange_from, exchange_item_rows, exchange_row
from actions.commerce.model import (
    NOTHING,
    Address,
    Customer,
    Order,
    OrderItem,
    Payment,
    PaymentMethod,
    Product,
    Refund,
    Return,
    Shipment,
    ShipmentEvent,
    Variant,
)

Row = Mapping[str, Any] | RowMapping

GOODS = "goods/"  # with which the claims begin that make an item good
PRICE = "price/"  # with which those begin that adjust its price


def product_from(row: Row, variants: Iterable[Row]) -> Product:
    """Make a product of its row and the rows of its variants."""
    return Product(
        id=row["id"],
        name=row["name"],
        category=row["category"],
        description=row["description"],
        specs=row["specs"],
        tags=tuple(row["tags"]),
        compatibility=compatibility_from(row["compatibility"]),
        variants=tuple(
            Variant(
                id=entry["id"],
                options=entry["options"],
                price=entry["price"],
                available=entry["available"],
                stock=entry["stock"],
                tags=tuple(entry["tags"]),
            )
            for entry in variants
            if not entry["retired"]
        ),
    )


def customer_from(row: Row, methods: Iterable[Row], reserved: Mapping[str, Decimal]) -> Customer:
    """Make a customer of its row, the rows of the payment methods, and what is reserved of these by their ids."""
    return Customer(
        id=row["id"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        email=row["email"],
        address=Address(**row["address"]),
        tier=row["tier"],
        points=row["points"],
        phone=row["phone"],
        created_at=row["created_at"],
        marketing_email=row["marketing_email"],
        provider_id=row["provider_id"],
        guest=bool(row["guest"]),
        payment_methods=tuple(method_from(entry, reserved.get(entry["id"], NOTHING)) for entry in methods),
    )


def method_from(row: Row, reserved: Decimal = NOTHING) -> PaymentMethod:
    """Make a payment method of its row."""
    return PaymentMethod(
        id=row["id"],
        kind=row["kind"],
        brand=row["brand"],
        last_four=row["last_four"],
        balance=row["balance"],
        reserved=reserved,
        provider_id=row["provider_id"],
    )


def order_from(row: Row, parts: Mapping[str, Sequence[Row]], methods: Mapping[str, PaymentMethod]) -> Order:
    """Make an order of its row and the rows of its parts, by table name."""
    returned: dict[str, list[str]] = {}
    for entry in parts["return_items"]:
        returned.setdefault(entry["reference"], []).append(entry["item_id"])
    exchanged: dict[str, list[Row]] = {}
    for entry in parts["exchange_items"]:
        exchanged.setdefault(entry["reference"], []).append(entry)
    payments = tuple(
        Payment(
            kind=entry["kind"],
            amount=entry["amount"],
            method_id=entry["method_id"],
            at=entry["at"],
            status=entry["status"],
            return_reference=entry["return_reference"],
            charge_id=entry["charge_id"],
            outside_id=entry["outside_id"],
        )
        for entry in parts["payments"]
    )
    return Order(
        number=row["number"],
        customer_id=row["customer_id"],
        status=row["status"],
        source_status=row["source_status"],
        address=Address(**row["address"]),
        placed_at=row["placed_at"],
        completed_at=row["completed_at"],
        shipping_service=row["shipping_service"],
        shipping=row["shipping"],
        tax=row["tax"],
        discount=row["discount"],
        promo_code=row["promo_code"],
        currency=row["currency"],
        cancel_reason=next((entry["reason"] for entry in parts["cancellations"]), None),
        made_good=frozenset(
            entry["claim"].removeprefix(GOODS)
            for entry in parts["remedy_claims"]
            if entry["claim"].startswith(GOODS)
        ),
        adjusted={
            entry["claim"].removeprefix(PRICE): entry["amount"]
            for entry in parts["remedy_claims"]
            if entry["claim"].startswith(PRICE) and entry["amount"] is not None
        },
        # One without pieces was taken out by a shop outside, while a return or an exchange of it stands here.
        items=tuple(_item_from(entry) for entry in parts["order_items"] if entry["quantity"]),
        shipments=tuple(shipment_from(entry) for entry in parts["shipments"]),
        payments=payments,
        returns=tuple(
            _return_from(entry, returned.get(entry["reference"], [])) for entry in parts["returns"]
        ),
        exchanges=tuple(
            exchange_from(entry, exchanged.get(entry["reference"], [])) for entry in parts["exchanges"]
        ),
        refunds=tuple(refund_from(entry, methods) for entry in payments if entry.kind == "refund"),
    )


def refund_from(entry: Payment, methods: Mapping[str, PaymentMethod]) -> Refund:
    """Describe a refund with its method in words."""
    method = methods.get(entry.method_id)
    return Refund(
        amount=entry.amount,
        status=entry.status,
        at=entry.at,
        return_reference=entry.return_reference,
        method=method.label if method else "original payment method",
    )


def _item_from(row: Row) -> OrderItem:
    return OrderItem(
        id=row["id"],
        product_id=row["product_id"],
        variant_id=row["variant_id"],
        name=row["name"],
        options=row["options"],
        price=row["price"],
        quantity=row["quantity"],
        category=row["category"],
        tags=tuple(row["tags"]),
    )


def shipment_from(row: Row) -> Shipment:
    """Make a parcel of its row."""
    return Shipment(
        carrier=row["carrier"],
        service=row["service"],
        tracking_numbers=tuple(row["tracking_numbers"]),
        item_ids=tuple(row["item_ids"]),
        status=row["status"],
        shipped_at=row["shipped_at"],
        expected_on=row["expected_on"],
        delivered_at=row["delivered_at"],
        events=tuple(
            ShipmentEvent(
                at=datetime.fromisoformat(entry["at"]),
                status=entry["status"],
                text=entry["text"],
                place=entry.get("place"),
            )
            for entry in row["events"]
        ),
    )


def _return_from(row: Row, item_ids: Iterable[str]) -> Return:
    return Return(
        reference=row["reference"],
        item_ids=tuple(item_ids),
        reason=row["reason"],
        status=row["status"],
        refund=row["refund"],
        fee=row["fee"],
        created_at=row["created_at"],
        label_url=row["label_url"],
        label_expires_on=row["label_expires_on"],
    )


def product_rows(position: int, product: Product) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Make the rows of a product and of its variants."""
    row = {
        "id": product.id,
        "position": position,
        "name": product.name,
        "category": product.category,
        "description": product.description,
        "specs": dict(product.specs),
        "tags": list(product.tags),
        "compatibility": compatibility_record(product.compatibility) or None,
    }
    variants = [
        {
            "id": variant.id,
            "product_id": product.id,
            "position": place,
            "options": dict(variant.options),
            "price": variant.price,
            "available": variant.available,
            "stock": variant.stock,
            "tags": list(variant.tags),
        }
        for place, variant in enumerate(product.variants)
    ]
    return row, variants


def customer_rows(position: int, customer: Customer) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Make the rows of a customer and of the payment methods."""
    row = {
        "id": customer.id,
        "position": position,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "email_key": f"#{customer.id}" if customer.guest else email_key(customer.email),
        "address": dataclasses.asdict(customer.address),
        "tier": customer.tier,
        "points": customer.points,
        "phone": customer.phone,
        "created_at": customer.created_at,
        "marketing_email": customer.marketing_email,
        "provider_id": customer.provider_id,
        "guest": customer.guest or None,
    }
    methods = [
        {
            "id": method.id,
            "customer_id": customer.id,
            "position": place,
            "kind": method.kind,
            "brand": method.brand,
            "last_four": method.last_four,
            "balance": method.balance,
            "provider_id": method.provider_id,
        }
        for place, method in enumerate(customer.payment_methods)
    ]
    return row, methods


def email_key(email: str) -> str:
    """Reduce an e-mail address to what identifies it."""
    return email.strip().casefold()


def order_rows(position: int, order: Order) -> dict[str, list[dict[str, Any]]]:
    """Make the rows of an order and of its parts, by table name."""
    own = {"order_number": order.number}
    return {
        "orders": [
            {
                "number": order.number,
                "number_key": order_key(order.number),
                "customer_id": order.customer_id,
                "position": position,
                "status": order.status,
                "source_status": order.source_status,
                "address": dataclasses.asdict(order.address),
                "placed_at": order.placed_at,
                "completed_at": order.completed_at,
                "shipping_service": order.shipping_service,
                "shipping": order.shipping,
                "tax": order.tax,
                "discount": order.discount,
                "promo_code": order.promo_code,
                "currency": order.currency,
            }
        ],
        "order_items": [
            own
            | {
                "id": item.id,
                "position": place,
                "product_id": item.product_id,
                "variant_id": item.variant_id,
                "name": item.name,
                "options": dict(item.options),
                "price": item.price,
                "quantity": item.quantity,
                "category": item.category,
                "tags": list(item.tags),
            }
            for place, item in enumerate(order.items)
        ],
        "shipments": [
            own | {"position": place} | _shipment_row(entry) for place, entry in enumerate(order.shipments)
        ],
        "payments": [own | payment_row(place, entry) for place, entry in enumerate(order.payments)],
        "returns": [own | return_row(place, entry) for place, entry in enumerate(order.returns)],
        "return_items": [row for entry in order.returns for row in return_item_rows(entry)],
        "exchanges": [own | exchange_row(place, entry) for place, entry in enumerate(order.exchanges)],
        "exchange_items": [row for entry in order.exchanges for row in exchange_item_rows(entry)],
        "cancellations": [own | {"reason": order.cancel_reason, "created_at": None}]
        if order.cancel_reason
        else [],
    }


def _shipment_row(entry: Shipment) -> dict[str, Any]:
    return {
        "carrier": entry.carrier,
        "service": entry.service,
        "tracking_numbers": list(entry.tracking_numbers),
        "item_ids": list(entry.item_ids),
        "status": entry.status,
        "shipped_at": entry.shipped_at,
        "expected_on": entry.expected_on,
        "delivered_at": entry.delivered_at,
        "events": [
            {"at": scan.at.isoformat(), "status": scan.status, "text": scan.text}
            | ({"place": scan.place} if scan.place else {})
            for scan in entry.events
        ],
    }


def payment_row(position: int, entry: Payment) -> dict[str, Any]:
    """Make the row of a payment or refund."""
    return {"position": position} | {
        field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)
    }


def return_row(position: int, entry: Return) -> dict[str, Any]:
    """Make the row of a return."""
    names = [field.name for field in dataclasses.fields(entry) if field.name != "item_ids"]
    return {"position": position} | {name: getattr(entry, name) for name in names}


def return_item_rows(entry: Return) -> list[dict[str, Any]]:
    """Make a row for each item of a return."""
    return [
        {"reference": entry.reference, "item_id": item_id, "open_item_id": item_id if entry.open else None}
        for item_id in entry.item_ids
    ]

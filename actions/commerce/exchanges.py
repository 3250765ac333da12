"""Exchanges as table rows and as records of the shop format, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping

from actions.commerce.fields import AMOUNT, DAY, MOMENT, OPTIONS, PLACES, SIGNED_AMOUNT, TEXT, Record
from actions.commerce.model import EXCHANGE_STATES, Exchange, ExchangeItem, Order, OrderItem

Row = Mapping[str, Any] | RowMapping


def exchange_from(row: Row, items: Iterable[Row]) -> Exchange:
    """Make an exchange of its row and the rows of its items."""
    return Exchange(
        reference=row["reference"],
        items=tuple(
            ExchangeItem(
                item_id=entry["item_id"],
                variant_id=entry["variant_id"],
                options=entry["options"],
                price=entry["price"],
            )
            for entry in items
        ),
        status=row["status"],
        difference=row["difference"],
        method_id=row["method_id"],
        created_at=row["created_at"],
        label_url=row["label_url"],
        label_expires_on=row["label_expires_on"],
    )


def exchange_row(position: int, entry: Exchange) -> dict[str, Any]:
    """Make the row of an exchange."""
    names = [field.name for field in dataclasses.fields(entry) if field.name != "items"]
    return {"position": position} | {name: getattr(entry, name) for name in names}


def exchange_item_rows(entry: Exchange) -> list[dict[str, Any]]:
    """Make a row for each item of an exchange."""
    return [
        {
            "reference": entry.reference,
            "item_id": item.item_id,
            "variant_id": item.variant_id,
            "options": dict(item.options),
            "price": item.price,
            "open_item_id": item.item_id if entry.open else None,
        }
        for item in entry.items
    ]


def read_exchange(record: Record, items: Sequence[OrderItem], product_of: Mapping[str, str]) -> Exchange:
    """Read an exchange; its lines count from 1 and each has its new item at the same place.

    `product_of` names the product of every variant of the shop.
    """
    places = record.take("lines", PLACES)
    if any(not 1 <= place <= len(items) for place in places) or len(set(places)) < len(places):
        record.complain("lines", f"should be different numbers from 1 to {len(items)}")
        places = ()
    new = [_new_item(each) for each in record.each("new_items")]
    if places and len(new) != len(places):
        record.complain("new_items", f"should be as many as lines, which are {len(places)}")
        places = ()
    for place, (variant_id, _options, _price) in zip(places, new, strict=False):
        product = items[place - 1].product_id
        if variant_id and product_of.get(variant_id) != product:
            record.complain(
                "new_items", f"names '{variant_id}', which isn't a variant of product '{product}'"
            )
    status = record.take("status", TEXT)
    if status and status not in EXCHANGE_STATES:
        record.complain("status", f"should be one of {', '.join(EXCHANGE_STATES)}")
    read = Exchange(
        reference=record.take("exchange_id", TEXT),
        items=tuple(
            ExchangeItem(item_id=items[place - 1].id, variant_id=variant_id, options=options, price=price)
            for place, (variant_id, options, price) in zip(places, new, strict=False)
        ),
        status=status,
        difference=record.take("price_difference", SIGNED_AMOUNT),
        method_id=record.maybe("payment_method_id", TEXT, ""),
        created_at=record.maybe("created_at", MOMENT),
        label_url=record.maybe("label_url", TEXT),
        label_expires_on=record.maybe("label_expires_on", DAY),
    )
    record.done()
    return read


def _new_item(record: Record) -> tuple[str, dict[str, str], Decimal]:
    """Read what comes instead of a line."""
    read = record.take("item_id", TEXT), record.take("options", OPTIONS), record.take("price", AMOUNT)
    record.done()
    return read


def written_exchange(entry: Exchange, lines: Mapping[str, int]) -> dict[str, Any]:
    """Write an exchange; `lines` are the places of an order's items."""
    written: dict[str, Any] = {
        "exchange_id": entry.reference,
        "lines": [lines[item.item_id] for item in entry.items],
        "new_items": [
            {"item_id": item.variant_id, "options": dict(item.options), "price": number(item.price)}
            for item in entry.items
        ],
        "status": entry.status,
        "price_difference": number(entry.difference),
    }
    further = {
        "payment_method_id": entry.method_id or None,
        "created_at": entry.created_at.isoformat() if entry.created_at else None,
        "label_url": entry.label_url,
        "label_expires_on": entry.label_expires_on.isoformat() if entry.label_expires_on else None,
    }
    return written | {name: value for name, value in further.items() if value is not None}


def number(amount: Decimal) -> int | float:
    """Write an amount as a JSON number; two decimals survive this exactly."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def check_exchanges(orders: Sequence[Order], problems: list[str]) -> None:
    """Check that no line is in two open exchanges, or in an exchange and a return, and that references are unique."""
    references: dict[str, str] = {}
    for order in orders:
        where = f"orders.json, order '{order.number}'"
        open_items = [item_id for entry in order.exchanges if entry.open for item_id in entry.item_ids]
        open_items += [item_id for entry in order.returns if entry.open for item_id in entry.item_ids]
        if order.exchanges and len(set(open_items)) < len(open_items):
            problems.append(f"{where}: exchanges has a line that is in another exchange or return, too")
        for entry in order.exchanges:
            if references.setdefault(entry.reference, order.number) != order.number:
                problems.append(
                    f"{where}: exchanges uses the exchange_id '{entry.reference}' of another order"
                )

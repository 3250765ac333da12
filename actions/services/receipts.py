"""Receipts: what a write gave back, kept under its idempotency key so that a repeat has no second effect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, get_type_hints

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from actions.commerce import schema
from actions.commerce.model import Address
from actions.services.context import Caller
from actions.services.errors import KeyReused, Refused
from actions.services.policy import outside

LONGEST_KEY = 300
UNDONE = "undone"  # with which a receipt says why it doesn't hold any more


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a write gives the customer; the same one again when the request is repeated."""

    repeated: bool = False  # it was done before this call
    waits: bool = False  # a system outside has yet to do what the customer waits for


R = TypeVar("R", bound=Receipt)
T = TypeVar("T")


def row(receipt: Receipt) -> dict[str, Any]:
    """Write a receipt as JSON: texts, numbers, amounts, dates, addresses, and tuples of texts."""
    own = (field.name for field in fields(receipt) if field.name not in ("repeated", "waits"))
    kept = {name: getattr(receipt, name) for name in own}
    return {name: _written(value) for name, value in kept.items()}


def read(kind: type[R], stored: Mapping[str, Any]) -> R:
    """Read a receipt from JSON, as a repeated one."""
    types = get_type_hints(kind)
    values = {name: _read(types[name], value) for name, value in stored.items()}
    return kind(**{**values, "repeated": True})


def _written(value: Any) -> Any:
    """Write one value of a receipt as JSON."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Address):
        return asdict(value)
    return str(value) if isinstance(value, Decimal) else value


def _read(kind: Any, value: Any) -> Any:
    """Read one value of a receipt from JSON."""
    if isinstance(value, list):
        return tuple(value)
    if kind is Address:
        return Address(**value)
    if value is not None and kind is Decimal:
        return Decimal(value)
    return date.fromisoformat(value) if value is not None and kind in (date, date | None) else value


def insisting(write: Callable[[], T]) -> T:
    """Write once more where another call with the same key, or for the same thing, was a moment faster."""
    try:
        return write()
    except IntegrityError:
        return write()


def request_hash(*parts: object) -> str:
    """Reduce a request to a hash, to tell a repeat from another request under the same key."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def find(connection: Connection, caller: Caller, action: str, request: str) -> dict[str, Any] | None:
    """Find the receipt of the same request; None for a new one or a caller without a key."""
    if not caller.idempotency_key:
        return None
    table = schema.receipts
    row = connection.execute(select(table).where(table.c.key == key_of(caller, action))).mappings().first()
    if row is None:
        return None
    if row["request"] != request or row["conversation"] != caller.conversation[:255]:
        raise KeyReused(f"An idempotency key of '{action}' came back with another request.")
    if UNDONE in row["receipt"]:
        raise Refused(outside(row["receipt"][UNDONE]))
    return dict(row["receipt"])


def keep(
    connection: Connection, caller: Caller, action: str, request: str, receipt: dict[str, Any], at: datetime
) -> None:
    """Keep a receipt; the unique key makes the second of two simultaneous writers fail and start over."""
    if not caller.idempotency_key:
        return
    connection.execute(
        insert(schema.receipts),
        {
            "key": key_of(caller, action),
            "request": request,
            "receipt": receipt,
            "conversation": caller.conversation[:255],
            "created_at": at,
        },
    )


def of_conversation(connection: Connection, caller: Caller, action: str) -> list[dict[str, Any]]:
    """List the receipts that a conversation got for an action."""
    table = schema.receipts
    query = select(table.c.receipt).where(
        table.c.conversation == caller.conversation[:255], table.c.key.like(f"{action}:%")
    )
    return [dict(receipt) for receipt in connection.execute(query).scalars() if UNDONE not in receipt]


@dataclass(frozen=True)
class Given:
    """A receipt as it is kept: its key, for which action and request (a hash), what it says, when, and why undone."""

    key: str
    action: str
    request: str
    told: Mapping[str, Any]
    at: datetime
    undone: str | None


def last_given(connection: Connection, caller: Caller, since: datetime) -> Given | None:
    """Find the last receipt that a conversation got."""
    table = schema.receipts
    query = select(table).where(
        table.c.conversation == caller.conversation[:255], table.c.created_at >= since
    )
    row = connection.execute(query.order_by(table.c.created_at.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    key, kept = str(row["key"]), dict(row["receipt"])
    undone = kept.pop(UNDONE, None)
    return Given(key, key.partition(":")[0], row["request"], kept, row["created_at"], undone)


def undo(connection: Connection, key: str, reason: str) -> None:
    """Note on a receipt that what it was given for was undone."""
    table = schema.receipts
    kept = connection.execute(select(table.c.receipt).where(table.c.key == key)).scalar()
    if kept is not None:
        marked = {**kept, UNDONE: reason}
        connection.execute(update(table).where(table.c.key == key).values(receipt=marked))


def key_of(caller: Caller, action: str) -> str:
    """Make the unique key: action, then a hash, since the engine's keys have no length that we know of."""
    return f"{action}:{hashlib.sha256(caller.idempotency_key.encode()).hexdigest()}"[:LONGEST_KEY]

"""Payments and refunds as records of the shop format."""

from __future__ import annotations

from typing import Any

from actions.commerce.exchanges import number
from actions.commerce.fields import AMOUNT, MOMENT, NAME, TEXT, Record
from actions.commerce.model import Payment


def read_payment(record: Record) -> Payment:
    """Read a payment or refund."""
    kind, status = record.take("transaction_type", TEXT), record.maybe("status", TEXT, "settled")
    if kind not in ("payment", "refund", ""):
        record.complain("transaction_type", "should be payment or refund")
    if status not in ("settled", "pending"):
        record.complain("status", "should be settled or pending")
    read = Payment(
        kind=kind,
        amount=record.take("amount", AMOUNT),
        method_id=record.take("payment_method_id", TEXT),
        at=record.maybe("at", MOMENT),
        status=status,
        return_reference=record.maybe("return_id", TEXT),
        charge_id=record.maybe("charge_id", NAME),
    )
    record.done()
    return read


def written_payment(entry: Payment) -> dict[str, Any]:
    """Write a payment or refund."""
    further = {
        "at": entry.at.isoformat() if entry.at else None,
        "status": entry.status if entry.status != "settled" else None,
        "return_id": entry.return_reference,
        "charge_id": entry.charge_id,
    }
    written = {
        "transaction_type": entry.kind,
        "amount": number(entry.amount),
        "payment_method_id": entry.method_id,
    }
    return written | {name: value for name, value in further.items() if value is not None}

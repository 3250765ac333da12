"""What a shop outside has to know of money: the refunds that it books, and what its people are told.

Who moves the money decides. Where a payment provider does, the shop outside books a refund once that is paid back, one
for each charge, and never pays by itself. Else its own gateway pays, if it may, or its people do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from actions.commerce import schema
from actions.commerce.model import Order
from actions.services.provider_money import CHARGE, REPAY, is_here, kind_of, payments_of
from actions.services.saga_notes import NewStep, Step

SYSTEM = "woocommerce"
# Writes whose refunds are no part of what is refunded there: the total changes with the lines, or stays as it is.
UNBOOKED = frozenset({"order.change", "order.payment"})
RETURN = "R-"  # with which references of returns begin


@dataclass(frozen=True)
class Told:
    """What a write gives to do: contents of refunds, and sentences for the shop's people."""

    refunds: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def money_of(connection: Connection, before: Order, action: str, *, pays: bool, provider_pays: bool) -> Told:
    """List what the payments of a write give to do; `pays`: the shop's gateway may pay back."""
    told = Told()
    for row in payments_of(connection, before.number, since=len(before.payments)):
        amount, reference = f"{row['amount']} {before.currency}", row["return_reference"]
        if is_here(row["method_id"], kind_of(connection, row)):
            how = "paid by" if row["kind"] == "payment" else "credited to"
            told.words.append(f"{amount} {how} {row['method_id']}, which is kept by the assistant's shop.")
        elif row["kind"] == "payment":
            if not provider_pays:
                told.words.append(f"{amount} to be charged to {row['method_id']}.")
        elif reference is not None and reference.startswith(RETURN):
            told.words.extend(_of_return(amount, reference, provider_pays=provider_pays))
        elif provider_pays:
            continue  # it is booked, or told, once it is paid back
        elif action in UNBOOKED or not pays:
            told.words.append(f"{amount} to be paid back.")
        else:
            told.refunds.append(refund_content(row, reference or action))
    return told


def refund_content(row: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Describe a refund that is to be booked."""
    return {
        "order": row["order_number"],
        "payment": row["id"],
        "amount": str(row["amount"]),
        "reason": reason,
    }


def after_provider(connection: Connection, step: Step, what: str) -> NewStep:
    """Make the step by which the shop outside learns what the payment provider has done."""
    content = step.content
    if what == REPAY and step.saga.action not in UNBOOKED:
        table = schema.payments
        row = connection.execute(select(table).where(table.c.id == content["payment"])).mappings().one()
        found = refund_content(dict(row), row["return_reference"] or step.saga.action)
        return NewStep(system=SYSTEM, action="refund", content=found | {"amount": content["amount"]})
    done = {CHARGE: "charged", REPAY: "paid back"}.get(what, "given back again")
    name = step.result.get("charge") or step.result.get("repayment") or ""
    text = f"{content['amount']} {content['currency']} {done} at the payment provider ({name})."
    return NewStep(system=SYSTEM, action="note", content={"order": content["order"], "text": text})


def _of_return(amount: str, reference: str, *, provider_pays: bool) -> list[str]:
    """Say who pays back for a return, and when."""
    if provider_pays:
        return [f"{amount} to be paid back by the payment provider once its arrival is noted; not from here."]
    return [
        f"{amount} to be paid back once the goods are here.",
        f"Put {reference} into the reason of its refund.",
    ]

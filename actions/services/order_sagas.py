"""What systems outside do for a write to an order: noted with it, begun right after it, and told with its receipt."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TypeVar

from actions.services import outbox, receipts
from actions.services.errors import Refused
from actions.services.policy import outside
from actions.services.receipts import Receipt
from actions.services.saga_notes import PERSON, UNDER_WAY, UNDOING, UNDONE, Saga, note
from actions.services.sagas import Sagas

if TYPE_CHECKING:
    from actions.services.order_writes import OrderWrite

R = TypeVar("R", bound=Receipt)


def saga_id_of(write: OrderWrite) -> str:
    """Name the saga of a write: by the key of its receipt, which a repeat of the call has, too."""
    if write.caller.idempotency_key:
        return receipts.key_of(write.caller, write.action)
    return f"{write.action}:{secrets.token_hex(16)}"


def begun(sagas: Sagas | None, write: OrderWrite) -> str | None:
    """Note what systems outside are to do, in the transaction of the write, and name the saga if there is any.

    Where the customer waits for it, the e-mail about the write goes out as its last step.
    """
    for follow in sagas.followers if sagas else ():
        follow(write)
    wanted = [(step.system, step.action) for step in write.steps if not step.done]
    waits = sagas is not None and sagas.at_once(wanted)
    for letter in write.letters:
        if waits:
            write.later("mail", "send", asdict(letter))
        else:
            outbox.put(write.work.connection, letter, write.now)
    if not wanted:
        return None
    saga = Saga(
        id=saga_id_of(write),
        action=write.action,
        subject=f"order {write.order.number}",
        caller=write.caller,
        customer_id=write.customer.id,
    )
    note(write.work.connection, saga, write.steps, write.now, claimed=waits)
    return saga.id


def carried_on(sagas: Sagas | None, receipt: R, saga_id: str | None) -> R:
    """Do what the customer waits for, or see how far it is; Refused where that has undone the write."""
    saga = sagas.find(saga_id) if sagas and saga_id else None
    if sagas is None or saga is None:
        return receipt
    if saga.state == UNDER_WAY and not receipt.repeated and sagas.waited_for(saga):
        sagas.carry_on(saga.id)
        saga = sagas.find(saga.id) or saga
    if saga.state in (UNDOING, UNDONE):
        raise Refused(outside(saga.reason or "refused"))
    if saga.state == PERSON and saga.undoable:  # and yet it couldn't be undone
        raise Refused(outside("person"))
    return replace(receipt, waits=sagas.waited_for(saga)) if saga.state == UNDER_WAY else receipt

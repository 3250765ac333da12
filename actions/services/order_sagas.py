"""What systems outside do for a write: noted with it, begun right after it, and told with its receipt."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, select

from actions.commerce import schema
from actions.commerce.errors import CannotPutBack
from actions.commerce.lookups import find_order
from actions.commerce.snapshots import Snapshot, put_back, taken
from actions.services import outbox, receipts
from actions.services.errors import Refused
from actions.services.policy import outside
from actions.services.receipts import Receipt
from actions.services.saga_notes import PERSON, UNDER_WAY, UNDOING, UNDONE, NewStep, Saga, Step, note
from actions.services.saga_telling import MAIL
from actions.services.sagas import CannotUndo, Kind, Sagas, nothing

if TYPE_CHECKING:
    from actions.services.order_writes import OrderWrite
    from actions.services.writes import Write

SHOP = "shop"
R = TypeVar("R", bound=Receipt)


def saga_id_of(write: OrderWrite) -> str:
    """Name the saga of a write: by the key of its receipt, which a repeat of the call has, too."""
    if write.caller.idempotency_key:
        return receipts.key_of(write.caller, write.action)
    return f"{write.action}:{secrets.token_hex(16)}"


def as_it_is(sagas: Sagas | None, write: OrderWrite) -> Snapshot | None:
    """Take an order down before a write, where systems outside may have a part in that."""
    return taken(write.work.connection, write.order.number) if sagas and sagas.followers else None


def begun(sagas: Sagas | None, write: OrderWrite, before: Snapshot | None) -> str | None:
    """Note what systems outside are to do, in the transaction of the write, and name the saga if there is any.

    Where the customer waits for it, the e-mail about the write goes out as its last step.
    """
    connection = write.work.connection
    for follow in sagas.followers if sagas else ():
        follow(write)
    waits = sagas is not None and sagas.at_once([(step.system, step.action) for step in write.steps])
    steps = list(write.steps)
    for letter in write.letters:
        if waits:
            steps.append(NewStep(system=MAIL, action="send", content=asdict(letter)))
        else:
            outbox.put(connection, letter, write.now)
    if not steps:
        return None
    if write.undoable and before is not None:
        number = write.order.number
        content = {"number": number, "before": before, "after": taken(connection, number)}
        steps.insert(0, NewStep(system=SHOP, action="order", content=content, done=True))
    saga = Saga(
        id=saga_id_of(write),
        action=write.action,
        subject=f"order {write.order.number}",
        caller=write.caller,
        customer_id=write.customer.id,
    )
    note(connection, saga, steps, write.now, claimed=waits)
    return saga.id


def account_changed(sagas: Sagas | None, write: Write) -> None:
    """Note what systems outside are to do for a change of an account, in its transaction."""
    for follow in sagas.customer_followers if sagas else ():
        follow(write)


def register_orders(sagas: Sagas) -> None:
    """Let sagas put orders back as they were."""

    def back(connection: Connection, step: Step) -> None:
        number, customers = step.content["number"], schema.customers
        mine = select(customers.c.id).where(customers.c.id == step.saga.customer_id)
        connection.execute(mine.with_for_update())  # as every write to an order does first
        find_order(connection, number, lock=True)
        try:
            put_back(connection, number, step.content["before"], step.content["after"])
        except CannotPutBack as error:
            raise CannotUndo(str(error)) from error

    sagas.register(SHOP, "order", Kind(undo=nothing, unnoted=back))


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

"""What was done last in a conversation, as its receipt and the systems outside have it: for "did it go through?"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from actions.commerce.database import Database
from actions.commerce.lookups import find_order
from actions.commerce.model import Customer
from actions.services import receipts
from actions.services.context import Caller
from actions.services.saga_notes import PERSON, UNDER_WAY, UNDOING, UNDONE
from actions.services.sagas import Sagas

LATELY = timedelta(hours=24)  # further back nobody means by "it"


@dataclass(frozen=True)
class Done:
    """A write: for which action and request (a hash), what its receipt says, and when it was done.

    `undone` says why it doesn't hold any more; `waits` that a system outside has yet to do its part.
    """

    action: str
    told: Mapping[str, Any]
    at: datetime
    undone: str | None = None
    waits: bool = False
    request: str = ""
    owner: str | None = None  # of the order that it was done to

    def is_of(self, customer: Customer) -> bool:
        """Tell whether it was done for this customer: a conversation may have been another one's before."""
        if self.told.get("order_number"):
            return self.owner == customer.id
        return self.request == receipts.request_hash(customer.id, self.told)


def last_done(database: Database, sagas: Sagas, caller: Caller, now: datetime) -> Done | None:
    """Return the last write of a conversation; None for one that may not be told anything, or where there is none."""
    if not caller.authenticated:
        return None
    with database.read() as connection:
        given = receipts.last_given(connection, caller, now - LATELY)
        number = given.told.get("order_number") if given is not None else None
        order = find_order(connection, str(number)) if number else None
    if given is None:
        return None
    saga, undone, waits = sagas.find(given.key), given.undone, False
    if saga is not None and saga.undoable and saga.state in (UNDOING, UNDONE, PERSON):
        undone = undone or ("person" if saga.state == PERSON else saga.reason or "refused")
    elif saga is not None and saga.state == UNDER_WAY:
        waits = sagas.waited_for(saga)
    owner = order.customer_id if order is not None else None
    return Done(given.action, given.told, given.at, undone, waits, given.request, owner)

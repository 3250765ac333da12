"""Sagas and their steps as they are written down, in the transaction of what they belong to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from actions.commerce import saga_tables
from actions.services.context import Caller

CLAIM = timedelta(minutes=2)  # who dies while at a saga loses the claim after this
UNDER_WAY, UNDOING, DONE, UNDONE, PERSON = "under_way", "undoing", "done", "undone", "person"

Content = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Saga:
    """What systems outside have to do for one write."""

    id: str
    action: str  # of the write, as in "order.change"
    subject: str  # as in "order L204817"
    caller: Caller
    customer_id: str | None = None
    state: str = UNDER_WAY
    reason: str | None = None
    undoable: bool = False
    claims: int = 0
    failures: int = 0


@dataclass(frozen=True, kw_only=True)
class NewStep:
    """Something that a system is to do; `done` is what the write itself has done, to be undone with the rest."""

    system: str
    action: str
    content: Content
    done: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a saga."""

    id: int
    saga: Saga
    system: str
    action: str
    content: Content
    key: str  # under which it happens once
    result: Content = field(default_factory=dict)
    error: str = ""

    def with_result(self, result: Content) -> Step:
        """Return the step as it was done."""
        return replace(self, result=result)

    def with_error(self, error: str) -> Step:
        """Return the step with why it can't be done, or undone."""
        return replace(self, error=error)


def note(
    connection: Connection,
    saga: Saga,
    steps: Sequence[NewStep],
    now: datetime,
    *,
    claimed: bool = False,
    due: datetime | None = None,
) -> None:
    """Write a saga down, or add steps to one that is there; it is due at once, else at the time that is named.

    `claimed`: whoever writes it goes on with it after the commit, and nobody else does until that claim is over.
    """
    table = saga_tables.sagas
    known = connection.execute(select(table.c.state).where(table.c.id == saga.id)).scalar()
    if known is None:
        row = {
            "id": saga.id,
            "action": saga.action,
            "subject": saga.subject[:255],
            "caller": _written(saga.caller),
            "customer_id": saga.customer_id,
            "undoable": any(step.done for step in steps),
            "state": UNDER_WAY,
            "claims": int(claimed),
            "failures": 0,
            "next_try_at": now + CLAIM if claimed else due or now,
            "created_at": now,
        }
        connection.execute(insert(table), row)
    else:
        ended = update(table).where(table.c.id == saga.id, table.c.next_try_at.is_(None))
        connection.execute(ended.values(state=UNDER_WAY, next_try_at=now, ended_at=None))
    for step in steps:
        row = {
            "saga_id": saga.id,
            "system": step.system,
            "action": step.action,
            "content": dict(step.content),
            "key": secrets.token_hex(16),
            "created_at": now,
            "done_at": now if step.done else None,
        }
        connection.execute(insert(saga_tables.saga_steps), row)


def is_noted(connection: Connection, saga_id: str) -> bool:
    """Tell whether a saga was ever written down."""
    table = saga_tables.sagas
    return connection.execute(select(table.c.id).where(table.c.id == saga_id)).first() is not None


def read_saga(row: RowMapping) -> Saga:
    """Make a saga of its row."""
    known = row["caller"]
    return Saga(
        id=row["id"],
        action=row["action"],
        subject=row["subject"],
        caller=Caller(
            conversation=known["conversation"],
            authenticated=False,  # nobody is there to be proven
            channel=known["channel"],
            action=row["action"],
            message_id=known["message_id"],
            idempotency_key="",
        ),
        customer_id=row["customer_id"],
        state=row["state"],
        reason=row["reason"],
        undoable=row["undoable"],
        claims=row["claims"],
        failures=row["failures"],
    )


def read_step(saga: Saga, row: RowMapping) -> Step:
    """Make a step of its row."""
    return Step(
        id=row["id"],
        saga=saga,
        system=row["system"],
        action=row["action"],
        content=row["content"] or {},
        key=row["key"],
        result=row["result"] or {},
        error=row["last_error"] or "",
    )


def _written(caller: Caller) -> dict[str, str]:
    """Write who asked for it; keys and proofs stay where they are."""
    return {
        "conversation": caller.conversation,
        "channel": caller.channel,
        "message_id": caller.message_id,
    }

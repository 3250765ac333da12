"""What a SQL tracker store keeps for an event broker: each function is a piece of work within a transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from frontdesk.core.ports import Commit, Outgoing
from frontdesk.stores.schema import leases, outbox

NAME = "outbox"

_ADD = insert(outbox)
_WAITING = select(outbox).order_by(outbox.c.id).limit(bindparam("most"))
_DEPTH = select(func.count()).select_from(select(outbox.c.id).limit(100_000).subquery())
_FORGET = delete(outbox).where(outbox.c.id == bindparam("of"))
_TAKE = (
    update(leases)
    .where(
        leases.c.name == bindparam("of"),
        or_(leases.c.holder == bindparam("who"), leases.c.until <= bindparam("now")),
    )
    .values(holder=bindparam("who"), until=bindparam("then"))
)
_TAKEN = select(leases.c.name).where(leases.c.name == bindparam("of"))


def add(connection: Connection, commit: Commit, new: Sequence[Mapping[str, Any]]) -> None:
    """Keep the rows of a commit for the event broker, too, where it is announced."""
    if commit.announced and new:
        data = "[" + ",".join(str(row["data"]) for row in new) + "]"
        connection.execute(_ADD, {"sender_id": commit.sender_id, "data": data})


def waiting(connection: Connection, most: int) -> list[Outgoing]:
    """Return what waits, oldest first."""
    found = connection.execute(_WAITING, {"most": most})
    return [Outgoing(str(row.id), row.sender_id, json.loads(row.data)) for row in found]


def depth(connection: Connection) -> int:
    """Return how many commits wait, counted as far as that costs little."""
    return connection.execute(_DEPTH).scalar_one()


def forget(connection: Connection, numbers: Sequence[str]) -> None:
    """Forget what was sent."""
    if numbers:
        connection.execute(_FORGET, [{"of": int(number)} for number in numbers])


def lead(connection: Connection, holder: str, now: float, until: float) -> bool:
    """Become, or stay until a time, the only one who sends."""
    wanted = {"of": NAME, "who": holder, "now": now, "then": until}
    if connection.execute(_TAKE, wanted).rowcount:
        return True
    if connection.execute(_TAKEN, {"of": NAME}).one_or_none() is not None:
        return False
    connection.execute(insert(leases), {"name": NAME, "holder": holder, "until": until})
    return True

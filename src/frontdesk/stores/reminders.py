"""What a SQL tracker store reads and writes of reminders: each function is a piece of work within a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from frontdesk.core.ports import Commit
from frontdesk.core.reminders import Reminder, after
from frontdesk.stores import rows
from frontdesk.stores.schema import reminders

Complain = Callable[[str, int, ValueError], None]
"""Told of (table, number, reason) for each row that cannot be read."""

_NEXT = select(func.min(reminders.c.free))
# Of two servers that look at once, each gets what the other has not.
_FREE = (
    select(reminders.c.id, reminders.c.data)
    .where(reminders.c.free <= bindparam("now"))
    .order_by(reminders.c.due)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
# For MySQL, where the last word has the update.
_LOOK = (
    select(reminders.c.id, reminders.c.data)
    .where(reminders.c.free <= bindparam("now"))
    .order_by(reminders.c.due, reminders.c.id)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(reminders)
    .where(reminders.c.id == bindparam("of"), reminders.c.free <= bindparam("now"))
    .values(free=bindparam("until"))
)
_DUE = (
    select(reminders.c.id, reminders.c.data)
    .where(reminders.c.due <= bindparam("now"))
    .order_by(reminders.c.due)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_KEEP = update(reminders).where(reminders.c.id == bindparam("of")).values(free=bindparam("until"))
_OF_SENDER = select(reminders.c.data).where(
    reminders.c.sender_id == bindparam("sender"), reminders.c.id != bindparam("firing")
)
_ADD = insert(reminders)
_REMOVE = delete(reminders).where(reminders.c.id == bindparam("of"))


def next_free(connection: Connection) -> float | None:
    """Return when a reminder can next be leased, or None where there is none."""
    return connection.execute(_NEXT).scalar()


def lease(
    connection: Connection, now: float, until: float, most: int, complain: Complain, *, taken: bool
) -> list[Reminder]:
    """Lease reminders that are due until a time, and return them.

    One that cannot be read is leased, too: so it does not stand in the way of the others.
    """
    if connection.dialect.name == "mysql" and not taken:
        claimed = _claimed(connection, now, until, most)
        return _read((row.data for row in claimed), complain)
    found = connection.execute(_DUE if taken else _FREE, {"now": now, "most": most}).all()
    if found:
        connection.execute(_KEEP, [{"of": row.id, "until": until} for row in found])
    return _read((row.data for row in found), complain)


def _claimed(connection: Connection, now: float, until: float, most: int) -> list[Any]:
    """Lease one by one: MySQL locks, and so hides from the others, every row that it looks at."""
    found: list[Any] = []
    seen: set[str] = set()
    while len(found) < most:
        rows = connection.execute(_LOOK, {"now": now, "most": most}).all()
        new = [row for row in rows if row.id not in seen][: most - len(found)]
        if not new:
            break
        seen |= {row.id for row in new}
        claims = ({"of": row.id, "until": until, "now": now} for row in new)
        found += [
            row for row, claim in zip(new, claims, strict=True) if connection.execute(_CLAIM, claim).rowcount
        ]
    return found


def keep(connection: Connection, reminder: Reminder, until: float) -> bool:
    """Let a lease end at another time; False where the reminder is gone."""
    return bool(connection.execute(_KEEP, {"of": reminder.id, "until": until}).rowcount)


def pending(connection: Connection, sender_id: str, complain: Complain) -> list[Reminder]:
    """Return a conversation's reminders, first those due first."""
    found = connection.execute(_OF_SENDER, {"sender": sender_id, "firing": ""}).scalars()
    return sorted(_read(found, complain), key=lambda reminder: reminder.due)


def change(connection: Connection, commit: Commit, complain: Complain) -> None:
    """Do what a commit changes about a conversation's reminders."""
    firing = commit.firing.id if commit.firing else ""
    if commit.reminders:
        found = connection.execute(_OF_SENDER, {"sender": commit.sender_id, "firing": firing})
        gone, new = after(_read(found.scalars(), complain), commit.reminders)
        if gone:
            connection.execute(_REMOVE, [{"of": reminder.id} for reminder in gone])
        if new:
            connection.execute(_ADD, [_row(reminder) for reminder in new])
    if firing and commit.delivery is not None:
        connection.execute(_REMOVE, {"of": firing})


def _row(reminder: Reminder) -> dict[str, Any]:
    return {
        "id": reminder.id,
        "sender_id": reminder.sender_id,
        "due": reminder.due,
        "free": reminder.due,
        "data": rows.reminder_to_json(reminder),
    }


def _read(found: Iterable[object], complain: Complain) -> list[Reminder]:
    return rows.readable(
        enumerate(found),
        rows.reminder_from_json,
        lambda number, why: complain("frontdesk_reminders", number, why),
    )

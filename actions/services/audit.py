"""The audit trail: one row for every write, chained to the row before, and never changed afterwards.

The database refuses changes. A row carries the hash of its content and of the row before it, so that whoever gets past
that leaves a break, which is found by:

python -m actions.services.audit verify [--database URL] [--head HASH]

What verify prints last is the head of the chain. Noted down elsewhere, and given to a later verify, it shows also that
nobody wrote the whole chain anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, event, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from actions.commerce import schema
from actions.commerce.database import Database, database_url
from actions.commerce.errors import ShopError
from actions.services.context import Caller

FIELDS = (
    "at", "conversation", "channel", "message_id", "customer_id", "action", "subject", "rule", "before", "after",
)  # fmt: skip
BEGINNING = ""  # what the very first row follows
AT_ONCE = 1000  # rows that a check holds


def record(
    connection: Connection,
    caller: Caller,
    at: datetime,
    action: str,
    subject: str,
    *,
    customer_id: str | None = None,
    rule: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write who did what, by which rule, and what changed; in the transaction of the change itself.

    The row is written right before the commit: writers take turns at the end of the chain, and a turn is short and
    never waits for another lock. Rows hold ids and amounts, never e-mail addresses, tokens or what a customer wrote.
    """
    row = {
        "at": at,
        "conversation": caller.conversation[:255],
        "channel": caller.channel[:80],
        "message_id": caller.message_id[:255],
        "customer_id": customer_id,
        "action": action,
        "subject": subject[:255],
        "rule": rule,
        "before": _as_stored(before),
        "after": _as_stored(after),
    }
    event.listen(connection, "commit", lambda committing: _append(committing, row))


def _as_stored(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Turn values into what a JSON column gives back."""
    return dict(json.loads(json.dumps(dict(values)))) if values is not None else None


def _append(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a row to the end of the chain, which is locked until the commit."""
    table = schema.audit_head
    head = connection.execute(select(table).with_for_update()).first()
    if head is None:
        make = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
        rows, tip = _older(connection)
        connection.execute(make(table).values(id=1, rows=rows, hash=tip).on_conflict_do_nothing())
        head = connection.execute(select(table).with_for_update()).one()
    tip = digest(head.hash, row)
    connection.execute(insert(schema.audit), {**row, "previous": head.hash, "hash": tip})
    connection.execute(update(table).values(rows=head.rows + 1, hash=tip))


def _older(connection: Connection) -> tuple[int, str]:
    """Hash what was written before there was a chain, so that its first row holds on to that, too."""
    rows, tip = 0, BEGINNING
    for row in connection.execute(select(schema.audit).order_by(schema.audit.c.id)):
        rows, tip = rows + 1, digest(tip, row._mapping)
    return rows, tip


def digest(previous: str, row: Mapping[str, Any] | RowMapping) -> str:
    """Hash a row's content together with the hash of the row before it."""
    content = {name: row[name] for name in FIELDS} | {"at": row["at"].astimezone(UTC).isoformat()}
    text = json.dumps([previous, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What a check of the chain found: `broken` says where and how, and is None where nothing is wrong."""

    rows: int
    older: int
    head: str
    broken: str | None = None


def verify(connection: Connection, noted: str | None = None) -> Verdict:
    """Follow the chain from its first row to its head, up to the first break; the connection must be fresh."""
    if connection.dialect.name == "postgresql":  # the rows and the head, as they were at one moment
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    table = schema.audit
    tip, rows, older, last = BEGINNING, 0, 0, 0
    query = select(table).order_by(table.c.id).execution_options(yield_per=AT_ONCE)
    with connection.execute(query) as found:
        for row in found:
            if row.hash is None and rows == older:
                tip, older = digest(tip, row._mapping), older + 1
            elif broken := _flaw(connection, row, tip, last, older if rows == older else 0):
                return Verdict(rows, older, tip, broken)
            else:
                tip = row.hash
            rows, last = rows + 1, row.id
    head = connection.execute(select(schema.audit_head)).first()
    broken = None
    if head is None and rows > older:
        broken = "The head of the chain is gone."
    elif head is not None and head.hash != tip:
        broken = _gap(connection, head.hash, last, None)
    elif noted and not connection.execute(select(table.c.id).where(table.c.hash == noted)).first():
        broken = f"No row has the hash {noted}: that row was removed, or the chain was written anew."
    return Verdict(rows, older, tip, broken)


def _flaw(connection: Connection, row: Row[Any], tip: str, last: int, older: int) -> str | None:
    """Say what is wrong with a row or before it; `older` rows without hashes stand directly before it."""
    if row.hash is None:
        return f"Row {row.id} was inserted: it has no hash."
    if row.hash != digest(row.previous or BEGINNING, row._mapping):
        return f"Row {row.id} was changed or inserted: its content does not match its hash."
    if row.previous == tip:
        return None
    if older:
        return (
            f"One of the {older} rows before row {row.id} was changed, inserted or removed; "
            "they are older than the chain, so which one can't be told."
        )
    return _gap(connection, row.previous, last, row.id)


def _gap(connection: Connection, previous: str, last: int, following: int | None) -> str:
    """Say what happened between the row where the chain was last whole and the one that should follow it."""
    table = schema.audit
    after = "the end" if following is None else f"row {following}"
    true = connection.execute(select(table.c.id).where(table.c.hash == previous, table.c.id <= last)).scalar()
    if true is None and previous != BEGINNING:
        if not last:
            return f"Before {after} rows were removed."
        return f"Between row {last} and {after} a row was removed, or row {last} was changed together with its hash."
    first = connection.execute(select(func.min(table.c.id)).where(table.c.id > (true or 0))).scalar_one()
    return f"Row {first} was inserted: {after} follows {f'row {true}' if true else 'the beginning'}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the chain from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.services.audit", description="Check that nobody changed the audit trail."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="verify")
    check = commands.add_parser("verify", help="follow the chain, and name the first row that breaks it")
    check.add_argument("--database", metavar="URL", help="the shop's database (default: FRONTDESK_SHOP_DB)")
    check.add_argument("--head", metavar="HASH", help="a head that was noted down: it must still be there")
    options = parser.parse_args(arguments)
    database = Database(database_url(options.database))
    try:
        with database.read() as connection:
            found = verify(connection, options.head)
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        database.close()
    if found.broken:
        sys.stderr.write(f"The audit trail is broken. {found.broken}\n")
        return 1
    older = f", {found.older} of them from before the chain" if found.older else ""
    sys.stdout.write(f"The audit trail is whole: {found.rows} rows{older}. Head: {found.head or 'none'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What isn't finished: sagas under way, e-mails that are owed, and what waits for a person.

    python -m actions.services.pending list             what waits, for whom and since when
    python -m actions.services.pending show S17          one of them, step by step
    python -m actions.services.pending retry S17 M204    try what is named again, at once

Exit codes: 0 all is well, 1 it couldn't be done, 3 (of list) something waits for a person.
"""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from actions.commerce import saga_tables, schema
from actions.commerce.database import Database, database_url
from actions.commerce.errors import ShopError
from actions.services import audit
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.errors import ServiceError
from actions.services.saga_notes import PERSON, UNDER_WAY, UNDOING
from actions.services.saga_telling import DESK, MAIL

FOR_A_PERSON = 3  # exit code
NAME = re.compile(r"([SM])(\d{1,18})", re.IGNORECASE)
PERSONAL = frozenset({MAIL, DESK})  # systems whose steps hold what was written to or about somebody
SHOWN = 60
HEAD = ("ID", "WAITS FOR", "WHAT", "ABOUT", "SINCE", "NEXT TRY", "WHY")

Row = RowMapping


@dataclass(frozen=True)
class Waiting:
    """One thing that isn't finished."""

    id: str  # S and the number of a saga's first step, or M and the number of an e-mail
    waits_for: str  # the system, or "a person"
    what: str
    about: str
    since: datetime
    next_try_at: datetime | None
    why: str

    @property
    def needs_person(self) -> bool:
        """Whether nothing happens until somebody acts."""
        return self.next_try_at is None

    def cells(self) -> tuple[str, ...]:
        """Write a row of the table."""
        moments = (f"{at:%Y-%m-%d %H:%M}" if at else "-" for at in (self.since, self.next_try_at))
        return (self.id, self.waits_for, self.what, self.about, *moments, self.why[:SHOWN] or "-")


class Pending:
    """Looks at what isn't finished, and lets it be tried again.

    >>> Pending(database).waiting()
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def waiting(self) -> list[Waiting]:
        """List what isn't finished, what waits for a person first, then the oldest."""
        with self._database.read() as connection:
            found = [*_sagas(connection), *_letters(connection)]
        return sorted(found, key=lambda each: (not each.needs_person, each.since))

    def lines(self, name: str) -> list[str]:
        """Tell one of them in lines: what was done, what wasn't, and why; nothing that was written to somebody."""
        kind, number = _read(name)
        with self._database.read() as connection:
            if kind == "M":
                letter = _letter(connection, number)
                return [
                    f"E-mail {letter['kind']}, {_state(letter, 'sent_at')}, tried {letter['attempts']} times",
                    f"written {letter['created_at']:%Y-%m-%d %H:%M}, next try {letter['next_try_at']:%Y-%m-%d %H:%M}",
                    f"last error: {letter['last_error'] or '-'}",
                ]
            saga, steps = _saga(connection, number)
        lines = [
            f"{saga['action']} of {saga['subject']}, {saga['state']}, reason: {saga['reason'] or '-'}",
            f"begun {saga['created_at']:%Y-%m-%d %H:%M} in {saga['caller'].get('conversation', '-')}",
            f"{saga['failures']} tries in a row without success",
        ]
        for step in steps:
            state = "undone" if step["undone_at"] else _state(step, "done_at")
            known = {} if step["system"] in PERSONAL else step["content"] or {}
            ids = ", ".join(f"{key} {value}" for key, value in known.items() if isinstance(value, str | int))
            error = f" | {step['last_error']}" if step["last_error"] else ""
            lines.append(f"  {step['system']} {step['action']}: {state}{f' ({ids})' if ids else ''}{error}")
        return lines

    def retry(self, name: str, by: str) -> str:
        """Let something be tried again at once, with an audit row of who wanted it; tell what that is.

        What was refused for good is asked once more; what couldn't be undone is undone further. ServiceError where
        there is nothing to try.
        """
        kind, number = _read(name)
        with self._database.write() as connection:
            if kind == "M":
                return self._send_again(connection, number, by)
            saga, steps = _saga(connection, number)
            if saga["state"] not in (UNDER_WAY, UNDOING, PERSON):
                raise ServiceError(f"{name} is {saga['state']}; there is nothing to try again.")
            if not saga["claims"] and saga["next_try_at"] > self._clock():
                # Such as the end of a time for paying: to do it early would take that time from a customer.
                raise ServiceError(f"{name} waits for its time, {saga['next_try_at']:%Y-%m-%d %H:%M}.")
            state, again = saga["state"], [step for step in steps if step["failed_at"] is not None]
            if state == PERSON:
                state = UNDOING if saga["undoable"] else UNDER_WAY
            if state == UNDER_WAY:
                table = saga_tables.saga_steps
                mine = update(table).where(table.c.id.in_([step["id"] for step in again]))
                connection.execute(mine.values(failed_at=None))
            values: dict[str, Any] = {"state": state, "next_try_at": self._clock(), "ended_at": None}
            if state == UNDER_WAY:
                values["reason"] = None
            table = saga_tables.sagas
            connection.execute(update(table).where(table.c.id == saga["id"]).values(**values))
            refused = [f"{step['system']} {step['action']}" for step in again]
            self._record(connection, by, name, saga["subject"], saga["customer_id"], saga["state"], refused)
        return f"{saga['action']} of {saga['subject']}"

    def _send_again(self, connection: Connection, number: int, by: str) -> str:
        """Let an e-mail be sent again."""
        row, table = _letter(connection, number), schema.outbox
        if row["sent_at"] is not None:
            raise ServiceError(f"M{number} was sent; there is nothing to try again.")
        mine = update(table).where(table.c.id == number)
        connection.execute(mine.values(failed_at=None, attempts=0, next_try_at=self._clock()))
        self._record(connection, by, f"M{number}", f"e-mail {number}", None, _state(row, "sent_at"), [])
        return f"e-mail {row['kind']}"

    def _record(
        self,
        connection: Connection,
        by: str,
        name: str,
        subject: str,
        customer_id: str | None,
        state: str,
        refused: Sequence[str],
    ) -> None:
        """Write down who let something be tried again."""
        caller = Caller(
            conversation=f"operator {by}",
            authenticated=False,
            channel="command",
            action="retry",
            message_id=name,
            idempotency_key="",
        )
        after = {"id": name.upper(), "refused": list(refused)}
        now = self._clock()
        audit.record(
            connection, caller, now, "pending.retry", subject,
            customer_id=customer_id, before={"state": state}, after=after,
        )  # fmt: skip


def _sagas(connection: Connection) -> Iterator[Waiting]:
    """List the sagas that are open, or wait for a person."""
    sagas, steps = saga_tables.sagas, saga_tables.saga_steps
    states = sagas.c.state.in_((UNDER_WAY, UNDOING, PERSON))
    first = func.min(steps.c.id).label("first")
    query = (
        select(sagas, first).join(steps, steps.c.saga_id == sagas.c.id).where(states).group_by(*sagas.columns)
    )
    for row in connection.execute(query).mappings().all():
        mine = select(steps).where(steps.c.saga_id == row["id"]).order_by(steps.c.id)
        found = connection.execute(mine).mappings().all()
        undoing = row["state"] == UNDOING
        left = [each for each in found if _is_left(each, undoing)]
        blamed = [each for each in found if each["last_error"]] or left
        at = left[-1 if undoing else 0] if left else None
        person = row["next_try_at"] is None
        yield Waiting(
            id=f"S{row['first']}",
            waits_for="a person" if person else at["system"] if at else "the courier",
            what=f"{row['action']}{' (undoing)' if undoing else ''}",
            about=row["subject"],
            since=row["created_at"],
            next_try_at=row["next_try_at"],
            why=(blamed[0]["last_error"] or "") if blamed else row["reason"] or "",
        )


def _is_left(step: Row, undoing: bool) -> bool:
    """Tell whether a step is still to be done, or undone."""
    if undoing:
        return step["done_at"] is not None and step["undone_at"] is None
    return step["done_at"] is None and step["failed_at"] is None


def _letters(connection: Connection) -> Iterator[Waiting]:
    """List the e-mails that aren't sent."""
    table = schema.outbox
    query = select(table).where(table.c.sent_at.is_(None), table.c.recipient != "")
    for row in connection.execute(query).mappings():
        failed = row["failed_at"] is not None
        yield Waiting(
            id=f"M{row['id']}",
            waits_for="a person" if failed else "the mail server",
            what=f"e-mail {row['kind']}",
            about=f"tried {row['attempts']} times",
            since=row["created_at"],
            next_try_at=None if failed else row["next_try_at"],
            why=row["last_error"] or "",
        )


def _read(name: str) -> tuple[str, int]:
    """Read a name such as S17."""
    found = NAME.fullmatch(name)
    if found is None:
        raise ServiceError(f"'{name}' is no id; `list` shows them, as in S17 or M204.")
    return found[1].upper(), int(found[2])


def _saga(connection: Connection, number: int) -> tuple[Row, Sequence[Row]]:
    """Find a saga by the number of any of its steps."""
    sagas, steps = saga_tables.sagas, saga_tables.saga_steps
    mine = select(sagas).join(steps, steps.c.saga_id == sagas.c.id).where(steps.c.id == number)
    row = connection.execute(mine.with_for_update(of=sagas)).mappings().first()
    if row is None:
        raise ServiceError(f"There is no saga S{number}.")
    own = select(steps).where(steps.c.saga_id == row["id"]).order_by(steps.c.id)
    return row, connection.execute(own).mappings().all()


def _letter(connection: Connection, number: int) -> Row:
    """Find an e-mail."""
    table = schema.outbox
    row = connection.execute(select(table).where(table.c.id == number)).mappings().first()
    if row is None:
        raise ServiceError(f"There is no e-mail M{number}.")
    return row


def _state(row: Row, done: str) -> str:
    """Put into a word how a step or an e-mail stands."""
    return "done" if row[done] else "refused" if row["failed_at"] else "waiting"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows under each other, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def main(arguments: Sequence[str] | None = None, clock: Clock = utc_now) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.services.pending",
        description="What isn't finished: sagas, e-mails, and what waits for a person.",
        epilog="Exit codes: 0 all is well, 1 it couldn't be done, 3 (of list) something waits for a person.",
    )
    parser.add_argument("--database", metavar="URL", help="the shop's database (default: FRONTDESK_SHOP_DB)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="list it")
    commands.add_parser("show", help="show one, step by step").add_argument("id")
    again = commands.add_parser("retry", help="try again at once, also what was refused")
    again.add_argument("ids", nargs="+", metavar="ID", help="as `list` shows it")
    again.add_argument(
        "--by", default=None, metavar="NAME", help="who wants it, for the audit trail (default: you)"
    )
    options = parser.parse_args(arguments)
    database = Database(database_url(options.database))
    try:
        return _run(Pending(database, clock), options)
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        database.close()


def _run(pending: Pending, options: argparse.Namespace) -> int:
    """Do one command."""
    if options.command == "show":
        sys.stdout.write("".join(f"{line}\n" for line in pending.lines(options.id)))
        return 0
    if options.command == "retry":
        for name in options.ids:
            sys.stdout.write(
                f"{name}: {pending.retry(name, options.by or getpass.getuser())}: is tried again\n"
            )
        return 0
    found = pending.waiting()
    if not found:
        sys.stdout.write("Nothing waits.\n")
        return 0
    sys.stdout.write(table([HEAD, *(each.cells() for each in found)]))
    return FOR_A_PERSON if any(each.needs_person for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())

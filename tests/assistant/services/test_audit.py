"""The audit trail can't be changed, not even by us; whoever gets past that breaks a chain, and the break is found."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from actions.commerce import schema
from actions.commerce.database import Database
from actions.services import audit
from actions.services.container import Services

from ..conftest import ANNA, NOW, Letters, verified, who

ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["sqlite", "postgresql"])
def trail(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database of each kind, with six rows in its audit trail."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/trail.db"
    else:
        url = str(request.getfixturevalue("database"))
    database = Database(url)
    request.addfinalizer(database.close)
    write(database, *range(1, 7))
    return database


def write(database: Database, *numbers: int) -> None:
    for number in numbers:
        with database.write() as connection:
            audit.record(
                connection, who(), NOW, "test.write", f"order {number}", rule="allowed",
                before={"total": "19.90", "items": [number, None, 0.1]}, after={"größe": "\u2028"},
            )  # fmt: skip


def verdict(database: Database, noted: str | None = None) -> audit.Verdict:
    with database.read() as connection:
        return audit.verify(connection, noted)


def tamper(database: Database, *statements: str) -> None:
    """Change the trail as somebody would who owns the database."""
    with database.write() as connection:
        if connection.dialect.name == "sqlite":
            for name in ("audit_no_update", "audit_no_delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement))


COPY = (
    "INSERT INTO audit (id, at, conversation, channel, message_id, action, subject, before, after, previous, hash) "
    "SELECT {new}, at, conversation, channel, message_id, action, 'order 99', before, after, {rest} "
    "FROM audit WHERE id = {old}"
)


def test_rows_are_never_changed_or_deleted(trail: Database) -> None:
    for statement in (update(schema.audit).values(action="other"), delete(schema.audit)):
        with pytest.raises(DBAPIError, match="never changed"), trail.write() as connection:
            connection.execute(statement)
    if trail.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="never changed"), trail.write() as connection:
            connection.execute(text("TRUNCATE audit"))
    with trail.read() as connection:
        rows = connection.execute(select(schema.audit).order_by(schema.audit.c.id)).mappings().all()
    assert len(rows) == 6
    assert (rows[0]["action"], rows[0]["conversation"], rows[0]["channel"]) == ("test.write", "web-1", "web")
    assert rows[0]["before"] == {"total": "19.90", "items": [1, None, 0.1]}
    assert rows[0]["at"] == NOW
    assert [row["previous"] for row in rows] == ["", *(row["hash"] for row in rows[:-1])]


def test_a_whole_chain(trail: Database) -> None:
    found = verdict(trail)
    assert (found.rows, found.older, found.broken) == (6, 0, None)
    write(trail, 7)
    assert verdict(trail, found.head).broken is None
    assert verdict(trail).head != found.head


def test_what_was_undone_leaves_no_row(trail: Database) -> None:
    with pytest.raises(RuntimeError), trail.write() as connection:
        audit.record(connection, who(), NOW, "test.write", "order 7")
        raise RuntimeError
    assert (verdict(trail).rows, verdict(trail).broken) == (6, None)
    write(trail, 7)
    assert (verdict(trail).rows, verdict(trail).broken) == (7, None)


def test_several_rows_of_one_transaction_stand_in_their_order(trail: Database) -> None:
    with trail.write() as connection:
        for number in (7, 8, 9):
            audit.record(connection, who(), NOW, "test.write", f"order {number}")
    assert verdict(trail).broken is None
    with trail.read() as connection:
        subjects = (
            connection.execute(select(schema.audit.c.subject).order_by(schema.audit.c.id)).scalars().all()
        )
    assert subjects == [f"order {number}" for number in range(1, 10)]


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["UPDATE audit SET subject = 'order 8' WHERE id = 3"], "Row 3 was changed"),
        (["UPDATE audit SET at = '2026-11-18 15:00:01' WHERE id = 1"], "Row 1 was changed"),
        (["UPDATE audit SET rule = NULL WHERE id = 6"], "Row 6 was changed"),
        (["UPDATE audit SET after = NULL WHERE id IN (5, 2)"], "Row 2 was changed"),
        (["UPDATE audit SET previous = hash WHERE id = 2"], "Row 2 was changed"),
        (["UPDATE audit SET hash = NULL WHERE id = 4"], "Row 4 was inserted: it has no hash"),
        (["DELETE FROM audit WHERE id = 4"], "Between row 3 and row 5 a row was removed"),
        (["DELETE FROM audit WHERE id IN (3, 4)"], "Between row 2 and row 5 a row was removed"),
        (["DELETE FROM audit WHERE id = 1"], "Before row 2 rows were removed"),
        (["DELETE FROM audit WHERE id = 6"], "Between row 5 and the end a row was removed"),
        (["DELETE FROM audit"], "Before the end rows were removed"),
        (["DELETE FROM audit_head"], "The head of the chain is gone"),
        (["UPDATE audit SET id = 10 WHERE id = 2"], "Between row 1 and row 3 a row was removed"),
        ([COPY.format(new=99, old=6, rest="'', 'made up'")], "Row 99 was changed or inserted"),
        (
            [
                "UPDATE audit SET id = id + 100 WHERE id > 3",
                "UPDATE audit SET id = id - 99 WHERE id > 100",
                COPY.format(new=4, old=3, rest="NULL, NULL"),
            ],
            "Row 4 was inserted",
        ),
    ],
)  # fmt: skip
def test_the_first_break_is_named(trail: Database, statements: list[str], told: str) -> None:
    tamper(trail, *statements)
    assert (verdict(trail).broken or "").startswith(told)


@pytest.mark.parametrize("number", [1, 3, 6])
def test_what_is_written_later_heals_no_break(trail: Database, number: int) -> None:
    tamper(trail, f"DELETE FROM audit WHERE id = {number}")
    write(trail, 7, 8)
    assert "removed" in (verdict(trail).broken or "")


def test_a_head_that_was_lost_is_found_again_by_the_next_row(trail: Database) -> None:
    tamper(trail, "DELETE FROM audit_head")
    write(trail, 7)
    assert (verdict(trail).rows, verdict(trail).broken) == (7, None)


def with_hashes(database: Database, after: int, *statements: str) -> None:
    """Change the trail, and then a row and its hash together."""
    tamper(database, *statements)
    with database.write() as connection:
        table = schema.audit
        [row] = connection.execute(select(table).where(table.c.id == after)).mappings()
        own = audit.digest(row["previous"], row)
        connection.execute(update(table).where(table.c.id == after).values(hash=own))


def test_a_row_that_was_changed_together_with_its_hash(trail: Database) -> None:
    with_hashes(trail, 3, "UPDATE audit SET subject = 'order 8' WHERE id = 3")
    assert "row 3 was changed together with its hash" in (verdict(trail).broken or "")


def test_a_row_that_was_put_in_with_its_hash(trail: Database) -> None:
    with_hashes(
        trail, 4,
        "UPDATE audit SET id = id + 100 WHERE id > 3",
        "UPDATE audit SET id = id - 99 WHERE id > 100",
        COPY.format(new=4, old=3, rest="hash, ''"),
    )  # fmt: skip
    assert verdict(trail).broken == "Row 4 was inserted: row 5 follows row 3."


def test_a_row_that_was_put_at_the_end_with_its_hash(trail: Database) -> None:
    with_hashes(trail, 50, COPY.format(new=50, old=6, rest="hash, ''"))
    assert verdict(trail).broken == "Row 50 was inserted: the end follows row 6."


def test_a_chain_that_was_written_anew_does_not_have_the_head_that_was_noted(trail: Database) -> None:
    noted = verdict(trail).head
    tamper(trail, "DELETE FROM audit", "DELETE FROM audit_head")
    write(trail, 1, 2, 3, 4, 5, 7)
    assert verdict(trail).broken is None
    assert "written anew" in (verdict(trail, noted).broken or "")


def test_rows_from_before_the_chain_are_held_by_its_first_row(trail: Database) -> None:
    tamper(trail, "UPDATE audit SET hash = NULL, previous = NULL", "DELETE FROM audit_head")
    assert (verdict(trail).older, verdict(trail).broken) == (6, None)
    write(trail, 7, 8)
    assert (verdict(trail).rows, verdict(trail).older, verdict(trail).broken) == (8, 6, None)
    tamper(trail, "UPDATE audit SET subject = 'order 8' WHERE id = 3")
    assert (verdict(trail).broken or "").startswith("One of the 6 rows before row 7")


def test_many_writers_at_once_make_one_chain(trail: Database) -> None:
    def work(number: int) -> None:
        with trail.write() as connection:
            audit.record(connection, who(), NOW, "test.one", f"order {number}")
            connection.execute(
                insert(schema.receipts),
                {"key": f"k{number}", "request": "", "receipt": {}, "conversation": "c", "created_at": NOW},
            )
            audit.record(connection, who(), NOW, "test.two", f"order {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(60)))
    assert (verdict(trail).rows, verdict(trail).broken) == (126, None)
    with trail.read() as connection:
        subjects = (
            connection.execute(select(schema.audit.c.subject).order_by(schema.audit.c.id)).scalars().all()[6:]
        )
    assert subjects[::2] == subjects[1::2], "what one transaction wrote stands together"


WRITER = """
import sys
from datetime import UTC, datetime
from actions.commerce.database import Database
from actions.services import audit
from actions.services.context import Caller
database = Database(sys.argv[1])
for number in range(40):
    with database.write() as connection:
        audit.record(connection, Caller("c", True, "web", "a", "m", "k"), datetime.now(UTC), "test.write", str(number))
"""


def test_processes_that_write_the_first_rows_at_once_make_one_chain(trail: Database) -> None:
    tamper(trail, "DELETE FROM audit", "DELETE FROM audit_head")
    url = trail.url.render_as_string(hide_password=False)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        for _ in range(3)
    ]
    assert [process.wait(300) for process in started] == [0, 0, 0]
    assert (verdict(trail).rows, verdict(trail).broken) == (120, None)


def test_a_check_while_others_write_finds_nothing(trail: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, trail, *range(20)) for _ in range(3)]
        while not all(each.done() for each in writing):
            assert verdict(trail).broken is None
        for each in writing:
            each.result()
    assert (verdict(trail).rows, verdict(trail).broken) == (66, None)


def test_what_services_write_is_one_chain(shop: Services, letters: Letters) -> None:
    shop.identity.verify(who(), ANNA[0], "wrong")
    verified(shop, who(), ANNA)
    shop.accounts.request_password_reset(who(), ANNA[0])
    shop.tickets.open(who(), "A", "B")
    with shop.database.read() as connection:
        assert connection.execute(select(func.count()).where(schema.audit.c.hash.is_(None))).scalar() == 0
    assert verdict(shop.database).broken is None
    assert verdict(shop.database).rows >= 4


def run(url: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "actions.services.audit", "verify", "--database", url, *more],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_the_command(trail: Database) -> None:
    url = trail.url.render_as_string(hide_password=False)
    head = verdict(trail).head
    done = run(url, "--head", head)
    assert done.returncode == 0, done.stderr
    assert "broken" not in done.stderr
    assert done.stdout == f"The audit trail is whole: 6 rows. Head: {head}\n"
    tamper(trail, "DELETE FROM audit WHERE id = 2")
    done = run(url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The audit trail is broken. Between row 1 and row 3 a row was removed" in done.stderr

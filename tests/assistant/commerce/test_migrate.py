"""Steps between revisions: the same tables as a new database has, and nothing lost on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from actions.commerce import migrate, schema
from actions.commerce.database import Database
from actions.commerce.errors import StoreError, StoreMismatch
from actions.commerce.model import Product, Shop
from actions.helpdesk.forwarding import ForwardedTickets
from actions.services.container import Services

from ..conftest import NOW, who
from .test_postgres import Desk

REVISIONS = [revision for revision, _ in migrate.revisions()]


def differences(connection: Connection) -> list[Any]:
    """Return what the tables of a database have otherwise than the program's."""
    return compare_metadata(MigrationContext.configure(connection), schema.metadata)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.db"
    return str(request.getfixturevalue("database"))


@pytest.fixture()
def shop_there(url: str) -> str:
    """A database with the demo shop in it."""
    made = Services(url, clock=lambda: NOW)
    assert made.commerce.products()
    made.close()
    return url


def held(url: str) -> Shop:
    """Read the whole shop as a server would."""
    opened = Services(url)
    try:
        return opened.commerce.snapshot()
    finally:
        opened.close()


def since_the_first(shop: Shop) -> Shop:
    """Leave out what the first revision couldn't hold, which is lost on the way down."""
    bare = Product(id="", name="", variants=())
    return replace(
        shop,
        products=tuple(replace(p, compatibility=bare.compatibility) for p in shop.products),
        customers=tuple(replace(c, marketing_email=None) for c in shop.customers),
    )


def moved(url: str, to: str) -> None:
    with Database(url).unprepared() as connection:
        migrate.move(connection, to)


def test_the_newest_revision_is_the_programs() -> None:
    assert REVISIONS[-1] == schema.REVISION
    assert REVISIONS == sorted(set(REVISIONS))


def test_a_new_database_needs_no_step(shop_there: str) -> None:
    with Database(shop_there).unprepared() as connection:
        assert migrate.current(connection) == schema.REVISION
        assert differences(connection) == []


def test_down_and_up_again_gives_the_same_tables_and_keeps_the_shop(shop_there: str) -> None:
    before = held(shop_there)
    for revision in [*REVISIONS[::-1], *REVISIONS]:
        moved(shop_there, revision)
        with Database(shop_there).unprepared() as connection:
            assert migrate.current(connection) == revision
    with Database(shop_there).unprepared() as connection:
        assert differences(connection) == []
        connection.execute(insert(schema.audit).values(**AUDIT_ROW))
    database = Database(shop_there)
    with pytest.raises(DBAPIError, match="never changed"), database.write() as connection:
        connection.execute(delete(schema.audit))
    database.close()
    assert held(shop_there) == since_the_first(before)


def test_what_a_help_desk_is_yet_to_be_told_is_told_after_a_step_up_or_down(shop_there: str) -> None:
    shop = Services(shop_there, clock=lambda: NOW)
    first, desk = shop.tickets.open(who(), "Lamp", "It flickers."), Desk()
    held = ForwardedTickets(desk, shop.sagas, lambda _: 24, lambda: NOW)
    held.add(who(key="k2"), first, "It smells.")
    held.open(who(key="k3"), "Vase", "It broke.")
    held.add(who(key="k4"), first, "It is hot.")
    shop.close()
    moved(shop_there, "0005")
    with Database(shop_there).unprepared() as connection:
        rows = connection.execute(text("SELECT number, action, attempts FROM held_tickets ORDER BY id")).all()
    assert [(row.number, row.attempts) for row in rows] == [("T-10001", 0), ("T-10002", 0), ("T-10001", 0)]
    shop = Services(shop_there, clock=lambda: NOW)
    ForwardedTickets(desk, shop.sagas, lambda _: 24, lambda: NOW)
    assert shop.sagas.deliver() == 3
    assert sorted(desk.told) == ["1: It is hot.", "Lamp", "Vase"]
    shop.close()


AUDIT_ROW = {
    "at": NOW,
    "conversation": "c",
    "channel": "rest",
    "message_id": "m",
    "action": "test",
    "subject": "nothing",
}


@pytest.mark.parametrize("version", [1, 2])
def test_a_database_made_before_revisions_were_counted(shop_there: str, version: int) -> None:
    before = held(shop_there)
    moved(shop_there, f"000{version}")
    with Database(shop_there).unprepared() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert held(shop_there) == since_the_first(before)
    with Database(shop_there).unprepared() as connection:
        assert connection.execute(select(schema.alembic_version)).scalar_one() == schema.REVISION


def test_a_failed_step_leaves_everything_as_it_was(shop_there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moved(shop_there, "0001")
    with Database(shop_there).unprepared() as connection:
        connection.execute(text("CREATE TABLE cancellations (id INTEGER)"))  # in the way of 0002
    with pytest.raises(DBAPIError):
        moved(shop_there, schema.REVISION)
    with Database(shop_there).unprepared() as connection:
        assert migrate.current(connection) == "0001"
        assert connection.execute(text("SELECT version FROM shop_meta")).scalar() == 1


def test_a_later_programs_database_is_refused(shop_there: str) -> None:
    with Database(shop_there).unprepared() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreMismatch, match=f"revision 9999; this program knows 0001 to {schema.REVISION}"):
        held(shop_there)
    with pytest.raises(StoreMismatch, match="9999"):
        moved(shop_there, "0001")


def test_a_revision_that_does_not_exist(shop_there: str) -> None:
    with pytest.raises(StoreError, match=f"no revision 0815; there are 0001, .*{schema.REVISION}"):
        moved(shop_there, "0815")


def test_the_command(shop_there: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate.main(["down", "--database", shop_there, "0001"]) == 0
    assert f"From {schema.REVISION} to 0001." in capsys.readouterr().out
    assert migrate.main(["state", "--database", shop_there]) == 0
    assert "* 0001  The shop as it was first" in capsys.readouterr().out
    assert migrate.main(["up", "--database", shop_there]) == 0
    assert f"* {schema.REVISION}" in capsys.readouterr().out
    assert migrate.main(["up", "--database", shop_there, "nonsense"]) == 1
    assert "no revision nonsense" in capsys.readouterr().err


def test_the_command_where_there_is_no_shop(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate.main(["up", "--database", url]) == 1
    assert "no shop in this database yet" in capsys.readouterr().err

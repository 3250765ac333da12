"""Event brokers: what is written where, and what is said where it cannot be."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text

from frontdesk.core.ports import EventBroker
from frontdesk.errors import ConfigError, StoreError
from frontdesk.registry import resolve
from frontdesk.stores.brokers import FileEventBroker, SqlEventBroker
from frontdesk.stores.options import read_options
from frontdesk.testing.contracts.event_broker import EventBrokerContract, Received
from frontdesk.testing.servers import Server

EVENTS = [{"event": "user", "text": "grüezi"}, {"event": "action", "name": "utter_greet"}]


class TestFile(EventBrokerContract):
    @pytest.fixture
    def broker(self, tmp_path: Path) -> FileEventBroker:
        return FileEventBroker({"path": str(tmp_path / "events.log")})

    @pytest.fixture
    def received(self, tmp_path: Path) -> Received:
        async def lines(_: int) -> list[Mapping[str, Any]]:
            return [json.loads(line) for line in (tmp_path / "events.log").read_text("utf-8").splitlines()]

        return lines


class SqlContract(EventBrokerContract):
    @pytest.fixture
    def database(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'events.db'}"

    @pytest.fixture
    async def broker(self, database: str) -> AsyncIterator[SqlEventBroker]:
        broker = SqlEventBroker({"url": database})
        yield broker
        await broker.close()

    @pytest.fixture
    def received(self, database: str) -> Received:
        async def added(_: int) -> list[Mapping[str, Any]]:
            return [json.loads(data) for _, data in rows(database)]

        return added

    async def test_servers_that_start_at_once_share_the_table(self, database: str) -> None:
        brokers = [SqlEventBroker({"url": database}) for _ in range(8)]
        await asyncio.gather(
            *(broker.publish(f"ü{n}\N{WAVING HAND SIGN}", EVENTS[0]) for n, broker in enumerate(brokers))
        )
        for broker in brokers:
            await broker.close()
        assert sorted(sender for sender, _ in rows(database)) == [
            f"ü{n}\N{WAVING HAND SIGN}" for n in range(8)
        ]


class TestSqlite(SqlContract):
    pass


class TestPostgresql(SqlContract):
    @pytest.fixture
    def database(self, postgresql: Server) -> str:
        return postgresql.new_database()


class TestMysql(SqlContract):
    @pytest.fixture
    def database(self, mysql: Server) -> str:
        return mysql.new_database()


def rows(url: str) -> list[tuple[str, str]]:
    """The sender and the event of each row, in order."""
    engine = create_engine(read_options({"url": url}).url)
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT sender_id, data FROM events ORDER BY id")).all()
            return [(sender, data) for sender, data in found]
    finally:
        engine.dispose()


async def test_another_server_makes_the_table_just_before(tmp_path: Path) -> None:
    file = tmp_path / "events.db"

    def first(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "CREATE TABLE" in statement:
            with closing(sqlite3.connect(file)) as other:
                other.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id TEXT, data TEXT)")

    event.listen(Engine, "before_cursor_execute", first)
    try:
        await publish(SqlEventBroker({"db": str(file)}))
    finally:
        event.remove(Engine, "before_cursor_execute", first)
    assert len(rows(f"sqlite:///{file}")) == len(EVENTS)


async def publish(broker: EventBroker) -> None:
    for one in EVENTS:
        await broker.publish("ann", one)
    await broker.close()


async def test_a_line_of_a_file_for_each_event(tmp_path: Path) -> None:
    file = tmp_path / "events.log"
    file.write_text("before\n")
    await publish(FileEventBroker({"path": str(file)}))
    before, *lines = file.read_text("utf-8").splitlines()
    assert before == "before"
    assert [json.loads(line) for line in lines] == [{"sender_id": "ann", **one} for one in EVENTS]


async def test_a_row_of_a_table_for_each_event(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    await publish(SqlEventBroker({"db": str(file)}))
    await publish(SqlEventBroker({"dialect": "sqlite", "db": str(file)}))
    found = rows(f"sqlite:///{file}")
    assert [json.loads(data) for _, data in found] == [{"sender_id": "ann", **one} for one in EVENTS] * 2
    assert {sender for sender, _ in found} == {"ann"}


async def test_the_table_of_a_tracker_store_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "conversations.db"
    with sqlite3.connect(file) as database:
        database.execute(
            "CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id TEXT, data TEXT, type_name TEXT)"
        )
    broker = SqlEventBroker({"db": str(file)})
    with pytest.raises(StoreError, match="another one, such as a tracker store's"):
        await broker.publish("ann", EVENTS[0])
    await broker.close()


async def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        await FileEventBroker({"path": str(tmp_path / "no" / "folder.log")}).publish("ann", EVENTS[0])
    with pytest.raises(StoreError, match="cannot be written"):
        await FileEventBroker({"path": str(tmp_path / "no" / "folder.log")}).check()
    broken = SqlEventBroker({"db": str(tmp_path / "no" / "folder.db")})
    with pytest.raises(StoreError, match="database failed"):
        await broken.check()
    with pytest.raises(StoreError, match="database failed"):
        await broken.publish("ann", EVENTS[0])
    await broken.close()


def test_bad_options_name_the_broker() -> None:
    with pytest.raises(ConfigError) as caught:
        SqlEventBroker({"dialect": "oracle"})
    assert caught.value.where == "endpoints.yml: event_broker"


@pytest.mark.parametrize(("name", "kind"), [("file", FileEventBroker), ("SQL", SqlEventBroker)])
def test_the_names_that_endpoints_use(name: str, kind: type) -> None:
    assert resolve("event broker", name) is kind

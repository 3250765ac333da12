"""Event brokers: what is written where, and what is said where it cannot be."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.ports import EventBroker
from frontdesk.errors import ConfigError, StoreError
from frontdesk.registry import resolve
from frontdesk.stores.brokers import FileEventBroker, SqlEventBroker
from frontdesk.testing.contracts.event_broker import EventBrokerContract, Received

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


class TestSql(EventBrokerContract):
    @pytest.fixture
    async def broker(self, tmp_path: Path) -> AsyncIterator[SqlEventBroker]:
        broker = SqlEventBroker({"db": str(tmp_path / "events.db")})
        yield broker
        await broker.close()

    @pytest.fixture
    def received(self, tmp_path: Path) -> Received:
        async def added(_: int) -> list[Mapping[str, Any]]:
            with closing(sqlite3.connect(tmp_path / "events.db")) as database:
                return [
                    json.loads(data) for (data,) in database.execute("SELECT data FROM events ORDER BY id")
                ]

        return added


async def publish(broker: EventBroker) -> None:
    for event in EVENTS:
        await broker.publish("ann", event)
    await broker.close()


async def test_a_line_of_a_file_for_each_event(tmp_path: Path) -> None:
    file = tmp_path / "events.log"
    file.write_text("before\n")
    await publish(FileEventBroker({"path": str(file)}))
    before, *lines = file.read_text("utf-8").splitlines()
    assert before == "before"
    assert [json.loads(line) for line in lines] == [{"sender_id": "ann", **event} for event in EVENTS]


async def test_a_row_of_a_table_for_each_event(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    await publish(SqlEventBroker({"db": str(file)}))
    await publish(SqlEventBroker({"dialect": "sqlite", "db": str(file)}))
    with sqlite3.connect(file) as database:
        rows = database.execute("SELECT sender_id, data FROM events ORDER BY id").fetchall()
    assert [json.loads(data) for _, data in rows] == [{"sender_id": "ann", **event} for event in EVENTS] * 2
    assert {sender for sender, _ in rows} == {"ann"}


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

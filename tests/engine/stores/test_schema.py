"""The side tables go on from an earlier version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.core.ports import Commit
from frontdesk.stores.schema import VERSION
from frontdesk.stores.sql import SqlTrackerStore
from frontdesk.testing.contracts.reminders import reminder
from frontdesk.testing.contracts.tracker_store import said, texts
from frontdesk.testing.servers import Server, run_sql

# The side tables as version 1 made them, typed off from a database that it made.
FIRST = """
CREATE TABLE events (
    id {serial} NOT NULL, sender_id VARCHAR(255) NOT NULL, type_name VARCHAR(255) NOT NULL,
    timestamp FLOAT, intent_name VARCHAR(255), action_name VARCHAR(255), data TEXT, PRIMARY KEY (id)
);
CREATE TABLE frontdesk_conversations (
    sender_id VARCHAR(255) NOT NULL, events INTEGER NOT NULL, session_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL, PRIMARY KEY (sender_id)
);
CREATE TABLE frontdesk_inbox (
    channel VARCHAR(255) NOT NULL, sender_id VARCHAR(255) NOT NULL, message_id VARCHAR(255) NOT NULL, message TEXT,
    begun FLOAT NOT NULL, finished FLOAT, replies TEXT, PRIMARY KEY (channel, sender_id, message_id)
);
CREATE TABLE frontdesk_store (version INTEGER NOT NULL, PRIMARY KEY (version));
INSERT INTO events (sender_id, type_name, timestamp, data)
    VALUES ('ann', 'user', 1.0, '{{"event": "user", "timestamp": 1.0, "text": "before"}}');
INSERT INTO frontdesk_conversations VALUES ('ann', 1, 0, 1);
INSERT INTO frontdesk_store VALUES (1);
"""


async def goes_on(store: SqlTrackerStore) -> None:
    """Add to the conversation that version 1 began, with a reminder."""
    assert texts(await store.load("ann")) == ["before"]
    one = reminder("r")
    await store.save(Commit("ann", [said("after")], 1, reminders=[one]))
    assert await store.lease_reminders(10.0, 20.0, 9) == [one]
    await store.close()


async def test_sqlite_goes_on_from_version_1(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(FIRST.format(serial="INTEGER"))
    await goes_on(SqlTrackerStore({"db": str(file)}))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version FROM frontdesk_store").fetchall() == [(VERSION,)]


async def test_postgresql_goes_on_from_version_1(postgresql: Server) -> None:
    url = postgresql.new_database()
    name = url.rpartition("/")[2]
    for statement in FIRST.format(serial="SERIAL").split(";\n"):
        if statement.strip():
            run_sql(postgresql.port, statement, name)
    await goes_on(SqlTrackerStore({"url": url}))
    assert run_sql(postgresql.port, "SELECT version FROM frontdesk_store", name) == [(VERSION,)]


async def test_a_reminder_that_cannot_be_read_stands_in_nobodys_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "c.db"
    store = SqlTrackerStore({"db": str(file)})
    await store.save(Commit("ann", [], 0, reminders=[reminder("broken"), reminder("whole", due=11.0)]))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE frontdesk_reminders SET data = '{' WHERE due = 10")
        connection.commit()
    assert [r.name for r in await store.lease_reminders(20.0, 30.0, 9)] == ["whole"]
    assert await store.lease_reminders(20.0, 30.0, 9) == []
    assert "frontdesk_reminders" in caplog.text
    await store.close()

"""The SQL tracker store: the contract over SQLite and PostgreSQL, and what Rasa and people see in its tables."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core import events as ev
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import ConfigError, StaleConversation, StoreError
from frontdesk.stores.sql import SqlTrackerStore
from frontdesk.testing.contracts.erasure import ErasureContract, SharedErasureContract, talked
from frontdesk.testing.contracts.noticing import NoticingContract
from frontdesk.testing.contracts.outbox import OutboxContract
from frontdesk.testing.contracts.tracker_store import (
    OpenStore,
    SharedTrackerStoreContract,
    TrackerStoreContract,
    all_senders,
    opening,
    said,
    session,
    stored,
    texts,
)
from frontdesk.testing.fakes import FakeClock
from frontdesk.testing.servers import Server, run_sql

# The table as Rasa 3.6.21 creates it in SQLite, typed off from a database that it made.
RASA_TABLE = """
CREATE TABLE events (
    id INTEGER NOT NULL, sender_id VARCHAR(255) NOT NULL, type_name VARCHAR(255) NOT NULL, timestamp FLOAT,
    intent_name VARCHAR(255), action_name VARCHAR(255), data TEXT, PRIMARY KEY (id)
);
CREATE INDEX ix_events_sender_id ON events (sender_id);
"""
RASA_EVENTS: list[dict[str, Any]] = [
    {"event": "action", "timestamp": 1.0, "name": "action_session_start", "policy": None, "confidence": 1.0,
     "action_text": None, "hide_rule_turn": False},
    {"event": "session_started", "timestamp": 1.1},
    {"event": "user", "timestamp": 2.0, "text": "old", "parse_data": {"intent": {"name": "greet", "confidence": 1.0},
     "entities": [], "text": "old"}, "input_channel": "rest", "message_id": "a", "metadata": {}},
    {"event": "action", "timestamp": 3.0, "name": "action_session_start"},
    {"event": "session_started", "timestamp": 3.1},
    {"event": "user", "timestamp": 4.0, "text": "new", "parse_data": {"intent": {"name": "bye", "confidence": 1.0},
     "entities": [], "text": "new"}, "input_channel": "rest", "message_id": "b", "metadata": {}},
    {"event": "form", "timestamp": 4.5, "name": "old_form"},
]  # fmt: skip


class TestSqlite(TrackerStoreContract, OutboxContract, ErasureContract, NoticingContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SqlTrackerStore]:
        store = SqlTrackerStore({"db": str(tmp_path / "new" / "conversations.db")})
        yield store
        await store.close()


class TestSharedSqlite(SharedTrackerStoreContract, SharedErasureContract):
    @pytest.fixture
    async def open_store(self, tmp_path: Path) -> AsyncIterator[OpenStore]:
        url = f"sqlite:///{tmp_path}/conversations.db"
        async with opening(lambda: SqlTrackerStore({"url": url})) as open_one:
            yield open_one


class TestPostgresql(TrackerStoreContract, OutboxContract, ErasureContract, NoticingContract):
    @pytest.fixture
    async def store(self, postgresql: Server) -> AsyncIterator[SqlTrackerStore]:
        store = SqlTrackerStore({"url": postgresql.new_database()})
        yield store
        await store.close()


class TestSharedPostgresql(SharedTrackerStoreContract, SharedErasureContract):
    @pytest.fixture
    async def open_store(self, postgresql: Server) -> AsyncIterator[OpenStore]:
        url = postgresql.new_database()
        async with opening(lambda: SqlTrackerStore({"url": url})) as open_one:
            yield open_one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "conversations.db"


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqlTrackerStore]:
    store = SqlTrackerStore({"db": str(file), "timeout": 0.5})
    yield store
    await store.close()


def rows(file: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(query, values).fetchall()


def insert(file: Path, wires: list[dict[str, Any]], sender_id: str = "ann") -> None:
    for wire in wires:
        raw(
            file,
            sender_id,
            wire.get("event", "none"),
            json.dumps(wire),
            wire.get("timestamp"),
            wire.get("name"),
        )


def raw(file: Path, sender_id: str, kind: str, text: object, time: Any = 1.0, action: Any = None) -> None:
    columns = "sender_id, type_name, timestamp, action_name, data"
    rows(file, f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?)", sender_id, kind, time, action, text)


class TestRasasTable:
    async def test_columns_types_and_index_are_rasas(self, store: SqlTrackerStore, file: Path) -> None:
        await store.save(Commit("ann", [said("hi")], 0))
        ours = rows(file, "PRAGMA table_info(events)")
        with closing(sqlite3.connect(":memory:")) as rasa:
            rasa.executescript(RASA_TABLE)
            assert ours == rasa.execute("PRAGMA table_info(events)").fetchall()
        (index,) = rows(file, "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events'")
        assert index == ("CREATE INDEX ix_events_sender_id ON events (sender_id)",)

    async def test_columns_types_and_index_are_rasas_in_postgresql(self, postgresql: Server) -> None:
        store = SqlTrackerStore({"url": postgresql.new_database()})
        await store.save(Commit("ann", [said("hi")], 0))
        await store.close()
        database = str(store.options["url"]).rpartition("/")[2]
        query = ("SELECT column_name, data_type, character_maximum_length, is_nullable FROM information_schema.columns"
                 " WHERE table_name = 'events' ORDER BY ordinal_position")  # fmt: skip
        assert run_sql(postgresql.port, query, database) == [
            ("id", "integer", None, "NO"),
            ("sender_id", "character varying", 255, "NO"),
            ("type_name", "character varying", 255, "NO"),
            ("timestamp", "double precision", None, "YES"),
            ("intent_name", "character varying", 255, "YES"),
            ("action_name", "character varying", 255, "YES"),
            ("data", "text", None, "YES"),
        ]

    async def test_columns_are_filled_as_rasa_does(self, store: SqlTrackerStore, file: Path) -> None:
        parsed = {"intent": {"name": "greet", "confidence": 0.9}}
        events = [
            ev.UserUttered("hi", parsed, timestamp=1.5),
            ev.UserUttered("?", {"intent": {"name": None, "confidence": 0.0}}, timestamp=2.5),
            ev.ActionExecuted("utter_greet", timestamp=3.5),
            ev.ActionExecuted(None, action_text="Hello", timestamp=3.5),
            ev.SlotSet("size", "XL", timestamp=3.5),
            ev.ActiveLoop("form", timestamp=3.5),
            ev.BotUttered("Zoë", timestamp=3.5),
            ev.UnknownEvent({"event": "new_kind", "name": ["odd"], "parse_data": "odd"}, timestamp=3.5),
            ev.SlotSet("n" * 300, 1, timestamp=3.5),
        ]
        await store.save(Commit("ann", events, 0))
        query = "SELECT sender_id, type_name, timestamp, intent_name, action_name FROM events ORDER BY id"
        assert rows(file, query) == [
            ("ann", "user", 1.5, "greet", None),
            ("ann", "user", 2.5, None, None),
            ("ann", "action", 3.5, None, "utter_greet"),
            ("ann", "action", 3.5, None, None),
            ("ann", "slot", 3.5, None, "size"),
            ("ann", "active_loop", 3.5, None, "form"),
            ("ann", "bot", 3.5, None, None),
            ("ann", "new_kind", 3.5, None, None),
            ("ann", "slot", 3.5, None, "n" * 255),
        ]
        (text,) = rows(file, "SELECT data FROM events WHERE type_name = 'bot'")[0]
        assert text.isascii()
        assert json.loads(text)["text"] == "Zoë"

    async def test_a_database_that_rasa_made_goes_on(self, store: SqlTrackerStore, file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(RASA_TABLE)
        insert(file, RASA_EVENTS)
        insert(file, RASA_EVENTS[:3], "bob")
        assert await all_senders(store) == ["ann", "bob"]
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (3, ["new"])
        assert isinstance(found.events[-1], ev.ActiveLoop)  # as events of an old Rasa are read
        assert texts(await store.load("ann", whole=True)) == ["old", "new"]
        with pytest.raises(StaleConversation):
            await store.save(Commit("ann", [said("late")], 0))
        await store.save(Commit("ann", [said("next")], stored(found)))
        assert texts(await store.load("ann")) == ["new", "next"]
        await store.save(Commit("ann", session(said("newest")), 8))
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (8, ["newest"])

    async def test_rasa_may_write_beside_it(self, store: SqlTrackerStore, file: Path) -> None:
        await store.save(Commit("ann", session(said("ours")), 0))
        assert texts(await store.load("ann")) == ["ours"]
        insert(file, RASA_EVENTS[5:6])
        with pytest.raises(StaleConversation):
            await store.save(Commit("ann", [said("late")], 3))
        found = await store.load("ann")
        assert (stored(found), texts(found)) == (4, ["ours", "new"])
        await store.save(Commit("ann", [said("ours again")], 4))
        insert(file, RASA_EVENTS[3:])
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (5, ["new"])
        await store.save(Commit("ann", [said("and again")], 9))
        assert texts(await store.load("ann")) == ["new", "and again"]

    async def test_rows_deleted_by_hand_are_gone(self, store: SqlTrackerStore, file: Path) -> None:
        await store.save(Commit("ann", [said("one"), said("two"), said("three")], 0))
        await store.load("ann")
        rows(file, "DELETE FROM events WHERE id = 2")
        found = await store.load("ann")
        assert (stored(found), texts(found)) == (3, ["one", "three"])
        rows(file, "DELETE FROM events")
        found = await store.load("ann")
        assert (stored(found), texts(found)) == (3, [])
        await store.save(Commit("ann", [said("four")], 3))
        assert texts(await store.load("ann")) == ["four"]
        assert texts(await store.load("ann", whole=True)) == ["four"]

    async def test_ids_that_are_given_out_again(self, store: SqlTrackerStore, file: Path) -> None:
        await store.save(Commit("ann", [said("old"), *session(said("new"))], 0))
        await store.load("ann")
        rows(file, "DELETE FROM events")
        await store.save(Commit("ann", [said("first of all rows")], 4))
        found = await store.load("ann")
        assert (stored(found), texts(found)) == (5, ["first of all rows"])


class TestPoison:
    @pytest.mark.parametrize(
        "text",
        [
            "{not json", "", None, "[1]", "null", '"text"', "{}" * 2, "[" * 100_000, b"\xff\xfe",
            '{"event": "user", "parse_data": "text"}', '{"event": "slot", "timestamp": "never"}',
            '{"event": "user", "metadata": 7}',
        ],
    )  # fmt: skip
    async def test_a_row_that_cannot_be_read_costs_itself_only(
        self, store: SqlTrackerStore, file: Path, caplog: pytest.LogCaptureFixture, text: object
    ) -> None:
        await store.save(Commit("zoe", session(said("one")), 0))
        await store.load("zoe")
        raw(file, "zoe", "user", text)
        await store.save(Commit("zoe", [said("two")], 4))
        with caplog.at_level(logging.ERROR, "frontdesk.stores"):
            for _ in range(2):
                found = await store.load("zoe")
                assert (stored(found), texts(found)) == (5, ["one", "two"])
                found = await store.load("zoe", whole=True)
                assert (found.offset, texts(found)) == (1, ["one", "two"])
        assert [r.getMessage() for r in caplog.records if "row 4 of table events" in r.getMessage()] != []
        assert len(caplog.records) == 1
        assert "zoe" not in caplog.text

    async def test_unknown_kinds_are_kept_word_for_word(self, store: SqlTrackerStore, file: Path) -> None:
        await store.save(Commit("ann", [said("one")], 0))
        insert(file, [{"event": "from_the_future", "timestamp": 5.0, "x": [1]}, {"timestamp": 6.0}])
        found = (await store.load("ann")).events
        assert [e.wire for e in found if isinstance(e, ev.UnknownEvent)] == [
            {"event": "from_the_future", "timestamp": 5.0, "x": [1]},
            {"timestamp": 6.0},
        ]

    async def test_broken_inbox_rows(self, store: SqlTrackerStore, file: Path) -> None:
        message = UserMessage("hi", "ann", "rest", "m1")
        for name in ("m1", "m2"):
            await store.begin(Delivery("rest", "ann", name), message)
        rows(file, "UPDATE frontdesk_inbox SET message = '{' WHERE message_id = 'm1'")
        assert [d.message_id for d, _ in await store.unfinished(0)] == ["m2"]
        await store.save(Commit("ann", [], 0, Delivery("rest", "ann", "m2"), [{"text": "Hello"}]))
        rows(file, "UPDATE frontdesk_inbox SET replies = '{' WHERE message_id = 'm2'")
        assert await store.begin(Delivery("rest", "ann", "m2"), message) == []


class TestFile:
    async def test_only_the_owner_reads_it_and_commits_are_durable(
        self, store: SqlTrackerStore, file: Path
    ) -> None:
        await store.save(Commit("ann", [said("hi")], 0))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert rows(file, "PRAGMA journal_mode") == [("wal",)]
        full = await store._database.write(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar())
        assert full == 2

    async def test_nothing_is_opened_before_it_is_used(self, file: Path) -> None:
        store = SqlTrackerStore({"db": str(file)})
        assert not file.exists()
        await store.close()
        assert not file.exists()

    async def test_the_default_place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        store = SqlTrackerStore()
        await store.save(Commit("ann", [said("hi")], 0))
        await store.close()
        assert (tmp_path / ".frontdesk" / "conversations.db").is_file()

    async def test_a_file_that_is_no_database(self, store: SqlTrackerStore, file: Path) -> None:
        file.write_bytes(b"This is a letter, and not a short one. " * 200)
        for _ in range(2):
            with pytest.raises(StoreError, match="not a database") as caught:
                await store.load("ann")
            assert caught.value.where == str(file)

    async def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "letter").write_text("hi")
        store = SqlTrackerStore({"db": str(tmp_path / "letter" / "conversations.db")})
        with pytest.raises(StoreError, match="cannot be written"):
            await store.load("ann")
        await store.close()

    async def test_a_table_of_somebody_else(self, store: SqlTrackerStore, file: Path) -> None:
        rows(file, "CREATE TABLE events (id INTEGER PRIMARY KEY, title TEXT)")
        with pytest.raises(StoreError):
            await store.load("ann")
        assert rows(file, "SELECT name FROM sqlite_master WHERE name LIKE 'frontdesk%'") == []

    async def test_tables_of_a_newer_version(self, store: SqlTrackerStore, file: Path) -> None:
        await store.load("ann")
        await store.close()
        rows(file, "UPDATE frontdesk_store SET version = 99")
        again = SqlTrackerStore({"db": str(file)})
        with pytest.raises(StoreError, match="version 99"):
            await again.load("ann")
        await again.close()

    async def test_20_000_events_are_not_read_for_the_latest_session(
        self, store: SqlTrackerStore, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await store.save(Commit("ann", [said(str(n)) for n in range(20_000)], 0))
        await store.save(Commit("ann", session(said("new")), 20_000))
        read: list[object] = []
        from frontdesk.stores import rows as module

        before = module.event_from_json
        monkeypatch.setattr(module, "event_from_json", lambda text: (read.append(text), before(text))[1])
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (20_000, ["new"])
        assert len(read) == 3
        await store.save(Commit("ann", [said("next")], 20_003))
        assert texts(await store.load("ann")) == ["new", "next"]
        assert len(read) == 4  # what was read before is not read again
        # And the database itself looks at few rows: by the index, from the session's first row on.
        plan = rows(
            file,
            "EXPLAIN QUERY PLAN SELECT data FROM events WHERE sender_id = 'ann' AND id >= 20001 ORDER BY id",
        )
        assert "ix_events_sender_id (sender_id=? AND rowid>?)" in plan[0][-1]
        assert stored(await store.load("ann", whole=True)) == 20_004


async def test_what_is_erased_is_in_no_file_while_a_server_runs(store: SqlTrackerStore, file: Path) -> None:
    await talked(store, "ann")
    beside = SqlTrackerStore(store.options)  # of a command
    assert await beside.erase("ann") is True
    await beside.close()
    assert {name.name for name in file.parent.glob("conversations.db*")} >= {file.name, f"{file.name}-wal"}
    assert b"secret" not in b"".join(kept.read_bytes() for kept in file.parent.glob("conversations.db*"))


async def test_what_a_reader_holds_up_is_said(
    store: SqlTrackerStore, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await talked(store, "ann")
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchall()
        assert await store.erase("ann") is True
    assert "stays in" in caplog.text
    assert "-wal until that is written over" in caplog.text


class TestLocked:
    async def test_a_lock_that_passes_is_waited_for(self, file: Path) -> None:
        store = SqlTrackerStore({"db": str(file), "timeout": 60})
        await store.save(Commit("ann", [said("one")], 0))
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            saving = asyncio.create_task(store.save(Commit("ann", [said("two")], 1)))
            await asyncio.sleep(0.05)
            assert texts(await store.load("ann")) == ["one"]  # readers do not wait
            assert not saving.done()
            other.execute("COMMIT")
            await saving
        assert texts(await store.load("ann")) == ["one", "two"]
        await store.close()

    async def test_a_lock_that_stays_is_an_error_and_the_store_goes_on(
        self, store: SqlTrackerStore, file: Path
    ) -> None:
        await store.save(Commit("ann", [said("one")], 0))
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            saves = [store.save(Commit(f"u{n}", [said("hi")], 0)) for n in range(3)]
            for result in await asyncio.gather(*saves, return_exceptions=True):
                assert isinstance(result, StoreError)
                assert "locked by another program for 0.5 seconds" in str(result)
            other.execute("ROLLBACK")
        await store.save(Commit("ann", [said("two")], 1))
        assert await all_senders(store) == ["ann"]

    async def test_a_new_file_locked_by_somebody_else(self, store: SqlTrackerStore, file: Path) -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match="locked"):
                await store.load("ann")
            other.execute("ROLLBACK")
        assert stored(await store.load("ann")) == 0


class TestInbox:
    async def test_answered_messages_are_pruned_after_their_retention(self, file: Path) -> None:
        clock = FakeClock()
        store = SqlTrackerStore({"db": str(file), "inbox_retention_days": 2}, clock=clock)
        message = UserMessage("hi", "ann", "rest", "m")
        for name in ("old", "open"):
            await store.begin(Delivery("rest", "ann", name), message)
        await store.save(Commit("ann", [said("hi")], 0, Delivery("rest", "ann", "old"), [{"text": "Hello"}]))
        clock.forward(1.9 * 86_400)
        await store.begin(Delivery("rest", "ann", "new"), message)
        assert await store.begin(Delivery("rest", "ann", "old"), message) == [{"text": "Hello"}]
        clock.forward(0.2 * 86_400)
        await store.begin(Delivery("rest", "ann", "newest"), message)
        kept = {name for (name,) in rows(file, "SELECT message_id FROM frontdesk_inbox")}
        assert kept == {"open", "new", "newest"}
        assert texts(await store.load("ann")) == ["hi"]
        await store.close()


class TestPostgresqlOnly:
    async def test_a_server_that_is_away(self) -> None:
        from frontdesk.testing.servers import free_port

        options = {"dialect": "postgresql", "url": "127.0.0.1", "port": free_port(), "db": "chat", "timeout": 0.2,
                   "username": "me", "password": "s3cret"}  # fmt: skip
        store = SqlTrackerStore(options)
        with pytest.raises(StoreError) as caught:
            await store.load("ann")
        assert "s3cret" not in str(caught.value)
        assert "127.0.0.1" in str(caught.value)
        await store.close()

    async def test_login_db_makes_the_database(self, postgresql: Server) -> None:
        options = {"dialect": "postgresql", "host": f"127.0.0.1:{postgresql.port}", "username": "postgres",
                   "db": 'made "here"', "login_db": "postgres", "query": {"application_name": "frontdesk"}}  # fmt: skip
        for expected in (0, 1):
            store = SqlTrackerStore(options)
            await store.save(Commit("ann", [said("hi")], expected))
            await store.close()

    async def test_a_locked_conversation(self, postgresql: Server) -> None:
        import psycopg

        url = postgresql.new_database()
        store = SqlTrackerStore({"url": url, "timeout": 0.4})
        await store.save(Commit("ann", [said("one")], 0))
        with psycopg.connect(url) as other:
            other.execute("SELECT * FROM frontdesk_conversations FOR UPDATE")
            with pytest.raises(StoreError, match="lock"):
                await store.save(Commit("ann", [said("two")], 1))
            await store.save(Commit("bob", [said("hi")], 0))
        await store.save(Commit("ann", [said("two")], 1))
        assert texts(await store.load("ann")) == ["one", "two"]
        await store.close()

    async def test_a_server_that_starts_again(self) -> None:
        from frontdesk.testing import servers

        with servers.postgresql() as server:
            store = SqlTrackerStore({"url": server.new_database(), "timeout": 30})
            await store.save(Commit("ann", [said("one")], 0))
            await asyncio.to_thread(server.stop)
            waiting = asyncio.create_task(store.load("ann"))
            await asyncio.to_thread(server.start)
            found = await waiting
            await store.save(Commit("ann", [said("two")], stored(found)))
            assert texts(await store.load("ann")) == ["one", "two"]
            await store.close()

    async def test_rasas_schema_option(self, postgresql: Server) -> None:
        url = postgresql.new_database()
        database = url.rpartition("/")[2]
        run_sql(postgresql.port, "CREATE SCHEMA chat", database)
        store = SqlTrackerStore({"url": url, "schema": "chat"})
        await store.save(Commit("ann", [said("hi")], 0))
        await store.close()
        assert run_sql(postgresql.port, "SELECT sender_id FROM chat.events", database) == [("ann",)]


def test_options_that_cannot_be_meant_are_refused_at_once() -> None:
    with pytest.raises(ConfigError):
        SqlTrackerStore({"dialect": "oracle"})

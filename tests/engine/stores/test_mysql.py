"""The SQL tracker store in MariaDB: the contract, tables that Rasa made, and a server that fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from frontdesk.core import events as ev
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import StoreError
from frontdesk.stores.brokers import SqlEventBroker
from frontdesk.stores.schema import VERSION, metadata
from frontdesk.stores.sql import SqlTrackerStore
from frontdesk.testing.contracts.erasure import ErasureContract
from frontdesk.testing.contracts.noticing import NoticingContract
from frontdesk.testing.contracts.outbox import OutboxContract
from frontdesk.testing.contracts.tracker_store import (
    OpenStore,
    SharedTrackerStoreContract,
    TrackerStoreContract,
    all_senders,
    opening,
    said,
    stored,
    texts,
)
from frontdesk.testing.fakes import FakeClock
from frontdesk.testing.servers import Server, free_port, run_mysql
from tests.engine.stores.test_sql import RASA_EVENTS

# The table as Rasa 3.6.21 creates it in MariaDB, in a database of an old server.
RASA_TABLE = """
CREATE TABLE events (
    id INTEGER NOT NULL AUTO_INCREMENT, sender_id VARCHAR(255) NOT NULL, type_name VARCHAR(255) NOT NULL,
    timestamp FLOAT, intent_name VARCHAR(255), action_name VARCHAR(255), data TEXT, PRIMARY KEY (id),
    INDEX ix_events_sender_id (sender_id)
) CHARACTER SET latin1
"""


@pytest.fixture(scope="module")
def database(mysql: Server) -> str:
    """A database with the tables: making them takes longer than a test."""
    url = mysql.new_database()

    async def make() -> None:
        store = SqlTrackerStore({"url": url})
        await store.load("ann")
        await store.close()

    asyncio.run(make())
    return url


@pytest.fixture
def url(mysql: Server, database: str) -> str:
    """The database, with empty tables."""
    for table in metadata.tables.keys() - {"frontdesk_store"}:
        run_mysql(mysql.port, f"DELETE FROM {table}", database.rpartition("/")[2])
    return database


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlTrackerStore]:
    store = SqlTrackerStore({"url": url, "timeout": 1})
    yield store
    await store.close()


class TestMysql(TrackerStoreContract, OutboxContract, ErasureContract, NoticingContract):
    @pytest.fixture
    async def store(self, url: str) -> AsyncIterator[SqlTrackerStore]:
        store = SqlTrackerStore({"url": url})
        yield store
        await store.close()


class TestSharedMysql(SharedTrackerStoreContract):
    @pytest.fixture
    async def open_store(self, url: str) -> AsyncIterator[OpenStore]:
        async with opening(lambda: SqlTrackerStore({"url": url})) as open_one:
            yield open_one


async def test_ids_are_compared_byte_by_byte(store: SqlTrackerStore) -> None:
    names = ["ann", "Ann", "ann ", "ánn", "a\N{WAVING HAND SIGN}", "a\N{GRINNING FACE}"]
    for name in names:
        await store.save(Commit(name, [said(name)], 0))
        await store.begin(Delivery("rest", name, "m1"), UserMessage(name, name, "rest", "m1"))
    for name in names:
        assert texts(await store.load(name)) == [name]
        assert [m.text for _, m in await store.unfinished(0, name)] == [name]
    assert sorted(await all_senders(store)) == sorted(names)


async def test_a_long_event_and_an_exact_time(store: SqlTrackerStore, mysql: Server, url: str) -> None:
    long, moment = "x" * 200_000, 1_700_000_000.123457
    await store.save(Commit("ann", [ev.SlotSet("a", long, timestamp=moment)], 0))
    (event,) = (await store.load("ann")).events
    assert isinstance(event, ev.SlotSet)
    assert event.value == long
    query = "SELECT timestamp FROM events"
    assert run_mysql(mysql.port, query, url.rpartition("/")[2]) == [(moment,)]


async def test_a_database_that_rasa_made_goes_on(mysql: Server) -> None:
    url = mysql.new_database()
    store = SqlTrackerStore({"url": url})
    database = url.rpartition("/")[2]
    run_mysql(mysql.port, RASA_TABLE, database)
    for wire in RASA_EVENTS:
        text = json.dumps(wire).replace("'", "''")
        values = f"'ann', '{wire['event']}', {wire['timestamp']}, '{wire.get('name', '')}', '{text}'"
        run_mysql(mysql.port, "INSERT INTO events (sender_id, type_name, timestamp, action_name, data)"
                  f" VALUES ({values})", database)  # fmt: skip
    found = await store.load("ann")
    assert (found.offset, texts(found)) == (3, ["new"])
    await store.save(Commit("ann", [said("next"), ev.SlotSet("a", "x" * 70_000)], stored(found)))
    await store.save(Commit("Ann\N{WAVING HAND SIGN}", [said("hi")], 0))
    assert texts(await store.load("ann", whole=True)) == ["old", "new", "next"]
    await store.close()
    again = SqlTrackerStore({"url": url})
    assert texts(await again.load("ann")) == ["new", "next"]
    await again.close()
    assert run_mysql(mysql.port, "SELECT version FROM frontdesk_store", database) == [(VERSION,)]


async def test_answered_messages_are_pruned_after_their_retention(url: str) -> None:
    clock = FakeClock()
    store = SqlTrackerStore({"url": url, "inbox_retention_days": 2}, clock=clock)
    for name in ("old", "open"):
        await store.begin(Delivery("rest", "ann", name), UserMessage("hi", "ann", "rest", name))
    await store.save(Commit("ann", [said("hi")], 0, Delivery("rest", "ann", "old"), [{"text": "Hello"}]))
    clock.forward(2.1 * 86_400)
    await store.begin(Delivery("rest", "ann", "new"), UserMessage("hi", "ann", "rest", "new"))
    assert [d.message_id for d, _ in await store.unfinished(0)] == ["open", "new"]
    assert await store.begin(Delivery("rest", "ann", "old"), UserMessage("hi", "ann", "rest", "old")) is None
    await store.close()


async def test_a_locked_conversation(store: SqlTrackerStore, mysql: Server, url: str) -> None:
    import pymysql

    await store.save(Commit("ann", [said("one")], 0))
    database = url.rpartition("/")[2]
    other = pymysql.connect(host="127.0.0.1", port=mysql.port, user="root", database=database)
    other.cursor().execute("SELECT * FROM frontdesk_conversations WHERE sender_id = 'ann' FOR UPDATE")
    with pytest.raises(StoreError, match="(?i)lock wait timeout"):
        await store.save(Commit("ann", [said("two")], 1))
    await store.save(Commit("bob", [said("hi")], 0))
    other.rollback()
    other.close()
    await store.save(Commit("ann", [said("two")], 1))
    assert texts(await store.load("ann")) == ["one", "two"]


async def test_connections_that_were_cut(mysql: Server, url: str) -> None:
    store = SqlTrackerStore({"url": url, "timeout": 60})
    await store.save(Commit("ann", [said("one")], 0))
    for use in (store._database.read, store._database.write):
        number = await use(lambda connection: connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar())
        run_mysql(mysql.port, f"KILL {number}")
    await store.save(Commit("ann", [said("two")], 1))
    assert texts(await store.load("ann")) == ["one", "two"]
    await store.close()


async def test_a_server_that_is_away_and_comes_back() -> None:
    from frontdesk.testing import servers

    options = {"dialect": "mysql", "url": "127.0.0.1", "port": free_port(), "db": "chat", "timeout": 0.2,
               "username": "me", "password": "s3cret"}  # fmt: skip
    store = SqlTrackerStore(options)
    with pytest.raises(StoreError, match="127.0.0.1") as caught:
        await store.load("ann")
    assert "s3cret" not in str(caught.value)
    await store.close()
    with servers.mysql() as server:
        store = SqlTrackerStore({"url": server.new_database(), "timeout": 30})
        await store.save(Commit("ann", [said("one")], 0))
        await asyncio.to_thread(server.stop)
        waiting = asyncio.create_task(store.load("ann"))
        await asyncio.to_thread(server.start)
        await store.save(Commit("ann", [said("two")], stored(await waiting)))
        assert texts(await store.load("ann")) == ["one", "two"]
        await store.close()


async def test_login_db_makes_the_database(mysql: Server) -> None:
    options = {"dialect": "mariadb", "host": f"127.0.0.1:{mysql.port}", "username": "root", "db": "made `here`",
               "login_db": "mysql"}  # fmt: skip
    for expected in (0, 1):
        store = SqlTrackerStore(options)
        await store.save(Commit("ann", [said("hi")], expected))
        await store.close()


async def test_several_servers_that_start_at_once(mysql: Server) -> None:
    url = mysql.new_database()
    stores = [SqlTrackerStore({"url": url}) for _ in range(4)]
    await asyncio.gather(*(store.save(Commit(f"u{n}", [said("hi")], 0)) for n, store in enumerate(stores)))
    assert await all_senders(stores[0]) == [f"u{n}" for n in range(4)]
    for store in stores:
        await store.close()


async def test_an_event_broker_adds_a_row_for_each_event(mysql: Server) -> None:
    url = mysql.new_database()
    broker = SqlEventBroker({"url": url})
    await broker.publish("ann", {"event": "slot", "value": "x" * 70_000})
    await broker.close()
    ((data,),) = run_mysql(mysql.port, "SELECT data FROM events", url.rpartition("/")[2])
    assert json.loads(data)["value"] == "x" * 70_000

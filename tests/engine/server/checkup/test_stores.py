from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Delivery
from frontdesk.errors import StoreError
from frontdesk.formats.endpoints import Endpoint, Endpoints
from frontdesk.server.checkup.deployment import Deployment, Finding, Level
from frontdesk.server.checkup.stores import (
    LOCKS,
    TRACKERS,
    check_lock_store,
    check_queue,
    check_tracker_store,
    clock_findings,
    mysql_findings,
    postgresql_findings,
    redis_findings,
)
from frontdesk.stores import schema
from frontdesk.stores.mongo import MongoTrackerStore
from frontdesk.stores.redis_queue import RedisQueue
from frontdesk.stores.sql import SqlTrackerStore
from frontdesk.testing import cloud_servers, servers

Make = Callable[..., Deployment]
SAFE = {
    "server_version_num": "150004", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
    "max_connections": "100",
}  # fmt: skip
KEEPING = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "always"}


def levels(findings: list[Finding]) -> list[tuple[Level, str]]:
    return [(finding.level, finding.what) for finding in findings]


def used(store: SqlTrackerStore) -> None:
    async def write() -> None:
        await store.begin(Delivery("rest", "ann", "1"), UserMessage("hello", "ann"))
        await store.close()

    asyncio.run(write())


async def trackers(deployment: Make, endpoint: Endpoint) -> list[tuple[Level, str]]:
    return levels(await check_tracker_store(deployment(endpoints=Endpoints(tracker_store=endpoint))))


async def locks(deployment: Make, endpoint: Endpoint | None, **more: Any) -> list[tuple[Level, str]]:
    return levels(await check_lock_store(deployment(endpoints=Endpoints(lock_store=endpoint), **more)))


class TestTrackers:
    async def test_in_memory(self, deployment: Make) -> None:
        [(level, what)] = await trackers(deployment, Endpoint("in_memory"))
        assert level is Level.WARNING and "end with the process" in what

    async def test_a_file_that_is_not_there_is_not_made(self, deployment: Make, tmp_path: Path) -> None:
        [(level, what)] = await trackers(deployment, Endpoint("sql", None, {"db": "c.db"}))
        assert level is Level.NOTE and "not there yet" in what
        assert not (tmp_path / "c.db").exists()

    async def test_a_file_of_this_version_and_of_another(self, deployment: Make, tmp_path: Path) -> None:
        file = tmp_path / "c.db"
        await asyncio.to_thread(used, SqlTrackerStore({"db": str(file)}))
        sql = Endpoint("sql", None, {"db": "c.db"})
        assert [level for level, _ in await trackers(deployment, sql)] == [Level.OK]
        import sqlite3

        for version, level in ((1, Level.NOTE), (999, Level.ERROR)):
            with sqlite3.connect(file) as connection:
                connection.execute("UPDATE frontdesk_store SET version = ?", (version,))
            connection.close()
            [(found, what)] = await trackers(deployment, sql)
            assert found is level and f"version {version}" in what

    async def test_a_table_that_is_another_program_s(self, deployment: Make, tmp_path: Path) -> None:
        import sqlite3

        with sqlite3.connect(tmp_path / "c.db") as connection:
            connection.execute("CREATE TABLE events (id INTEGER, title TEXT)")
        connection.close()
        [(level, what)] = await trackers(deployment, Endpoint("sql", None, {"db": "c.db"}))
        assert level is Level.ERROR and "not a tracker store's" in what

    async def test_a_real_postgresql(self, deployment: Make, postgresql: servers.Server) -> None:
        url = postgresql.new_database()
        found = await trackers(deployment, Endpoint("sql", url))
        assert (Level.NOTE, "The tables of conversations are made at the first start.") in found
        assert any(level is Level.ERROR and "fsync = off" in what for level, what in found), (
            "as tests start it"
        )
        await asyncio.to_thread(used, SqlTrackerStore({"url": url}))
        assert (Level.OK, f"The tables are there (version {schema.VERSION}).") in await trackers(
            deployment, Endpoint("sql", url)
        )

    async def test_a_real_mysql(self, deployment: Make, mysql: servers.Server) -> None:
        url = mysql.new_database()
        assert (Level.NOTE, "The tables of conversations are made at the first start.") in await trackers(
            deployment, Endpoint("sql", url)
        )
        await asyncio.to_thread(used, SqlTrackerStore({"url": url}))
        found = await trackers(deployment, Endpoint("sql", url))
        assert found[0] == (Level.OK, f"The tables are there (version {schema.VERSION}).")
        assert len(found) > 1, "the settings are judged, too"

    async def test_a_postgresql_that_is_away(self, deployment: Make) -> None:
        url = f"postgresql://me:hunter2@127.0.0.1:{servers.free_port()}/x"
        with pytest.raises(StoreError) as error:
            await trackers(deployment, Endpoint("sql", url))
        assert "hunter2" not in str(error.value)

    async def test_a_real_redis(self, deployment: Make, redis: servers.Server) -> None:
        endpoint = Endpoint("redis", redis.new_database())
        [(level, what)] = await trackers(deployment, endpoint)
        assert level is Level.ERROR and "a restart loses them" in what, "as tests start it"

    async def test_a_database_of_documents(self, deployment: Make) -> None:
        with cloud_servers.secantus() as server:
            url = f"mongodb://127.0.0.1:{server.port}"
            for _ in range(2):  # it makes nothing
                [(level, what)] = await trackers(deployment, Endpoint("mongod", url))
                assert level is Level.NOTE and "made there at the first start" in what
            store = MongoTrackerStore({"url": url})
            await store.begin(Delivery("rest", "ann", "1"), UserMessage("hello", "ann"))
            await store.close()
            assert await trackers(deployment, Endpoint("mongod", url)) == [
                (Level.OK, "The store 'mongod' answers.")
            ]


class TestLocks:
    async def test_in_memory_is_for_one(self, deployment: Make) -> None:
        assert [level for level, _ in await locks(deployment, None)] == [Level.OK]
        assert [level for level, _ in await locks(deployment, None, workers=2)] == [Level.ERROR]

    async def test_a_real_redis(self, deployment: Make, redis: servers.Server) -> None:
        url = redis.new_database()
        assert [level for level, _ in await locks(deployment, Endpoint("redis", url))] == [Level.OK]
        servers.run_redis(url, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        [(level, what)] = await locks(deployment, Endpoint("redis", url))
        servers.run_redis(url, "CONFIG", "SET", "maxmemory-policy", "noeviction")
        assert level is Level.WARNING and "drops locks" in what

    async def test_a_redis_that_is_away(self, deployment: Make) -> None:
        with pytest.raises(StoreError, match="lock store failed"):
            await locks(deployment, Endpoint("redis", f"redis://127.0.0.1:{servers.free_port()}/0"))


async def test_a_queue(deployment: Make, redis: servers.Server, tmp_path: Path) -> None:
    url = redis.new_database()
    at = {
        "tracker_store": Endpoint("sql", None, {"db": "c.db"}), "lock_store": Endpoint("redis", url),
        "queue": Endpoint("redis", url, {"limit": 10}),
    }  # fmt: skip
    (tmp_path / "credentials.yml").write_text("rest:\n")
    assert await check_queue(deployment()) == []
    assert levels(await check_queue(deployment(endpoints=Endpoints(**at))))[0][0] is Level.OK
    queue = RedisQueue({"url": url})
    await queue.bury(Delivery("rest", "ann", "m1"))
    await queue.close()
    _, finding = await check_queue(deployment(endpoints=Endpoints(**at)))
    assert (finding.level, finding.what) == (
        Level.WARNING,
        "Messages that were answered with an apology only: 1.",
    )


@pytest.mark.parametrize(
    ("changed", "more", "level", "told"),
    [
        ({}, {}, Level.OK, "PostgreSQL 15"),
        ({"fsync": "off"}, {}, Level.ERROR, "fsync"),
        ({"synchronous_commit": "off"}, {}, Level.WARNING, "acknowledged"),
        ({"max_connections": "40"}, {}, Level.WARNING, "40"),
        ({"server_version_num": "110001"}, {}, Level.WARNING, "not maintained"),
        ({}, {"standby": True}, Level.ERROR, "standby"),
    ],
)
def test_settings_of_postgresql(
    changed: dict[str, str], more: dict[str, bool], level: Level, told: str
) -> None:
    [finding] = postgresql_findings({**SAFE, **changed}, 40, **more)
    assert finding.level is level and told in finding.what


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({"innodb_flush_log_at_trx_commit": "1", "read_only": "OFF", "version": "10.11"}, Level.OK),
        ({"innodb_flush_log_at_trx_commit": "2"}, Level.WARNING),
        ({"innodb_doublewrite": "OFF"}, Level.WARNING),
        ({"read_only": "ON"}, Level.ERROR),
    ],
)
def test_settings_of_mysql(given: dict[str, str], level: Level) -> None:
    [finding] = mysql_findings(given)
    assert finding.level is level


@pytest.mark.parametrize(
    ("check", "info", "changed", "level", "told"),
    [
        (TRACKERS, {}, {}, Level.OK, "as it has to be"),
        (TRACKERS, {}, {"maxmemory-policy": "allkeys-lru"}, Level.ERROR, "conversations"),
        (LOCKS, {}, {"maxmemory-policy": "volatile-lru"}, Level.WARNING, "locks"),
        (TRACKERS, {}, {"appendfsync": "everysec"}, Level.WARNING, "power cut"),
        (LOCKS, {}, {"appendonly": "no"}, Level.OK, "as it has to be"),
        (LOCKS, {"redis_mode": "cluster"}, {}, Level.ERROR, "cluster"),
        (LOCKS, {"role": "slave"}, {}, Level.ERROR, "replica"),
        (LOCKS, {"maxmemory": 100, "used_memory": 90}, {}, Level.WARNING, "90 %"),
        (LOCKS, {"redis_version": "5.0.1"}, {}, Level.WARNING, "older"),
    ],
)
def test_settings_of_redis(
    check: str, info: dict[str, Any], changed: dict[str, str], level: Level, told: str
) -> None:
    [finding] = redis_findings(check, {"redis_version": "7.0.15", **info}, {**KEEPING, **changed})
    assert finding.level is level and told in finding.what


def test_a_redis_that_tells_no_settings_is_judged_by_what_it_tells() -> None:
    [finding] = redis_findings(TRACKERS, {"redis_version": "7.0.15", "aof_enabled": 0}, {})
    assert finding.level is Level.ERROR and "restart" in finding.what


@pytest.mark.parametrize(
    ("skew", "told"),
    [(0.5, []), (-3.0, [(Level.WARNING, "3 s behind")]), (95.0, [(Level.ERROR, "95 s ahead")])],
)
def test_clocks(skew: float, told: list[tuple[Level, str]]) -> None:
    found = clock_findings(skew, LOCKS, "Redis")
    assert [finding.level for finding in found] == [level for level, _ in told]
    assert all(part in finding.what for finding, (_, part) in zip(found, told, strict=True))

"""Where conversations and their locks are kept: reachable, of this version, and set up to lose nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from frontdesk.errors import StoreError
from frontdesk.runtime.assembly import lock_store, message_queue, tracker_store
from frontdesk.server.checkup.deployment import Deployment, Finding, Level
from frontdesk.server.queue import check_front
from frontdesk.stores import schema
from frontdesk.stores.databases import as_store_error
from frontdesk.stores.document_tracker import DocumentTrackerStore
from frontdesk.stores.options import SqlOptions, read_options
from frontdesk.stores.redis_options import (
    as_store_error as redis_error,
)
from frontdesk.stores.redis_options import connect, failures, read_redis_options
from frontdesk.stores.sql import SqlTrackerStore

SKEW = (2.0, 30.0)
"""Seconds that clocks may differ before it is a warning, and an error: leases, reminders and tokens hang on them."""
OLDEST_REDIS = (6, 2)
OLDEST_POSTGRESQL = 12
TRACKERS, LOCKS, QUEUE = "tracker store", "lock store", "queue"


async def check_tracker_store(deployment: Deployment) -> list[Finding]:
    """Reach the store of conversations, and look at how it is set up; nothing is written."""
    endpoint = deployment.endpoints.tracker_store
    store = tracker_store(endpoint, deployment.layout.folder)
    kind = ((endpoint.type if endpoint else None) or "memory").lower()
    if isinstance(store, SqlTrackerStore):
        return await asyncio.to_thread(sql_findings, read_options(store.options), deployment.workers)
    if kind == "redis":
        return await redis_store_findings(getattr(store, "options", {}), TRACKERS)
    if kind in ("memory", "in_memory", "inmemorytrackerstore"):
        what = "Conversations are in memory: they end with the process, and so does what it owes."
        mend = "Name a database under 'tracker_store' in endpoints.yml (type: sql)."
        return [Finding(TRACKERS, Level.WARNING, what, mend)]
    try:
        if not isinstance(store, DocumentTrackerStore):
            await store.next_reminder()
        elif not await store.there():
            what = f"'{kind}' answers; what keeps the conversations is made there at the first start."
            return [Finding(TRACKERS, Level.NOTE, what)]
    finally:
        await store.close()
    return [Finding(TRACKERS, Level.OK, f"The store '{kind}' answers.")]


def sql_findings(options: SqlOptions, workers: int = 1) -> list[Finding]:
    """Look at a SQL database."""
    if options.sqlite and not Path(options.url.database or "").exists():
        what = f"{options.place} is not there yet; it is made at the first start."
        return [Finding(TRACKERS, Level.NOTE, what)]
    engine = create_engine(options.url, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            found = [*version_findings(connection, options.schema)]
            if connection.dialect.name == "postgresql":
                found += _postgresql(connection, options.pool_size * 2 * workers)
            elif connection.dialect.name in ("mysql", "mariadb"):
                found += _mysql(connection)
            return found
    except Exception as error:
        raise as_store_error(error, options.place) from error
    finally:
        engine.dispose()


def version_findings(connection: Connection, where: str | None = None) -> list[Finding]:
    """Tell whether the tables are those of this version."""
    tables = set(inspect(connection).get_table_names(schema=where))
    if "events" in tables:
        columns = {column["name"] for column in inspect(connection).get_columns("events", schema=where)}
        missing = sorted({column.name for column in schema.events.columns} - columns)
        if missing:
            what = f"The table 'events' has no column {', '.join(missing)}: it is not a tracker store's."
            return [Finding(TRACKERS, Level.ERROR, what, "Name another database.")]
    if schema.version.name not in tables:
        what = "The tables of conversations are made at the first start."
        return [Finding(TRACKERS, Level.NOTE, what)]
    name = f'"{where}".{schema.version.name}' if where else schema.version.name
    rows = connection.execute(text(f"SELECT version FROM {name}")).scalars().all()  # noqa: S608  # our own name
    version = max(rows, default=0)
    if version > schema.VERSION:
        what = f"The tables are of version {version}; this Frontdesk reads up to {schema.VERSION}."
        return [Finding(TRACKERS, Level.ERROR, what, "Upgrade Frontdesk, or name another database.")]
    if version < schema.VERSION:
        what = f"The tables are of version {version}; the next start brings them to {schema.VERSION}."
        mend = "Make a backup first: an older Frontdesk will not read them any more."
        return [Finding(TRACKERS, Level.NOTE, what, mend)]
    return [Finding(TRACKERS, Level.OK, f"The tables are there (version {version}).")]


_ASKED = ("server_version_num", "fsync", "full_page_writes", "synchronous_commit", "max_connections")


def _postgresql(connection: Connection, connections: int) -> list[Finding]:
    query = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
    given = {str(name): str(value) for name, value in connection.execute(query, {"names": list(_ASKED)})}
    standby = bool(connection.execute(text("SELECT pg_is_in_recovery()")).scalar())
    before = time.time()
    now = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar() or 0)
    skew = now - (before + time.time()) / 2
    return [
        *postgresql_findings(given, connections, standby=standby),
        *clock_findings(skew, TRACKERS, "PostgreSQL"),
    ]


def postgresql_findings(
    given: Mapping[str, str], connections: int, *, standby: bool = False
) -> list[Finding]:
    """Judge PostgreSQL's settings; `connections` are those that one machine's processes may open."""
    found = []
    if standby:
        what = "This PostgreSQL is a standby, which cannot be written to."
        found.append(Finding(TRACKERS, Level.ERROR, what, "Name the primary."))
    for name in ("fsync", "full_page_writes"):
        if given.get(name) == "off":
            what = f"PostgreSQL runs with {name} = off: a power cut may cost the whole database."
            found.append(Finding(TRACKERS, Level.ERROR, what, f"Set {name} = on."))
    if given.get("synchronous_commit") == "off":
        what = "With synchronous_commit = off a crash takes messages that were acknowledged."
        found.append(Finding(TRACKERS, Level.WARNING, what, "Set synchronous_commit = on for this database."))
    most = int(given.get("max_connections", "0"))
    if most and connections > 0.8 * most:
        what = f"The workers may open {connections} connections; PostgreSQL takes {most}."
        mend = "Raise max_connections, or lower 'pool_size' of the tracker store."
        found.append(Finding(TRACKERS, Level.WARNING, what, mend))
    number = int(given.get("server_version_num", "0")) // 10_000
    if 0 < number < OLDEST_POSTGRESQL:
        what = f"PostgreSQL {number} is not maintained any more."
        found.append(
            Finding(TRACKERS, Level.WARNING, what, f"Upgrade to {OLDEST_POSTGRESQL} or a later one.")
        )
    return found or [Finding(TRACKERS, Level.OK, f"PostgreSQL {number} is set up to lose nothing.")]


def _mysql(connection: Connection) -> list[Finding]:
    rows = connection.execute(text("SHOW GLOBAL VARIABLES"))
    given = {str(name).lower(): str(value) for name, value in rows}
    before = time.time()
    now = float(connection.execute(text("SELECT UNIX_TIMESTAMP(NOW(6))")).scalar() or 0)
    skew = now - (before + time.time()) / 2
    return [*mysql_findings(given), *clock_findings(skew, TRACKERS, "the database")]


def mysql_findings(given: Mapping[str, str]) -> list[Finding]:
    """Judge MySQL's or MariaDB's settings."""
    found = []
    if given.get("read_only", "OFF").upper() in ("ON", "1"):
        what = "This database is read-only: a replica, as it seems."
        found.append(Finding(TRACKERS, Level.ERROR, what, "Name the primary."))
    if given.get("innodb_flush_log_at_trx_commit", "1") != "1":
        what = "A crash takes messages that were acknowledged (innodb_flush_log_at_trx_commit)."
        found.append(Finding(TRACKERS, Level.WARNING, what, "Set innodb_flush_log_at_trx_commit = 1."))
    if given.get("innodb_doublewrite", "ON").upper() in ("OFF", "0"):
        what = "A power cut may cost whole pages of the database (innodb_doublewrite)."
        found.append(Finding(TRACKERS, Level.WARNING, what, "Set innodb_doublewrite = ON."))
    version = given.get("version", "")
    return found or [Finding(TRACKERS, Level.OK, f"The database ({version}) is set up to lose nothing.")]


async def check_lock_store(deployment: Deployment) -> list[Finding]:
    """Reach the store of locks, and look at how it is set up."""
    endpoint = deployment.endpoints.lock_store
    kind = ((endpoint.type if endpoint else None) or "in_memory").lower()
    if kind == "redis":
        return await redis_store_findings(getattr(lock_store(endpoint), "options", {}), LOCKS)
    if kind == "in_memory":
        if deployment.workers > 1:
            what = "Several workers need a lock store that they share; this one is in the memory of each."
            return [Finding(LOCKS, Level.ERROR, what, "Name Redis under 'lock_store' (type: redis).")]
        what = "Locks are in memory: right for one process that alone answers these conversations."
        return [Finding(LOCKS, Level.OK, what)]
    store = lock_store(endpoint)
    try:
        async with store.lock("doctor"):
            pass
    finally:
        await store.close()
    return [Finding(LOCKS, Level.OK, f"The store '{kind}' answers.")]


async def check_queue(deployment: Deployment) -> list[Finding]:
    """Reach the queue, where there is one, and tell of messages that were answered with an apology only."""
    if deployment.endpoints.queue is None:
        return []
    check_front(deployment.endpoints, deployment.credentials, deployment.layout.folder)
    queue = message_queue(deployment.endpoints)
    found = await redis_store_findings(queue.options, QUEUE)
    try:
        dead = len(await queue.dead())
    finally:
        await queue.close()
    if dead:
        what = f"Messages that were answered with an apology only: {dead}."
        found.append(Finding(QUEUE, Level.WARNING, what, "Look at them: frontdesk queue."))
    return found


async def redis_store_findings(options: Mapping[str, Any], check: str) -> list[Finding]:
    """Reach a Redis, and look at how it is set up. Raises StoreError."""
    section = check.replace(" ", "_")
    more = frozenset({"lifetime", "record_exp", "inbox_retention_days", "limit"})
    at = read_redis_options(options, section, "", more, database=0 if check == TRACKERS else 1)
    client = connect(at, f"A {check} in Redis")
    try:
        info = {str(key): value for key, value in (await client.info()).items()}
        before = time.time()
        seconds, micros = await client.time()
        skew = seconds + micros / 1e6 - (before + time.time()) / 2
        try:
            config = {str(key): str(value) for key, value in (await client.config_get("*")).items()}
        except failures():  # many who host Redis do not let it be asked
            config = {str(k): str(v) for k, v in info.items() if k == "maxmemory_policy"}
            config = {key.replace("_", "-"): value for key, value in config.items()}
    except failures() as error:
        found: StoreError = redis_error(error, f"The {check}", at.place, section)
        raise found from error
    finally:
        await client.aclose()
    return [*redis_findings(check, info, config), *clock_findings(skew, check, "Redis")]


def redis_findings(check: str, info: Mapping[str, Any], config: Mapping[str, str]) -> list[Finding]:
    """Judge what a Redis says of itself: for conversations it has to keep everything, for locks what is in use."""
    found = []
    trackers = check == TRACKERS
    policy = config.get("maxmemory-policy", str(info.get("maxmemory_policy", "noeviction")))
    bad = Level.ERROR if trackers else Level.WARNING
    if policy != "noeviction":
        lost = {TRACKERS: "conversations", LOCKS: "locks"}.get(check, "what waits")
        what = f"Redis has maxmemory-policy {policy}: where memory gets short it drops {lost}."
        found.append(Finding(check, bad, what, "Set maxmemory-policy noeviction."))
    if trackers and (config.get("appendonly") == "no" or info.get("aof_enabled") == 0):
        what = "Redis keeps conversations in memory only (appendonly no): a restart loses them."
        found.append(Finding(check, Level.ERROR, what, "Set appendonly yes and appendfsync always."))
    elif trackers and config.get("appendfsync", "always") != "always":
        what = f"With appendfsync {config['appendfsync']} a power cut takes messages that were acknowledged."
        mend = "Set appendfsync always, or keep conversations in PostgreSQL."
        found.append(Finding(check, Level.WARNING, what, mend))
    if str(info.get("redis_mode")) == "cluster":
        found.append(Finding(check, Level.ERROR, "This is a Redis cluster.", "Name a single Redis."))
    if info.get("role") in ("slave", "replica"):
        found.append(Finding(check, Level.ERROR, "This Redis is a replica.", "Name the primary."))
    most, used = int(info.get("maxmemory") or 0), int(info.get("used_memory") or 0)
    if most and used > 0.8 * most:
        what = f"Redis uses {100 * used // most} % of its memory; when it is full, messages get 503."
        found.append(Finding(check, Level.WARNING, what, "Give it more: maxmemory."))
    version = str(info.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < OLDEST_REDIS:
        what = f"Redis {version} is older than what is tried ({'.'.join(map(str, OLDEST_REDIS))})."
        found.append(Finding(check, Level.WARNING, what, "Upgrade it."))
    return found or [Finding(check, Level.OK, f"Redis {version} is set up as it has to be.")]


def clock_findings(skew: float, check: str, what: str) -> list[Finding]:
    """Judge by how many seconds another machine's clock is ahead."""
    if abs(skew) < SKEW[0]:
        return []
    level = Level.WARNING if abs(skew) < SKEW[1] else Level.ERROR
    way = "ahead of" if skew > 0 else "behind"
    said = f"The clock of {what} is {abs(skew):.0f} s {way} this machine's."
    return [Finding(check, level, said, "Let both follow the same time server (NTP).")]

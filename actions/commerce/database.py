"""The shop's database: how it is opened, locked, written and filled on first use."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError

from actions.commerce import schema
from actions.commerce.errors import StoreBusy, StoreError, StoreMismatch

VARIABLE = "FRONTDESK_SHOP_DB"
DEFAULT = "sqlite:///.frontdesk/shop.db"
BUSY_SECONDS = 5.0
SEED_SECONDS = 60.0  # a second process waits this long while the first one fills the shop
COUNTERS = ("return", "ticket", "callback", "refund", "quote")
ADVISORY_LOCK = 4_150_071  # PostgreSQL: one filler at a time

Fill = Callable[[Connection], None]


def database_url(url: str | None = None) -> str:
    """Say which database is meant: the argument, the environment, or the file of the project."""
    return url or os.environ.get(VARIABLE) or DEFAULT


class Database:
    """One database, opened on first use.

    >>> database = Database("sqlite:///shop.db", fill=lambda connection: ...)
    >>> with database.read() as connection: ...
    >>> with database.write() as connection: ...

    `fill` is called once in the life of the database, in the transaction that makes the tables.
    `source` names what it fills in, for those who ask later.
    """

    def __init__(self, url: str, *, fill: Fill | None = None, source: str = "empty") -> None:
        self.url = _checked(url)
        self._fill = fill
        self._source = source
        self._engine: Engine | None = None
        self._lock = Lock()
        self._writers = Lock()

    @property
    def engine(self) -> Engine:
        """The engine, with tables made and filled."""
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    engine = _make_engine(self.url)
                    try:
                        _prepare(engine, self._fill, self._source)
                    except BaseException:
                        engine.dispose()
                        raise
                    self._engine = engine
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a reading transaction: one consistent view, no waiting for writers."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a writing transaction; the writers of an SQLite file take turns."""
        engine = self.engine  # which may have to be filled first; nobody stands in line for that
        with self._turn(), _writing(engine) as connection:
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let those of this process who write to an SQLite file stand in line.

        SQLite itself has whoever waits look again now and then: under load some never find it free.
        """
        if self.url.get_backend_name() != "sqlite":
            yield
            return
        if not self._writers.acquire(timeout=BUSY_SECONDS):
            raise _busy()
        try:
            yield
        finally:
            self._writers.release()

    @contextmanager
    def unprepared(self) -> Iterator[Connection]:
        """Open a writing transaction on the database as it stands, in whatever revision."""
        engine = _make_engine(self.url)
        try:
            with _writing(engine) as connection:
                _take_turns(connection)
                yield connection
        finally:
            engine.dispose()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None


def order_key(number: str) -> str:
    """Reduce an order number to what identifies it: letters and digits, in upper case."""
    return "".join(character for character in number.upper() if character.isalnum())


def _checked(url: str) -> URL:
    """Refuse what can't work, and make the folder of an SQLite file."""
    try:
        parsed = make_url(url)
    except Exception as error:
        raise StoreError(f"{VARIABLE} isn't a database URL: it should look like {DEFAULT}.") from error
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StoreError(
                f"An in-memory database can't be shared by threads; use a file such as {DEFAULT}."
            )
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed


def _make_engine(url: URL) -> Engine:
    """Make the engine; SQLite gets WAL, foreign keys and transactions that begin when we say so."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _opened(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would begin and commit by itself otherwise
        _use_wal(connection)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a file to WAL; SQLite doesn't wait for others here, so this does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def _writing(engine: Engine, patience: float = 0.0) -> Iterator[Connection]:
    """Begin a transaction that may write, commit it at the end, undo it on any exception."""
    deadline = time.monotonic() + patience
    with engine.connect() as plain:
        connection = plain.execution_options(sqlite_begin="IMMEDIATE")
        while True:
            try:
                transaction = connection.begin()
                break
            except OperationalError as error:
                if not _is_busy(error) or time.monotonic() >= deadline:
                    raise _stated(error) from error
        try:
            with transaction:
                yield connection
        except DBAPIError as error:
            raise _stated(error) from error


def _is_busy(error: DBAPIError) -> bool:
    """Tell whether another writer is in the way."""
    return "database is locked" in str(error.orig) or "database is busy" in str(error.orig)


def _stated(error: DBAPIError) -> Exception:
    """Name a database that is locked by others; everything else stays as it is."""
    return _busy() if _is_busy(error) else error


def _busy() -> StoreBusy:
    return StoreBusy(f"The shop's database was locked by another writer for over {BUSY_SECONDS:.0f} seconds.")


def _prepare(engine: Engine, fill: Fill | None, source: str) -> None:
    """Make and fill the tables, once, however many processes begin at the same time."""
    with engine.connect() as connection:
        if _is_ready(connection):
            return
    with _writing(engine, patience=SEED_SECONDS) as connection:
        _take_turns(connection)
        if _is_ready(connection):
            return
        if "shop_meta" in inspect(connection).get_table_names():
            from actions.commerce.migrate import move  # Alembic is needed by earlier databases only

            move(connection, schema.REVISION)
            return
        schema.metadata.create_all(connection, checkfirst=False)
        connection.execute(insert(schema.alembic_version).values(version_num=schema.REVISION))
        connection.execute(
            insert(schema.shop_meta).values(
                id=1, source=source, salt=secrets.token_hex(16), filled_at=datetime.now(UTC)
            )
        )
        connection.execute(insert(schema.audit_head).values(id=1, rows=0, hash=""))
        connection.execute(insert(schema.counters), [{"name": name, "value": 10_000} for name in COUNTERS])
        if fill is not None:
            fill(connection)


def _take_turns(connection: Connection) -> None:
    """Keep other processes from making or changing the tables; SQLite's writers take turns anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


def _is_ready(connection: Connection) -> bool:
    """Tell whether the tables are there, in this program's revision."""
    tables = set(inspect(connection).get_table_names())
    if "shop_meta" not in tables:
        taken = tables & set(schema.metadata.tables)
        if taken:
            raise StoreMismatch(
                f"The database already has a table called '{sorted(taken)[0]}' that isn't the shop's. "
                f"Name another database in {VARIABLE}."
            )
        return False
    if schema.alembic_version.name not in tables:
        return False
    revision = connection.execute(select(schema.alembic_version.c.version_num)).scalar()
    return bool(revision == schema.REVISION)

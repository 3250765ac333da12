"""A PostgreSQL database: a few threads, each with a connection and one transaction at a time."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from frontdesk.errors import MissingExtra
from frontdesk.stores.databases import as_store_error
from frontdesk.stores.lanes import Job, Lane, Work
from frontdesk.stores.options import SqlOptions
from frontdesk.stores.schema import prepare

T = TypeVar("T")


class PostgresDatabase:
    """A PostgreSQL database, each piece of work in a transaction of its own.

    Work that fails for a reason that passes (a deadlock, a conversation that two servers begin at once, a
    server that starts again) is repeated until the time is up. That is safe where the answer to a COMMIT got
    lost, too: `save` then finds that the conversation went on, and says so.
    """

    needs = ("A tracker store in PostgreSQL", "postgresql")
    reading: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    writing: Mapping[str, Any] = {}

    def __init__(self, options: SqlOptions) -> None:
        self._options = options
        self._engine: Engine | None = None
        self._opening = threading.Lock()
        size = options.pool_size
        self._readers = Lane("reader", self._read, seconds=options.timeout, threads=size, most=1)
        self._writers = Lane("writer", self._write, seconds=options.timeout, threads=size, most=1)

    async def read(self, work: Work[T]) -> T:
        """Do work that only reads, on one state of the database."""
        return await self._readers.do(work)

    async def write(self, work: Work[T]) -> T:
        """Do work that writes; returns once it is committed."""
        return await self._writers.do(work)

    async def close(self) -> None:
        """Finish what waits and close the connections."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.close()
        self._writers.close()
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                if self._options.login is not None:
                    self._create(self._options.login, self._options.url.database or "")
                engine = self._make()
                try:
                    with engine.begin() as connection:
                        prepare(connection)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    def _make(self) -> Engine:
        engine = self._engine_at(
            self._options.url,
            pool_size=2 * self._options.pool_size,
            max_overflow=0,
            pool_timeout=self._options.timeout,
        )
        event.listen(engine, "connect", self._prepare_connection)
        return engine

    def _engine_at(self, url: URL, **options: Any) -> Engine:
        try:
            return create_engine(url, hide_parameters=True, **options)
        except ImportError as error:
            raise MissingExtra(*self.needs) from error

    def _prepare_connection(self, raw: Any, _record: object) -> None:
        settings = {"lock_timeout": f"{int(self._options.timeout * 1000)}ms"}
        if self._options.schema:
            settings["search_path"] = self._options.schema
        with raw.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        raw.commit()

    def _read(self, jobs: list[Job[Any]]) -> None:
        self._each(jobs, self.reading)

    def _write(self, jobs: list[Job[Any]]) -> None:
        self._each(jobs, self.writing)

    def _each(self, jobs: list[Job[Any]], how: Mapping[str, Any]) -> None:
        for job in jobs:
            while not job.settled:
                try:
                    with self._opened().connect().execution_options(**how) as connection, connection.begin():
                        result = job.work(connection)
                except Exception as error:
                    if job.overdue or not self._passes(error):
                        job.fail(as_store_error(error, self._options.place))
                    else:
                        # By chance, so that two writers do not meet again.
                        time.sleep(random.uniform(0.01, 0.05))  # noqa: S311
                else:
                    job.succeed(result)

    def _create(self, login: URL, name: str) -> None:
        """Make the database where it is not there yet."""
        engine = self._engine_at(login, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                found = connection.execute(
                    text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
                )
                if found.one_or_none() is None:
                    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
                    # Another server may have been faster; if it is something else, connecting says what.
                    with contextlib.suppress(DBAPIError):
                        connection.execute(text(f"CREATE DATABASE {quoted}"))
        finally:
            engine.dispose()

    def _passes(self, error: Exception) -> bool:
        if isinstance(error, PoolTimeout):
            return True
        return isinstance(error, DBAPIError) and self._said_to_pass(error)

    def _said_to_pass(self, error: DBAPIError) -> bool:
        """Tell whether the database's own words are of something that passes by itself."""
        state = getattr(error.orig, "sqlstate", None)
        if state is None:  # no answer from a server at all: it is away
            return type(error.orig).__name__ == "OperationalError"
        return error.connection_invalidated or state in _PASSING


_PASSING = frozenset(
    {
        "40001",  # two transactions could not be put in an order
        "40P01",  # deadlock
        "23505",  # two servers wrote the first row of a conversation or of a delivery at once
        "53300",  # too many connections
        "57P01",  # the server is being stopped
        "57P03",  # the server is starting
    }
)

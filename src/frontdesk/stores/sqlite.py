"""A SQLite file: one writer with group commit, readers beside it."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from frontdesk.errors import StoreError
from frontdesk.stores.databases import as_store_error
from frontdesk.stores.lanes import Job, Lane, Work
from frontdesk.stores.options import SqlOptions
from frontdesk.stores.schema import prepare

log = logging.getLogger("frontdesk.stores")

T = TypeVar("T")

SLICE = 0.2
"""Seconds that SQLite itself waits for a lock; after each, jobs that waited long enough are given up."""
READERS = 2


class SqliteDatabase:
    """A SQLite file in WAL mode.

    All writes that wait when the writer's thread comes free go into one transaction, each in a savepoint of
    its own (one alone needs none), and are acknowledged after its COMMIT. Readers have threads of their own;
    in WAL mode they wait for nobody.

    `synchronous` is FULL: in WAL mode NORMAL may lose the last commits at a power cut, and acknowledged means
    committed. It costs one fsync for each group, not for each message (measured: 0.3 ms against 0.02 ms).
    """

    def __init__(self, options: SqlOptions) -> None:
        self._options = options
        self._file = Path(options.url.database or "")
        self._engine: Engine | None = None
        self._opening = threading.Lock()
        self._writer = Lane("writer", self._write, seconds=options.timeout)
        self._readers = Lane("reader", self._read, seconds=options.timeout, threads=READERS, most=64)

    async def read(self, work: Work[T]) -> T:
        """Do work that only reads, on one state of the database."""
        return await self._readers.do(work)

    async def write(self, work: Work[T]) -> T:
        """Do work that writes; returns once it is committed."""
        return await self._writer.do(work)

    async def forget(self) -> None:
        """Let what was written over be gone from the log beside the file, too, unless somebody reads all the while."""
        await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        busy = True
        with closing(self._opened().raw_connection()) as raw, suppress(sqlite3.OperationalError):
            busy = bool(raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        if busy:
            log.warning(
                "What was erased stays in %s-wal until that is written over: it is in use.", self._file
            )

    async def close(self) -> None:
        """Finish what waits and close the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.close()
        self._writer.close()
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._make_file()
                engine = create_engine(
                    self._options.url,
                    connect_args={"timeout": SLICE, "check_same_thread": False, "isolation_level": None},
                    pool_size=READERS + 1,
                    hide_parameters=True,
                )
                event.listen(engine, "connect", _prepare_connection)
                event.listen(engine, "begin", _begin)
                try:
                    with _for_writing(engine) as connection, connection.begin():
                        prepare(connection)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    def _make_file(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            # Conversations are private: nobody else on this machine reads a file that we create.
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            what = f"The file of conversations cannot be written ({error.strerror})."
            hint = "Check the folder's permissions, or name another file under `db`."
            raise StoreError(what, where=str(self._file), hint=hint) from error

    def _read(self, jobs: list[Job[Any]]) -> None:
        try:
            with self._opened().connect() as connection, connection.begin():
                for job in jobs:
                    try:
                        job.succeed(job.work(connection))
                    except Exception as error:
                        job.fail(self._error(error))
        except Exception as error:
            self._give_up(jobs, error)

    def _write(self, jobs: list[Job[Any]]) -> None:
        begun = False
        try:
            with _for_writing(self._opened()) as connection, connection.begin():
                begun = True
                if len(jobs) == 1:
                    jobs[0].result = jobs[0].work(connection)
                else:
                    for job in jobs:
                        self._in_savepoint(connection, job)
        except Exception as error:
            if not begun:
                self._give_up(jobs, error)
                return
            for job in jobs:  # nothing of the group was committed
                if job.error is None:
                    job.fail(self._error(error))
            return
        for job in jobs:
            if not job.settled:
                job.succeed(job.result)

    def _in_savepoint(self, connection: Connection, job: Job[Any]) -> None:
        """Do the work of one among a group; its result counts only after the group's COMMIT."""
        savepoint = connection.begin_nested()
        try:
            job.result = job.work(connection)
        except Exception as error:
            job.fail(self._error(error))
            # Where SQLite gave up the whole transaction (a full disk), this fails, and with it the group.
            savepoint.rollback()
        else:
            savepoint.commit()

    def _give_up(self, jobs: list[Job[Any]], error: Exception) -> None:
        """Settle the jobs with an error; while the database is locked, only those that waited long enough."""
        locked = _is_locked(error)
        for job in jobs:
            if not job.settled and (job.overdue or not locked):
                job.fail(self._error(error))
        if locked:
            time.sleep(0.01)  # some locks are reported at once, without SQLite's own waiting

    def _error(self, error: Exception) -> Exception:
        if not _is_locked(error):
            return as_store_error(error, self._options.place)
        what = f"The database has been locked by another program for {self._options.timeout:g} seconds."
        hint = "Close the other program, or raise `timeout` under tracker_store."
        return StoreError(what, where=self._options.place, hint=hint)


def _for_writing(engine: Engine) -> Connection:
    return engine.connect().execution_options(frontdesk_writes=True)


def _prepare_connection(raw: sqlite3.Connection, _record: object) -> None:
    # A text that is not UTF-8 must cost one row, not the whole query.
    raw.text_factory = lambda found: found.decode("utf-8", "replace")
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        raw.execute(f"PRAGMA {pragma}").fetchall()


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once: one that reads first and writes later can fail without having waited.
    writes = connection.get_execution_options().get("frontdesk_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_locked(error: BaseException) -> bool:
    found = error.orig if isinstance(error, DBAPIError) else error
    # The low byte of SQLite's extended codes is the plain code.
    code = getattr(found, "sqlite_errorcode", 0) & 0xFF
    return isinstance(found, sqlite3.OperationalError) and code in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )

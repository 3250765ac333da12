"""A MySQL or MariaDB database: as PostgreSQL, where it does not differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from frontdesk.stores.postgresql import PostgresDatabase


class MysqlDatabase(PostgresDatabase):
    """MySQL 8.0.17 or newer, or MariaDB 10.6 or newer: worked on as a PostgreSQL database is.

    Writers read what is committed, and not what was when their transaction began: else one that waited for a
    conversation's row would count its events as they were before. Whatever the server is set to, a text that is too
    long is an error, and nothing is cut off.
    """

    needs = ("A tracker store in MySQL or MariaDB", "mysql")
    reading: Mapping[str, Any] = {"frontdesk_reads": True}

    def _make(self) -> Engine:
        engine = super()._make()
        event.listen(engine, "begin", _begin)
        return engine

    def _prepare_connection(self, raw: Any, _record: object) -> None:
        with raw.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'")
            cursor.execute(
                "SET SESSION innodb_lock_wait_timeout = %s", (max(1, math.ceil(self._options.timeout)),)
            )
        raw.commit()

    def _create(self, login: URL, name: str) -> None:
        engine = self._engine_at(login, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                quoted = connection.dialect.identifier_preparer.quote_identifier(name)
                connection.execute(text(f"CREATE DATABASE IF NOT EXISTS {quoted} CHARACTER SET utf8mb4"))
        finally:
            engine.dispose()

    def _said_to_pass(self, error: DBAPIError) -> bool:
        number = next(iter(getattr(error.orig, "args", ())), None)
        return error.connection_invalidated or number in _PASSING


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("frontdesk_reads", False):  # several statements, one state
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


_PASSING = frozenset(
    {
        0,  # the connection was closed while it was in use
        1020,  # the row was changed since this transaction read it
        1040,  # too many connections
        1053,  # the server is being stopped
        1062,  # two servers wrote the first row of a conversation or of a delivery at once
        1213,  # deadlock
        1927,  # somebody ended the connection
        2002,  # the server is away
        2003,
        2006,
        2013,
    }
)

"""Tell others what happened, as Rasa's event brokers do: a line of a file, or a row of a table for each event."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

from frontdesk.core.ports import Announcement, Options
from frontdesk.errors import ConfigError, StoreError
from frontdesk.stores.options import read_options
from frontdesk.stores.schema import alone_in_postgresql, long_text

WHERE = "endpoints.yml: event_broker"
DEFAULT_LOG = "rasa_event.log"
DEFAULT_DATABASE = "events.db"

_metadata = MetaData()
_events = Table(
    "events",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("sender_id", String(255)),
    Column("data", long_text),
    mysql_charset="utf8mb4",  # a database's own may be Latin-1
)


def body(sender_id: str, event: Mapping[str, Any], *, ascii_only: bool = True) -> str:
    """Return an event as Rasa publishes it."""
    return json.dumps({"sender_id": sender_id, **event}, ensure_ascii=ascii_only)


class FileEventBroker:
    """Appends each event to a file (`path`), as one line of JSON."""

    def __init__(self, options: Options) -> None:
        self.path = Path(str(options.get("path") or DEFAULT_LOG))
        self._lock = asyncio.Lock()

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        """Append one event."""
        await self.publish_all([Announcement("", sender_id, event)])

    async def publish_all(self, batch: Sequence[Announcement]) -> None:
        """Append events."""
        lines = "".join(f"{body(one.sender_id, one.event, ascii_only=False)}\n" for one in batch)
        async with self._lock:
            await asyncio.to_thread(self._append, lines)

    async def check(self) -> None:
        """Raise StoreError where the file cannot be written."""
        place = self.path if self.path.exists() else self.path.parent
        if not os.access(place, os.W_OK):
            raise StoreError("The events cannot be written.", where=str(self.path))

    def _append(self, line: str) -> None:
        try:
            with self.path.open("a", encoding="utf-8") as out:
                out.write(line)
        except OSError as error:
            raise StoreError(
                f"The events cannot be written ({error.strerror}).", where=str(self.path)
            ) from error

    async def close(self) -> None:
        """Do nothing: each line was written out."""


class SqlEventBroker:
    """Adds each event to the table `events` (sender_id, data) of a database: Rasa's options, and its table."""

    def __init__(self, options: Options) -> None:
        given = {"db": DEFAULT_DATABASE, **options}
        try:
            self._url = read_options(given).url
        except ConfigError as error:
            raise ConfigError(error.what, where=WHERE, hint=error.hint) from error
        self._engine = create_engine(self._url)
        self._ready = False

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        """Add one event. Raises StoreError where the database fails."""
        await self.publish_all([Announcement("", sender_id, event)])

    async def publish_all(self, batch: Sequence[Announcement]) -> None:
        """Add events in one transaction."""
        rows = [{"sender_id": one.sender_id, "data": body(one.sender_id, one.event)} for one in batch]
        await asyncio.to_thread(self._add, rows)

    async def check(self) -> None:
        """Raise StoreError where the database cannot be used."""
        await asyncio.to_thread(self._ask)

    def _ask(self) -> None:
        try:
            with self._engine.connect() as connection:
                connection.execute(select(1))
        except SQLAlchemyError as error:
            raise self._failed(error) from error

    def _add(self, rows: list[dict[str, str]]) -> None:
        try:
            if not self._ready:
                self._prepare()
            with self._engine.begin() as connection:
                if rows:
                    connection.execute(insert(_events), rows)
        except SQLAlchemyError as error:
            raise self._failed(error) from error

    def _failed(self, error: SQLAlchemyError) -> StoreError:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        return StoreError(f"The event broker's database failed: {reason}.", where=WHERE)

    def _prepare(self) -> None:
        if not inspect(self._engine).has_table("events"):  # whoever may only write needs no right to create
            # Others may do so at this moment, here or on another server.
            with self._engine.begin() as connection:
                alone_in_postgresql(connection)
                connection.execute(CreateTable(_events, if_not_exists=True))
        columns = {column["name"] for column in inspect(self._engine).get_columns("events")}
        if columns != {column.name for column in _events.columns}:
            what = "The table `events` of this database is another one, such as a tracker store's."
            raise StoreError(what, where=WHERE, hint="Name a database of its own.")
        self._ready = True

    async def close(self) -> None:
        """Let go of connections."""
        self._engine.dispose()

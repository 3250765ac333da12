"""Tell others what happened, as Rasa's event brokers do: a line of a file, or a row of a table for each event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, Text, create_engine, insert, inspect
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.ports import Options
from frontdesk.errors import ConfigError, StoreError
from frontdesk.stores.options import read_options

WHERE = "endpoints.yml: event_broker"
DEFAULT_LOG = "rasa_event.log"
DEFAULT_DATABASE = "events.db"

_metadata = MetaData()
_events = Table(
    "events",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("sender_id", String(255)),
    Column("data", Text),
)


class FileEventBroker:
    """Appends each event to a file (`path`), as one line of JSON."""

    def __init__(self, options: Options) -> None:
        self.path = Path(str(options.get("path") or DEFAULT_LOG))
        self._lock = asyncio.Lock()

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        """Append one event."""
        line = json.dumps({"sender_id": sender_id, **event}, ensure_ascii=False) + "\n"
        async with self._lock:
            await asyncio.to_thread(self._append, line)

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
        data = json.dumps({"sender_id": sender_id, **event}, ensure_ascii=False)
        await asyncio.to_thread(self._add, sender_id, data)

    def _add(self, sender_id: str, data: str) -> None:
        try:
            if not self._ready:
                self._prepare()
            with self._engine.begin() as connection:
                connection.execute(insert(_events), {"sender_id": sender_id, "data": data})
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
            raise StoreError(f"The event broker's database failed: {reason}.", where=WHERE) from error

    def _prepare(self) -> None:
        _metadata.create_all(self._engine)
        columns = {column["name"] for column in inspect(self._engine).get_columns("events")}
        if columns != {column.name for column in _events.columns}:
            what = "The table `events` of this database is another one, such as a tracker store's."
            raise StoreError(what, where=WHERE, hint="Name a database of its own.")
        self._ready = True

    async def close(self) -> None:
        """Let go of connections."""
        self._engine.dispose()

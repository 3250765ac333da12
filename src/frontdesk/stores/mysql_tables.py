"""What the tables of conversations need in MySQL and MariaDB beside their columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, MetaData, inspect, text

from frontdesk.errors import StoreError

_LOCK = "frontdesk-tables"
_WAIT = 30
"""Seconds to wait for another server that makes the tables."""
_INDEX = "ix_frontdesk_inbox_sender_id_finished"


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Let no other server make tables meanwhile: such statements commit by themselves."""
    got = connection.execute(text("SELECT GET_LOCK(:name, :wait)"), {"name": _LOCK, "wait": _WAIT}).scalar()
    if got != 1:
        raise StoreError("Another server has been making the tables of conversations for too long.")
    try:
        yield
    finally:
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})


def suit(connection: Connection, metadata: MetaData) -> None:
    """Give the tables what a new one would have, also those that Rasa made.

    Ids are compared byte by byte, so that 'ann', 'Ann' and 'ann ' are three conversations. An event may be longer than
    64 KiB, and a time is exact.
    """
    wanted = "utf8mb4_nopad_bin" if getattr(connection.dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    rows = connection.execute(
        text(
            "SELECT table_name AS of_table, column_name AS name, data_type AS kind, collation_name AS collated"
            " FROM information_schema.columns WHERE table_schema = DATABASE()"
        )
    ).all()
    for table in metadata.sorted_tables:
        own = [row for row in rows if row.of_table == table.name]
        if any(row.collated not in (None, wanted) for row in own):
            connection.execute(
                text(f"ALTER TABLE `{table.name}` CONVERT TO CHARACTER SET utf8mb4 COLLATE {wanted}")
            )
    kinds = {row.name: row.kind for row in rows if row.of_table == "events"}
    if kinds.get("data", "longtext") != "longtext":
        connection.execute(text(f"ALTER TABLE events MODIFY data LONGTEXT COLLATE {wanted}"))
    if kinds.get("timestamp", "double") != "double":
        connection.execute(text("ALTER TABLE events MODIFY timestamp DOUBLE"))


def index_open(connection: Connection) -> None:
    """Index the messages of a conversation by whether they were answered: there are no partial indexes."""
    if _INDEX not in {index["name"] for index in inspect(connection).get_indexes("frontdesk_inbox")}:
        connection.execute(text(f"CREATE INDEX {_INDEX} ON frontdesk_inbox (sender_id, finished)"))

"""The tables that conversations are kept in.

`events` is Rasa's table to the letter, so that Rasa's databases are read and people's reports keep working.
Everything else stands in side tables, written in the same transaction.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.mysql import DOUBLE, LONGTEXT

from frontdesk.errors import StoreError
from frontdesk.stores import mysql_tables

VERSION = 4
"""Of the side tables; a later version knows how to go on from an earlier one.

Since 2 there are reminders, since 3 the inbox counts tries, since 4 conversations have a fence.
"""

metadata = MetaData()
# MySQL's own FLOAT holds a time only to the nearest two minutes, and its TEXT ends after 64 KiB.
exact = Float().with_variant(DOUBLE(asdecimal=False), "mysql")
long_text = Text().with_variant(LONGTEXT(), "mysql")

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sender_id", String(255), nullable=False, index=True),
    Column("type_name", String(255), nullable=False),
    Column("timestamp", exact),
    Column("intent_name", String(255)),
    Column("action_name", String(255)),
    Column("data", long_text),
)

# How far each conversation is: the number of events ever stored, the row that its latest session begins with,
# and the last row. Where `last_id` is not the newest row of `events`, another program wrote there, and the
# rest is counted anew. A writer whose number is below `fence` has lost the conversation's lock.
conversations = Table(
    "frontdesk_conversations",
    metadata,
    Column("sender_id", String(255), primary_key=True),
    Column("events", Integer, nullable=False),
    Column("session_id", Integer, nullable=False),
    Column("last_id", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False, server_default="0"),
)

# Every message as it arrived, and what was answered; `begun` and `finished` are seconds since the epoch. `tries` counts
# the starts at which an unanswered message was begun again.
inbox = Table(
    "frontdesk_inbox",
    metadata,
    Column("channel", String(255), primary_key=True),
    Column("sender_id", String(255), primary_key=True),
    Column("message_id", String(255), primary_key=True),
    Column("message", long_text),
    Column("begun", exact, nullable=False),
    Column("finished", exact),
    Column("replies", long_text),
    Column("tries", Integer, nullable=False, server_default="0"),
    Index("ix_frontdesk_inbox_finished", "finished"),
)

# Intents that are to be triggered later. `free` is when one may be taken: when it is due, and while a server is at it
# when that server's lease ends.
reminders = Table(
    "frontdesk_reminders",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("sender_id", String(255), nullable=False, index=True),
    Column("due", exact, nullable=False),
    Column("free", exact, nullable=False, index=True),
    Column("data", long_text, nullable=False),
)

# What an event broker is still to be told, one row for each commit, in the order of commits within a conversation.
# Numbers are never given out again: whoever sends forgets a row by its number.
outbox = Table(
    "frontdesk_outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("sender_id", String(255), nullable=False),
    Column("data", long_text, nullable=False),
    sqlite_autoincrement=True,
)

# Who does something alone among several servers, and until when.
leases = Table(
    "frontdesk_leases",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("holder", String(255), nullable=False),
    Column("until", exact, nullable=False),
)

version = Table(
    "frontdesk_store", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)

_ADDED = {
    3: "ALTER TABLE frontdesk_inbox ADD COLUMN tries INTEGER NOT NULL DEFAULT 0",
    4: "ALTER TABLE frontdesk_conversations ADD COLUMN fence BIGINT NOT NULL DEFAULT 0",
}
"""What came with a version, beside new tables."""

_LOCK = 0x66726F6E74  # any number that is ours: PostgreSQL's advisory lock for creating tables


def alone_in_postgresql(connection: Connection) -> None:
    """Let no other server make tables until this transaction ends: there, even IF NOT EXISTS fails beside another."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def prepare(connection: Connection) -> None:
    """Create the tables that are missing.

    Raises StoreError where a newer version made them, or `events` is not the table of a tracker store.
    """
    if connection.dialect.name == "mysql":
        with mysql_tables.alone(connection):
            metadata.create_all(connection)
            _go_on(connection)
            _check_events(connection)
            mysql_tables.suit(connection, metadata)
            mysql_tables.index_open(connection)
        return
    alone_in_postgresql(connection)
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        # SQLite's index on sender_id ends in the row id anyway; elsewhere a session's rows need an index of
        # their own.
        index = "CREATE INDEX IF NOT EXISTS ix_frontdesk_events_sender_id_id ON events (sender_id, id)"
        connection.execute(text(index))
    _go_on(connection)
    # Of the few that are open at a time, however many were answered.
    index = "CREATE INDEX IF NOT EXISTS ix_frontdesk_inbox_open ON frontdesk_inbox (sender_id) WHERE finished IS NULL"
    connection.execute(text(index))
    _check_events(connection)


def _go_on(connection: Connection) -> None:
    """Bring the side tables from an earlier version to this one. Raises StoreError where they are of a later one."""
    found = connection.execute(select(version.c.version)).scalars().all()
    if not found:
        connection.execute(insert(version), {"version": VERSION})
    elif max(found) > VERSION:
        what = (
            f"The tables of conversations are of version {max(found)}; this Frontdesk reads up to {VERSION}."
        )
        raise StoreError(what, hint="Upgrade Frontdesk, or name another database.")
    elif max(found) < VERSION:  # missing tables were made by `create_all`
        for number in range(max(found) + 1, VERSION + 1):
            if number in _ADDED:
                connection.execute(text(_ADDED[number]))
        connection.execute(delete(version))
        connection.execute(insert(version), {"version": VERSION})


def _check_events(connection: Connection) -> None:
    present = {column["name"] for column in inspect(connection).get_columns("events")}
    missing = sorted({column.name for column in events.columns} - present)
    if missing:
        what = f"The table `events` has no column {', '.join(missing)}: it is not a tracker store's."
        raise StoreError(what, hint="Name another database.")

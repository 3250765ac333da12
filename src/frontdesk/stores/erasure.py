"""Take away all that a SQL tracker store keeps of a conversation: one piece of work within a transaction."""

from __future__ import annotations

from sqlalchemy import Connection, delete, text

from frontdesk.stores.schema import conversations, events, inbox, outbox, reminders

# First the row that a commit locks: so whoever is at the conversation comes before or after, and not in between.
_TABLES = (conversations, events, inbox, reminders, outbox)


def erase(connection: Connection, sender_id: str) -> bool:
    """Delete a conversation's rows in every table; False where there was none.

    SQLite writes zeros over them.
    """
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.execute(text("PRAGMA secure_delete = ON"))
    try:
        gone = [
            connection.execute(delete(table).where(table.c.sender_id == sender_id)).rowcount
            for table in _TABLES
        ]
    finally:
        if sqlite:
            connection.execute(text("PRAGMA secure_delete = OFF"))
    return any(gone)

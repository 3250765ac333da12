"""The tables for a help desk outside."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table

from actions.commerce.column_types import Moment, Serial, metadata

held_tickets = Table(  # what the help desk is yet to be told, and what it was
    "held_tickets",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("number", String(40), ForeignKey("tickets.number"), nullable=False),
    Column("action", String(40), nullable=False),
    Column("content", JSON, nullable=False),
    Column("key", String(64), nullable=False),  # under which it is tried, so that it happens once
    Column("created_at", Moment, nullable=False),
    Column("next_try_at", Moment, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("done_at", Moment),
    Column("failed_at", Moment),
    Column("last_error", String(300)),
)

notices = Table(  # webhooks that were dealt with, so that one that comes again changes nothing
    "notices",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("kind", String(200), nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
)

"""The table for what systems outside tell us."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from actions.commerce.column_types import Moment, metadata

notices = Table(  # webhooks that were dealt with, so that one that comes again changes nothing
    "notices",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("kind", String(200), nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
)

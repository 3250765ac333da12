"""The tables for what systems outside have to do for a write: sagas, and the steps of each."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Table

from actions.commerce.column_types import Moment, Serial, metadata

sagas = Table(
    "sagas",
    metadata,
    Column("id", String(320), primary_key=True),  # the key of the write's receipt, where it has one
    Column("action", String(80), nullable=False),  # of the write, as in "order.change"
    Column("subject", String(255), nullable=False, index=True),  # what was written to, as in "order L204817"
    Column("caller", JSON, nullable=False),  # conversation, channel and message, for the audit trail
    Column("customer_id", String(64)),
    Column("undoable", Boolean, nullable=False),  # whether a step that is refused undoes the others
    Column("state", String(16), nullable=False),  # see services/sagas.py
    Column("reason", String(300)),  # why it is undone, or needs a person
    Column("claims", Integer, nullable=False),  # how often somebody took it on; tells one claim from the next
    Column("failures", Integer, nullable=False),  # tries in a row that came to nothing
    Column("next_try_at", Moment, index=True),  # empty once there is nothing left to do
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

saga_steps = Table(
    "saga_steps",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("saga_id", String(320), ForeignKey("sagas.id"), nullable=False, index=True),
    Column("system", String(40), nullable=False),
    Column("action", String(40), nullable=False),
    Column("content", JSON, nullable=False),
    Column(
        "key", String(64), nullable=False, unique=True
    ),  # under which it is tried, so that it happens once
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("failed_at", Moment),  # refused for good
    Column("undone_at", Moment),
    Column("result", JSON),  # what the system answered, as far as it is needed to undo it
    Column("last_error", String(300)),
)

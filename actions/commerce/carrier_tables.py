"""The table for labels that are bought from carriers."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, LargeBinary, String, Table

from actions.commerce.column_types import Moment, Money, metadata

labels = Table(
    "labels",
    metadata,
    Column("id", String(64), primary_key=True),  # the key under which it is bought once
    Column("token", String(64), nullable=False, unique=True),  # of the page that shows it
    Column("reference", String(40), nullable=False),  # of the return or exchange that it is for
    Column("order_number", String(40), nullable=False),
    Column("carrier", String(20), nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("asked_at", Moment),  # since when a purchase is under way; an answer may have been lost
    Column("bought_at", Moment),
    Column("failed_at", Moment),  # refused for good, or nobody knows whether it was bought
    Column("voided_at", Moment),
    Column("number", String(64)),  # by which it is voided
    Column("tracking_number", String(64)),
    Column("media_type", String(40)),
    Column("content", LargeBinary),
    Column("cost", Money),
    Column("currency", String(3)),
    Index("ix_labels_reference", "reference"),
)

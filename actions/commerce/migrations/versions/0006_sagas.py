"""Sagas with their steps, and what a payment provider calls customers, payment methods and charges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

IDS = (("payments", "charge_id"), ("payment_methods", "provider_id"), ("customers", "provider_id"))
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and add the columns."""
    for table, column in IDS:
        op.add_column(table, sa.Column(column, sa.String(length=255)))
    op.create_table(
        "sagas",
        sa.Column("id", sa.String(length=320), primary_key=True),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("caller", sa.JSON(), nullable=False),
        sa.Column("customer_id", sa.String(length=64)),
        sa.Column("undoable", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=300)),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_sagas_next_try_at", "sagas", ["next_try_at"])
    op.create_index("ix_sagas_subject", "sagas", ["subject"])
    op.create_table(
        "saga_steps",
        sa.Column("id", SERIAL, primary_key=True),
        sa.Column("saga_id", sa.String(length=320), sa.ForeignKey("sagas.id"), nullable=False),
        sa.Column("system", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.Column("result", sa.JSON()),
        sa.Column("last_error", sa.String(length=300)),
    )
    op.create_index("ix_saga_steps_saga_id", "saga_steps", ["saga_id"])


def downgrade() -> None:
    """Drop them; what systems outside were yet to be told is lost."""
    op.drop_table("saga_steps")
    op.drop_table("sagas")
    for table, column in IDS[::-1]:
        op.drop_column(table, column)

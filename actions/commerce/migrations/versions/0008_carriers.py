"""Labels that are bought from carriers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "labels",
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("token", sa.String(length=64), nullable=False, unique=True),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("carrier", sa.String(length=20), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True)),
        sa.Column("bought_at", sa.DateTime(timezone=True)),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("voided_at", sa.DateTime(timezone=True)),
        sa.Column("number", sa.String(length=64)),
        sa.Column("tracking_number", sa.String(length=64)),
        sa.Column("media_type", sa.String(length=40)),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("cost", sa.BigInteger()),
        sa.Column("currency", sa.String(length=3)),
    )
    op.create_index("ix_labels_reference", "labels", ["reference"])


def downgrade() -> None:
    """Drop it; labels that were bought are lost."""
    op.drop_table("labels")

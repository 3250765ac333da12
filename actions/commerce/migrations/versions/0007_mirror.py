"""What a shop outside was asked about, and what of this one it keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table, and add the columns."""
    op.create_table(
        "mirrored",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("there", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )
    op.create_index("ix_mirrored_checked_at", "mirrored", ["checked_at"])
    op.add_column("products", sa.Column("retired", sa.Boolean()))
    op.add_column("variants", sa.Column("retired", sa.Boolean()))
    op.add_column("payments", sa.Column("outside_id", sa.String(length=40)))


def downgrade() -> None:
    """Drop the columns and the table."""
    op.drop_column("payments", "outside_id")
    op.drop_column("variants", "retired")
    op.drop_column("products", "retired")
    op.drop_index("ix_mirrored_checked_at", table_name="mirrored")
    op.drop_table("mirrored")

"""Why an order was canceled, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of cancellations."""
    op.create_table(
        "cancellations",
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["order_number"], ["orders.number"]),
        sa.PrimaryKeyConstraint("order_number"),
    )
    op.execute("UPDATE shop_meta SET version = 2")


def downgrade() -> None:
    """Forget why orders were canceled."""
    op.drop_table("cancellations")
    op.execute("UPDATE shop_meta SET version = 1")

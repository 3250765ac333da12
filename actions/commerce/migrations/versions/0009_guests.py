"""When orders were completed in a shop outside, and who ordered there without an account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("orders", sa.Column("completed_at", sa.DateTime(timezone=True)))
    op.add_column("customers", sa.Column("guest", sa.Boolean()))


def downgrade() -> None:
    """Drop them; guests look like customers with an account then."""
    op.drop_column("customers", "guest")
    op.drop_column("orders", "completed_at")

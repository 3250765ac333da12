"""The version of the tables stands in Alembic's own table alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Drop the shop's own note of its version."""
    op.drop_column("shop_meta", "version")


def downgrade() -> None:
    """Note the version where earlier programs look for it."""
    op.add_column("shop_meta", sa.Column("version", sa.Integer(), nullable=False, server_default="2"))

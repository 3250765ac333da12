"""What was paid back for each item whose price fell after it was bought."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# One adjustment over several items was kept as one sum; it is spread evenly over them.
SPREAD = (
    "UPDATE remedy_claims SET amount = (SELECT remedies.amount FROM remedies "
    "WHERE remedies.reference = remedy_claims.reference) / (SELECT COUNT(*) FROM remedy_claims AS each_one "
    "WHERE each_one.reference = remedy_claims.reference) WHERE claim LIKE 'price/%'"
)


def upgrade() -> None:
    """Add the column, and fill it from what was given."""
    op.add_column("remedy_claims", sa.Column("amount", sa.BigInteger()))
    op.execute(SPREAD)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("remedy_claims", "amount")

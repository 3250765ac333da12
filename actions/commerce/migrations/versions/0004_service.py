"""Exchanges, codes, quotes, calls, what was made good, notes on tickets, and the chain of the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = (
    "audit_head",
    "notices",
    "held_tickets",
    "ticket_notes",
    "callbacks",
    "remedy_claims",
    "remedies",
    "quotes",
    "promo_credits",
    "exchange_items",
    "exchanges",
)
NO_TRUNCATE = (
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
)


def upgrade() -> None:
    """Make the tables, and add the columns."""
    _exchanges()
    _sales()
    _cases()
    _calls()
    _desk()
    _chain()
    op.add_column("audit", sa.Column("previous", sa.String(length=64)))
    op.add_column("audit", sa.Column("hash", sa.String(length=64)))
    op.add_column("customers", sa.Column("marketing_email", sa.Boolean()))
    op.add_column("products", sa.Column("compatibility", sa.JSON(none_as_null=True)))
    op.add_column("tickets", sa.Column("open_case", sa.String(length=200)))
    op.add_column("tickets", sa.Column("outside_number", sa.String(length=40)))
    op.add_column("verifications", sa.Column("way", sa.String(length=40)))
    op.create_index("ix_audit_hash", "audit", ["hash"])
    op.create_index("ix_tickets_open_case", "tickets", ["open_case"], unique=True)
    op.create_index("ix_tickets_outside_number", "tickets", ["outside_number"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(NO_TRUNCATE)


def downgrade() -> None:
    """Drop the tables and the columns, and all that is in them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_no_truncate ON audit")
    op.drop_column("verifications", "way")
    op.drop_index("ix_tickets_outside_number", table_name="tickets")
    op.drop_index("ix_tickets_open_case", table_name="tickets")
    op.drop_column("tickets", "outside_number")
    op.drop_column("tickets", "open_case")
    op.drop_column("products", "compatibility")
    op.drop_column("customers", "marketing_email")
    op.drop_index("ix_audit_hash", table_name="audit")
    op.drop_column("audit", "hash")
    op.drop_column("audit", "previous")
    for table in TABLES:
        op.drop_table(table)


def _exchanges() -> None:
    """Make the exchanges."""
    op.create_table(
        "exchanges",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.Column("method_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True)),
        sa.Column("label_url", sa.String(length=300)),
        sa.Column("label_expires_on", sa.Date()),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["orders.number"],
        ),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("ix_exchanges_order_number", "exchanges", ["order_number"])
    op.create_table(
        "exchange_items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("item_id", sa.String(length=80), nullable=False),
        sa.Column("variant_id", sa.String(length=64), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("open_item_id", sa.String(length=80)),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["order_items.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reference"],
            ["exchanges.reference"],
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["variants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_item_id"),
    )
    op.create_index("ix_exchange_items_reference", "exchange_items", ["reference"])


def _sales() -> None:
    """Make codes that were credited, and quotes."""
    op.create_table(
        "promo_credits",
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("codes", sa.String(length=80), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("once_key", sa.String(length=130)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["orders.number"],
        ),
        sa.PrimaryKeyConstraint("order_number", "codes"),
        sa.UniqueConstraint("once_key"),
    )
    op.create_table(
        "quotes",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("customer_id", sa.String(length=64)),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("goods", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("shipping", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
        sa.UniqueConstraint("token"),
    )
    op.create_index("ix_quotes_conversation", "quotes", ["conversation"])


def _cases() -> None:
    """Make what was made good."""
    op.create_table(
        "remedies",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("issue", sa.String(length=40), nullable=False),
        sa.Column("item_ids", sa.JSON(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("worth", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["orders.number"],
        ),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("ix_remedies_created_at", "remedies", ["created_at"])
    op.create_index("ix_remedies_customer_id", "remedies", ["customer_id"])
    op.create_index("ix_remedies_order_number", "remedies", ["order_number"])
    op.create_table(
        "remedy_claims",
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("claim", sa.String(length=120), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["orders.number"],
        ),
        sa.ForeignKeyConstraint(
            ["reference"],
            ["remedies.reference"],
        ),
        sa.PrimaryKeyConstraint("order_number", "claim"),
    )


def _calls() -> None:
    """Make the calls."""
    op.create_table(
        "callbacks",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("customer_id", sa.String(length=64)),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=400), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("open_place", sa.String(length=60)),
        sa.Column("open_phone", sa.String(length=20)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
        sa.UniqueConstraint("open_phone"),
        sa.UniqueConstraint("open_place"),
    )
    op.create_index("ix_callbacks_conversation", "callbacks", ["conversation"])
    op.create_index("ix_callbacks_customer_id", "callbacks", ["customer_id"])
    op.create_index("ix_callbacks_starts_at", "callbacks", ["starts_at"])


def _desk() -> None:
    """Make notes on tickets, what goes on to a help desk outside, and what systems outside told."""
    op.create_table(
        "ticket_notes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_number", sa.String(length=40), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_number"],
            ["tickets.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_ticket_notes_ticket_number", "ticket_notes", ["ticket_number"])
    op.create_table(
        "held_tickets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("last_error", sa.String(length=300)),
        sa.ForeignKeyConstraint(
            ["number"],
            ["tickets.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_held_tickets_next_try_at", "held_tickets", ["next_try_at"])
    op.create_table(
        "notices",
        sa.Column("system", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("system", "id"),
    )
    op.create_index("ix_notices_received_at", "notices", ["received_at"])


def _chain() -> None:
    """Make the end of the audit trail's chain."""
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )

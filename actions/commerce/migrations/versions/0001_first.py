"""The shop as it was first: catalogue, customers, orders, returns, and what the services keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    "audit",
    "tickets",
    "outbox",
    "reset_links",
    "receipts",
    "throttles",
    "counters",
    "shop_meta",
    "return_items",
    "returns",
    "payments",
    "shipments",
    "order_items",
    "orders",
    "verifications",
    "payment_methods",
    "customers",
    "variants",
    "products",
)

REFUSE = "BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END"
APPEND_ONLY = {
    "sqlite": (
        f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit {REFUSE}",
        f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {REFUSE}",
    ),
    "postgresql": (
        (
            "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RAISE EXCEPTION ''audit rows are never changed''; END'"
        ),
        (
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit "
            "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
        ),
    ),
}


def upgrade() -> None:
    """Make every table."""
    _catalogue()
    _people()
    _orders()
    _shipments_and_payments()
    _returns()
    _bookkeeping()
    _desk()
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop every table, and all that is in them."""
    for table in TABLES:
        op.drop_table(table)


def _catalogue() -> None:
    """Make the products."""
    op.create_table(
        "products",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=80)),
        sa.Column("description", sa.Text()),
        sa.Column("specs", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_products_category", "products", ["category"])
    op.create_table(
        "variants",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("product_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("stock", sa.Integer()),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_variants_product_id", "variants", ["product_id"])


def _people() -> None:
    """Make the customers, and who was verified."""
    op.create_table(
        "customers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("tier", sa.String(length=40)),
        sa.Column("points", sa.Integer()),
        sa.Column("phone", sa.String(length=40)),
        sa.Column("created_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email_key"),
    )
    op.create_table(
        "payment_methods",
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("brand", sa.String(length=40)),
        sa.Column("last_four", sa.String(length=4)),
        sa.Column("balance", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.PrimaryKeyConstraint("customer_id", "id"),
    )
    op.create_table(
        "verifications",
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.PrimaryKeyConstraint("conversation"),
    )


def _orders() -> None:
    """Make the orders."""
    op.create_table(
        "orders",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("number_key", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("source_status", sa.String(length=60)),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True)),
        sa.Column("shipping_service", sa.String(length=40)),
        sa.Column("shipping", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("promo_code", sa.String(length=40)),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("number_key"),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])
    op.create_index("ix_orders_status", "orders", ["status"])
    op.create_table(
        "order_items",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(length=64), nullable=False),
        sa.Column("variant_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=80)),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["orders.number"],
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["variants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_items_order_number", "order_items", ["order_number"])


def _shipments_and_payments() -> None:
    """Make the parcels and the movements of money."""
    op.create_table(
        "shipments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.String(length=40)),
        sa.Column("service", sa.String(length=40)),
        sa.Column("tracking_numbers", sa.JSON(), nullable=False),
        sa.Column("item_ids", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=40)),
        sa.Column("shipped_at", sa.DateTime(timezone=True)),
        sa.Column("expected_on", sa.Date()),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["orders.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_shipments_order_number", "shipments", ["order_number"])
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("method_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("return_reference", sa.String(length=40)),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["orders.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_payments_order_number", "payments", ["order_number"])


def _returns() -> None:
    """Make the returns."""
    op.create_table(
        "returns",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("refund", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True)),
        sa.Column("label_url", sa.String(length=300)),
        sa.Column("label_expires_on", sa.Date()),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["orders.number"],
        ),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("ix_returns_order_number", "returns", ["order_number"])
    op.create_table(
        "return_items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("item_id", sa.String(length=80), nullable=False),
        sa.Column("open_item_id", sa.String(length=80)),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["order_items.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reference"],
            ["returns.reference"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_item_id"),
    )
    op.create_index("ix_return_items_reference", "return_items", ["reference"])


def _bookkeeping() -> None:
    """Make what the services count by and remember."""
    op.create_table(
        "shop_meta",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "throttles",
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    op.create_index("ix_throttles_last_at", "throttles", ["last_at"])
    op.create_table(
        "receipts",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_receipts_created_at", "receipts", ["created_at"])
    op.create_table(
        "reset_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_reset_links_customer_id", "reset_links", ["customer_id"])
    op.create_index("ix_reset_links_expires_at", "reset_links", ["expires_at"])


def _desk() -> None:
    """Make letters, tickets and the audit trail."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=300)),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_outbox_next_try_at", "outbox", ["next_try_at"])
    op.create_table(
        "tickets",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("customer_id", sa.String(length=64)),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reply_hours", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_tickets_conversation", "tickets", ["conversation"])
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("channel", sa.String(length=80), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("customer_id", sa.String(length=64)),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("rule", sa.String(length=80)),
        sa.Column("before", sa.JSON()),
        sa.Column("after", sa.JSON()),
        sa.PrimaryKeyConstraint("id"),
    )

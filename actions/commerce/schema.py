"""The tables of the shop and of its services, in types that SQLite and PostgreSQL share."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    event,
)

REVISION = "0003"  # the newest of migrations/versions; what it is for stands in its first line


class Money(TypeDecorator[Decimal]):
    """An amount, kept as whole cents so that sums are exact in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Turn an amount into cents; a fraction of a cent is a mistake."""
        if value is None:
            return None
        cents = Decimal(value) * 100
        if cents != cents.to_integral_value():
            raise ValueError(f"{value} isn't a whole number of cents")
        return int(cents)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Turn cents into an amount with two places."""
        return None if value is None else (Decimal(int(value)) / 100).quantize(Decimal("0.01"))


class Moment(TypeDecorator[datetime]):
    """A time in UTC, aware on both sides; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any aware time into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone can't be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give times back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts up by itself only for a column of exactly this type.
Serial = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

alembic_version = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))

shop_meta = Table(
    "shop_meta",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("source", String(16), nullable=False),  # demo, import or empty
    Column("salt", String(64), nullable=False),  # for hashes of e-mail addresses in counters
    Column("filled_at", Moment, nullable=False),
)

products = Table(
    "products",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("category", String(80), index=True),
    Column("description", Text),
    Column("specs", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
)

variants = Table(
    "variants",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("product_id", String(64), ForeignKey("products.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("options", JSON, nullable=False),
    Column("price", Money, nullable=False),
    Column("available", Boolean, nullable=False),
    Column("stock", Integer),
    Column("tags", JSON, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("first_name", String(100), nullable=False),
    Column("last_name", String(100), nullable=False),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False, unique=True),  # in lower case
    Column("address", JSON, nullable=False),
    Column("tier", String(40)),
    Column("points", Integer),
    Column("phone", String(40)),
    Column("created_at", Moment),
)

payment_methods = Table(
    "payment_methods",
    metadata,
    Column("customer_id", String(64), ForeignKey("customers.id"), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("brand", String(40)),
    Column("last_four", String(4)),
    Column("balance", Money),
)

orders = Table(
    "orders",
    metadata,
    Column("number", String(40), primary_key=True),
    Column("number_key", String(40), nullable=False, unique=True),  # letters and digits only
    Column("customer_id", String(64), ForeignKey("customers.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("status", String(40), nullable=False, index=True),
    Column("source_status", String(60)),
    Column("address", JSON, nullable=False),
    Column("placed_at", Moment),
    Column("shipping_service", String(40)),
    Column("shipping", Money, nullable=False),
    Column("tax", Money, nullable=False),
    Column("discount", Money, nullable=False),
    Column("promo_code", String(40)),
    Column("currency", String(3), nullable=False),
)

order_items = Table(
    "order_items",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("order_number", String(40), ForeignKey("orders.number"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("product_id", String(64), ForeignKey("products.id"), nullable=False),
    Column("variant_id", String(64), ForeignKey("variants.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("options", JSON, nullable=False),
    Column("price", Money, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("category", String(80)),  # as it was when it was bought
    Column("tags", JSON, nullable=False),
)

shipments = Table(
    "shipments",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("order_number", String(40), ForeignKey("orders.number"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("carrier", String(40)),
    Column("service", String(40)),
    Column("tracking_numbers", JSON, nullable=False),
    Column("item_ids", JSON, nullable=False),
    Column("status", String(40)),
    Column("shipped_at", Moment),
    Column("expected_on", Date),
    Column("delivered_at", Moment),
    Column("events", JSON, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("order_number", String(40), ForeignKey("orders.number"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # payment or refund
    Column("amount", Money, nullable=False),
    Column("method_id", String(64), nullable=False),
    Column("at", Moment),
    Column("status", String(16), nullable=False),  # settled or pending
    Column("return_reference", String(40)),
)

returns = Table(
    "returns",
    metadata,
    Column("reference", String(40), primary_key=True),
    Column("order_number", String(40), ForeignKey("orders.number"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("status", String(40), nullable=False),
    Column("refund", Money, nullable=False),
    Column("fee", Money, nullable=False),
    Column("created_at", Moment),
    Column("label_url", String(300)),
    Column("label_expires_on", Date),
)

return_items = Table(
    "return_items",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("reference", String(40), ForeignKey("returns.reference"), nullable=False, index=True),
    Column("item_id", String(80), ForeignKey("order_items.id"), nullable=False),
    # The item while the return counts, empty once it was rejected or withdrawn: one open return per item.
    Column("open_item_id", String(80), unique=True),
)

cancellations = Table(
    "cancellations",
    metadata,
    Column("order_number", String(40), ForeignKey("orders.number"), primary_key=True),
    Column("reason", String(80), nullable=False),
    Column("created_at", Moment),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

verifications = Table(
    "verifications",
    metadata,
    Column("conversation", String(255), primary_key=True),
    Column("customer_id", String(64), ForeignKey("customers.id"), nullable=False),
    Column("verified_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("way", String(40)),  # what was proven, as identity.yml names it; none: an address with more
)

throttles = Table(
    "throttles",
    metadata,
    Column("scope", String(40), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("last_at", Moment, nullable=False, index=True),
)

receipts = Table(
    "receipts",
    metadata,
    Column("key", String(300), primary_key=True),  # idempotency key and action
    Column("request", String(64), nullable=False),  # hash of what was asked for
    Column("receipt", JSON, nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
)

reset_links = Table(
    "reset_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("customer_id", String(64), nullable=False, index=True),  # of nobody for an unknown address
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("used_at", Moment),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("recipient", String(254), nullable=False),  # empty: never sent, dropped by the next delivery
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("next_try_at", Moment, nullable=False, index=True),
    Column("sent_at", Moment),
    Column("failed_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("last_error", String(300)),
)

tickets = Table(
    "tickets",
    metadata,
    Column("number", String(40), primary_key=True),
    Column("conversation", String(255), nullable=False, index=True),
    Column("customer_id", String(64)),
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("priority", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reply_hours", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("channel", String(80), nullable=False),
    Column("message_id", String(255), nullable=False),
    Column("customer_id", String(64)),
    Column("action", String(80), nullable=False),
    Column("subject", String(255), nullable=False),  # what was changed, as in "order L204817"
    Column("rule", String(80)),
    Column("before", JSON),
    Column("after", JSON),
)

# What a shop consists of, in the order in which it can be deleted.
SHOP_TABLES = (
    return_items,
    returns,
    cancellations,
    payments,
    shipments,
    verifications,
    order_items,
    orders,
    payment_methods,
    customers,
    variants,
    products,
)

# The database itself refuses to change or delete audit rows.
REFUSE = "BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END"
POSTGRES_REFUSE = (
    "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RAISE EXCEPTION ''audit rows are never changed''; END'"
)
POSTGRES_TRIGGER = (
    "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit "
    "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
)
APPEND_ONLY = (
    ("sqlite", f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit {REFUSE}"),
    ("sqlite", f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {REFUSE}"),
    ("postgresql", POSTGRES_REFUSE),
    ("postgresql", POSTGRES_TRIGGER),
)
for _dialect, _statement in APPEND_ONLY:
    _ddl = DDL(_statement)  # type: ignore[no-untyped-call]
    event.listen(audit, "after_create", _ddl.execute_if(dialect=_dialect))

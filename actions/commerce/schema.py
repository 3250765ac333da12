"""The tables of the shop and of its services, in types that SQLite and PostgreSQL share."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    event,
)

from actions.commerce.column_types import Moment, Money, Serial

REVISION = "0003"  # the newest of migrations/versions; what it is for stands in its first line


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
    Column("compatibility", JSON(none_as_null=True)),  # what it goes together with, as far as that is on file
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
    Column("marketing_email", Boolean),  # empty where nobody noted it
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

# A line that is exchanged for another variant of the same product; the difference is settled when the old one is back.
exchanges = Table(
    "exchanges",
    metadata,
    Column("reference", String(40), primary_key=True),
    Column("order_number", String(40), ForeignKey("orders.number"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("status", String(40), nullable=False),
    Column("difference", Money, nullable=False),  # what is to be paid; negative: what is paid back
    Column("method_id", String(64), nullable=False),
    Column("created_at", Moment),
    Column("label_url", String(300)),
    Column("label_expires_on", Date),
)

exchange_items = Table(
    "exchange_items",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("reference", String(40), ForeignKey("exchanges.reference"), nullable=False, index=True),
    Column("item_id", String(80), ForeignKey("order_items.id"), nullable=False),
    Column("variant_id", String(64), ForeignKey("variants.id"), nullable=False),  # the new one
    Column("options", JSON, nullable=False),
    Column("price", Money, nullable=False),  # of one new piece
    Column("open_item_id", String(80), unique=True),  # as in return_items
)

cancellations = Table(
    "cancellations",
    metadata,
    Column("order_number", String(40), ForeignKey("orders.number"), primary_key=True),
    Column("reason", String(80), nullable=False),
    Column("created_at", Moment),
)

# A code that was credited to an order after it was placed.
promo_credits = Table(
    "promo_credits",
    metadata,
    Column("order_number", String(40), ForeignKey("orders.number"), primary_key=True),
    Column("codes", String(80), primary_key=True),  # that the order has from then on
    Column("credit", Money, nullable=False),
    Column("once_key", String(130), unique=True),  # customer and code, where a customer has a code once
    Column("created_at", Moment, nullable=False),
)

quotes = Table(
    "quotes",
    metadata,
    Column("reference", String(40), primary_key=True),
    Column("revision", Integer, nullable=False),  # from 1 on
    Column("conversation", String(255), nullable=False, index=True),
    Column("customer_id", String(64)),
    Column("status", String(16), nullable=False),  # open or discarded
    Column("lines", JSON, nullable=False),  # variant, label, quantity, and what they cost
    Column("goods", Money, nullable=False),
    Column("discount", Money, nullable=False),
    Column("shipping", Money, nullable=False),
    Column("total", Money, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("token", String(64), nullable=False, unique=True),  # of its page
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
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
    # What it is about while it is open, empty once it was closed: one open ticket for one case.
    Column("open_case", String(200), index=True, unique=True),
    Column("outside_number", String(40), index=True),  # what a help desk outside calls it
)

ticket_notes = Table(
    "ticket_notes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ticket_number", String(40), ForeignKey("tickets.number"), nullable=False, index=True),
    Column("conversation", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

remedies = Table(
    "remedies",
    metadata,
    Column("reference", String(40), primary_key=True),
    Column("order_number", String(40), ForeignKey("orders.number"), nullable=False, index=True),
    Column("customer_id", String(64), nullable=False, index=True),
    Column("kind", String(20), nullable=False),  # see services/case_policy.py
    Column("issue", String(40), nullable=False),
    Column("item_ids", JSON, nullable=False),
    Column("amount", Money, nullable=False),  # paid back
    Column("worth", Money, nullable=False),  # with the goods that were sent again
    Column("created_at", Moment, nullable=False, index=True),
)

remedy_claims = Table(
    "remedy_claims",
    metadata,
    Column("order_number", String(40), ForeignKey("orders.number"), primary_key=True),
    Column("claim", String(120), primary_key=True),  # what an order gives only once
    Column("reference", String(40), ForeignKey("remedies.reference"), nullable=False),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("reference", String(40), primary_key=True),
    Column("conversation", String(255), nullable=False, index=True),
    Column("customer_id", String(64), index=True),  # None: nobody was verified
    Column("phone", String(20), nullable=False),
    Column("topic", String(400), nullable=False),
    Column("starts_at", Moment, nullable=False, index=True),
    Column("minutes", Integer, nullable=False),
    Column("status", String(16), nullable=False),  # booked or canceled
    # The slot and the place in it while the call is booked, empty afterwards: no place is given twice.
    Column("open_place", String(60), unique=True),
    # The number while the call is booked: one call for each number.
    Column("open_phone", String(20), unique=True),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
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
    Column("previous", String(64)),  # the hash of the row before; empty in rows from before the chain
    Column("hash", String(64), index=True),  # of this row's content and `previous`
)

audit_head = Table(
    "audit_head",  # the end of the chain: one row, which writers lock in turn
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

# What a shop consists of, in the order in which it can be deleted.
SHOP_TABLES = (
    exchange_items,
    exchanges,
    remedy_claims,
    remedies,
    return_items,
    returns,
    cancellations,
    promo_credits,
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
POSTGRES_TRUNCATE = (
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
)
APPEND_ONLY = (
    ("sqlite", f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit {REFUSE}"),
    ("sqlite", f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {REFUSE}"),
    ("postgresql", POSTGRES_REFUSE),
    ("postgresql", POSTGRES_TRIGGER),
    ("postgresql", POSTGRES_TRUNCATE),
)
for _dialect, _statement in APPEND_ONLY:
    _ddl = DDL(_statement)  # type: ignore[no-untyped-call]
    event.listen(audit, "after_create", _ddl.execute_if(dialect=_dialect))

from actions.commerce import helpdesk_tables  # noqa: E402, F401 - they are of the same metadata

"""The tables of the shop, in types that SQLite and PostgreSQL share; those of its services come with them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from actions.commerce.carrier_tables import labels as labels
from actions.commerce.column_types import Moment, Money, Serial
from actions.commerce.column_types import metadata as metadata
from actions.commerce.helpdesk_tables import notices as notices
from actions.commerce.saga_tables import saga_steps as saga_steps
from actions.commerce.saga_tables import sagas as sagas
from actions.commerce.service_tables import audit as audit
from actions.commerce.service_tables import audit_head as audit_head
from actions.commerce.service_tables import callbacks as callbacks
from actions.commerce.service_tables import counters as counters
from actions.commerce.service_tables import outbox as outbox
from actions.commerce.service_tables import receipts as receipts
from actions.commerce.service_tables import remedies as remedies
from actions.commerce.service_tables import remedy_claims as remedy_claims
from actions.commerce.service_tables import reset_links as reset_links
from actions.commerce.service_tables import throttles as throttles
from actions.commerce.service_tables import ticket_notes as ticket_notes
from actions.commerce.service_tables import tickets as tickets
from actions.commerce.service_tables import verifications as verifications

REVISION = "0009"  # the newest of migrations/versions; what it is for stands in its first line


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
    Column("retired", Boolean),  # true for what a shop outside sells no more; orders may still name it
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
    Column("retired", Boolean),
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
    Column("provider_id", String(255)),  # what the payment provider calls them
    Column("guest", Boolean),  # true for who ordered in a shop outside without an account
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
    Column("provider_id", String(255)),  # what the payment provider calls it
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
    Column("completed_at", Moment),  # when a shop outside that knows no parcels called it done
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
    Column("charge_id", String(255)),  # of the provider: the charge that it is, or that it pays back
    Column("outside_id", String(40)),  # what a shop outside calls it; empty for what only we know
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

# Items of an open order that were changed; what that paid back counts towards what a customer was promised.
item_changes = Table(
    "item_changes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("order_number", String(40), ForeignKey("orders.number"), nullable=False, index=True),
    Column("difference", Money, nullable=False),  # what was to be paid; negative: what was paid back
    Column("created_at", Moment, nullable=False),
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

# When a shop outside, which this one mirrors, was last asked about something.
mirrored = Table(
    "mirrored",
    metadata,
    Column("kind", String(16), primary_key=True),  # see mirror.py
    Column("key", String(80), primary_key=True),
    Column("checked_at", Moment, nullable=False, index=True),
    Column("there", Boolean, nullable=False),  # whether the shop outside has it
)

# What a shop consists of, in the order in which it can be deleted.
SHOP_TABLES = (
    mirrored,
    item_changes,
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

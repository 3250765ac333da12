"""The tables that services keep beside the shop: verifications, receipts, letters, tickets, calls, the audit trail."""

from __future__ import annotations

from sqlalchemy import DDL, JSON, BigInteger, Column, ForeignKey, Integer, String, Table, Text, event

from actions.commerce.column_types import Moment, Money, Serial, metadata

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
    Column("amount", Money),  # by which the price of an item was adjusted
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

"""How Alembic runs here: in the transaction that the database has opened for it."""

from __future__ import annotations

from alembic import context

from actions.commerce import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    transactional_ddl=False,  # the transaction is ours: all the steps of an upgrade, or none
)
context.run_migrations()

"""The audit trail can't be changed, not even by us."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from actions.commerce import schema
from actions.services import audit
from actions.services.container import Services

from ..conftest import NOW, who


def test_rows_are_never_changed_or_deleted(shop: Services) -> None:
    with shop.database.write() as connection:
        audit.record(connection, who(), NOW, "test.write", "order L1", rule="allowed", after={"status": "x"})
    for statement in (update(schema.audit).values(action="other"), delete(schema.audit)):
        with pytest.raises(DBAPIError, match="never changed"), shop.database.write() as connection:
            connection.execute(statement)
    with shop.database.read() as connection:
        row = connection.execute(select(schema.audit)).mappings().one()
    assert (row["action"], row["conversation"], row["channel"], row["after"]) == (
        "test.write",
        "web-1",
        "web",
        {"status": "x"},
    )
    assert row["at"] == NOW

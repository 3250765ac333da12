"""The audit trail: one row for every write, never changed afterwards (the database refuses it)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from actions.commerce import schema
from actions.services.context import Caller


def record(
    connection: Connection,
    caller: Caller,
    at: datetime,
    action: str,
    subject: str,
    *,
    customer_id: str | None = None,
    rule: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write who did what, by which rule, and what changed; in the transaction of the change itself.

    Rows hold ids and amounts, never e-mail addresses, tokens or what a customer wrote.
    """
    connection.execute(
        insert(schema.audit),
        {
            "at": at,
            "conversation": caller.conversation[:255],
            "channel": caller.channel[:80],
            "message_id": caller.message_id[:255],
            "customer_id": customer_id,
            "action": action,
            "subject": subject[:255],
            "rule": rule,
            "before": dict(before) if before is not None else None,
            "after": dict(after) if after is not None else None,
        },
    )

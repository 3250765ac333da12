"""How the refunds of an order stand: amount, method and day of each, from its rows; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal

from actions.commerce.model import Order
from actions.services.calendar import working_days_after
from actions.services.rulebook import Policies

PAID, ON_ITS_WAY, WAITS, OVERDUE = "paid", "on_its_way", "waits", "overdue"
NOT_HERE = frozenset({"label_sent", "in_transit"})  # states of a return whose parcel hasn't reached the shop


@dataclass(frozen=True)
class RefundRow:
    """One refund: how much, to which method, and how it stands."""

    amount: Decimal
    method: str
    state: str
    since: date | None = None
    by: date | None = None
    reference: str | None = None
    business_days: str = ""


def refund_rows(order: Order, policies: Policies, today: date) -> list[RefundRow]:
    """Tell how each refund of an order stands; the days are working days of the shop."""
    returns = {entry.reference: entry for entry in order.returns}
    rows = []
    for refund in order.refunds:
        entry = returns.get(refund.return_reference or "")
        refunds, cancellations = policies.refunds, policies.cancellations
        days = cancellations.refund_business_days if order.status == "cancelled" else refunds.business_days
        since = refund.at.astimezone(UTC).date() if refund.at else None
        by = (
            working_days_after(since, _most(days), tuple(policies.support.holidays.values()))
            if since
            else None
        )
        state = ON_ITS_WAY if by is None or today <= by else OVERDUE
        if refund.status == "settled":
            state = PAID
        elif entry is not None and entry.status in NOT_HERE:
            state, by = WAITS, None
        rows.append(RefundRow(refund.amount, refund.method, state, since, by, refund.return_reference, days))
    return rows


def overdue(rows: Sequence[RefundRow]) -> bool:
    """Tell whether a refund should have arrived by now."""
    return any(row.state == OVERDUE for row in rows)


def _most(days: str) -> int:
    """Return the last day of a span such as "5-7"."""
    return int(days.rpartition("-")[2])

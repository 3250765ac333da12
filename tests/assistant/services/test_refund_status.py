"""How refunds stand: from the rows of the order, by working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from actions.commerce.model import Refund, Return
from actions.services.refund_status import ON_ITS_WAY, OVERDUE, PAID, WAITS, overdue, refund_rows
from actions.services.rulebook import load_policies
from tests.assistant.services.test_case_policy import NOW, TODAY, order

POLICIES = load_policies()


def refund(status: str = "pending", days: int = 1, reference: str | None = None) -> Refund:
    at = NOW - timedelta(days=days)
    return Refund(amount=Decimal("20.00"), status=status, method="PayPal", at=at, return_reference=reference)


def state(made: Refund, status: str = "cancelled", *returns: Return) -> str:
    [row] = refund_rows(order(status, refunds=(made,), returns=returns), POLICIES, TODAY)
    return row.state


def test_a_canceled_order_is_paid_back_by_a_day() -> None:
    [row] = refund_rows(order("cancelled", refunds=(refund(),)), POLICIES, TODAY)
    assert (row.state, row.since, row.by) == (ON_ITS_WAY, TODAY - timedelta(days=1), date(2026, 11, 24))
    assert state(refund("settled")) == PAID
    assert state(refund(days=20)) == OVERDUE


def test_a_return_waits_for_its_parcel() -> None:
    def entry(status: str) -> Return:
        return Return(reference="R-1", item_ids=(), reason="damaged", status=status, refund=Decimal("20.00"))

    made = refund(days=60, reference="R-1")
    assert state(made, "return_requested", entry("label_sent")) == WAITS
    assert state(made, "returned", entry("received")) == OVERDUE


def test_what_is_overdue() -> None:
    assert not overdue(refund_rows(order("cancelled", refunds=(refund(),)), POLICIES, TODAY))
    assert overdue(refund_rows(order("cancelled", refunds=(refund(days=30),)), POLICIES, TODAY))


def test_a_refund_without_a_date_is_never_overdue() -> None:
    undated = Refund(amount=Decimal("1.00"), status="pending", method="PayPal")
    [row] = refund_rows(order("cancelled", refunds=(undated,)), POLICIES, datetime.now(UTC).date())
    assert (row.state, row.by) == (ON_ITS_WAY, None)

"""Rules that can't be applied, because the shop lacks the data that they go by."""

from __future__ import annotations

from sqlalchemy import Connection, select

from actions.commerce import schema
from actions.services.rulebook import Policies


def inactive_rules(connection: Connection, policies: Policies) -> list[str]:
    """Say in a sentence for each what isn't applied; nothing for an empty shop or one with all the dates."""
    orders, shipments = schema.orders, schema.shipments
    if connection.execute(select(orders.c.number).limit(1)).first() is None:
        return []
    delivered = select(shipments.c.id).where(shipments.c.delivered_at.is_not(None)).limit(1)
    placed = select(orders.c.number).where(orders.c.placed_at.is_not(None)).limit(1)
    found: list[str] = []
    completed = select(orders.c.number).where(orders.c.completed_at.is_not(None)).limit(1)
    if connection.execute(delivered).first() is None and connection.execute(completed).first() is None:
        subjects = (
            ("returns", policies.returns.window_days, policies.returns.when_delivery_date_unknown),
            ("exchanges", policies.exchanges.window_days, policies.exchanges.when_delivery_date_unknown),
        )
        found += [_window(*subject) for subject in subjects]
    if connection.execute(placed).first() is None:
        minutes = policies.cancellations.grace_minutes if policies.cancellations.grace_states else 0
        if minutes:
            found.append(
                f"No order has the time when it was placed: the first {minutes} minutes "
                "(cancellations.yml, grace_minutes) aren't granted."
            )
    return found


def _window(subject: str, days: int | None, unknown: str) -> str:
    """Say what becomes of a window without delivery dates."""
    about = f"No order has a delivery date: the window of {subject}.yml"
    if days is None:
        return f"{about} is off (window_days: none)."
    if unknown == "allow":
        return f"{about}, {days} days, isn't applied (when_delivery_date_unknown: allow)."
    return (
        f"{about}, {days} days, can't be applied, so a person decides (when_delivery_date_unknown: person)."
    )

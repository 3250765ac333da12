"""What banks contest about an order's payments, as the payment provider has it; only read."""

from __future__ import annotations

import logging

from actions.adapters.errors import AdapterError
from actions.commerce.model import Order
from actions.payments.port import Dispute, Payments

logger = logging.getLogger(__name__)

MOST_ASKED = 3  # charges of one order that are looked up while a customer waits


def disputes_about(provider: Payments | None, order: Order) -> list[str]:
    """List, a line each, what a person has to know about disputes of an order's charges; none without a provider."""
    ids = dict.fromkeys(entry.charge_id for entry in order.payments if entry.charge_id)
    if provider is None or not ids:
        return []
    try:
        found = [dispute for charge_id in list(ids)[-MOST_ASKED:] for dispute in provider.disputes(charge_id)]
    except AdapterError as error:
        logger.warning("disputes about order %s aren't known: %s", order.number, error)
        return ["Disputes at the payment provider: it couldn't be asked."]
    return [_line(dispute) for dispute in found] or ["Disputes at the payment provider: none."]


def _line(dispute: Dispute) -> str:
    """Describe a dispute by what a person finds it by."""
    until = f", to answer by {dispute.answer_by:%B %-d, %Y}" if dispute.answer_by else ""
    return (
        f"Dispute {dispute.id} about charge {dispute.charge_id}: {dispute.amount} {dispute.currency}, "
        f"reason {dispute.reason}, {dispute.status.replace('_', ' ')}{until}"
    )

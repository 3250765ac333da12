"""The states of an order in the words of other shops."""

from __future__ import annotations

from actions.commerce.model import ORDER_STATES

# Words that other shops use for our states.
OTHER_WORDS = {
    "processed": "processing",
    "pending (item modified)": "changed",
    "pending (items modified)": "changed",
    "open": "pending",
    "unfulfilled": "pending",
    "in transit": "shipped",
    "fulfilled": "shipped",
    "partially fulfilled": "partially_shipped",
    "completed": "delivered",
    "canceled": "cancelled",
}


def canonical_status(text: str) -> str | None:
    """Find our state for a status in another shop's words; None for one that isn't known."""
    plain = " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
    named = plain.replace(" ", "_")
    return named if named in ORDER_STATES else OTHER_WORDS.get(plain)

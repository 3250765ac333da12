"""How amounts, dates, times and lists are written to customers, in the chat and by e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal


def dollars(amount: Decimal) -> str:
    """Write an amount as customers read it: "$1,204.50"."""
    return f"${amount:,.2f}"


def long_date(day: date) -> str:
    """Write a date as customers read it: "November 3, 2026"."""
    return f"{day:%B} {day.day}, {day.year}"


def listed(names: Sequence[str]) -> str:
    """Join names into "a, b and c"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def takes(business_days: str) -> str:
    """Write how long a refund takes, as a sentence goes on after "that": "takes 3-5 business days"."""
    return f"takes {_days(business_days)}" if _takes_time(business_days) else "happens at once"


def within(business_days: str) -> str:
    """Write by when something is there: "within 3-5 business days", "within 1 business day", "right away"."""
    return f"within {_days(business_days)}" if _takes_time(business_days) else "right away"


def after(business_days: str) -> str:
    """Write how long after something it happens, to go before "after": "3-5 business days", "right"."""
    return _days(business_days) if _takes_time(business_days) else "right"


def _takes_time(business_days: str) -> bool:
    return business_days not in ("0", "0-0")


def _days(business_days: str) -> str:
    return f"{business_days} business {'day' if business_days == '1' else 'days'}"

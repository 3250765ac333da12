"""How dates, money and lists are written to customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from actions.services import services

NEAR = {0: "today", 1: "tomorrow", -1: "yesterday"}
OTHER_YEAR = 300  # days from which the year is said, too


def today() -> date:
    """Return the date on which the shop is."""
    return services().today()


def day(moment: date | datetime | None, on: date) -> str:
    """Write a date as people say it on the day `on`: "today", "tomorrow", "Thursday, November 26"."""
    if moment is None:
        return ""
    then = moment.date() if isinstance(moment, datetime) else moment
    away = (then - on).days
    if away in NEAR:
        return NEAR[away]
    year = f", {then.year}" if abs(away) > OTHER_YEAR else ""
    return f"{then:%A}, {then:%B} {then.day}{year}"


def amount(value: Decimal, currency: str = "USD") -> str:
    """Write money as customers of the shop read it."""
    return f"${value:,.2f}" if currency == "USD" else f"{value:,.2f} {currency}"


def either(names: Sequence[str]) -> str:
    """Join names as in "a, b or c"."""
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def within(business_days: str) -> str:
    """Write how long something takes: "within 3-5 business days", "within 1 business day", "right away"."""
    return f"within {_days(business_days)}" if _takes(business_days) else "right away"


def after(business_days: str) -> str:
    """Write how long after something it happens, to go before "after": "3-5 business days", "right"."""
    return _days(business_days) if _takes(business_days) else "right"


def _takes(business_days: str) -> bool:
    return business_days not in ("0", "0-0")


def _days(business_days: str) -> str:
    return f"{business_days} business {'day' if business_days == '1' else 'days'}"

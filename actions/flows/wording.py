"""How dates, money and lists are written to customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from actions.services import services
from actions.services.wording import after, dollars, within

__all__ = ["after", "amount", "day", "either", "today", "within"]

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
    return dollars(value) if currency == "USD" else f"{value:,.2f} {currency}"


def either(names: Sequence[str]) -> str:
    """Join names as in "a, b or c"."""
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)

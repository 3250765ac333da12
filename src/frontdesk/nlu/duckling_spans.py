"""Stretches of time: a start with a grain, and arithmetic with grains."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

GRAINS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
SECONDS: Mapping[str, int] = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "quarter": 7_776_000,
    "year": 31_536_000,
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time: it begins at `start` and is as long as its `grain`, or up to `end` (exclusive) where that is given.

    `again` are the next times that the same words mean; `open_` says that it goes on ("after") or came before
    ("before"); `holiday` is what Duckling calls the day.
    """

    start: datetime
    grain: str
    end: datetime | None = None
    again: tuple[Stretch, ...] = ()
    open_: str | None = None
    holiday: str | None = None

    @property
    def until(self) -> datetime:
        """Its end, exclusive."""
        return self.end or shifted(self.start, self.grain, 1)

    def wire(self) -> dict[str, Any]:
        """Return it as Duckling writes the value of a time."""
        one = self._one()
        named = {"holidayBeta": self.holiday} if self.holiday else {}
        return {"values": [one, *(other._one() for other in self.again)], **one, **named}

    def _one(self) -> dict[str, Any]:
        point = {"value": written(self.start), "grain": self.grain}
        if self.open_ is not None:
            return {"type": "interval", "from" if self.open_ == "after" else "to": point}
        if self.end is not None:
            return {
                "type": "interval",
                "from": point,
                "to": {"value": written(self.end), "grain": self.grain},
            }
        return {"type": "value", **point}


def written(moment: datetime) -> str:
    """Return a moment as Duckling writes it, with milliseconds and an offset."""
    return moment.isoformat(timespec="milliseconds")


def floored(moment: datetime, grain: str) -> datetime:
    """Return the beginning of the grain that a moment is in; weeks begin on Monday."""
    if grain == "second":
        return moment.replace(microsecond=0)
    if grain == "minute":
        return moment.replace(second=0, microsecond=0)
    if grain == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=day.month - (day.month - 1) % 3, day=1)
    return day.replace(month=1, day=1) if grain == "year" else day


def shifted(moment: datetime, grain: str, count: float) -> datetime:
    """Return the moment so many grains later; the last day of a shorter month stands in for a missing one.

    Beyond the years that a calendar has it stays where it is.
    """
    try:
        if grain in _MONTHS:
            months = moment.year * 12 + moment.month - 1 + int(count * _MONTHS[grain])
            year, month = divmod(months, 12)
            day = min(moment.day, calendar.monthrange(year, month + 1)[1])
            return moment.replace(year=year, month=month + 1, day=day)
        return moment + timedelta(seconds=SECONDS[grain] * count)
    except (ValueError, OverflowError):
        return moment

"""Days on which a shop is closed, and days that count as working days: pure functions of dates."""

from __future__ import annotations

import calendar
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
DATE = re.compile(rf"({'|'.join(MONTHS)}) (\d{{1,2}})", re.IGNORECASE)
PLACE = re.compile(
    rf"(last|[1-5](?:st|nd|rd|th)) ({'|'.join(WEEKDAYS)}) of ({'|'.join(MONTHS)})", re.IGNORECASE
)
LAST = -1
FRIDAY = 4


@dataclass(frozen=True)
class Holiday:
    """A day that comes every year: a date, or the n-th of a weekday in its month."""

    month: int
    day: int = 0
    weekday: int = 0
    place: int = 0  # 1 for the first, -1 for the last; 0 for a date

    def on(self, day: date) -> bool:
        """Tell whether it is this day."""
        if day.month != self.month:
            return False
        if not self.place:
            return day.day == self.day
        if day.weekday() != self.weekday:
            return False
        if self.place == LAST:
            return (day + timedelta(days=7)).month != day.month
        return (day.day - 1) // 7 + 1 == self.place


def holiday_of(words: str) -> Holiday | None:
    """Read "December 25", "last Monday of May" or "4th Thursday of November"."""
    found = DATE.fullmatch(words.strip())
    if found:
        month, day = MONTHS[found[1].lower()], int(found[2])
        return Holiday(month, day=day) if 1 <= day <= calendar.monthrange(2024, month)[1] else None
    found = PLACE.fullmatch(words.strip())
    if not found:
        return None
    place = LAST if found[1].lower() == "last" else int(found[1][0])
    return Holiday(MONTHS[found[3].lower()], weekday=WEEKDAYS[found[2].lower()], place=place)


def working_days_after(day: date, count: int, holidays: Collection[Holiday] = ()) -> date:
    """Return the day that lies so many working days after a day."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() <= FRIDAY and not any(holiday.on(day) for holiday in holidays)
    return day

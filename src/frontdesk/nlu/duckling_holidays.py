"""Holidays that English texts name, with the date of each year computed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from frontdesk.nlu.duckling_spans import Stretch, floored

Dated = Callable[[int], date]
_MONDAY, _TUESDAY, _THURSDAY, _SUNDAY = 0, 1, 3, 6


def nth_weekday(year: int, month: int, weekday: int, count: int) -> date:
    """Return the third Thursday of a month, and so on; a negative count is from its end."""
    if count > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))
    last = (date(year + month // 12, month % 12 + 1, 1)) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-count - 1))


def easter(year: int) -> date:
    """Return Easter Sunday (Gauss's rule as Oudin wrote it)."""
    century = year // 100
    golden = year % 19
    moon = (century - century // 4 - (century - (century - 17) // 25) // 3 + 19 * golden + 15) % 30
    moon -= (moon // 28) * (1 - (moon // 28) * (29 // (moon + 1)) * ((21 - golden) // 11))
    day = (year + year // 4 + moon + 2 - century + century // 4) % 7
    shift = moon - day
    month = 3 + (shift + 40) // 44
    return date(year, month, shift + 28 - 31 * (month // 4))


def _fixed(month: int, day: int) -> Dated:
    return lambda year: date(year, month, day)


def _nth(month: int, weekday: int, count: int, later: int = 0) -> Dated:
    return lambda year: nth_weekday(year, month, weekday, count) + timedelta(days=later)


def _from_easter(days: int) -> Dated:
    return lambda year: easter(year) + timedelta(days=days)


HOLIDAYS: tuple[tuple[str, str, Dated], ...] = (
    ("Christmas Eve", r"(?:christmas|xmas)'?s?\s+eve", _fixed(12, 24)),
    ("Christmas", r"(?:christmas|xmas|x-mas)(?:\s+day)?", _fixed(12, 25)),
    ("Boxing Day", r"boxing\s+day", _fixed(12, 26)),
    ("New Year's Eve", r"new\s+year'?s?\s+eve", _fixed(12, 31)),
    ("New Year's Day", r"new\s+year'?s?(?:\s+day)?", _fixed(1, 1)),
    ("Valentine's Day", r"valentine'?s?(?:\s+day)?", _fixed(2, 14)),
    ("St Patrick's Day", r"(?:saint|st\.?)\s+(?:patrick|paddy)'?s?\s+day", _fixed(3, 17)),
    ("April Fools", r"(?:april|all)\s+fool'?s?(?:\s+day)?", _fixed(4, 1)),
    ("Earth Day", r"earth\s+day", _fixed(4, 22)),
    ("Independence Day", r"independence\s+day", _fixed(7, 4)),
    ("Halloween", r"hall?owe?en(?:\s+day)?", _fixed(10, 31)),
    ("All Saints' Day", r"all\s+saints'?(?:\s+day)?", _fixed(11, 1)),
    ("Veterans Day", r"veterans?'?\s+day", _fixed(11, 11)),
    ("World Vegan Day", r"world\s+vegan\s+day", _fixed(11, 1)),
    ("Martin Luther King's Day", r"(?:mlk|martin\s+luther\s+king'?s?)(?:\s+jr\.?)?\s+day", _nth(1, _MONDAY, 3)),
    ("Presidents' Day", r"presidents?'?s?\s+day|washington'?s\s+birthday", _nth(2, _MONDAY, 3)),
    ("Mother's Day", r"mother'?s'?\s+day", _nth(5, _SUNDAY, 2)),
    ("Memorial Day", r"memorial\s+day|decoration\s+day", _nth(5, _MONDAY, -1)),
    ("Father's Day", r"father'?s'?\s+day", _nth(6, _SUNDAY, 3)),
    ("Labor Day", r"labou?r\s+day", _nth(9, _MONDAY, 1)),
    ("Columbus Day", r"columbus\s+day", _nth(10, _MONDAY, 2)),
    ("Thanksgiving Day", r"thanks?giving(?:\s+day)?", _nth(11, _THURSDAY, 4)),
    ("Black Friday", r"black\s+friday", _nth(11, _THURSDAY, 4, 1)),
    ("Cyber Monday", r"cyber\s+monday", _nth(11, _THURSDAY, 4, 4)),
    ("Giving Tuesday", r"giving\s+tuesday", _nth(11, _THURSDAY, 4, 5)),
    ("Shrove Tuesday", r"shrove\s+tuesday|pancake\s+(?:day|tuesday)|mardi\s+gras", _from_easter(-47)),
    ("Ash Wednesday", r"ash\s+wednesday", _from_easter(-46)),
    ("Palm Sunday", r"(?:palm|branch)\s+sunday", _from_easter(-7)),
    ("Maundy Thursday", r"(?:maundy|covenant|holy|great)\s+thu(?:rsday)?|thu\s+of\s+mysteries", _from_easter(-3)),
    ("Good Friday", r"(?:good|great|holy)\s+fri(?:day)?", _from_easter(-2)),
    ("Easter Monday", r"easter\s+mon(?:day)?", _from_easter(1)),
    ("Easter Sunday", r"easter(?:\s+sun(?:day)?)?", _from_easter(0)),
    ("Ascension Day", r"ascension\s+(?:day|thursday)", _from_easter(39)),
    ("Whit Monday", r"whit\s+monday|pentecost\s+monday|monday\s+of\s+the\s+holy\s+spirit", _from_easter(50)),
    ("Pentecost", r"pentecost|(?:white|whit)\s+sunday", _from_easter(49)),
)  # fmt: skip
"""Names as Duckling writes them, how they are written, and the day in a year."""

_YEAR = r"(?:(?:\s+(?:of|in))?\s+(?P<year>(?:19|20)\d\d)|\s+of\s+(?P<cycle>this|next|last)\s+year)?"
_COMPILED = tuple(
    (
        name,
        re.compile(rf"\b(?:on\s+)?(?:(?P<which>this|next|last)\s+)?(?:{pattern})\b{_YEAR}", re.IGNORECASE),
        dated,
    )
    for name, pattern, dated in HOLIDAYS
)


def holidays(text: str) -> Iterator[tuple[int, int, Callable[[datetime], Stretch]]]:
    """Yield (start, end, what it means seen from a moment) for each holiday that is named."""
    for name, pattern, dated in _COMPILED:
        for match in pattern.finditer(text):
            yield (*match.span(), _at(name, match, dated))


def _at(name: str, match: re.Match[str], dated: Dated) -> Callable[[datetime], Stretch]:
    which, cycle = (match["which"] or "").lower(), (match["cycle"] or "").lower()

    def at(now: datetime) -> Stretch:
        def stretch(year: int) -> Stretch:
            day = dated(year)
            moment = floored(now, "day").replace(year=day.year, month=day.month, day=day.day)
            return Stretch(moment, "day", holiday=name)

        if match["year"]:
            return stretch(int(match["year"]))
        if cycle:
            return stretch(now.year + {"this": 0, "next": 1, "last": -1}[cycle])
        years = range(now.year - 1, now.year + 5)
        today = floored(now, "day")
        if which == "last":
            return [s for s in map(stretch, years) if s.start < today][-1]
        coming = [s for s in map(stretch, years) if s.start >= today]
        return replace(coming[0], again=() if which else tuple(coming[1:3]))

    return at

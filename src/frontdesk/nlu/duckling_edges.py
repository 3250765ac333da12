"""Days that are counted (the third tuesday of may, the 20th of next month), and ends of months, weeks and years."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from frontdesk.nlu.duckling_holidays import nth_weekday
from frontdesk.nlu.duckling_numerals import ORDINAL, ordinal
from frontdesk.nlu.duckling_spans import Stretch, floored, shifted

Found = tuple[int, int, Callable[[datetime], Stretch]]

WEEKDAY = (
    r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WHICH = "this|next|coming|upcoming|following|last|past|previous|current"
_BACK = ("last", "past", "previous")
_HERE = ("this", "current", "the")
_YEAR = r"(?:,?\s+(?:of\s+)?(?P<year>(?:19|20)\d\d))?"
_OF_MONTH = (
    rf"(?:of|in)\s+(?:(?P<month>{MONTH})\b\.?{_YEAR}|(?:the\s+)?(?:(?P<which>{WHICH})\s+|the\s+)month)"
)
_NTH = re.compile(
    rf"\b(?:on\s+)?(?:the\s+)?(?:(?P<nth>{ORDINAL})(?P<back>\s+(?:to\s+)?last)?|(?P<last>last))\s+"
    rf"(?P<unit>{WEEKDAY}|day|week)\s+(?:{_OF_MONTH}|(?:of|in)\s+(?P<whole>(?:19|20)\d\d))",
    re.IGNORECASE,
)
_DAY_OF = re.compile(
    rf"\b(?:on\s+)?(?:the\s+)?(?P<nth>{ORDINAL}|\d{{1,2}})(?:\s+day)?\s+of\s+(?:the\s+)?(?P<which>{WHICH})\s+month\b",
    re.IGNORECASE,
)
_QUARTER = re.compile(
    r"\b(?:(?:the\s+)?(?P<nth>first|second|third|fourth|1st|2nd|3rd|4th)\s+(?:quarter|qtr)(?:\s+of)?(?:\s+(?P<year>(?:19|20)\d\d))?"
    r"|(?P<before>(?:20)?\d\d)\s?q(?P<q1>[1-4])|q(?P<q2>[1-4])(?:\s+(?:of\s+)?(?P<after>20\d\d))?)\b",
    re.IGNORECASE,
)
_EDGE = re.compile(
    r"\b(?:(?:at|in)\s+)?(?:the\s+)?(?:(?P<side>beginning|start|end)\s+of\s+(?:around\s+)?(?:(?:the\s+)?"
    rf"(?:(?P<which>{WHICH})\s+)?(?P<unit>week|month|year)|(?P<month>{MONTH})\b{_YEAR}|(?P<whole>(?:19|20)\d\d))"
    r"|(?P<short>bom|eom|boy|eoy))\b",
    re.IGNORECASE,
)
_THIRD = re.compile(rf"\b(?:in\s+)?(?P<third>early|mid|late)[\s-](?P<month>{MONTH})\b{_YEAR}", re.IGNORECASE)
_FROM_NOW = re.compile(
    rf"\b(?P<count>\d{{1,2}}|one|two|three|four|five|six)\s+(?P<day>{WEEKDAY})s?\s+(?P<way>from\s+now|ago|back)\b",
    re.IGNORECASE,
)
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_SHORT = {
    "bom": ("beginning", "month"),
    "eom": ("end", "month"),
    "boy": ("beginning", "year"),
    "eoy": ("end", "year"),
}


def counted(text: str) -> Iterator[Found]:
    """Yield (start, end, what it means seen from a moment) for days and weeks that are counted, and for edges."""
    for pattern, mean in (
        (_NTH, _nth),
        (_DAY_OF, _day_of),
        (_QUARTER, _quarter),
        (_THIRD, _third),
        (_EDGE, _edge),
        (_FROM_NOW, _from_now),
    ):
        for match in pattern.finditer(text):
            made = mean(match)
            if made is not None:
                yield (*match.span(), made)


def cycle(which: str | None) -> int:
    """Return -1 for "last", 0 for "this", 1 for "next"."""
    word = (which or "this").lower()
    return -1 if word in _BACK else 0 if word in _HERE else 1


def _month(match: re.Match[str], now: datetime) -> datetime:
    """Return the beginning of the month that is meant: a named one that is not over, or this, the last, the next."""
    start = floored(now, "month")
    named = match["month"]
    if not named:
        return shifted(start, "month", cycle(match["which"]))
    month = MONTHS.index(named[:3].lower()) + 1
    year = match["year"]
    if year:
        return start.replace(year=int(year), month=month)
    return start.replace(year=now.year + (month < now.month), month=month)


def _nth(match: re.Match[str]) -> Callable[[datetime], Stretch] | None:
    count = -1 if match["last"] else ordinal(match["nth"]) or 0
    if match["back"]:
        count = -count
    unit = match["unit"].lower()
    if not count or abs(count) > 31:
        return None

    def at(now: datetime) -> Stretch:
        if match["whole"]:
            start = floored(now, "year").replace(year=int(match["whole"]))
            end = shifted(start, "year", 1)
        else:
            start = _month(match, now)
            end = shifted(start, "month", 1)
        if unit == "day":
            return Stretch(
                start + timedelta(days=count - 1) if count > 0 else end + timedelta(days=count), "day"
            )
        if unit == "week":
            first = floored(start + timedelta(days=6), "week")
            last = floored(end - timedelta(days=7), "week")
            return Stretch(
                first + timedelta(weeks=count - 1) if count > 0 else last + timedelta(weeks=count + 1), "week"
            )
        day = nth_weekday(start.year, start.month, WEEKDAYS.index(unit[:3]), count)
        return Stretch(start.replace(year=day.year, month=day.month, day=day.day), "day")

    return at


def _day_of(match: re.Match[str]) -> Callable[[datetime], Stretch] | None:
    day = ordinal(match["nth"]) or int(re.sub(r"\D", "", match["nth"]) or 0)
    if not 1 <= day <= 31:
        return None
    return lambda now: Stretch(
        shifted(floored(now, "month"), "month", cycle(match["which"])) + timedelta(days=day - 1), "day"
    )


def _quarter(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    number = int(match["q1"] or match["q2"] or ordinal(match["nth"]) or 1)
    year = match["year"] or match["before"] or match["after"]

    def at(now: datetime) -> Stretch:
        start = floored(now, "year")
        if year:
            start = start.replace(year=int(year) + (2000 if len(year) == 2 else 0))
        return Stretch(shifted(start, "quarter", number - 1), "quarter")

    return at


def _third(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    place = ("early", "mid", "late").index(match["third"].lower())

    def at(now: datetime) -> Stretch:
        month = floored(now, "month")
        number = MONTHS.index(match["month"][:3].lower()) + 1
        year = int(match["year"]) if match["year"] else now.year + (number < now.month)
        return _cut(month.replace(year=year, month=number), place)

    return at


def _cut(month: datetime, place: int) -> Stretch:
    start = month + timedelta(days=10 * place)
    return Stretch(start, "day", shifted(month, "month", 1) if place == 2 else start + timedelta(days=10))


def _edge(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    side, unit = _SHORT.get((match["short"] or "").lower(), (match["side"], match["unit"]))
    last = (side or "").lower() == "end"
    whole = match["whole"]

    def at(now: datetime) -> Stretch:
        if match["month"] or unit == "month":
            return _cut(_month(match, now), 2 if last else 0)
        if unit == "week":
            monday = shifted(floored(now, "week"), "week", cycle(match["which"]))
            return Stretch(
                monday + timedelta(days=4 if last else 0), "day", monday + timedelta(days=7 if last else 3)
            )
        year = floored(now, "year")
        year = year.replace(year=int(whole)) if whole else shifted(year, "year", cycle(match["which"]))
        if last:
            return Stretch(year.replace(month=9), "month", shifted(year, "year", 1))
        return Stretch(year, "month", year.replace(month=4))

    return at


def _from_now(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    count = _COUNTS.get(match["count"].lower()) or int(match["count"])
    weekday = WEEKDAYS.index(match["day"][:3].lower())
    back = match["way"].lower() in ("ago", "back")

    def at(now: datetime) -> Stretch:
        today = floored(now, "day")
        ahead = (weekday - today.weekday()) % 7
        if back:
            return Stretch(today + timedelta(days=(ahead or 7) - 7 * count), "day")
        return Stretch(today + timedelta(days=(ahead or 7) + 7 * (count - 1)), "day")

    return at

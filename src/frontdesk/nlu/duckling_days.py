"""Days, weeks, months and years that an English text names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from frontdesk.nlu.duckling_edges import MONTH, MONTHS, WEEKDAY, WEEKDAYS, WHICH, counted, cycle
from frontdesk.nlu.duckling_holidays import holidays
from frontdesk.nlu.duckling_numerals import ORDINAL, numeral, ordinal
from frontdesk.nlu.duckling_spans import Stretch, floored, shifted

Found = tuple[int, int, Callable[[datetime], Stretch]]

PARTS = {
    "early morning": (0, 9), "morning": (0, 12), "lunchtime": (12, 14), "lunch": (12, 14), "afternoon": (12, 19),
    "evening": (18, 24), "night": (18, 24),
}  # fmt: skip
"""Parts of a day by their hours, the last one exclusive."""

_CYCLE = r"seconds?|minutes?|hours?|days?|week-?ends?|wkends?|weeks?|months?|quarters?|qtrs?|years?|yrs?"

_PLAIN = {"today": 0, "tomorrow": 1, "tomorrows": 1, "tmrw": 1, "tmr": 1, "yesterday": -1, "tonight": 0}
_SIMPLE = re.compile(
    r"\b(?:(?:the\s+)?(?P<over>day\s+(?:after\s+tomorrow|before\s+yesterday))"
    r"|(?P<word>today|tomorrows?|tmrw|tmr|yesterday|tonight))\b",
    re.IGNORECASE,
)
_ON_WEEKDAY = re.compile(
    rf"\b(?:on\s+)?(?:(?P<before>next|this|last)\s+week's\s+|(?P<which>this|next|coming|upcoming|last|past)\s+)?"
    rf"(?P<day>{WEEKDAY})(?:s?\b\.?)(?:\s+(?:(?:of|from|in)\s+)?(?P<week>{WHICH})\s+week\b|\s+(?P<over>after\s+next)\b)?",
    re.IGNORECASE,
)
_CYCLIC = re.compile(
    rf"\b(?:the\s+)?(?P<which>{WHICH})\s+(?:(?P<count>\d+|two|three|four|five|six|seven|ten|few|couple(?:\s+of)?)\s+)?(?P<unit>{_CYCLE})\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    rf"\b(?:upcoming\s+(?P<n1>\d{{1,2}}|two|three|four|five|six)|(?P<n2>\d{{1,2}}|two|three|four|five|six)\s+upcoming)\s+(?P<unit>{_CYCLE})\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    rf"\b(?:from\s+)?(?:the\s+)?(?P<d1>\d{{1,2}}|{ORDINAL})(?:\s+(?:of\s+)?(?P<m1>{MONTH}))?\s*(?:-|–|to|till|until|thru|through)\s*(?:the\s+)?"
    rf"(?P<d2>\d{{1,2}}|{ORDINAL})\s+(?:of\s+)?(?P<m2>{MONTH})\b(?:,?\s+(?P<year>(?:19|20)\d\d))?",
    re.IGNORECASE,
)
_WEEKDAY_DAY = re.compile(
    rf"\b(?:on\s+)?(?P<weekday>{WEEKDAY})\.?,?\s+(?P<day>\d{{1,2}}(?:st|nd|rd|th))\b(?!\s+(?:of\s+)?(?:{MONTH})\b)",
    re.IGNORECASE,
)
_WEEKEND = re.compile(r"\b(?:(?:on|at|over)\s+)?the\s+weekend\b", re.IGNORECASE)
_MONTH_DAY = re.compile(
    rf"\b(?:on\s+|from\s+(?=\w+\.?\s+\d{{1,2}}\s*(?:-|–|to|thru|through)))?(?:the\s+)?(?:(?P<d1>\d{{1,2}}(?!\d)|{ORDINAL})(?:st|nd|rd|th)?\s*(?:of\s+)?(?P<m1>{MONTH})"
    rf"|(?P<m2>{MONTH})\.?\s+(?:the\s+)?(?P<d2>\d{{1,2}}(?!\d)|{ORDINAL})(?:st|nd|rd|th)?(?:\s*(?:-|–|to|till|until|thru|through)\s*(?P<last>\d{{1,2}}(?!\d))(?:st|nd|rd|th)?)?)\b(?:,?\s+(?P<year>(?:19|20)\d\d))?(?!:)",
    re.IGNORECASE,
)
_MONTH_ONLY = re.compile(
    rf"\b(?:in\s+)?(?:(?P<which>this|next|last)\s+)?(?P<month>{MONTH})\.?\b(?:,?\s+(?:of\s+)?(?P<year>(?:19|20)\d\d))?",
    re.IGNORECASE,
)
_NUMERIC = re.compile(
    r"(?<![\w/.-])(?:on\s+)?(?:(?P<y1>(?:19|20)\d\d)[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2})"
    rf"|(?P<d3>\d{{1,2}})[-/](?P<m3>{MONTH})[-/](?P<y3>(?:19|20)?\d\d)"
    r"|(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<y2>(?:19|20)?\d\d)|(?P<c>\d{1,2})\s?/\s?(?P<d>\d{1,2}))(?![\w/-]|\.\d)",
    re.IGNORECASE,
)
_NUMERIC_MONTH = re.compile(
    r"(?<![\w/.-])(?:(?P<y1>20\d\d)[-/](?P<m1>0?[1-9]|1[0-2])|(?P<m2>0?[1-9]|1[0-2])/(?P<y2>20\d\d))(?![\w/-]|\.\d)"
)
_DAY_OF_MONTH = re.compile(rf"\b(?:on\s+)?the\s+(?P<day>{ORDINAL})\b(?!\s+\w+day)", re.IGNORECASE)
_YEAR = re.compile(
    r"\b(?:in|of|since|until|before|after)\s+(?P<year>(?:19|20)\d\d)\b(?![-/:.]\d)", re.IGNORECASE
)


def days(text: str, *, day_first: bool = False) -> Iterator[Found]:
    """Yield (start, end, what it means seen from a moment) for all that names a day or more."""
    for pattern, mean in _RELATIVE:
        for match in pattern.finditer(text):
            yield (*match.span(), mean(match))
    for match in _ON_WEEKDAY.finditer(text):
        # "sat" and "sun" are other words, too: they count with a capital, or where they are all that is said
        name = match["day"]
        told = match["which"] or match["week"] or match["before"] or match["over"]
        if name.lower() not in ("sat", "sun") or told or name[0].isupper() or match.group() == text.strip():
            yield (*match.span(), _weekday(match))
    yield from holidays(text)
    yield from counted(text)
    yield from _of_months(text)
    for match in _NUMERIC_MONTH.finditer(text):
        yield (*match.span(), _month(match["y1"] or match["y2"], int(match["m1"] or match["m2"])))
    yield from in_digits(text, day_first=day_first)
    for match in _DAY_OF_MONTH.finditer(text):
        day = ordinal(match["day"]) or 0
        if 1 <= day <= 31 and re.search(r"\d|teenth|twent|thirt", match["day"], re.IGNORECASE):
            yield (*match.span(), _day_of_month(day))
    for match in _YEAR.finditer(text):
        start = match.start() if match.group()[:2].lower() == "in" else match.start("year")
        yield (start, match.end(), _year(int(match["year"])))


def in_digits(text: str, *, day_first: bool = False) -> Iterator[Found]:
    """Yield dates that are written in digits alone, as in any language."""
    for match in _NUMERIC.finditer(text):
        found = _numeric(match, day_first)
        if found is not None:
            yield (*match.span(), _date(*found))


def _of_months(text: str) -> Iterator[Found]:
    for match in _MONTH_DAY.finditer(text):
        month = _index(MONTHS, match["m1"] or match["m2"])
        day = _number(match["d1"] or match["d2"])
        if _exists(month, day):
            last = int(match["last"] or 0)
            yield (*match.span(), _date(match["year"], month, day, last - day + 1 if last > day else 0))
    for match in _SPAN.finditer(text):
        month, first, last = _index(MONTHS, match["m2"]), _number(match["d1"]), _number(match["d2"])
        if (
            (match["m1"] is None or _index(MONTHS, match["m1"]) == month)
            and _exists(month, last)
            and 0 < first < last
        ):
            yield (*match.span(), _date(match["year"], month, first, last - first + 1))
    for match in _MONTH_ONLY.finditer(text):
        # "may" and "march" are also verbs: alone they count with a capital, "in" or a year
        name = match["month"]
        sure = len(name) > 3 and name.lower() != "march"
        if sure or name[0].isupper() or match["year"] or match["which"] or match.group()[:3].lower() == "in ":
            yield (*match.span(), _month(match["year"], _index(MONTHS, name), (match["which"] or "").lower()))


def is_weekday(text: str) -> bool:
    """Tell whether a text is a weekday and nothing else."""
    return re.fullmatch(rf"(?:on\s+)?(?:{WEEKDAY})\.?", text, re.IGNORECASE) is not None


def _simple(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    if match["over"]:
        shift = 2 if "after" in match["over"].lower() else -2
        return lambda now: Stretch(shifted(floored(now, "day"), "day", shift), "day")
    word = match["word"].lower()

    def at(now: datetime) -> Stretch:
        day = shifted(floored(now, "day"), "day", _PLAIN[word])
        if word == "tonight":
            return Stretch(day + timedelta(hours=18), "hour", day + timedelta(days=1))
        return Stretch(day, "day")

    return at


def _weekday(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    day = _index(WEEKDAYS, match["day"]) - 1
    which, week = (match["which"] or "").lower(), match["week"] or match["before"]

    def at(now: datetime) -> Stretch:
        today = floored(now, "day")
        if week or (which == "next" and today.weekday() < day):
            # as in Duckling, the next one is next week's
            monday = floored(now, "week") + timedelta(weeks=cycle(week) if week else 1)
            return Stretch(monday + timedelta(days=day), "day")
        ahead = (day - today.weekday()) % 7
        if which in ("last", "past"):
            return Stretch(today + timedelta(days=ahead - 7), "day")
        # as in Duckling, a weekday is never today
        first = today + timedelta(days=(ahead or 7) + (7 if match["over"] else 0))
        again = () if which else tuple(Stretch(first + timedelta(weeks=n), "day") for n in (1, 2))
        return Stretch(first, "day", again=again)

    return at


def _cyclic(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    shift, unit = cycle(match["which"]), _cycle_unit(match["unit"].lower())
    count = " ".join((match["count"] or "").lower().split())
    many = {"few": 3, "couple of": 2, "couple": 2}.get(count) or (numeral(count) if count else None)
    back = shift < 0

    def at(now: datetime) -> Stretch:
        if unit == "weekend":
            return _weekend(now, shift)
        start = floored(now, unit)
        if many:
            first = shifted(start, unit, -many if back else 1)
            return Stretch(first, unit, start if back else shifted(first, unit, many))
        return Stretch(shifted(start, unit, shift), unit)

    return at


def _cycle_unit(written: str) -> str:
    for short, unit in (("week-end", "weekend"), ("wkend", "weekend"), ("qtr", "quarter"), ("yr", "year")):
        if written.startswith(short):
            return unit
    return written.removesuffix("s")


def _ahead(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    many, unit = int(numeral(match["n1"] or match["n2"]) or 1), _cycle_unit(match["unit"].lower())
    if unit == "weekend":
        return lambda now: _weekend(now, many)
    return lambda now: Stretch(shifted(floored(now, unit), unit, many), unit)


def _weekday_day(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    """Return "Thu 15th": the next 15th that is a Thursday."""
    weekday, day = _index(WEEKDAYS, match["weekday"]) - 1, ordinal(match["day"]) or 1

    def at(now: datetime) -> Stretch:
        month = floored(now, "month")
        for later in range(84):
            start = shifted(month, "month", later)
            if not _exists(start.month, day, start.year):
                continue
            found = start.replace(day=day)
            if found.weekday() == weekday and found >= floored(now, "day"):
                return Stretch(found, "day")
        return Stretch(floored(now, "day"), "day")

    return at


def _weekend(now: datetime, shift: int) -> Stretch:
    monday = floored(now, "week") + timedelta(weeks=shift)
    return Stretch(monday + timedelta(days=4, hours=18), "hour", monday + timedelta(days=7))


def _date(year: str | int | None, month: int, day: int, length: int = 0) -> Callable[[datetime], Stretch]:
    """Return a date, or so many days from it on."""
    single = _single_date(year, month, day)
    if not length:
        return single

    def at(now: datetime) -> Stretch:
        first = single(now)
        return replace(first, again=(), end=first.start + timedelta(days=length))

    return at


def _single_date(year: str | int | None, month: int, day: int) -> Callable[[datetime], Stretch]:
    def at(now: datetime) -> Stretch:
        today = floored(now, "day")
        if year is not None:
            return Stretch(_moved(today, int(year), month, day), "day")
        first = today.year if (month, day) >= (today.month, today.day) else today.year + 1
        found = [Stretch(_moved(today, first + n, month, day), "day") for n in range(3)]
        return replace(found[0], again=tuple(found[1:]))

    return at


def _month(year: str | None, month: int, which: str = "") -> Callable[[datetime], Stretch]:
    def at(now: datetime) -> Stretch:
        today = floored(now, "month")
        if which == "last":
            return Stretch(today.replace(year=today.year - (month >= today.month), month=month), "month")
        if year is not None:
            return Stretch(today.replace(year=int(year), month=month), "month")
        first = today.year if month >= today.month else today.year + 1
        found = [Stretch(today.replace(year=first + n, month=month), "month") for n in range(3)]
        return replace(found[0], again=tuple(found[1:]))

    return at


def _year(year: int) -> Callable[[datetime], Stretch]:
    return lambda now: Stretch(floored(now, "year").replace(year=year), "year")


def _day_of_month(day: int) -> Callable[[datetime], Stretch]:
    def at(now: datetime) -> Stretch:
        month = floored(now, "month")
        found: list[Stretch] = []
        while len(found) < 3:
            if _exists(month.month, day, month.year) and (month.replace(day=day) >= floored(now, "day")):
                found.append(Stretch(month.replace(day=day), "day"))
            month = shifted(month, "month", 1)
        return replace(found[0], again=tuple(found[1:]))

    return at


def _numeric(match: re.Match[str], day_first: bool) -> tuple[int | None, int, int] | None:
    if match["y1"]:
        year, month, day = (int(match[name]) for name in ("y1", "m1", "d1"))
        return (year, month, day) if _exists(month, day, year) else None
    if match["d3"]:
        year, month, day = _full_year(match["y3"]), _index(MONTHS, match["m3"]), int(match["d3"])
        return (year, month, day) if _exists(month, day, year) else None
    one, other = (match["a"], match["b"]) if match["a"] else (match["c"], match["d"])
    # a number above 12 can only be the day, whatever the custom is
    month, day = (int(other), int(one)) if day_first or int(one) > 12 else (int(one), int(other))
    if month > 12:
        month, day = day, month
    written = match["y2"]
    given = None if written is None else _full_year(written)
    return (given, month, day) if _exists(month, day, given or 2000) else None


def _full_year(written: str) -> int:
    year = int(written)
    return year if len(written) > 2 else year + (2000 if year < 50 else 1900)


def _moved(moment: datetime, year: int, month: int, day: int) -> datetime:
    while not _exists(month, day, year):
        year += 1  # the 29th of February
    return moment.replace(year=year, month=month, day=day)


def _exists(month: int, day: int, year: int = 2000) -> bool:
    try:
        datetime(year, month, day)  # noqa: DTZ001 - only whether the calendar has it
    except ValueError:
        return False
    return True


def _index(names: tuple[str, ...], written: str) -> int:
    return names.index(written[:3].lower()) + 1


def _number(written: str) -> int:
    return int(written) if written.isdigit() else ordinal(written) or 0


_RELATIVE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Callable[[datetime], Stretch]]], ...] = (
    (_SIMPLE, _simple),
    (_AHEAD, _ahead),
    (_CYCLIC, _cyclic),
    (_WEEKDAY_DAY, _weekday_day),
    (_WEEKEND, lambda _: lambda now: _weekend(now, 0)),
)

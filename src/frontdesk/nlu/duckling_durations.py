"""Lengths of time in English texts, as Duckling writes them: whole numbers of the largest unit that allows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from frontdesk.nlu.duckling_numbers import Match
from frontdesk.nlu.duckling_numerals import DIGITS, PRECISION, SPELLED, numeral, plain
from frontdesk.nlu.duckling_spans import SECONDS

UNITS = {
    "second": r"sec(?:ond)?s?", "minute": r"min(?:ute)?s?", "hour": r"h(?:ou)?rs?|h", "day": r"days?",
    "week": r"weeks?|wks?", "month": r"months?", "quarter": r"quarters?|qtrs?", "year": r"years?|yrs?",
}  # fmt: skip
_UNIT = "|".join(UNITS.values())
_SMALLER = {
    "year": ("month", 12), "quarter": ("month", 3), "month": ("day", 30), "week": ("day", 7), "day": ("hour", 24),
    "hour": ("minute", 60), "minute": ("second", 60),
}  # fmt: skip
_NUMBER = rf"(?:{DIGITS}|{SPELLED}|an?|a\s+(?:couple|pair)(?:\s+of)?|a\s+few|few)"
_PART = r"(?:(?P<half>(?:an?\s+)?half)|(?P<quarters>(?:an?|one|two|three)?\s*quarters?))"
COUNT = (
    rf"(?:(?P<number>{_NUMBER})\s+and\s+{_PART}(?:\s+of)?(?:\s+an?)?"
    r"|(?P<piece>(?:half|1/2)(?:\s+an?)?|(?:an?\s+|one\s+)?quarter\s+of\s+an|three[\s-]quarters\s+of\s+an|1/4|3/4)"
    rf"|(?P<plain>{_NUMBER}))"
)
AMOUNT = (
    rf"{COUNT}\s*-?\s*(?:(?:more|additional|extra|less|fewer|other)\s+)?(?P<unit>{_UNIT}|fortnights?)"
    r"(?P<after>\s+and\s+(?:an?\s+)?half)?"
)
_DURATION = re.compile(rf"(?<![\w./])(?P<body>{AMOUNT})(?!\w|\s+(?:to|past)\s)", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|and|,\s*and)?\s*", re.IGNORECASE)
_REST = re.compile(
    rf"\s+(?:and\s+)?(?P<rest>\d{{1,2}}|{SPELLED})(?!\w|[.,/:]\d|\s*(?:{_UNIT})\b)\s*$", re.IGNORECASE
)


class Length(NamedTuple):
    """So many of a unit."""

    number: float
    unit: str

    def whole(self) -> Length:
        """Return it in the largest unit, from its own down, in which it is a whole number."""
        found = self
        while not float(round(found.number, 6)).is_integer() and found.unit in _SMALLER:
            found = found.smaller()
        return Length(round(found.number, 6), found.unit)

    def smaller(self) -> Length:
        """Return it in the next smaller unit."""
        unit, factor = _SMALLER[self.unit]
        return Length(self.number * factor, unit)

    def within(self, unit: str) -> Length | None:
        """Return it in a smaller unit, or None where that is none."""
        found = self
        while found.unit != unit:
            if found.unit not in _SMALLER or SECONDS[found.unit] < SECONDS[unit]:
                return None
            if found.unit == "month" and unit == "week":
                return None
            found = found.smaller()
        return found


def length(match: re.Match[str]) -> Length:
    """Return what a match of AMOUNT says."""
    unit = unit_of(match["unit"])
    count = _count(match)
    if match["after"]:
        count += 0.5
    if unit == "fortnight":
        return Length(count * 14, "day")
    return Length(count, unit).whole()


def unit_of(written: str) -> str:
    """Return the unit that is written."""
    if written.lower().startswith("fortnight"):
        return "fortnight"
    return next(
        unit for unit, pattern in UNITS.items() if re.fullmatch(pattern, written.strip(), re.IGNORECASE)
    )


def _count(match: re.Match[str]) -> float:
    if match["piece"]:
        piece = match["piece"].lower()
        return 0.5 if "half" in piece or "1/2" in piece else 0.75 if piece[0] in "t3" else 0.25
    value = _plain(match["number"] or match["plain"])
    if match["half"]:
        return value + 0.5
    if match["quarters"]:
        words = match["quarters"].lower().split()
        return value + {"two": 0.5, "three": 0.75}.get(words[0], 0.25)
    return value


def _plain(written: str) -> float:
    words = " ".join(written.lower().split())
    if words in ("a", "an"):
        return 1
    return float(numeral(words) or 0)


def durations(text: str) -> Iterator[Match]:
    """Yield lengths of time; "2 hours and 30 minutes" is one, in the smaller unit."""
    found: list[tuple[int, int, Length]] = []
    for match in _DURATION.finditer(text):
        start, end = match.span("body")
        made = length(match)
        if found and _AND.fullmatch(text[found[-1][1] : start]):
            whole = found[-1][2].within(made.unit)
            if whole is not None and whole.unit != found[-1][2].unit:
                start = found.pop()[0]
                made = Length(whole.number + made.number, made.unit)
        if made.unit == "hour" and (rest := _REST.match(text, end)):
            minutes = numeral(rest["rest"]) or 0
            if 0 < minutes < 60:
                made, end = Length(made.number * 60 + minutes, "minute"), rest.end("rest")
        found.append((start, end, made))
    for start, end, made in found:
        value, unit = plain(made.number), made.unit
        precision = PRECISION.search(text[:start])
        normal = {"value": plain(made.number * SECONDS[unit]), "unit": "second"}
        wire = {"value": value, "unit": unit, unit: value, "type": "value", "normalized": normal}
        yield Match(precision.start() if precision else start, end, "duration", wire)

"""Clock times in English texts: 5pm, 17:30, half past three, a quarter to noon."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from frontdesk.nlu.duckling_numerals import numeral
from frontdesk.nlu.duckling_spans import Stretch, floored


class Atom(NamedTuple):
    """A part of an expression of time: a `day`, a `clock` time on some day, or a `part` of a day."""

    start: int
    end: int
    kind: str
    at: Callable[[datetime], Stretch]
    weak: bool = False
    """A weak one counts only with another beside it: the hour in "at 5" does, a bare "5" would not."""


_HALF = r"(?:\s*(?P<half>[ap])\.?\s?m\b\.?|(?<=\d)(?P<short>[ap])\b\.?)"
_OCLOCK = r"(?P<oclock>\s*o'?\s?clock)"
_HOUR_WORD = r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_MINUTE_WORD = (
    r"(?:twenty|thirty|forty|fifty)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|five|ten|eleven|twelve|"
    r"thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)
_CLOCK = re.compile(
    r"(?P<at>(?:\b(?:at|by|around|about|from|until|till)|@)\s*)?(?<![\d.:/$€£])(?<!\d\d\d-)"
    r"(?P<hour>[01]?\d|2[0-4])(?:(?:[:.]|(?P<h>h))(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?|(?P<bare>h)(?!\w))?"
    rf"(?:ish\b)?{_OCLOCK}?{_HALF}?(?![\w:]|[.,/]\d|-\d{{3}}|\s*[%$€£])",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"(?P<at>\b(?:at|approximately|around|about)\s+|@\s*)?(?<![\w.:/$€£-])(?P<hour>[01]?\d|2[0-3])(?P<gap>\s?)(?P<minute>[0-5]\d)"
    rf"{_HALF}?(?![\w:]|[.,/]\d|-\d|\s*[%$€£])",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    rf"(?<!from )(?<!between )(?P<at>\bat\s+|@\s*)?\b(?:(?P<half_of>half)\s+)?(?P<hour>{_HOUR_WORD})"
    rf"(?:[\s-](?P<minute>{_MINUTE_WORD})(?![\s-]+\w+s\b))?{_OCLOCK}?{_HALF}?(?!\w)",
    re.IGNORECASE,
)
_PAST = re.compile(
    rf"(?<![\w:.])(?:(?:at|for)\s+|@\s*)?(?P<past>half|(?:a\s+)?quarter|\d{{1,2}}|{_MINUTE_WORD})(?:\s+min(?:ute)?s?)?\s+"
    rf"(?P<way>past|to|after|before|till|of|from)\s+(?:(?P<named>noon|midday|midnight)|(?P<hour>\d{{1,2}}|{_HOUR_WORD})h?"
    rf"{_OCLOCK}?{_HALF}?)(?!\w)(?P<units>\s+(?:days|weeks|months|years|hours|minutes|people|to)\b)?",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\s*-?\s*(?:upcoming|more|sec|min|hours?\b|hrs?\b|days?|weeks?|months?|quarters?|years?|yrs?|people|persons?|guests?|of\b|"
    r"mon|tue|wed|thu|fri|sat|sun)",
    re.IGNORECASE,
)
"""What is counted by a number before it, which is then no hour."""
_NAMED = re.compile(
    r"(?:\b(?:at|by)\s+)?\b(?P<name>noon|mid\s?day|midnight|eod|(?<!the )end of (?:the )?day)\b",
    re.IGNORECASE,
)
_NAMED_HOURS = {"noon": 12, "midday": 12, "midnight": 24}


def clocks(text: str) -> Iterator[Atom]:
    """Yield the clock times that a text may name."""
    for match in _NAMED.finditer(text):
        hour = _NAMED_HOURS.get(match["name"].lower().replace(" ", ""), 24)
        start = match.start() if match.group()[:2].lower() == "at" else match.start("name")
        yield Atom(start, match.end(), "clock", clock(hour, 0, "hour", sure=True))
    yield from _in_digits(text)
    yield from _run_together(text)
    yield from _in_words(text)
    for match in _PAST.finditer(text):
        made = _past(match)
        if made is not None:
            yield Atom(match.start(), match.end(), "clock", made)


def _in_digits(text: str) -> Iterator[Atom]:
    for match in _CLOCK.finditer(text):
        hour, minute = int(match["hour"]), match["minute"]
        half = match["half"] or match["short"]
        if (half and not 1 <= hour <= 12) or (hour == 24 and minute not in (None, "00")):
            continue
        if (
            match["short"]
            and not match["at"]
            and not minute
            and match["short"] == "a"
            and text[match.end() :].strip()
        ):
            continue  # "3 a day"
        told = bool(
            half or match["oclock"] or match["bare"] or match["h"] or (minute and ":" in match.group())
        )
        at_word = (match["at"] or "").strip().lower()
        start = match.start() if at_word in ("at", "@") else match.start("hour")
        grain = "second" if match["second"] else "minute" if minute or match["bare"] else "hour"
        sure = bool(half or match["h"]) or hour > 12 or hour == 0 or match["hour"].startswith("0")
        at = clock(_of_day(hour, half), int(minute or 0), grain, sure, int(match["second"] or 0))
        weak = not told and at_word not in ("at", "@")
        if not (weak and _COUNTED.match(text, match.end())):
            yield Atom(start, match.end(), "clock", at, weak)


def _run_together(text: str) -> Iterator[Atom]:
    """Yield "at 1030", "330 p.m." and "at 3 15"."""
    for match in _JOINED.finditer(text):
        half = match["half"] or match["short"]
        hour = int(match["hour"])
        if not (half or match["at"]) or (half and not 1 <= hour <= 12) or (match["gap"] and not match["at"]):
            continue
        start = match.start() if (match["at"] or "").strip().lower() in ("at", "@") else match.start("hour")
        sure = bool(half) or hour > 12 or hour == 0
        yield Atom(
            start, match.end(), "clock", clock(_of_day(hour, half), int(match["minute"]), "minute", sure)
        )


def _in_words(text: str) -> Iterator[Atom]:
    for match in _SPELLED.finditer(text):
        half = match["half"] or match["short"]
        if not (half or match["oclock"] or match["half_of"] or match["at"]):
            continue
        minute = 30 if match["half_of"] else int(numeral(match["minute"]) or 0) if match["minute"] else 0
        if match["half_of"] and match["minute"]:
            continue
        grain = "minute" if minute or match["minute"] else "hour"
        hour = _of_day(int(numeral(match["hour"]) or 0), half)
        yield Atom(*match.span(), "clock", clock(hour, minute, grain, sure=bool(half)))


def _past(match: re.Match[str]) -> Callable[[datetime], Stretch] | None:
    """Return what "a quarter to nine" says, or None where it is no clock time."""
    word = match["past"].lower().split(" ")[-1]
    minutes = {"half": 30, "quarter": 15}.get(word) or int(numeral(word) or 0)
    way = match["way"].lower()
    if match["units"] or not 1 <= minutes < 60:
        return None
    half = match["half"] or match["short"]
    named = match["named"]
    hour = _NAMED_HOURS[named.lower()] if named else int(numeral(match["hour"]) or 0)
    # "3 to 5 pm" is a stretch of time, "15 to noon" is not
    bare = word.isdigit() and not (named or "min" in match.group().lower())
    if not 0 <= hour <= 24 or (bare and (way != "past" or hour > 12)):
        return None
    back = way in ("to", "before", "till", "of")
    sure = bool(half or named) or hour > 12
    total = (_of_day(hour, half) * 60 + (-minutes if back else minutes)) % (24 * 60)
    return clock(total // 60, total % 60, "minute", sure)


def _of_day(hour: int, half: str | None) -> int:
    return hour if not half else hour % 12 + (12 if half.lower() == "p" else 0)


def clock(hour: int, minute: int, grain: str, sure: bool, second: int = 0) -> Callable[[datetime], Stretch]:
    """Return the next times with this hour; where it may be in the morning or the evening, both."""

    def at(now: datetime) -> Stretch:
        midnight = floored(now, "day")
        found = []
        for day in range(4):
            for more in (0,) if sure else (0, 12):
                hours = (hour % 12 if more else hour) + more
                start = midnight + timedelta(days=day, hours=hours, minutes=minute, seconds=second)
                if start >= floored(now, grain):
                    found.append(Stretch(start, grain))
        found.sort(key=lambda stretch: stretch.start)
        return replace(found[0], again=tuple(found[1:3]))

    return at

"""Times in English texts, as Duckling understands them: days, clock times, both together, and intervals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from frontdesk.nlu.duckling_days import PARTS, days, is_weekday
from frontdesk.nlu.duckling_numbers import Match, numeral, plain
from frontdesk.nlu.duckling_spans import SECONDS, Stretch, floored, shifted


class Atom(NamedTuple):
    """A part of an expression of time: a `day`, a `clock` time on some day, or a `part` of a day."""

    start: int
    end: int
    kind: str
    at: Callable[[datetime], Stretch]
    weak: bool = False
    """A weak one counts only with another beside it: the hour in "at 5" does, a bare "5" would not."""


UNITS = {
    "second": r"sec(?:ond)?s?", "minute": r"min(?:ute)?s?", "hour": r"h(?:ou)?rs?|h", "day": r"days?",
    "week": r"weeks?|wks?", "month": r"months?", "quarter": r"quarters?", "year": r"years?|yrs?",
}  # fmt: skip
_UNIT = "|".join(UNITS.values())
_COUNT = (
    r"(?:\d+|one|two|three)\s+and\s+a\s+half|\d+(?:\.\d+)?|half\s+an?|an?|a\s+couple(?:\s+of)?|a\s+few|one|two|three|"
    r"four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty[\s-]five|forty|sixty|ninety"
)
_AMOUNT = rf"(?P<count>{_COUNT})\s*-?\s*(?P<unit>{_UNIT})(?P<half>\s+and\s+a\s+half)?"
_DURATION = re.compile(rf"(?<![\w.])(?:for\s+)?(?P<body>{_AMOUNT})(?!\w|\s+(?:to|past)\s)", re.IGNORECASE)
_IN = re.compile(rf"\b(?:in|within)\s+{_AMOUNT}(?!\w)", re.IGNORECASE)
_AGO = re.compile(
    rf"(?<![\w.]){_AMOUNT}\s+(?P<way>ago|from\s+now|from\s+today|later|hence|back)\b", re.IGNORECASE
)
_CLOCK = re.compile(
    r"(?P<at>\b(?:at|@|by|around|about|from|until|till)\s*)?(?<![\d.:/$€£])(?<!\d\d\d-)"
    r"(?P<hour>[01]?\d|2[0-4])(?:[:.h](?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?|(?P<oclock>\s*o'?\s?clock))?(?![\w:]|[.,/]\d|-\d{3}|\s*[%$€£])",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    r"(?<!from )(?<!between )\b(?:(?P<past>half|(?:a\s+)?quarter|five|ten|twenty)\s+(?P<way>past|to|after)\s+)?"
    r"(?P<hour>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?|(?P<oclock>\s*o'?\s?clock))?(?!\w)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?P<name>noon|midday|midnight|eod|end of (?:the )?day)\b", re.IGNORECASE)
_NAMED_HOURS = {"noon": 12, "midday": 12, "midnight": 24}
_PART = re.compile(
    rf"\b(?:(?:in\s+the|during\s+the|at|this)\s+)?(?P<part>{'|'.join(PARTS)})\b", re.IGNORECASE
)
_NOW = re.compile(r"\b(?:right\s+now|now|immediately|asap|at\s+once)\b", re.IGNORECASE)
_JOINT = re.compile(r"[\s,]*(?:\b(?:at|on|in|of|the|for|around)\b[\s,]*)*", re.IGNORECASE)
_TO = re.compile(r"\s*(?:-|–|to|until|till|through|and)\s*", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|and|,\s*and)?\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,]*(?:\b(?:from|between)\b\s*)?(?:\bat\b\s*)?", re.IGNORECASE)
_FROM = re.compile(r"\b(?:from|between|starting)\s*(?:at\s*)?$", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|since|from|starting)\s*(?:at\s*)?$", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:before|until|till|by|up\s+to)\s*$", re.IGNORECASE)


def times(text: str, now: datetime, *, day_first: bool = False) -> Iterator[Match]:
    """Yield the times that a text names, seen from `now` (with a time zone)."""
    atoms = _joined(text, _longest(list(_atoms(text, day_first))))
    used: set[int] = set()
    for number, atom in enumerate(atoms):
        following = atoms[number + 1] if number + 1 < len(atoms) else None
        if following is not None and number not in used:
            made = _interval(text, atom, following, now)
            if made is not None:
                used |= {number, number + 1}
                yield made
    for number, atom in enumerate(atoms):
        if number not in used and not atom.weak:
            yield _opened(text, atom, now)


def durations(text: str) -> Iterator[Match]:
    """Yield lengths of time; "2 hours and 30 minutes" is one, in the smaller unit."""
    found: list[tuple[int, int, float, str]] = []
    for match in _DURATION.finditer(text):
        unit = _unit(match["unit"])
        count = _count(match["count"]) + (0.5 if match["half"] else 0)
        start, end = match.span("body")
        if found and _AND.fullmatch(text[found[-1][1] : start]) and SECONDS[unit] < SECONDS[found[-1][3]]:
            first, _, before, larger = found.pop()
            start, count = first, count + before * SECONDS[larger] / SECONDS[unit]
        found.append((start, end, count, unit))
    for start, end, count, unit in found:
        value, seconds = plain(count), plain(count * SECONDS[unit])
        normal = {"value": seconds, "unit": "second"}
        wire = {"value": value, "unit": unit, unit: value, "type": "value", "normalized": normal}
        yield Match(start, end, "duration", wire)


def _atoms(text: str, day_first: bool) -> Iterator[Atom]:
    for start, end, at in days(text, day_first=day_first):
        yield Atom(start, end, "day", at)
    for match in _NOW.finditer(text):
        yield Atom(*match.span(), "now", lambda now: Stretch(floored(now, "second"), "second"))
    for pattern in (_IN, _AGO):
        for match in pattern.finditer(text):
            yield Atom(*match.span(), "now", _relative(match))
    for match in _PART.finditer(text):
        yield Atom(*match.span(), "part", _part(match["part"].lower()))
    yield from _clocks(text)


def _clocks(text: str) -> Iterator[Atom]:
    for match in _NAMED.finditer(text):
        hour = _NAMED_HOURS.get(match["name"].lower(), 24)
        yield Atom(*match.span(), "clock", _clock(hour, 0, "hour", sure=True))
    for match in _CLOCK.finditer(text):
        hour, minute = int(match["hour"]), match["minute"]
        if (match["half"] and not 1 <= hour <= 12) or (hour == 24 and minute not in (None, "00")):
            continue
        told = bool(match["half"] or match["oclock"] or (minute and ":" in match.group()))
        start = match.start("hour") if match["at"] and match["at"].strip().lower() != "at" else match.start()
        grain = "second" if match["second"] else "minute" if minute else "hour"
        sure = bool(match["half"]) or hour > 12 or hour == 0 or match["hour"].startswith("0")
        at = _clock(_of_day(hour, match["half"]), int(minute or 0), grain, sure, int(match["second"] or 0))
        weak = not told and not (match["at"] and match["at"].strip().lower() in ("at", "@"))
        yield Atom(start, match.end(), "clock", at, weak)
    for match in _SPELLED.finditer(text):
        if not (match["past"] or match["half"] or match["oclock"]) or (
            not match["past"] and match["hour"].isdigit()
        ):
            continue
        hour = int(numeral(match["hour"]) or 0)
        if not 1 <= hour <= 12:
            continue
        minutes = {"half": 30, "quarter": 15}.get((match["past"] or "").lower().split(" ")[-1])
        if minutes is None:
            minutes = int(numeral(match["past"]) or 0) if match["past"] else 0
        back = match["way"] is not None and match["way"].lower() == "to"
        total = (_of_day(hour, match["half"]) * 60 + (-minutes if back else minutes)) % (24 * 60)
        grain = "minute" if match["past"] else "hour"
        yield Atom(*match.span(), "clock", _clock(total // 60, total % 60, grain, sure=bool(match["half"])))


def _of_day(hour: int, half: str | None) -> int:
    return hour if not half else hour % 12 + (12 if half.lower() == "p" else 0)


def _clock(hour: int, minute: int, grain: str, sure: bool, second: int = 0) -> Callable[[datetime], Stretch]:
    """Return the next times with this hour; where it may be in the morning or the evening, both."""

    def at(now: datetime) -> Stretch:
        midnight = floored(now, "day")
        found = []
        for day in range(4):
            for more in (0,) if sure else (0, 12):
                start = midnight + timedelta(
                    days=day, hours=(hour % 12 if more else hour) + more, minutes=minute, seconds=second
                )
                if start >= floored(now, grain):
                    found.append(Stretch(start, grain))
        found.sort(key=lambda stretch: stretch.start)
        return replace(found[0], again=tuple(found[1:3]))

    return at


def _part(name: str) -> Callable[[datetime], Stretch]:
    first, last = PARTS[name]

    def at(now: datetime) -> Stretch:
        midnight = floored(now, "day")
        if midnight + timedelta(hours=last) <= now:
            midnight += timedelta(days=1)
        return Stretch(midnight + timedelta(hours=first), "hour", midnight + timedelta(hours=last))

    return at


def _relative(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    unit = _unit(match["unit"])
    count = _count(match["count"]) + (0.5 if match["half"] else 0)
    way = (match.groupdict().get("way") or "").lower()
    sign = -1 if way in ("ago", "back") else 1
    # as in Duckling, the result is as exact as one unit below: "in 2 days" names an hour, "in 2 hours" a minute
    grain = {"second": "second", "minute": "second", "hour": "minute", "day": "hour"}.get(unit, "day")

    def at(now: datetime) -> Stretch:
        return Stretch(floored(shifted(now, unit, sign * count), grain), grain)

    return at


def _unit(written: str) -> str:
    return next(
        unit for unit, pattern in UNITS.items() if re.fullmatch(pattern, written.strip(), re.IGNORECASE)
    )


def _count(written: str) -> float:
    words = " ".join(written.lower().split())
    if words.startswith("half"):
        return 0.5
    if words.endswith(" and a half"):
        return float(numeral(words.removesuffix(" and a half")) or 0) + 0.5
    if words.startswith("a couple"):
        return 2
    if words == "a few":
        return 3
    return 1 if words in ("a", "an") else float(numeral(words) or 0)


def _longest(atoms: list[Atom]) -> list[Atom]:
    kept: list[Atom] = []
    for atom in sorted(atoms, key=lambda a: (a.start - a.end, a.weak, a.start)):
        if not any(atom.start < other.end and other.start < atom.end for other in kept):
            kept.append(atom)
    return sorted(kept, key=lambda atom: atom.start)


def _joined(text: str, atoms: list[Atom]) -> list[Atom]:
    """Return the atoms with days, and the clock times or parts of the day beside them, made one."""
    found: list[Atom] = []
    for atom in atoms:
        one = found[-1] if found else atom
        between = text[one.end : atom.start]
        if one.kind == "day" and atom.kind == "clock" and found and _BETWEEN.fullmatch(between):
            found[-1] = Atom(one.start, atom.end, "both", _on(one, atom))
            continue
        if found and _JOINT.fullmatch(between):
            kinds = {one.kind, atom.kind}
            if kinds == {"day"} and is_weekday(text[one.start : one.end]):
                # "friday the 27th": the date says it all
                found[-1] = Atom(one.start, atom.end, "day", atom.at)
                continue
            if kinds in ({"day", "clock"}, {"day", "part"}) or (kinds == {"clock", "part"}):
                found[-1] = Atom(
                    one.start, atom.end, "clock" if "day" not in kinds else "both", _on(one, atom)
                )
                continue
            if one.kind == "both" and atom.kind in ("part", "clock") and not atom.weak:
                found[-1] = Atom(one.start, atom.end, "both", _on(one, atom))
                continue
        found.append(atom)
    return found


def _on(one: Atom, other: Atom) -> Callable[[datetime], Stretch]:
    def at(now: datetime) -> Stretch:
        if one.kind in ("clock", "part") and other.kind in ("clock", "part"):
            part, clock = (one, other) if one.kind == "part" else (other, one)
            return _within(part.at(now), clock, now)
        day, rest = (one, other) if one.kind in ("day", "both") else (other, one)
        whole = day.at(now)
        if whole.end is not None or whole.grain not in ("day", "hour"):
            return _within(whole, rest, now)
        made = [_first(rest, stretch.start) for stretch in (whole, *whole.again)]
        return replace(made[0], again=tuple(made[1:]))

    return at


def _first(atom: Atom, midnight: datetime) -> Stretch:
    found = atom.at(midnight)
    return replace(found, again=tuple(o for o in found.again if o.start < midnight + timedelta(days=1)))


def _within(whole: Stretch, atom: Atom, now: datetime) -> Stretch:
    found = atom.at(whole.start)
    inside = [one for one in (found, *found.again) if whole.start <= one.start < whole.until]
    return replace(inside[0] if inside else found, again=())


def _interval(text: str, one: Atom, other: Atom, now: datetime) -> Match | None:
    """Return "from 3 to 5pm" as one match, if the two atoms are its ends."""
    joint = _TO.fullmatch(text[one.end : other.start])
    if joint is None or "now" in (one.kind, other.kind):
        return None
    opening = _FROM.search(text[: one.start])
    told = opening or "between" in text[one.start : one.end].lower()
    if joint.group().strip().lower() == "and" and not told:
        return None
    if one.weak and other.weak and not opening:
        return None
    first, last = one.at(now), other.at(now)
    if one.kind in ("clock", "both") and other.kind == "clock":
        last = _next_clock(other, first)
        if one.kind == "clock" and last.start - first.start > timedelta(hours=12) and first.again:
            first = first.again[0]
            last = _next_clock(other, first)
    elif one.kind == "clock" and other.kind == "both":
        day = floored(last.start, "day")
        earlier = [s for s in (one.at(day), *one.at(day).again) if s.start < last.start]
        first = earlier[-1] if earlier else first
    if last.start < first.start:
        return None
    start = opening.start() if opening else one.start
    made = Stretch(first.start, last.grain if last.grain != first.grain else first.grain, last.until)
    return Match(start, other.end, "time", made.wire())


def _next_clock(atom: Atom, after: Stretch) -> Stretch:
    found = atom.at(after.start)
    later = [one for one in (found, *found.again) if one.start > after.start]
    return replace(later[0] if later else found, again=())


def _opened(text: str, atom: Atom, now: datetime) -> Match:
    made = atom.at(now)
    for pattern, side in ((_AFTER, "after"), (_BEFORE, "before")):
        opening = pattern.search(text[: atom.start])
        if opening is not None:
            point = replace(made, again=(), end=None, open_=side)
            return Match(opening.start(), atom.end, "time", point.wire())
    return Match(atom.start, atom.end, "time", made.wire())

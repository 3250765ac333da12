"""Times in English texts, as Duckling understands them: days, clock times, both together, and intervals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from frontdesk.nlu.duckling_clocks import Atom, clocks
from frontdesk.nlu.duckling_days import PARTS, days, is_weekday
from frontdesk.nlu.duckling_durations import AMOUNT, length
from frontdesk.nlu.duckling_numbers import Match
from frontdesk.nlu.duckling_numerals import PRECISION
from frontdesk.nlu.duckling_spans import GRAINS, Stretch, floored, shifted

ZONES = {
    "utc": 0, "gmt": 0, "bst": 1, "cet": 1, "cest": 2, "eet": 2, "msk": 3, "ist": 5.5, "est": -5, "edt": -4, "cst": -6,
    "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "jst": 9, "aest": 10,
}  # fmt: skip
"""Time zones that are written behind a clock time, in hours from UTC."""
_IN = re.compile(rf"\b(?:in|within)\s+(?:about\s+|around\s+)?{AMOUNT}(?!\w)", re.IGNORECASE)
_AGO = re.compile(
    rf"(?<![\w./]){AMOUNT}\s+(?P<way>ago|from\s+(?:right\s+)?now|from\s+today|later|hence|back)\b",
    re.IGNORECASE,
)
_BELOW = {"second": "second", "minute": "second", "hour": "minute", "day": "hour", "year": "month"}
_PART = re.compile(
    rf"\b(?:(?:in\s+the|during\s+the|at|this)\s+)?(?P<part>{'|'.join(PARTS)})\b", re.IGNORECASE
)
_NOW = re.compile(r"\b(?:(?:right|just)\s+now|now|immediately|at\s+once|at\s+the\s+moment)\b", re.IGNORECASE)
_ASAP = re.compile(r"\b(?:asap|as\s+soon\s+as\s+possible)\b", re.IGNORECASE)
_LAST_NIGHT = re.compile(r"\blast\s+night\b", re.IGNORECASE)
_ZONE = re.compile(rf"\s*\(?(?P<zone>{'|'.join(ZONES)})\)?(?!\w)", re.IGNORECASE)
_JOINT = re.compile(r"[\s,]*(?:\b(?:at|on|in|of|the|for|around)\b[\s,]*)*", re.IGNORECASE)
_TO = re.compile(r"\s*(?:-|–|to|until|till|through|and)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,]*(?:\b(?:from|between)\b\s*)?(?:\bat\b\s*)?", re.IGNORECASE)
_ABOUT = re.compile(r"\s+(?:approximately|sharp|exactly)\b", re.IGNORECASE)
_FROM = re.compile(r"\b(?:from|between|starting)\s*(?:at\s*)?$", re.IGNORECASE)
_AFTER = re.compile(
    r"\b(?:(?:sometimes?|anytime)\s+)?(?:after|since|from|starting)\s*(?:at\s*)?$", re.IGNORECASE
)
_BEFORE = re.compile(
    r"\b(?:(?:sometimes?|anytime)\s+)?(?:before|until|till|through|up\s+to)\s*$", re.IGNORECASE
)
_BY = re.compile(r"\bby\s+(?:the\s+)?$", re.IGNORECASE)
_LASTING = re.compile(rf"\s+for\s+{AMOUNT}(?!\w)", re.IGNORECASE)


def times(text: str, now: datetime, *, day_first: bool = False) -> Iterator[Match]:
    """Yield the times that a text names, seen from `now` (with a time zone)."""
    atoms = [_zoned(text, atom) for atom in _joined(text, _longest(list(_atoms(text, day_first))))]
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


def _atoms(text: str, day_first: bool) -> Iterator[Atom]:
    for start, end, at in days(text, day_first=day_first):
        yield Atom(start, end, "day", at)
    for match in _NOW.finditer(text):
        yield Atom(*match.span(), "now", lambda now: Stretch(floored(now, "second"), "second"))
    for match in _ASAP.finditer(text):
        yield Atom(*match.span(), "now", lambda now: Stretch(floored(now, "second"), "second", open_="after"))
    for pattern in (_IN, _AGO):
        for match in pattern.finditer(text):
            yield Atom(*match.span(), "now", _relative(match))
    for match in _PART.finditer(text):
        yield Atom(*match.span(), "part", _part(match["part"].lower()))
    for match in _LAST_NIGHT.finditer(text):
        yield Atom(*match.span(), "now", _last_night)
    yield from clocks(text)


def _zoned(text: str, atom: Atom) -> Atom:
    """Return a clock time with the time zone that is written behind it."""
    zone = _ZONE.match(text, atom.end)
    if zone is None or atom.kind not in ("clock", "both") or atom.weak:
        return atom
    behind = timezone(timedelta(hours=ZONES[zone["zone"].lower()]))

    def at(now: datetime) -> Stretch:
        made = atom.at(now)
        if made.end is not None:
            return made
        times = [one.start.replace(tzinfo=behind).astimezone(now.tzinfo) for one in (made, *made.again)]
        first, *again = (Stretch(time, "minute" if made.grain == "hour" else made.grain) for time in times)
        return replace(first, again=tuple(again))

    return Atom(atom.start, zone.end(), atom.kind, at)


def _last_night(now: datetime) -> Stretch:
    today = floored(now, "day")
    return Stretch(today - timedelta(hours=6), "hour", today)


def _part(name: str) -> Callable[[datetime], Stretch]:
    first, last = PARTS[name]

    def at(now: datetime) -> Stretch:
        midnight = floored(now, "day")
        if midnight + timedelta(hours=last) <= now:
            midnight += timedelta(days=1)
        return Stretch(midnight + timedelta(hours=first), "hour", midnight + timedelta(hours=last))

    return at


def _relative(match: re.Match[str]) -> Callable[[datetime], Stretch]:
    many = length(match)
    way = (match.groupdict().get("way") or "").lower()
    sign = -1 if way in ("ago", "back") else 1
    # as in Duckling, the result is as exact as one unit below: "in 2 days" names an hour, "in 2 hours" a minute
    grain = _BELOW.get(many.unit, "day")
    if "right" in way:
        grain = "second"

    def at(now: datetime) -> Stretch:
        return Stretch(floored(shifted(now, many.unit, sign * many.number), grain), grain)

    return at


def _longest(atoms: list[Atom]) -> list[Atom]:
    kept: list[Atom] = []
    for atom in sorted(atoms, key=lambda a: (a.start - a.end, a.weak, a.start)):
        if not any(atom.start < other.end and other.start < atom.end for other in kept):
            kept.append(atom)
    return sorted(kept, key=lambda atom: atom.start)


def _joined(text: str, atoms: list[Atom]) -> list[Atom]:
    """Return the atoms with days, and the clock times or parts of the day beside them, made one."""
    found: list[Atom] = []
    for atom in _dated(text, atoms):
        one = found[-1] if found else atom
        between = text[one.end : atom.start]
        if one.kind == "day" and atom.kind == "clock" and found and _BETWEEN.fullmatch(between):
            found[-1] = Atom(one.start, atom.end, "both", _on(one, atom))
            continue
        if found and _JOINT.fullmatch(between):
            kinds = {one.kind, atom.kind}
            if kinds in ({"day", "clock"}, {"day", "part"}) or (kinds == {"clock", "part"}):
                found[-1] = Atom(
                    one.start, atom.end, "clock" if "day" not in kinds else "both", _on(one, atom)
                )
                continue
            if one.kind == "both" and atom.kind == "part":
                found[-1] = Atom(one.start, atom.end, "both", _narrowed(one, atom))
                continue
            if one.kind in ("both", "now") and atom.kind == "clock" and not atom.weak:
                found[-1] = Atom(one.start, atom.end, "both", _on(_of_its_day(one), atom))
                continue
        found.append(atom)
    return found


def _of_its_day(atom: Atom) -> Atom:
    """Return "in 7 days" as the day that it is in."""
    if atom.kind != "now":
        return atom
    return Atom(atom.start, atom.end, "day", lambda now: Stretch(floored(atom.at(now).start, "day"), "day"))


def _dated(text: str, atoms: list[Atom]) -> list[Atom]:
    """Return the atoms with a weekday and the date beside it made one."""
    found: list[Atom] = []
    for atom in atoms:
        one = found[-1] if found else None
        if (
            one is not None
            and one.kind == atom.kind == "day"
            and _JOINT.fullmatch(text[one.end : atom.start])
        ):
            if is_weekday(text[one.start : one.end]):
                found[-1] = Atom(one.start, atom.end, "day", _agreed(one, atom))
                continue
            if is_weekday(text[atom.start : atom.end]) and "," in text[one.end : atom.start]:
                found[-1] = Atom(one.start, atom.end, "day", _agreed(atom, one))
                continue
        found.append(atom)
    return found


def _narrowed(both: Atom, part: Atom) -> Callable[[datetime], Stretch]:
    """Return "9 tomorrow evening": of the hours that are meant, the one in that part of the day."""

    def at(now: datetime) -> Stretch:
        made = both.at(now)
        if made.end is not None:
            return made
        day = floored(made.start, "day")
        whole = part.at(day)
        hours = [one.start for one in (made, *made.again)]
        both_halves = [*hours, *(hour + timedelta(hours=12) for hour in hours)]
        inside = [hour for hour in both_halves if whole.start <= hour < whole.until]
        late = [hour for hour in both_halves if (hour.hour >= 12) is (whole.start.hour >= 12)]
        chosen = (inside or late or hours)[0]
        return Stretch(chosen, made.grain)

    return at


def _on(one: Atom, other: Atom) -> Callable[[datetime], Stretch]:
    def at(now: datetime) -> Stretch:
        if one.kind in ("clock", "part") and other.kind in ("clock", "part"):
            part, clock = (one, other) if one.kind == "part" else (other, one)
            made = _within(part.at(now), clock, now)
            return made if made.start >= floored(now, made.grain) else _later(made)
        day, rest = (one, other) if one.kind in ("day", "both") else (other, one)
        whole = day.at(now)
        if whole.end is not None or whole.grain not in ("day", "hour"):
            return _within(whole, rest, now)
        first, *more = (_first(rest, stretch.start) for stretch in (whole, *whole.again))
        return replace(first, again=tuple(more))

    return at


def _agreed(weekday: Atom, day: Atom) -> Callable[[datetime], Stretch]:
    """Return the date beside a weekday: "Friday, Jul 18" is the nearest 18th of July that is a Friday."""

    def at(now: datetime) -> Stretch:
        wanted = weekday.at(now).start.weekday()
        made = day.at(now)
        if made.end is not None or made.grain != "day" or not made.again:
            return made
        seen = [day.at(shifted(now, "month", months)) for months in range(-84, 96)]
        days = {one.start for one in (made, *made.again, *seen) if one.start.weekday() == wanted}
        return Stretch(min(days, key=lambda start: abs(start - now)), "day") if days else made

    return at


def _later(made: Stretch) -> Stretch:
    return replace(made, start=shifted(made.start, "day", 1), again=())


def _first(atom: Atom, midnight: datetime) -> Stretch:
    found = atom.at(midnight)
    return replace(found, again=tuple(o for o in found.again if o.start < midnight + timedelta(days=1)))


def _within(whole: Stretch, atom: Atom, now: datetime) -> Stretch:
    found = atom.at(whole.start if whole.end is None else floored(whole.start, "day"))
    inside = [one for one in (found, *found.again) if whole.start <= one.start < whole.until]
    if not inside and whole.end is not None:
        # "5 in the evening" is before what is called the evening
        late = whole.start.hour >= 12
        half = [one for one in (found, *found.again) if (one.start.hour >= 12) is late]
        return replace(half[0], again=()) if half else found
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
        following = [one for one in last.again if one.start > first.start]
        if not following or one.kind != "day":
            return None
        last = following[0]
    precision = PRECISION.search(text[: one.start])
    start = opening.start() if opening else precision.start() if precision else one.start
    grain, until = first.grain, last.until
    if first.grain != last.grain:
        grain = min(first.grain, last.grain, key=GRAINS.index)
        until = last.end or shifted(last.start, grain, 1)
    return Match(start, other.end, "time", Stretch(first.start, grain, until).wire())


def _next_clock(atom: Atom, after: Stretch) -> Stretch:
    found = atom.at(after.start)
    later = [one for one in (found, *found.again) if one.start > after.start]
    return replace(later[0] if later else found, again=())


def _opened(text: str, atom: Atom, now: datetime) -> Match:
    made = atom.at(now)
    lasting = _LASTING.match(text, atom.end)
    if lasting is not None and made.end is None:
        many = length(lasting)
        begun = _FROM.search(text[: atom.start])
        until = shifted(shifted(made.start, many.unit, many.number), many.unit, 1)
        return Match(
            begun.start() if begun else atom.start,
            lasting.end(),
            "time",
            Stretch(made.start, many.unit, until).wire(),
        )
    if bound := _BY.search(text[: atom.start]):
        point = Stretch(floored(now, "second"), "second", made.end or made.start)
        return Match(bound.start(), atom.end, "time", point.wire())
    for pattern, side in ((_AFTER, "after"), (_BEFORE, "before")):
        opening = pattern.search(text[: atom.start])
        if opening is not None:
            point = replace(made, again=(), end=None, open_=side)
            return Match(opening.start(), atom.end, "time", point.wire())
    precision = PRECISION.search(text[: atom.start])
    after = _ABOUT.match(text, atom.end)
    start, end = precision.start() if precision else atom.start, after.end() if after else atom.end
    return Match(start, end, "time", made.wire())

"""What the words of a customer say about a call: when, in which time zone, about what, what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from actions.flows.phrases import APOSTROPHES, plain
from actions.flows.turn import EMAIL
from actions.services.callback_policy import CallWish
from actions.services.order_numbers import without_numbers as without_order_numbers
from actions.services.phone import without_numbers
from frontdesk.formats import yaml
from frontdesk.nlu.duckling_embedded import extract

TABLE = Path(__file__).with_name("call_words.yml")
LONGEST = 300
# An hour without "am" or "pm" after a word that introduces one, or alone: "after 3", "between 2 and 4", "3".
UNIT = r"(?:[ap]\.?m\b|o'?clock|hours?|hrs?|min|days?|weeks?|months?|st\b|nd\b|rd\b|th\b)"
HOUR = rf"(\d{{1,2}})(:\d\d)?(?!\s*{UNIT}|[\d:/.-]*\d|[/:])"
INTRODUCED = re.compile(
    rf"\b(?P<word>after|before|until|till|by|around|about|at|from|between|to|and|or|it|say|then)\s+{HOUR}\b"
)
RANGE = re.compile(rf"\b(\d{{1,2}})(:\d\d)?\s*-\s*{HOUR}")
ALONE = re.compile(rf"\s*{HOUR}\s*[.!]*\s*(?:please|pls|works|is fine|is good)?\s*")
EVENING = 8  # hours from which a bare number means the morning
NOON = 12
DAYS = frozenset({"day", "week", "month", "quarter", "year"})
LONGEST_TOPIC = 200
WEEK = timedelta(days=7)
RELATIVE = re.compile(
    r"\b(?:to(?:day|morrow|night)|day after|in|this)\b"
)  # such words mean a day of their own


@cache
def table() -> Mapping[str, Any]:
    """Read the words about calls."""
    found: Mapping[str, Any] = yaml.read(TABLE)
    return found


def zone_of(text: str) -> str | None:
    """Return the time zone that the words name."""
    words = _lower(text)
    for zone, names in table()["zones"].items():
        if any(re.search(rf"\b{re.escape(name)}\b", words) for name in names):
            return str(zone)
    return None


def zone_name(zone: str) -> str:
    """Name a time zone as people do."""
    return str(table()["names"].get(zone, zone))


def says(kind: str, text: str) -> bool:
    """Tell whether a phrase of this kind stands in the words."""
    words = f" {plain(text)} "
    return any(f" {phrase} " in words for phrase in table()[kind])


def topic_of(text: str) -> str | None:
    """Return what a call is to be about, where the words of a request say so."""
    for cue in table()["topics"]:
        found = re.search(rf"\b{re.escape(cue)}\s+(?!\d|noon|an? (?:hour|minute))(.+)", text, re.IGNORECASE)
        words = without_numbers(EMAIL.sub(" ", found[1])) if found else ""
        words = _before_time(re.split(r"[.;?!]\s", words)[0]).strip(" .,;!?")
        if len(words.split()) > 1 or len(words) > LONGEST_TOPIC // 50:
            return words[:LONGEST_TOPIC]
    return None


def _before_time(words: str) -> str:
    """Return the words before the first time that they name: "my lamp tomorrow at noon" is about a lamp."""
    named = extract(words, datetime.now(ZoneInfo("UTC")), ["time"])
    return words[: named[0]["start"]] if named else words


def wish_of(text: str, now: datetime, zone: str, spoken_of: date | None = None) -> CallWish | None:
    """Return when the words wish a call to be, seen from `now` in a time zone; None where they say nothing of it.

    `spoken_of` is the day of which an hour without a day is one.
    """
    here = now.astimezone(ZoneInfo(zone))
    bare = without_order_numbers(without_numbers(EMAIL.sub(" ", text[:LONGEST])))
    words = _clear(_spelled(_lower(bare)))
    found = [entry["value"] | {"body": entry["body"]} for entry in extract(words, here, ["time"])]
    days = [entry for entry in found if entry.get("grain") in DAYS]
    clocks = [entry for entry in found if entry not in days and not _at_once(entry, here)]
    if clocks:
        told = next((entry for entry in clocks if re.search(r"\d", str(entry["body"]))), clocks[0])
        wish = _by_day(_clock(told, here), str(told["body"]))
        day = _moment(days[0]["value"]).date() if days else None
        day = day or (None if _names_day(told, here) else spoken_of)
        return _on(wish, day) if day else wish
    if days:
        first = max(_moment(days[0]["value"]), here)
        length = WEEK if days[0]["grain"] == "week" else timedelta(days=1)
        return CallWish(first, _moment(days[0]["value"]) + length)
    return CallWish(here, soon=True) if says("soon", text) else None


def _at_once(entry: Mapping[str, Any], here: datetime) -> bool:
    """Tell whether a time is "now": that counts as "as soon as possible"."""
    told = entry.get("value") or (entry.get("from") or {}).get("value")
    return told is not None and abs(_moment(str(told)) - here) < timedelta(seconds=1)


def _by_day(wish: CallWish, body: str) -> CallWish:
    """Take an early hour that nobody called morning for one of the afternoon: "friday 3"."""
    early = wish.exact and 0 < wish.first.hour < EVENING and not re.search(r"\bam\b|morning", body)
    return replace(wish, first=wish.first + timedelta(hours=NOON)) if early else wish


def _clock(entry: Mapping[str, Any], here: datetime) -> CallWish:
    """Turn a time of day, with or without a day, into a wish."""
    first, last = entry.get("from"), entry.get("to")
    if first is None and last is None:
        return CallWish(_moment(entry["value"]), exact=True)
    ends = _moment(last["value"]) if last else None
    if last and first and last.get("grain") == "hour" and re.search(r"\d", str(entry["body"])):
        ends = _moment(last["value"]) - timedelta(hours=1)  # Duckling counts the last hour in
    begins = _moment(first["value"]) if first else datetime.combine(ends or here, time(0), here.tzinfo)
    return CallWish(max(begins, here), ends or _midnight(begins))


def _names_day(entry: Mapping[str, Any], here: datetime) -> bool:
    """Tell whether the words about an hour name a day, too: seen from another day they mean the same one."""
    elsewhere = extract(str(entry["body"]), here + timedelta(days=1), ["time"])
    then = elsewhere[0]["value"] if elsewhere else {}
    told = entry.get("from") or entry.get("to") or entry
    other = then.get("from") or then.get("to") or then
    shift = _moment(str(other["value"])) - _moment(str(told["value"])) if other.get("value") else None
    return shift != timedelta(days=1) or bool(RELATIVE.search(str(entry["body"])))


def _on(wish: CallWish, day: date) -> CallWish:
    """Put a wish on another day."""
    shift = day - wish.first.date()
    first = datetime.combine(day, wish.first.time(), wish.first.tzinfo)
    if not wish.exact and wish.first.second:  # it began at the present moment
        first = datetime.combine(day, time(0), wish.first.tzinfo)
    return replace(wish, first=first, last=None if wish.last is None else wish.last + shift)


def _midnight(moment: datetime) -> datetime:
    """Return the end of a day."""
    return datetime.combine(moment.date() + timedelta(days=1), time(0), moment.tzinfo)


def _moment(value: str) -> datetime:
    """Read a time as Duckling writes it."""
    return datetime.fromisoformat(value)


def _lower(text: str) -> str:
    """Write words in lower case, with single spaces and without apostrophes; a time keeps its marks."""
    return " ".join(APOSTROPHES.sub("", text.lower()).split())


def _spelled(words: str) -> str:
    """Spell words as times are looked for."""
    for wrong, right in table()["spellings"].items():
        words = re.sub(rf"\b{re.escape(wrong)}\b", right, words)
    return words


def _clear(words: str) -> str:
    """Write "am" or "pm" behind hours that have neither, and leave out the names of time zones."""
    for names in table()["zones"].values():
        words = re.sub(rf"\b(?:{'|'.join(map(re.escape, names))})(?: (?:standard )?time)?\b", " ", words)
    words = re.sub(r"\btime\b", " ", words)
    alone = ALONE.fullmatch(words)
    if alone:
        return f"at {_hour(alone[1], alone[2])}"
    words = RANGE.sub(lambda m: f"between {_hour(m[1], m[2])} and {_hour(m[3], m[4])}", words)
    return INTRODUCED.sub(lambda m: f"{m['word']} {_hour(m[2], m[3])}", words)


def _hour(digits: str, minutes: str | None) -> str:
    """Write an hour of a working day: 3 is the afternoon, 9 the morning."""
    hour = int(digits)
    if hour == 0 or hour > NOON:
        return f"{digits}{minutes or ':00'}"
    return f"{hour}{minutes or ''} {'am' if EVENING <= hour < NOON else 'pm'}"

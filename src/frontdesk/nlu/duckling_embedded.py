"""What a Duckling server finds, found in this process: all in English, dates in other languages by dateparser."""

from __future__ import annotations

import importlib.util
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from frontdesk.nlu.duckling_days import in_digits
from frontdesk.nlu.duckling_durations import durations
from frontdesk.nlu.duckling_measures import amounts
from frontdesk.nlu.duckling_numbers import Match, contacts, numbers
from frontdesk.nlu.duckling_spans import Stretch, floored
from frontdesk.nlu.duckling_times import times

DIMENSIONS = (
    "time", "duration", "number", "ordinal", "amount-of-money", "distance", "temperature", "volume", "quantity",
    "email", "url", "phone-number",
)  # fmt: skip
"""What can be found, in Duckling's words."""


def extract(
    text: str, now: datetime, dimensions: Collection[str] | None = None, locale: str = "en_US"
) -> list[dict[str, Any]]:
    """Return what a text names, as a Duckling server answers it.

    `now` has a time zone; `locale` is a language, or one with a country, that says whether the day or the month
    comes first. What lies inside something longer is left out; what spans the same words stays.
    """
    wanted = set(DIMENSIONS if dimensions is None else dimensions)
    found = [match for match in _all(text, now, locale, wanted) if match.dim in wanted]
    kept = [one for one in dict.fromkeys(map(_hashable, found)) if not _covered(one, found)]
    by_key = {_hashable(match): match for match in found}
    return [_wire(text, by_key[key]) for key in sorted(kept)]


def speaks(language: str) -> bool:
    """Tell whether dates in a language are found: in English always, in others with the extra `duckling`."""
    return language == "en" or importlib.util.find_spec("dateparser") is not None


def _all(text: str, now: datetime, locale: str, wanted: Collection[str]) -> Iterator[Match]:
    language, _, country = locale.replace("-", "_").partition("_")
    yield from contacts(text)
    yield from numbers(text)
    yield from amounts(text)
    if language.lower() == "en":
        yield from durations(text)
        yield from times(text, now, day_first=country.upper() not in ("", "US", "PH"))
    elif "time" in wanted:
        yield from _foreign_times(text, now, language.lower())


def _foreign_times(text: str, now: datetime, language: str) -> Iterator[Match]:
    dates = list(in_digits(text, day_first=True))
    for start, end, at in dates:
        yield Match(start, end, "time", at(now).wire())
    for start, end, moment, grain in _searched(text, now, language) if speaks(language) else ():
        if not any(start < last and first < end for first, last, _ in dates):
            yield Match(start, end, "time", Stretch(moment, grain).wire())


def _searched(text: str, now: datetime, language: str) -> Iterator[tuple[int, int, datetime, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python's own, about dates without a year
        from dateparser.search import search_dates

        settings = {
            "RELATIVE_BASE": now.replace(tzinfo=None),
            "PREFER_DATES_FROM": "future",
            "RETURN_AS_TIMEZONE_AWARE": False,
        }
        try:
            found = search_dates(text, languages=[language], settings=settings)
        except ValueError:  # a language that it does not know
            found = None
    position = 0
    for body, moment in found or ():
        start = text.find(body, position)
        if start < 0 or not re.search(r"\w", body):
            continue
        position = start + len(body)
        grain = "minute" if re.search(r"\d[:h]\d|\d\s*h\b", body) else "day"
        yield start, position, floored(moment.replace(tzinfo=now.tzinfo), grain), grain


def _hashable(match: Match) -> tuple[int, int, str]:
    return (match.start, match.end, match.dim)


def _covered(one: tuple[int, int, str], found: list[Match]) -> bool:
    start, end, dim = one
    for other in found:
        longer = other.start <= start and end <= other.end and (other.end - other.start) > (end - start)
        if longer:
            return True
        # the digits of a phone number are no other thing than that
        if dim == "number" and (other.start, other.end, other.dim) == (start, end, "phone-number"):
            return True
    return False


def _wire(text: str, match: Match) -> dict[str, Any]:
    value: Mapping[str, Any] = match.value
    return {
        "body": text[match.start : match.end],
        "start": match.start,
        "end": match.end,
        "dim": match.dim,
        "value": dict(value),
        "latent": False,
    }

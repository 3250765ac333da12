"""Amounts of money, lengths, temperatures, volumes and quantities, and ranges of them, in English texts."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from frontdesk.nlu.duckling_numbers import Match
from frontdesk.nlu.duckling_numerals import NEGATIVE, NUMBER, PRECISION, numeral, plain


class Unit(NamedTuple):
    """A unit: how it is written, what it is called, and how many of the dimension's smallest it is (0: by itself)."""

    pattern: str
    name: str
    size: float = 0


MEASURES: Mapping[str, tuple[Unit, ...]] = {
    "distance": (
        Unit(r"km|kms|kilomet(?:er|re)s?", "kilometre", 1_000_000), Unit(r"met(?:er|re)s?", "metre", 1_000),
        Unit(r"m", "m"), Unit(r"cm|cms|centimet(?:er|re)s?", "centimetre", 10),
        Unit(r"mm|millimet(?:er|re)s?", "millimetre", 1), Unit(r"mi|miles?", "mile", 1_609_344),
        Unit(r"yds?|yards?", "yard", 914.4), Unit(r"ft|foot|feet", "foot", 304.8),
        Unit(r"in(?=\s*(?:$|[.,;!?)]|and\b|long|wide|tall|high|deep|thick|by\b|x\b))|inch(?:es)?|''|\"", "inch", 25.4),
    ),
    "temperature": (
        Unit(r"(?:°|degrees?|deg\.?)\s*c(?:elsius|entigrade)?|celsius|centigrade", "celsius"),
        Unit(r"(?:°|degrees?|deg\.?)\s*f(?:ahrenheit)?|fahrenheit", "fahrenheit"), Unit(r"°|degrees?|deg\.?", "degree"),
    ),
    "volume": (
        Unit(r"l|lit(?:er|re)s?", "litre", 1_000), Unit(r"mls?|millilit(?:er|re)s?", "millilitre", 1),
        Unit(r"hectolit(?:er|re)s?", "hectolitre", 100_000), Unit(r"gals?|gallons?", "gallon"),
    ),
    "quantity": (
        Unit(r"kgs?|kilos?|kilograms?", "kilogram", 1_000), Unit(r"gs?\.?|gms?|grams?", "gram", 1),
        Unit(r"mgs?|milligrams?", "milligram", 0.001), Unit(r"lbs?|pounds?", "pound"),
        Unit(r"oz|ounces?", "ounce"), Unit(r"cups?", "cup"), Unit(r"tbsp|tablespoons?", "tablespoon"),
        Unit(r"tsp|teaspoons?", "teaspoon"),
    ),
}  # fmt: skip
_CODES = (
    "usd|aud|brl|byn|cad|chf|cny|czk|dkk|egp|eur|gbp|gel|hkd|idr|ils|inr|jod|jpy|krw|kwd|lbp|mad|mnt|mxn|myr|nok|nzd|"
    "pkr|pln|qar|ron|rub|sar|sek|sgd|thb|try|twd|uah|vnd|zar"
)
_CURRENCIES = (
    *(Unit(code, code.upper()) for code in _CODES.split("|")),
    Unit(r"us\s?\$|us\s?dollars?", "USD"), Unit(r"a\$|australian\s+dollars?", "AUD"),
    Unit(r"canadian\s+dollars?", "CAD"),
    Unit(r"\$|dollars?", "$"), Unit(r"€|euros?|€ur", "EUR"), Unit(r"£|pounds?|quid", "£"),
    Unit(r"₹|rs\.?|rupees?", "INR"), Unit(r"¥|yens?", "JPY"), Unit(r"yuans?|rmb|renminbi", "CNY"),
    Unit(r"francs?", "CHF"), Unit(r"₩", "KRW"), Unit(r"₽|rou?bles?", "RUB"), Unit(r"₺", "TRY"),
    Unit(r"r\$|reais", "BRL"),
    Unit(r"rm|(?:malaysian?\s+)?ringgits?", "MYR"), Unit(r"shekels?", "ILS"), Unit(r"dinars?", "dinar"),
    Unit(r"rials?", "rial"), Unit(r"riyals?", "riyal"), Unit(r"bucks?", "unknown"), Unit(r"pesos?", "MXN"),
    Unit(r"cents?|penn(?:y|ies)|pence|¢|c", "cent"),
)  # fmt: skip
_FRACTIONS = r"(?:a\s+|one\s+)?half(?:[\s-]+an?)?|(?:a\s+|one\s+)?(?:quarter|fourth)(?:\s+of)?(?:\s+an?)?"
_AMOUNT = rf"(?P<number>{NEGATIVE}?(?:{NUMBER})|{_FRACTIONS}|an?)"
_BETWEEN = re.compile(
    rf"(?:\b(?P<open>between|from)\s+)?(?P<number>{NEGATIVE}?{NUMBER})\s*(?P<joint>-|–|\bto\b|\band\b)\s*(?:(?:about|around)\s+|~\s*)?$",
    re.IGNORECASE,
)
_JOINT = re.compile(r"\s*(?:-|–|\bto\b|\band\b)\s*(?:(?:about|around)\s+|~\s*)?", re.IGNORECASE)
_OPEN = re.compile(r"\b(?:between|from)\s+$", re.IGNORECASE)
_AT_MOST = re.compile(
    r"\b(?:under|below|(?<!no )(?:less|lower|fewer)\s+than|at\s+most|up\s+to|no\s+more\s+than)\s+$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"\b(?:over|above|(?<!no )(?:more|greater|higher)\s+than|at\s+least|exceeding|no\s+less\s+than)\s+$",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"\s*(?:,|and|,\s*and)?\s*", re.IGNORECASE)
_OF = re.compile(r"\s+of\s+(?P<product>[^\W\d_]+)", re.IGNORECASE)
_CENTS = re.compile(
    r"\s*(?:and\s+)?(?P<cents>\d{1,2}|[a-z]+(?:[\s-][a-z]+)?)\s*(?P<unit>cents?|pence|penn(?:y|ies)|sens?|kopiykas|c)?(?![\w.,/:]\d|\w)",
    re.IGNORECASE,
)


class _Found(NamedTuple):
    start: int
    end: int
    value: float
    unit: Unit


def amounts(text: str) -> Iterator[Match]:
    """Yield amounts of money and other measures, and ranges of them."""
    for dim, patterns in _PATTERNS.items():
        found = _composed(text, dim, _longest(_atoms(text, patterns)))
        used: set[int] = set()
        for number, one in enumerate(found):
            other = found[number + 1] if number + 1 < len(found) else None
            if (
                other is not None
                and one.unit.name == other.unit.name
                and (made := _pair(text, dim, one, other))
            ):
                used |= {number, number + 1}
                yield made
        for number, one in enumerate(found):
            if number not in used:
                yield _alone(text, dim, one)


def _patterns(units: tuple[Unit, ...], *, before: bool) -> list[tuple[str, Unit]]:
    found = [(rf"(?<![\w./]){_AMOUNT}\s?-?\s?(?:{unit.pattern})(?![\w°])", unit) for unit in units]
    if before:
        found += [
            (rf"(?<![\w])(?<!\d\s)(?:an?\s+)?(?:{unit.pattern})\s?(?P<number>{NUMBER})(?!\w)", unit)
            for unit in units
            if unit.name != "cent"
        ]
    return found


_PATTERNS: Mapping[str, list[tuple[str, Unit]]] = {
    "amount-of-money": _patterns(_CURRENCIES, before=True),
    **{dim: _patterns(units, before=False) for dim, units in MEASURES.items()},
}


def _atoms(text: str, patterns: list[tuple[str, Unit]]) -> Iterator[_Found]:
    for pattern, unit in patterns:
        # most units are not in most texts, and are looked for alone in far less time than with a number
        if not _compiled(unit.pattern).search(text):
            continue
        for match in _compiled(pattern).finditer(text):
            value = _share(match["number"])
            if value is not None:
                yield _Found(*match.span(), value, unit)


@functools.lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern when a text first asks for it: all of them at once would hold up every start."""
    return re.compile(pattern, re.IGNORECASE)


def _share(written: str) -> float | None:
    words = written.lower().replace("-", " ").split()
    if "half" in words:
        return 0.5
    if "quarter" in words or "fourth" in words:
        return 0.25
    if words in (["a"], ["an"]):
        return 1
    return numeral(written)


def _longest(found: Iterator[_Found]) -> list[_Found]:
    kept: list[_Found] = []
    for one in sorted(found, key=lambda f: (f.start - f.end, f.start)):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return sorted(kept)


def _composed(text: str, dim: str, found: list[_Found]) -> list[_Found]:
    """Return the measures with "7 feet 10 inches" and "20 dollars 43 cents" made one."""
    made: list[_Found] = []
    for one in found:
        last = made[-1] if made else None
        if last is not None and _TOGETHER.fullmatch(text[last.end : one.start]):
            if dim == "amount-of-money" and one.unit.name == "cent" and last.unit.name != "cent":
                made[-1] = last._replace(end=one.end, value=round(last.value + one.value / 100, 4))
                continue
            if last.unit.size > one.unit.size > 0 and dim == "distance":
                value = round(last.value * last.unit.size / one.unit.size + one.value, 6)
                made[-1] = _Found(last.start, one.end, value, one.unit)
                continue
        made.append(one)
    return [_with_cents(text, one) for one in made] if dim == "amount-of-money" else made


def _with_cents(text: str, one: _Found) -> _Found:
    after = _CENTS.match(text, one.end)
    if after is None or one.unit.name == "cent" or not float(one.value).is_integer():
        return one
    cents = numeral(after["cents"]) if re.match(r"\d|[a-z]", after["cents"], re.IGNORECASE) else None
    joined = after["unit"] is not None or "and" in after.group().lower() or after["cents"].isdigit()
    if cents is None or not 0 < cents < 100 or not joined or after.group()[:1].isalnum():
        return one
    if after["unit"] is None and after.end() < len(text.rstrip(" .!?")):
        return one  # "$20 and 3 shirts"
    return one._replace(end=after.end(), value=round(one.value + cents / 100, 4))


def _pair(text: str, dim: str, one: _Found, other: _Found) -> Match | None:
    """Return "from 3km to 5km" as one range, if the two are its ends."""
    joint = _JOINT.fullmatch(text[one.end : other.start])
    opening = _OPEN.search(text[: one.start])
    if joint is None or ("and" in joint.group().lower() and opening is None):
        return None
    return _range(text, dim, opening.start() if opening else one.start, other.end, one, other.value)


def _range(text: str, dim: str, start: int, end: int, one: _Found, last: float) -> Match:
    ends = {"from": _point(dim, one), "to": _point(dim, one._replace(value=last))}
    return _finished(text, dim, start, end, {"type": "interval", **ends})


def _alone(text: str, dim: str, one: _Found) -> Match:
    before = text[: one.start]
    opening = _BETWEEN.search(before)
    if opening is not None and ("and" not in opening["joint"].lower() or opening["open"]):
        first = numeral(opening["number"])
        if first is not None and first < one.value:
            return _range(text, dim, opening.start(), one.end, one._replace(value=first), one.value)
    for pattern, side in ((_AT_MOST, "to"), (_AT_LEAST, "from")):
        bound = pattern.search(before)
        if bound:
            return _finished(text, dim, bound.start(), one.end, {"type": "interval", side: _point(dim, one)})
    return _finished(text, dim, one.start, one.end, {"type": "value", **_point(dim, one)})


def _point(dim: str, one: _Found) -> dict[str, Any]:
    if dim == "quantity" and one.unit.size:
        return {"value": plain(round(one.value * one.unit.size, 6)), "unit": "gram"}
    return {"value": plain(one.value), "unit": one.unit.name}


def _finished(text: str, dim: str, start: int, end: int, wire: dict[str, Any]) -> Match:
    precision = PRECISION.search(text[:start])
    if precision:
        start = precision.start()
    product = _OF.match(text, end) if dim == "quantity" else None
    if product is not None:
        named = {"product": product["product"].lower()}
        end = product.end()
        wire = {
            **wire,
            **({side: {**wire[side], **named} for side in ("from", "to") if side in wire} or named),
        }
    return Match(start, end, dim, wire)

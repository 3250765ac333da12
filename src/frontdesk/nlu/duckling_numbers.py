"""Numbers, ordinals, amounts, measures, addresses and phone numbers in English texts, as Duckling writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple


class Match(NamedTuple):
    """A stretch of text, what kind of thing it names, and its value in Duckling's form."""

    start: int
    end: int
    dim: str
    value: Mapping[str, Any]


_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_SMALL = {name: number for number, name in enumerate(_UNITS)}
_TENS_IN_ORDER = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS = {name: 10 * number for number, name in enumerate(_TENS_IN_ORDER, 2)}
_POWERS = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_SHORT = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_WORD = "|".join([*_SMALL, *_TENS, *_POWERS])
DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
SPELLED = rf"(?:{_WORD})(?:(?:[\s-]+and)?[\s-]+(?:{_WORD}))*"
NUMBER = rf"(?:{DIGITS})(?:\s?(?:hundred|thousand|million|billion)|[kmb](?![a-z]))?|{SPELLED}"
_NUMBER = re.compile(rf"(?<![\w.])(?:[-+](?=\d))?(?:{NUMBER})(?![\w])", re.IGNORECASE)

_PLACES = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
_ORDINALS = {name: number for number, name in enumerate(_PLACES, 1)}
_ORDINALS["thirtieth"] = 30
ORDINAL = rf"\d+(?:st|nd|rd|th)|(?:(?:twenty|thirty)[\s-]+)?(?:{'|'.join(_ORDINALS)})"
_ORDINAL = re.compile(rf"\b(?:{ORDINAL})\b", re.IGNORECASE)

_CURRENCIES = {
    "$": "$", "dollar": "$", "buck": "$", "usd": "USD", "us$": "USD", "€": "EUR", "euro": "EUR", "eur": "EUR",
    "£": "£", "pound": "£", "quid": "£", "gbp": "GBP", "₹": "INR", "rs": "INR", "rupee": "INR", "inr": "INR",
    "¥": "¥", "yen": "JPY", "jpy": "JPY", "cny": "CNY", "yuan": "CNY", "rmb": "CNY", "chf": "CHF",
    "franc": "CHF", "cad": "CAD", "aud": "AUD", "cent": "cent", "penny": "cent", "pence": "cent", "peso": "MXN",
    "mxn": "MXN", "brl": "BRL", "r$": "BRL", "krw": "KRW", "₩": "KRW", "rub": "RUB", "₽": "RUB", "₺": "TRY",
}  # fmt: skip
_SIGN = "|".join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))
_BEFORE = re.compile(rf"(?<!\w)(?P<unit>{_SIGN})\.?\s?(?P<number>{NUMBER})(?!\w)", re.IGNORECASE)
_AFTER = re.compile(rf"(?<![\w.])(?P<number>{NUMBER})\s?(?P<unit>{_SIGN})(?:e?s)?(?!\w)", re.IGNORECASE)

_MEASURES: Mapping[str, Mapping[str, str]] = {
    "distance": {
        "kilometre": r"km|kilomet(?:er|re)s?", "metre": r"m|met(?:er|re)s?", "centimetre": r"cm|centimet(?:er|re)s?",
        "millimetre": r"mm|millimet(?:er|re)s?", "mile": r"mi|miles?", "yard": r"yd|yards?",
        "foot": r"ft|foot|feet", "inch": r"inch(?:es)?",
    },
    "temperature": {
        "celsius": r"°\s?c|degrees?\s+c(?:elsius)?|celsius",
        "fahrenheit": r"°\s?f|degrees?\s+f(?:ahrenheit)?|fahrenheit",
        "degree": r"°|degrees?",
    },
    "volume": {
        "litre": r"l|lit(?:er|re)s?", "millilitre": r"ml|millilit(?:er|re)s?", "gallon": r"gal(?:lon)?s?",
    },
    "quantity": {
        "kilogram": r"kg|kgs|kilos?|kilograms?", "gram": r"g|grams?", "pound": r"lbs?", "ounce": r"oz|ounces?",
        "cup": r"cups?", "tablespoon": r"tbsp|tablespoons?", "teaspoon": r"tsp|teaspoons?",
    },
}  # fmt: skip
_MEASURED = {
    (dim, unit): re.compile(rf"(?<![\w.])(?P<number>{NUMBER})\s?(?:{pattern})(?!\w)", re.IGNORECASE)
    for dim, units in _MEASURES.items()
    for unit, pattern in units.items()
}
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(
    r"(?<![@\w])(?:https?://|www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)]"
    r"|(?<![@\w.-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|edu|gov|co|info)(?:/[^\s<>\"']*)?(?![\w@-])",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w+.-])(?P<code>(?:\+|00)\d{1,3})?[\s.-]?(?P<rest>(?:\(\d{1,4}\)[\s.-]?)?\d(?:[\s.-]?\d){5,13})(?![\w]|[.,]\d)"
)


def numeral(text: str) -> float | int | None:
    """Return the number that digits or English words say, or None."""
    words = text.lower().replace(",", "").replace("-", " ").replace(" and ", " ").split()
    if text[:1] in "+-" and words:
        sign = -1 if text[0] == "-" else 1
        value = numeral(text[1:])
        return None if value is None else sign * value
    total: float = 0
    part: float = 0
    for word in words:
        if word in _SMALL:
            part += _SMALL[word]
        elif word in _TENS:
            part += _TENS[word]
        elif word == "hundred":
            part = (part or 1) * 100
        elif word in _POWERS:
            total, part = total + (part or 1) * _POWERS[word], 0
        else:
            power = _SHORT.get(word[-1], 1)
            try:
                part += float(word[:-1] if power > 1 else word) * power
            except ValueError:
                return None
    return plain(total + part) if words else None


def ordinal(text: str) -> int | None:
    """Return the number that "3rd" or "twenty first" says, or None."""
    digits = re.match(r"\d+", text)
    if digits:
        return int(digits.group())
    words = text.lower().replace("-", " ").split()
    if not words or words[-1] not in _ORDINALS:
        return None
    return _ORDINALS[words[-1]] + (_TENS[words[0]] if len(words) > 1 else 0)


def numbers(text: str) -> Iterator[Match]:
    """Yield numbers and ordinals."""
    for match in _NUMBER.finditer(text):
        value = numeral(match.group())
        if value is not None:
            yield Match(*match.span(), "number", {"value": value, "type": "value"})
    for match in _ORDINAL.finditer(text):
        place = ordinal(match.group())
        if place is not None:
            yield Match(*match.span(), "ordinal", {"value": place, "type": "value"})


def amounts(text: str) -> Iterator[Match]:
    """Yield amounts of money, and ranges of them, and other measures."""
    found = []
    for pattern in (_BEFORE, _AFTER):
        for match in pattern.finditer(text):
            value = numeral(match["number"])
            if value is not None:
                wire = {"value": value, "type": "value", "unit": _CURRENCIES[match["unit"].lower()]}
                found.append(Match(*match.span(), "amount-of-money", wire))
    found.sort()
    yield from found
    yield from _ranges(text, found)
    for (dim, unit), pattern in _MEASURED.items():
        for match in pattern.finditer(text):
            value = numeral(match["number"])
            if value is not None:
                yield Match(*match.span(), dim, {"value": value, "type": "value", "unit": unit})


_AT_MOST = re.compile(r"\b(?:under|below|less than|at most|up to|no more than)\s+$", re.IGNORECASE)
_AT_LEAST = re.compile(r"\b(?:over|above|more than|at least)\s+$", re.IGNORECASE)


def _ranges(text: str, found: list[Match]) -> Iterator[Match]:
    for one, other in pairwise(found):
        joint = re.fullmatch(r"\s*(?:-|to|and)\s*", text[one.end : other.start], re.IGNORECASE)
        opening = re.search(r"\b(?:between|from)\s+$", text[: one.start], re.IGNORECASE)
        if joint and (opening or "and" not in joint.group().lower()):
            start = opening.start() if opening else one.start
            yield Match(start, other.end, one.dim, {"type": "interval", "from": _end(one), "to": _end(other)})
    for match in found:
        for pattern, side in ((_AT_MOST, "to"), (_AT_LEAST, "from")):
            opening = pattern.search(text[: match.start])
            if opening:
                wire = {"type": "interval", side: _end(match)}
                yield Match(opening.start(), match.end, match.dim, wire)


def _end(match: Match) -> dict[str, Any]:
    return {"value": match.value["value"], "unit": match.value["unit"]}


def contacts(text: str) -> Iterator[Match]:
    """Yield e-mail addresses, links and phone numbers."""
    for match in _EMAIL.finditer(text):
        yield Match(*match.span(), "email", {"value": match.group()})
    for match in _URL.finditer(text):
        host = re.sub(r"^(?:https?://)?(?:www\.)?", "", match.group(), flags=re.IGNORECASE)
        domain = re.split(r"[/:?#]", host)[0].lower()
        yield Match(*match.span(), "url", {"value": match.group(), "domain": domain})
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match["rest"])
        if not 6 <= len(digits) <= 14 or re.fullmatch(r"\d{4}[-.]\d{1,2}[-.]\d{1,2}", match["rest"]):
            continue
        code = f"(+{re.sub(r'^00', '', match['code'].lstrip('+'))}) " if match["code"] else ""
        start = match.start() + len(match.group()) - len(match.group().lstrip(" .-"))
        yield Match(start, match.end(), "phone-number", {"value": f"{code}{digits}"})


def plain(number: float) -> float | int:
    """Return a whole number as such."""
    return int(number) if float(number).is_integer() else number

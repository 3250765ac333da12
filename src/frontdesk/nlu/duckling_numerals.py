"""Numbers and places in a row, in digits and in English words."""

from __future__ import annotations

import re
from collections.abc import Mapping

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_SMALL = {name: number for number, name in enumerate(_UNITS)}
_TENS_IN_ORDER = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS = {name: 10 * number for number, name in enumerate(_TENS_IN_ORDER, 2)}
_POWERS: Mapping[str, int] = {
    "hundred": 100, "thousand": 1_000, "lakh": 100_000, "lac": 100_000, "million": 1_000_000, "crore": 10_000_000,
    "billion": 1_000_000_000, "trillion": 1_000_000_000_000, "dozen": 12,
}  # fmt: skip
_SHORT = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000, "g": 1_000_000_000}
_COUNTED: Mapping[str, float] = {
    "single": 1,
    "couple": 2,
    "pair": 2,
    "few": 3,
    "naught": 0,
    "nought": 0,
    "nil": 0,
}
_WORD = "|".join([*_SMALL, *_TENS, *(f"{name}s?" for name in _POWERS)])
DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_LONGEST = 14
"""Words of one number; without a bound the time to search would grow with the square of the text."""
SPELLED = (
    rf"(?:{_WORD})(?:(?:[\s-]{{1,3}}and)?[\s-]{{1,3}}(?:{_WORD})){{0,{_LONGEST}}}"
    rf"(?:\s+point(?:\s+(?:{_WORD})){{1,6}})?"
)
_FRACTION = r"\d+/\d+"
_POWER_WORDS = "|".join(f"{name}s?" for name in _POWERS)
NUMBER = (
    rf"(?:{_FRACTION}(?![\d/])|(?:{DIGITS})(?:(?:\s?(?:{_POWER_WORDS})\b){{1,3}}|[kmbg](?![a-z]))?"
    rf"|a\s+(?:{'|'.join(_POWERS)})\b|(?:a\s+)?(?:dozen|couple|pair)(?:\s+of)?\b|(?:a\s+)?few\b|{SPELLED})"
)
"""A number that a unit may follow."""
NEGATIVE = r"(?:(?<![\w)])-\s?(?=[\d.])|\b(?:minus|negative)\s+)"
PRECISION = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|exactly|precisely|nearly|almost|near|close\s+to)\s+|~\s*)$",
    re.IGNORECASE,
)
"""Words before a value that Duckling takes as part of it."""

_PLACES = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth",
)  # fmt: skip
_ORDINALS = {name: number for number, name in enumerate(_PLACES, 1)}
_TENTHS = {name.removesuffix("y") + "ieth": number for name, number in _TENS.items()}
ORDINAL = rf"\d+(?:st|nd|rd|th)|(?:(?:{'|'.join(_TENS)})[\s\u2014-]*)?(?:{'|'.join(_ORDINALS)})|(?:{'|'.join(_TENTHS)})"


def numeral(text: str) -> float | int | None:
    """Return the number that digits or English words say, or None."""
    written = " ".join(text.lower().split())
    sign = 1
    if opening := re.match(r"(?:[-+]|minus|negative)\s*", written):
        sign = 1 if opening.group() == "+" else -1
        written = written[opening.end() :]
    if re.fullmatch(_FRACTION, written):
        above, below = written.split("/")
        return plain(sign * int(above) / int(below)) if int(below) else None
    whole, point, rest = written.partition(" point ")
    value = _words(whole.replace(",", "").replace("-", " ").replace(" and ", " ").split())
    if value is None or not point:
        return None if value is None else plain(sign * value)
    after = [_words([word]) for word in rest.split()]
    if None in after:
        return None
    return plain(
        sign * float(f"{value:.0f}." + "".join(f"{figure:.0f}" for figure in after if figure is not None))
    )


def _words(words: list[str]) -> float | None:
    if not words or not (kept := [word for word in words if word not in ("a", "an", "of")]):
        return None
    total: float = 0
    part: float = 0
    for word in kept:
        name = word if word in _POWERS else word.removesuffix("s")
        if name in _POWERS:
            power = _POWERS[name]
            if power <= 100:
                part = (part or (1 if not total else 0)) * power
            elif not part and total:
                total *= power
            else:
                total, part = total + (part or 1) * power, 0
            continue
        value = _figure(word)
        if value is None:
            return None
        # "one twenty two" is 122
        spoken = 0 < part < 10 and word in _TENS
        part = part * 100 + value if spoken else part + value
    return total + part


def _figure(word: str) -> float | None:
    for known in (_SMALL, _TENS, _COUNTED):
        if word in known:
            return float(known[word])
    power = _SHORT.get(word[-1], 1)
    try:
        return round(float(word[:-1] if power > 1 else word) * power, 6)
    except ValueError:
        return None


def ordinal(text: str) -> int | None:
    """Return the number that "3rd" or "twenty first" says, or None."""
    if digits := re.match(r"\d+", text):
        return int(digits.group())
    written = text.lower()
    if written in _TENTHS:
        return _TENTHS[written]
    tens = next((name for name in _TENS if written.startswith(name)), "")
    rest = written.removeprefix(tens).strip(" -\u2014")
    if rest not in _ORDINALS:
        return None
    return _ORDINALS[rest] + _TENS.get(tens, 0)


def plain(number: float) -> float | int:
    """Return a whole number as such."""
    return int(number) if float(number).is_integer() else number

"""Numbers, places in a row, addresses and phone numbers in English texts, as Duckling writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from frontdesk.nlu.duckling_numerals import NEGATIVE, NUMBER, ORDINAL, numeral, ordinal


class Match(NamedTuple):
    """A stretch of text, what kind of thing it names, and its value in Duckling's form."""

    start: int
    end: int
    dim: str
    value: Mapping[str, Any]


_ALONE = r"(?:single|naught|nought|nil)\b|point\s+\d+|\d+\s+point\s+\d+"
_NUMBER = re.compile(rf"(?<![\w.])(?:{NEGATIVE}|\+(?=\d))?(?:{_ALONE}|{NUMBER})(?![\w])", re.IGNORECASE)
_ORDINAL = re.compile(rf"\b(?:{ORDINAL})\b", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SPOKEN_EMAIL = re.compile(
    r"(?<![\w.+@-])(?P<name>[\w.+-]+(?:\s+dot\s+[\w+-]+)*)\s*(?:\s+at\s+|@)\s*(?P<host>[\w-]+(?:(?:\.|\s+dot\s+)[\w-]+)*"
    r"(?:\.|\s+dot\s+)[a-z]{2,})(?![\w@])",
    re.IGNORECASE,
)
_TOP = "com|org|net|io|edu|gov|co|info|de|uk|fr|es|it|eu|us|ca|au|in|ch|at|nl|app|dev|biz|me|tv|ai"
_URL = re.compile(
    r"(?<![@\w])(?:https?://|www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)]"
    rf"|(?<![@\w.-])(?:[a-z0-9-]+\.)+(?:{_TOP})(?::\d+)?(?:[/?][^\s<>\"']*[^\s<>\"'.,;:!?)])?(?![\w@-])"
    r"|(?<![@\w.-])localhost(?::\d+)?(?:/[^\s<>\"']*)?(?!\w)",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w+.-])(?P<code>\(?(?:\+|00)\d{1,3}\)?)?[\s.-]*"
    r"(?P<rest>(?:\(\d{1,4}\)[\s.-]*)?\d(?:(?:\s?-\s?|[\s.]{1,2})?\d){5,13})(?:\s*(?:ext\.?|extension|x)\s*(?P<ext>\d{1,6}))?"
    r"(?![\w]|[.,]\d)",
    re.IGNORECASE,
)


def numbers(text: str) -> Iterator[Match]:
    """Yield numbers and ordinals."""
    for match in _NUMBER.finditer(text):
        written = re.sub(
            r"(?<!\S)point\s+(?=\d)|(?<=\d)\s+point\s+(?=\d)", ".", match.group(), flags=re.IGNORECASE
        )
        value = numeral(written)
        if value is not None:
            yield Match(*match.span(), "number", {"value": value, "type": "value"})
    for match in _ORDINAL.finditer(text):
        place = ordinal(match.group())
        if place is not None:
            yield Match(*match.span(), "ordinal", {"value": place, "type": "value"})


def contacts(text: str) -> Iterator[Match]:
    """Yield e-mail addresses, links and phone numbers."""
    for match in _EMAIL.finditer(text):
        yield Match(*match.span(), "email", {"value": match.group()})
    for match in _SPOKEN_EMAIL.finditer(text):
        spoken = {
            part: re.sub(r"\s+dot\s+", ".", match[part], flags=re.IGNORECASE) for part in ("name", "host")
        }
        if _sure(match, text) and not _EMAIL.fullmatch(match.group()):
            yield Match(*match.span(), "email", {"value": f"{spoken['name']}@{spoken['host']}"})
    for match in _URL.finditer(text):
        host = re.sub(r"^(?:https?://)?(?:www\d?\.)?", "", match.group(), flags=re.IGNORECASE)
        domain = re.split(r"[/:?#]", host)[0].lower()
        yield Match(*match.span(), "url", {"value": match.group(), "domain": domain})
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match["rest"])
        if not 6 <= len(digits) <= 14 or re.fullmatch(r"\d{4}[-.]\d{1,2}[-.]\d{1,2}", match["rest"]):
            continue
        code = f"(+{re.sub(r'[^0-9]', '', match['code']).removeprefix('00')}) " if match["code"] else ""
        extension = f" ext {match['ext']}" if match["ext"] else ""
        start = match.start() + len(match.group()) - len(match.group().lstrip(" .-"))
        yield Match(start, match.end(), "phone-number", {"value": f"{code}{digits}{extension}"})


def _sure(match: re.Match[str], text: str) -> bool:
    """Tell whether "x at y.com" is an address: in "meet me at y.com" it is none."""
    named = re.search(r"[\d._+-]", match["name"]) or "@" in match.group()
    return bool(named) or " dot " in match.group().lower() or match.group() == text.strip()

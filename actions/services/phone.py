"""Telephone numbers of the North American plan: found in a sentence, checked, and written in one way."""

from __future__ import annotations

import re

COUNTRY = "+1"
# Ten digits, maybe with a 1 or +1 before them, in the groups in which people write them.
NUMBER = re.compile(
    r"(?<![\w@+])(?:\+?1[\s.-]{0,2})?\(?([2-9]\d{2})\)?[\s./-]{0,2}([2-9]\d{2})[\s.-]{0,2}(\d{4})(?![\w@]|[.-]\d)"
)
LIKE_ONE = re.compile(r"(?<![\w@])(?:\+|00)?\(?\d(?:[\s()./-]{0,2}\d){6,14}(?!\w)")
LONGEST = 500
SERVICE = "11"  # 911 and its like are no area codes
PREMIUM = frozenset({"900", "976"})


def phone_number(text: str) -> str | None:
    """Find a telephone number that can be called, as in "+15035550119"."""
    for found in NUMBER.finditer(text[:LONGEST]):
        area, exchange, line = found.groups()
        if area[1:] != SERVICE and exchange[1:] != SERVICE and not {area, exchange} & PREMIUM:
            return f"{COUNTRY}{area}{exchange}{line}"
    return None


def like_a_phone_number(text: str) -> bool:
    """Tell whether the words hold so many digits that a telephone number seems to be meant."""
    return LIKE_ONE.search(text[:LONGEST]) is not None


def without_numbers(text: str) -> str:
    """Return the words without telephone numbers."""
    return LIKE_ONE.sub(" ", NUMBER.sub(" ", text[:LONGEST]))


def spoken_number(number: str) -> str:
    """Write a number as people read it: "(503) 555-0119"."""
    digits = number.removeprefix(COUNTRY)
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"

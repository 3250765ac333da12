"""A wish for several orders in one message, "cancel L204991 and L204880": its words for each of them."""

from __future__ import annotations

import re
from itertools import pairwise

from actions.services.orders import order_numbers

WHOLE, CLAUSES = (
    "whole",
    "clauses",
)  # how a wish is parted: all of its words go with each number, or those beside it
JOINTS = re.compile(
    r"(?<=[.!?;])\s+|\n+|,?(?<!\s)\s+(?:and|also|plus|then|&)\s+(?:also\s+|then\s+)?|,\s+", re.IGNORECASE
)
FEW = 4  # words of a clause that says hardly more than a number


def by_order(text: str, how: str) -> list[str]:
    """Return the words for each order that is named, in the order of the words; all of them for a single one."""
    named = order_numbers(text)
    numbers = list(dict.fromkeys(number for _, _, number in named))
    if len(numbers) < 2 or not how:
        return [text]
    if how == CLAUSES:
        clauses = _clauses(text)
        if clauses:
            return clauses
    return [_only(text, number) for number in numbers]


def _only(text: str, kept: str) -> str:
    """Leave out the numbers of other orders."""
    for start, end, number in reversed(order_numbers(text)):
        if number != kept:
            text = f"{text[:start]} {text[end:]}"
    return " ".join(text.split())


def _clauses(text: str) -> list[str]:
    """Part a text where it turns to another order; nothing where a part would say no more than its number."""
    joints = [0, *(joint.end() for joint in JOINTS.finditer(text)), len(text)]
    groups: dict[str, list[str]] = {}
    waiting: list[str] = []
    current: str | None = None
    for start, end in pairwise(joints):
        piece = text[start:end]
        found = order_numbers(piece)
        if found:
            current = found[-1][2]
        if current is None:
            waiting.append(piece)
            continue
        groups.setdefault(current, waiting).append(piece)
        waiting = []
    parts = [" ".join("".join(pieces).split()) for pieces in groups.values()]
    return parts if len(parts) > 1 and all(len(part.split()) > FEW for part in parts) else []

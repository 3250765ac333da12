"""Reading answers that may have any form: what isn't as described is told as a BadAnswer, or is missing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from actions.adapters.errors import BadAnswer
from actions.commerce.model import CENT

LONGEST = 300  # characters of a text that is kept
MOST_DIGITS = 12


def within(found: Any, *path: str | int) -> Any:
    """Walk down keys and places; None where something isn't there."""
    for step in path:
        if isinstance(step, str):
            found = found.get(step) if isinstance(found, Mapping) else None
        else:
            found = found[step] if isinstance(found, list) and len(found) > step else None
    return found


def entries(found: Any, *path: str | int) -> list[Any]:
    """Give a list, which is empty where there is none."""
    value = within(found, *path)
    return value if isinstance(value, list) else []


def words(found: Any, *path: str | int) -> str:
    """Give a text on one line, without what can't be printed; empty where there is none."""
    value = within(found, *path)
    if not isinstance(value, str):
        return ""
    return " ".join("".join(each if each.isprintable() else " " for each in value).split())[:LONGEST]


def money(system: str, value: Any, *, signed: bool = False) -> Decimal:
    """Read an amount that comes as a text or as an exact number; more than two decimals are rounded."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise BadAnswer(system, "an amount can't be read.") from error
    if not amount.is_finite() or (amount < 0 and not signed) or amount.adjusted() >= MOST_DIGITS:
        raise BadAnswer(system, "an amount can't be read.")
    return amount.quantize(CENT, ROUND_HALF_UP)


def currency_of(system: str, value: Any) -> str:
    """Read a currency, as in "USD"."""
    if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha()):
        raise BadAnswer(system, "a currency can't be read.")
    return value.upper()


def moment(system: str, text: str) -> datetime:
    """Read a time; one without a zone is taken for UTC."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadAnswer(system, "a time can't be read.") from error


def day(system: str, text: str) -> date:
    """Read a date, which may have a time behind it."""
    try:
        return date.fromisoformat(text[:10] if "-" in text else text[:8])
    except ValueError as error:
        raise BadAnswer(system, "a date can't be read.") from error


def bytes_of(system: str, value: Any) -> bytes:
    """Read what comes in base64."""
    try:
        content = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError) as error:
        raise BadAnswer(system, "a file can't be read.") from error
    if not content:
        raise BadAnswer(system, "a file is missing.")
    return content


def place_name(city: str, state: str) -> str | None:
    """Write a place as the shop does: "Columbus, OH"."""
    return ", ".join(part for part in (city.title() if city.isupper() else city, state) if part) or None

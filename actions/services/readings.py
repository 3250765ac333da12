"""Reading single values of a policy file: whole numbers, money, shares, spans of days, texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from actions.services.calendar import Holiday, holiday_of

MONEY = re.compile(r"\$(\d{1,3}(?:,\d{3})+|\d+)(\.\d\d)?")
SHARE = re.compile(r"(\d{1,3})(\.\d{1,2})?%")
FACTOR = re.compile(r"[1-9](\.\d{1,2})?")
SPAN = re.compile(r"\d+(-\d+)?")


class Unusable(ValueError):
    """A value that a reader can't use; the text says what it should be."""


def whole(value: object) -> int:
    """Read a whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unusable("a whole number such as 30, without quotes")
    return int(value)


def positive(value: object) -> int:
    """Read a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Unusable("a whole number from 1 on, without quotes")
    return int(value)


def money(value: object) -> Decimal:
    """Read an amount such as "$5.95" or "$1,000"."""
    if not isinstance(value, str) or not MONEY.fullmatch(value):
        raise Unusable('an amount such as "$5.95"')
    return Decimal(value.replace("$", "").replace(",", "")).quantize(Decimal("0.01"))


def limit(value: object) -> Decimal:
    """Read an amount, or "none" for no limit."""
    if value == "none":
        return Decimal("Infinity")
    try:
        return money(value)
    except Unusable:
        raise Unusable('an amount such as "$500", or none') from None


def window(value: object) -> int | None:
    """Read a number of days, or "none" where time doesn't matter."""
    if value == "none":
        return None
    try:
        return whole(value)
    except Unusable:
        raise Unusable("a whole number such as 30, without quotes, or none") from None


def share(value: object) -> Decimal:
    """Read a share such as "10%" as a fraction of one."""
    found = SHARE.fullmatch(value) if isinstance(value, str) else None
    if not found or Decimal(str(value).rstrip("%")) > 100:
        raise Unusable('a share from "0%" to "100%"')
    return Decimal(str(value).rstrip("%")) / 100


def span(value: object) -> str:
    """Read a number of days as text, such as "5-7" or "2"."""
    if not isinstance(value, str) or not SPAN.fullmatch(value):
        raise Unusable('a span in quotes such as "5-7" or "2"')
    ends = [int(end) for end in value.split("-")]
    if ends != sorted(ends):
        raise Unusable("a span whose first number is the smaller one")
    return str(value)


def text(value: object) -> str:
    """Read a text that isn't empty."""
    if not isinstance(value, str) or not value.strip():
        raise Unusable("a text")
    return str(value)


def flag(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise Unusable("true or false")
    return value


def texts(value: object) -> tuple[str, ...]:
    """Read a list of texts."""
    if not isinstance(value, list):
        raise Unusable("a list of texts")
    return tuple(text(entry) for entry in value)


def shares(value: object) -> dict[str, Decimal]:
    """Read a map from names to shares."""
    if not isinstance(value, Mapping):
        raise Unusable('a map such as {changed_mind: "10%"}')
    return {str(name): share(entry) for name, entry in value.items()}


def sentences(value: object) -> dict[str, str]:
    """Read a map from names to texts."""
    if not isinstance(value, Mapping):
        raise Unusable("a map from names to texts")
    return {str(name): text(entry) for name, entry in value.items()}


def factor(value: object) -> Decimal:
    """Read a factor such as "1.25"."""
    if not isinstance(value, str) or not FACTOR.fullmatch(value):
        raise Unusable('a factor in quotes such as "1.25"')
    return Decimal(value)


def factors(value: object) -> dict[str, Decimal]:
    """Read a map from names to factors."""
    if not isinstance(value, Mapping):
        raise Unusable('a map such as {gold: "1.5"}')
    return {str(name): factor(entry) for name, entry in value.items()}


@dataclass(frozen=True)
class Compensation:
    """What an issue is worth: a share of the goods, up to a cap."""

    share: Decimal
    cap: Decimal
    text: str


def compensations(value: object) -> dict[str, Compensation]:
    """Read what issues are worth."""
    wanted = 'a map such as {late: {share: "10%", cap: "$20", text: the late delivery}}'
    if not isinstance(value, Mapping) or not value:
        raise Unusable(wanted)
    read: dict[str, Compensation] = {}
    for name, entry in value.items():
        if not isinstance(entry, Mapping) or not {"share", "cap", "text"} <= set(entry):
            raise Unusable(wanted)
        read[str(name)] = Compensation(share(entry["share"]), money(entry["cap"]), text(entry["text"]))
    return read


WAYS = ("email", "email_order", "email_postcode", "name_postcode")


def levels(value: object) -> dict[str, tuple[str, ...]]:
    """Read the levels of identity, each with the ways to reach it."""
    wanted = f"a map from a level to a list of ways, such as {{account: [email_order]}}; ways are {', '.join(WAYS)}"
    if not isinstance(value, Mapping) or not value:
        raise Unusable(wanted)
    read = {str(name): texts(entry) for name, entry in value.items() if isinstance(entry, list)}
    if len(read) < len(value) or not all(entry and set(entry) <= set(WAYS) for entry in read.values()):
        raise Unusable(wanted)
    return read


@dataclass(frozen=True)
class Reason:
    """Why something is returned, and whose fault that is."""

    text: str
    shop_fault: bool


def reasons(value: object) -> dict[str, Reason]:
    """Read the accepted reasons of a return."""
    wanted = "a map such as {damaged: {fault: shop, text: it arrived damaged}}, with fault shop or customer"
    if not isinstance(value, Mapping):
        raise Unusable(wanted)
    read: dict[str, Reason] = {}
    for name, entry in value.items():
        if not isinstance(entry, Mapping) or entry.get("fault") not in ("shop", "customer"):
            raise Unusable(wanted)
        read[str(name)] = Reason(text(entry.get("text")), entry["fault"] == "shop")
    return read


def method(value: object) -> str:
    """Read how refunds are paid."""
    if value not in ("original_payment", "store_credit"):
        raise Unusable("original_payment or store_credit")
    return str(value)


def settling(value: object) -> str:
    """Read with which payment method a difference in price is settled."""
    if value not in ("original", "named"):
        raise Unusable("original or named")
    return str(value)


def unknown_date(value: object) -> str:
    """Read what happens to an order whose delivery date nobody noted."""
    if value not in ("person", "allow"):
        raise Unusable("person or allow")
    return str(value)


def arrival(value: object) -> str:
    """Read who books what a carrier says has arrived."""
    if value not in ("person", "automatic"):
        raise Unusable("person or automatic")
    return str(value)


def clock_time(value: object) -> time:
    """Read a time of day such as "09:00"."""
    try:
        return time.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise Unusable('a time of day in quotes such as "09:00"') from None


def zone(value: object) -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(value if isinstance(value, str) else "")
    except (ValueError, ZoneInfoNotFoundError):
        raise Unusable("a time zone such as America/New_York") from None


def holidays(value: object) -> dict[str, Holiday]:
    """Read the days on which nobody is at work."""
    wanted = "a map such as {Labor Day: 1st Monday of September, Christmas Day: December 25}"
    if not isinstance(value, Mapping):
        raise Unusable(wanted)
    read = {str(name): holiday_of(str(entry)) for name, entry in value.items()}
    if None in read.values():
        raise Unusable(wanted)
    return {name: entry for name, entry in read.items() if entry is not None}


# Types of policy keys, each with the reader that checks it.
Whole = Annotated[int, whole]
Positive = Annotated[int, positive]
Money = Annotated[Decimal, money]
Limit = Annotated[Decimal, limit]
Window = Annotated[int | None, window]
Share = Annotated[Decimal, share]
Span = Annotated[str, span]
Words = Annotated[str, text]
Flag = Annotated[bool, flag]
List = Annotated[tuple[str, ...], texts]
Shares = Annotated[Mapping[str, Decimal], shares]
Sentences = Annotated[Mapping[str, str], sentences]
Levels = Annotated[Mapping[str, tuple[str, ...]], levels]
Reasons = Annotated[Mapping[str, Reason], reasons]
RefundMethod = Annotated[str, method]
Settling = Annotated[str, settling]
Arrival = Annotated[str, arrival]
UnknownDate = Annotated[str, unknown_date]
TimeOfDay = Annotated[time, clock_time]
Zone = Annotated[ZoneInfo, zone]
Holidays = Annotated[Mapping[str, Holiday], holidays]
Factors = Annotated[Mapping[str, Decimal], factors]
Compensations = Annotated[Mapping[str, Compensation], compensations]

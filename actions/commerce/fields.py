"""Reading JSON records field by field, with every problem noted by record and field."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from actions.commerce.model import NOTHING

LONGEST_TEXT = 2000
NAME_OUTSIDE = re.compile(r"[A-Za-z0-9_.:-]{1,255}")
CARD_NUMBER = re.compile(r"\d{12,19}")


@dataclass(frozen=True)
class Kind:
    """What a field may hold: how it is read, and what stands in for it while problems are collected."""

    read: Callable[[Any], Any]
    stand_in: Any


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("should be a text that isn't empty")
    return _any_text(value)


def _any_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("should be a text")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"is longer than {LONGEST_TEXT} characters")
    if any(not character.isprintable() for character in value):
        raise ValueError("holds a control character or a line break")
    return value


def _name(value: object) -> str:
    """Read what another system calls something; a card number is none."""
    text = _text(value)
    if not NAME_OUTSIDE.fullmatch(text) or CARD_NUMBER.fullmatch(text):
        raise ValueError("should be an id of at most 255 letters, digits and signs such as _")
    return text


def _amount(value: Any) -> Decimal:
    amount = _signed_amount(value)
    if amount < 0:
        raise ValueError("should be an amount from 0 on")
    return amount


def _signed_amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("should be an amount such as 12.50")
    amount = Decimal(value)
    if not amount.is_finite() or abs(amount) >= 10**10:
        raise ValueError("should be an amount from 0 on")
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError("has a fraction of a cent")
    return amount.quantize(Decimal("0.01"))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("should be true or false")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError("should be a whole number from 0 on")
    return value


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError('should be a time such as "2026-11-03T14:05:00+00:00"') from None
    if moment.tzinfo is None:
        raise ValueError('has no time zone; write "2026-11-03T14:05:00+00:00"')
    return moment.astimezone(UTC)


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError('should be a date such as "2026-11-03"') from None


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("should be a list of texts")
    return tuple(_any_text(entry) for entry in value)


def _options(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError('should be an object such as {"color": "black"}')
    return {_text(name): _any_text(entry) for name, entry in value.items()}


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("should be an object")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("should be a list")
    return value


def _places(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("should be a list of line numbers such as [1, 2]")
    return tuple(_count(entry) for entry in value)


TEXT = Kind(_text, "")
NAME = Kind(_name, "")
ANY_TEXT = Kind(_any_text, "")
AMOUNT = Kind(_amount, NOTHING)
SIGNED_AMOUNT = Kind(_signed_amount, NOTHING)
FLAG = Kind(_flag, True)
COUNT = Kind(_count, 0)
MOMENT = Kind(_moment, None)
DAY = Kind(_day, None)
TEXTS = Kind(_texts, ())
OPTIONS = Kind(_options, {})
OBJECT = Kind(_object, {})
LIST = Kind(_list, [])
PLACES = Kind(_places, ())


@dataclass
class Record:
    """One JSON object with its place, whose fields are taken one by one.

    Every problem goes to `problems`, and reading goes on; `done` complains about fields that nobody took.
    """

    value: Mapping[str, Any]
    where: str  # as in "orders.json, order '#W2611340'"
    problems: list[str]
    path: str = ""
    key: str = ""  # under which the record is kept
    taken: set[str] = field(default_factory=set)

    def take(self, name: str, kind: Kind) -> Any:
        """Take a field that has to be there."""
        self.taken.add(name)
        if name not in self.value:
            self.complain(name, "is missing")
            return kind.stand_in
        return self._read(name, kind, kind.stand_in)

    def maybe(self, name: str, kind: Kind, otherwise: Any = None) -> Any:
        """Take a field that may be absent."""
        self.taken.add(name)
        return self._read(name, kind, otherwise) if name in self.value else otherwise

    def inner(self, name: str, *, needed: bool = True) -> Record:
        """Take an object as a record of its own."""
        value = self.take(name, OBJECT) if needed else self.maybe(name, OBJECT, {})
        return Record(value, self.where, self.problems, f"{self.path}{name}.")

    def each(self, name: str, *, needed: bool = True) -> Iterator[Record]:
        """Take a list of objects as records."""
        entries = self.take(name, LIST) if needed else self.maybe(name, LIST, [])
        for place, entry in enumerate(entries):
            path = f"{self.path}{name}[{place}]"
            if isinstance(entry, Mapping):
                yield Record(entry, self.where, self.problems, f"{path}.")
            else:
                self.problems.append(f"{self.where}: {path} should be an object")

    def complain(self, name: str, problem: str) -> None:
        """Note a problem of a field."""
        self.problems.append(f"{self.where}: {self.path}{name} {problem}")

    def done(self) -> None:
        """Complain about fields that aren't part of the format, since an export would lose them."""
        for name in self.value:
            if name not in self.taken:
                close = difflib.get_close_matches(str(name), self.taken, n=1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                self.complain(str(name)[:60], f"isn't a field of the format{hint}")

    def _read(self, name: str, kind: Kind, otherwise: Any) -> Any:
        try:
            return kind.read(self.value[name])
        except ValueError as error:
            self.complain(name, f"{error} (it is {_shown(self.value[name])})")
            return otherwise


def _shown(value: Any) -> str:
    """Show a value briefly, and never the whole of a long one."""
    if isinstance(value, Decimal | float) and (isinstance(value, Decimal) or math.isfinite(value)):
        return str(value)
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

"""Reading what policy files say about sales: promo codes, and tiers of a discount."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from actions.services.readings import Unusable, flag, money, positive, share, text, texts
from frontdesk.formats.yaml import resolve_plain

NOTHING = Decimal("0.00")


@dataclass(frozen=True, kw_only=True)
class PromoCode:
    """A code with what it takes off, and for whom, on what and when it counts."""

    name: str
    text: str  # as in "15% off lighting"
    discount: Decimal | None = None  # a share of what it counts on
    amount: Decimal | None = None  # or a fixed amount
    free_shipping: bool = False
    minimum: Decimal = NOTHING
    category: str | None = None
    first_order_only: bool = False
    tiers: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None  # the last day counts
    once_per_customer: bool = True
    stackable: bool | None = None  # where it says nothing, the file's own `stackable` holds
    public: bool = False


@dataclass(frozen=True)
class Tier:
    """A share that is taken off from a number of units, or from an amount, on."""

    start: Decimal
    share: Decimal


def day(value: object) -> date:
    """Read a date."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Unusable('a date such as "2026-11-03"') from None


FIELDS: Mapping[str, Callable[[object], Any]] = {
    "text": text,
    "discount": share,
    "amount": money,
    "free_shipping": flag,
    "minimum": money,
    "category": text,
    "first_order_only": flag,
    "tiers": texts,
    "starts_on": day,
    "ends_on": day,
    "once_per_customer": flag,
    "stackable": flag,
    "public": flag,
}


def codes(value: object) -> dict[str, PromoCode]:
    """Read the promo codes, by their names in capital letters."""
    if not isinstance(value, Mapping):
        raise Unusable('a map of codes such as {WELCOME10: {discount: "10%", text: 10% off a first order}}')
    return {str(name).upper(): _code(str(name), entry) for name, entry in value.items()}


def _code(name: str, entry: object) -> PromoCode:
    """Read one promo code."""
    if not isinstance(entry, Mapping):
        raise Unusable(f"a map of codes, each with a map of its own; '{name}' has none")
    unknown = sorted(set(map(str, entry)) - set(FIELDS))
    if unknown:
        raise Unusable(f"a map of codes; '{name}' has '{unknown[0]}', and known are {', '.join(FIELDS)}")
    read: dict[str, Any] = {}
    for field, reader in FIELDS.items():
        if field in entry:
            try:
                read[field] = reader(entry[field])
            except Unusable as error:
                raise Unusable(f"a map of codes, in which '{field}' of '{name}' is {error}") from error
    gives = [field for field in ("discount", "amount", "free_shipping") if read.get(field)]
    if len(gives) != 1 or "text" not in read:
        raise Unusable(f"a map of codes; '{name}' needs a text, and discount, amount or free_shipping")
    return PromoCode(name=name.upper(), **read)


def unit_tiers(value: object) -> tuple[Tier, ...]:
    """Read shares by the number of units from which they count, the lowest first."""
    return _tiers(value, "{10: 5%, 25: 10%}", lambda start: Decimal(positive(resolve_plain(str(start)))))


def amount_tiers(value: object) -> tuple[Tier, ...]:
    """Read shares by the amount from which they count, the lowest first."""
    return _tiers(value, '{"$2,500": "2%"}', money)


def _tiers(value: object, example: str, start: Callable[[object], Decimal]) -> tuple[Tier, ...]:
    """Read tiers, whose starts and shares both have to rise."""
    if not isinstance(value, Mapping):
        raise Unusable(f"a map such as {example}")
    tiers = [Tier(start(key), share(entry)) for key, entry in value.items()]
    rising = sorted(tiers, key=lambda tier: tier.start)
    if tiers != rising or [tier.share for tier in tiers] != sorted(tier.share for tier in tiers):
        raise Unusable(f"a map such as {example}, in which both columns rise")
    return tuple(tiers)


Codes = Annotated[Mapping[str, PromoCode], codes]
UnitTiers = Annotated[tuple[Tier, ...], unit_tiers]
AmountTiers = Annotated[tuple[Tier, ...], amount_tiers]

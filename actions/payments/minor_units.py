"""Amounts as providers count them: whole numbers of a currency's smallest unit."""

from __future__ import annotations

from decimal import Decimal

# As Stripe counts them (https://docs.stripe.com/currencies): "zero-decimal currencies", without UGX, about which only
# the "special cases" of the same page are right; "three-decimal currencies", of which the last decimal has to be 0; and
# those "special cases" that became whole but are still written with two decimals: 5 ISK are 500. HUF and TWD, which
# are there as well, are whole in payouts only.
NO_DECIMALS = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())  # noqa: SIM905
THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
WHOLE_ONLY = frozenset(("ISK", "UGX"))


def to_minor(amount: Decimal, currency: str) -> int:
    """Count an amount in the smallest unit; what can't be paid exactly is a mistake.

    >>> to_minor(Decimal("19.99"), "USD")
    1999
    """
    name = currency.upper()
    if not (len(name) == 3 and name.isascii() and name.isalpha()):
        raise ValueError(f"'{currency}' isn't a currency such as USD")
    units = amount * 10 ** decimals(name)
    step = 10 if name in THREE_DECIMALS else 100 if name in WHOLE_ONLY else 1
    if not amount.is_finite() or amount <= 0 or units % step:
        raise ValueError(
            f"{amount} {name} can't be paid: it has to be positive and whole in the smallest unit"
        )
    return int(units)


def from_minor(units: int, currency: str) -> Decimal:
    """Make an amount of a count."""
    places = decimals(currency.upper())
    return Decimal(units).scaleb(-places).quantize(Decimal(1).scaleb(-places))


def decimals(currency: str) -> int:
    """Tell how many decimals a provider counts with."""
    return 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2

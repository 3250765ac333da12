"""Addresses in the United States: read from what a customer writes, in one message or part by part.

Nothing is looked up and nothing is guessed: what wasn't said stays empty, apart from the state, which the ZIP code
gives away where it belongs to one state only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from actions.commerce.model import Address
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("us_addresses.yml")
NEEDED = ("line1", "city", "state", "postcode")
LONGEST_LINE = 120
ZIP = re.compile(r"(?<![\w#-])(\d{5})(?:-\d{4})?(?![\w-])")


@dataclass(frozen=True)
class Parts:
    """As much of an address as is known."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    no_unit: bool = False  # it was said that there is none
    abroad: str = ""  # a country in which it lies, other than the United States

    @property
    def missing(self) -> list[str]:
        """The parts without which nothing can be sent there."""
        return [name for name in NEEDED if not getattr(self, name)]

    @property
    def some(self) -> bool:
        """Tell whether anything of an address was said."""
        return any(getattr(self, field.name) for field in fields(self))

    def over(self, base: Parts) -> Parts:
        """Put these parts over others: a whole address takes their place, single parts correct them."""
        if self.line1 and (self.city or self.postcode):
            return self
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name)}
        made = replace(base, **{"no_unit": False, "abroad": "", **said})
        return replace(made, line2="") if self.no_unit else made

    def address(self) -> Address:
        """Make an address of complete parts."""
        return Address(
            line1=self.line1, line2=self.line2, city=self.city, state=self.state, postcode=self.postcode
        )


def parts_of(address: Address) -> Parts:
    """Take an address apart."""
    return Parts(address.line1, address.line2, address.city, address.state, address.postcode)


def one_line(address: Address) -> str:
    """Write an address as people do: "22 Oak Street, Apt 4, Denver, CO 80218"."""
    street = ", ".join(part for part in (address.line1, address.line2) if part)
    return f"{street}, {address.city}, {address.state} {address.postcode}"


@dataclass(frozen=True)
class Words:
    """What us_addresses.yml lists, ready to be searched."""

    states: dict[str, str]  # spelling in lower case -> code
    zips: dict[str, frozenset[str]]  # first three digits -> codes
    streets: dict[str, str]  # spelling in lower case -> as it is written
    alone: frozenset[str]
    directions: frozenset[str]
    units: dict[str, str]
    not_cities: frozenset[str]
    home: tuple[str, ...]
    abroad: tuple[str, ...]


@cache
def words() -> Words:
    """Read the table."""
    table: Any = yaml.read(TABLE)
    states: dict[str, str] = {}
    zips: dict[str, set[str]] = {}
    for code, row in table["states"].items():
        spellings = [str(row["name"]), str(code), *row.get("also", ())]
        states |= {spelling.lower(): str(code) for spelling in spellings}
        for first, last in (str(span).split("-") for span in row["zips"]):
            for number in range(int(first), int(last) + 1):
                zips.setdefault(f"{number:03d}", set()).add(str(code))
    return Words(
        states=states,
        zips={prefix: frozenset(codes) for prefix, codes in zips.items()},
        streets={w: kind for kind, also in table["streets"].items() for w in (kind.lower(), *also)},
        alone=frozenset(table["alone"]),
        directions=frozenset(table["directions"]),
        units={w: kind for kind, also in table["units"].items() for w in also},
        not_cities=frozenset(table["not_cities"].split()),
        home=tuple(table["home"]),
        abroad=tuple(table["abroad"]),
    )


def states_of(postcode: str) -> frozenset[str]:
    """Return the states in which a ZIP code may lie; none for one that the table doesn't know."""
    return words().zips.get(postcode[:3], frozenset())


def fits(address: Address) -> bool:
    """Tell whether ZIP code and state go together, as far as the table knows."""
    known = states_of(address.postcode)
    return not known or address.state in known


def state_code(text: str) -> str:
    """Return the code of a state that is spelled in any way; nothing for what is no state."""
    plain = " ".join(text.replace(".", "").replace(",", " ").lower().split())
    return words().states.get(plain, "")


def usable(address: Address) -> bool:
    """Tell whether an address is complete and made of characters that fit on a label."""
    values = (address.line1, address.line2, address.city, address.state, address.postcode)
    clean = all(value.isprintable() and len(value) <= LONGEST_LINE for value in values)
    whole = bool(address.line1.strip() and address.city.strip())
    return (
        clean
        and whole
        and state_code(address.state) == address.state
        and bool(ZIP.fullmatch(address.postcode))
    )

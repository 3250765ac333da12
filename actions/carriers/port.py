"""The port: what the assistant needs from whoever carries parcels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from actions.commerce.model import SHIPMENT_STATES, Address, ShipmentEvent

# The states of a shop's parcels, and one that only carriers know.
TRACKING_STATES = (*SHIPMENT_STATES, "ready_for_pickup")
SERVICES = (
    "ground",
    "two_day",
    "overnight",
)  # how fast; what each carrier calls it stands in docs/adapters.md
NUMBER = re.compile(r"[A-Z0-9]{7,34}")


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """Where a parcel is."""

    tracking_number: str
    source: str  # who says so, as in "UPS"
    seen_at: datetime  # when they said so
    status: str | None  # one of TRACKING_STATES; None where the carrier's state is none of them
    text: str = ""  # the state in the carrier's words
    events: tuple[ShipmentEvent, ...] = ()  # newest first
    expected_on: date | None = None
    delivered_at: datetime | None = None
    signed_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a parcel is handed over or goes to, and whom it concerns."""

    name: str
    address: Address
    company: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """How large and heavy a parcel is; sides in inches, the longest first."""

    pounds: Decimal
    length: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Label:
    """A label with which a parcel is sent."""

    number: str  # by which it is voided: the tracking number, where there is one
    source: str
    tracking_number: str | None = None
    media_type: str = ""  # of the content
    content: bytes = b""  # the label itself, or
    url: str = ""  # where it is found
    cost: Decimal | None = None  # None: the carrier doesn't say
    currency: str = "USD"
    expires_on: date | None = None  # None: the carrier doesn't say


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What it costs to send a parcel."""

    source: str
    service: str  # one of SERVICES
    name: str  # in the carrier's words
    amount: Decimal
    currency: str
    expected_on: date | None = None


class Tracker(Protocol):
    """Whoever knows where parcels are: a carrier, or the shop."""

    name: str  # as the shop's parcels name it: "UPS"

    def track(self, tracking_number: str) -> Tracking | None:
        """Tell where a parcel is; None for a number that isn't known."""


class Carrier(Tracker, Protocol):
    """A carrier, within the United States.

    Where an answer was lost, the error says `unsure`. Who `repeats` may then be asked again with the same key;
    with the others a person has to look whether the label was bought (services/return_labels.py sees to it).
    """

    repeats: bool  # whether the same key gives the label that it got before

    def label(self, key: str, sender: Place, receiver: Place, parcel: Parcel, service: str) -> Label:
        """Buy a label with which a customer sends a parcel to the shop."""

    def void(self, number: str) -> bool:
        """Give a label back that nobody used; False when the carrier doesn't take it back."""

    def rates(self, sender: Place, receiver: Place, parcel: Parcel) -> list[Rate]:
        """List what sending a parcel costs, cheapest first."""


def tidy_number(text: str) -> str | None:
    """Write a tracking number as carriers do, or tell that it can't be one."""
    number = re.sub(r"[\s-]", "", text).upper()
    return number if NUMBER.fullmatch(number) else None


def checked_service(service: str) -> str:
    """Refuse a service that isn't one."""
    if service not in SERVICES:
        raise ValueError(f"The service '{service}' is unknown; there are {', '.join(SERVICES)}.")
    return service

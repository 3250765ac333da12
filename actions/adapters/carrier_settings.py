"""The settings of carriers: several may be used at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

SECRET = {"secret": True}


@dataclass(frozen=True, kw_only=True)
class UpsSettings:
    """A UPS account."""

    NAME: ClassVar = "ups"

    client_id: str
    client_secret: str = field(repr=False, metadata=SECRET)
    account_number: str  # six letters and digits
    url: str = "https://onlinetools.ups.com"


@dataclass(frozen=True, kw_only=True)
class FedexSettings:
    """A FedEx account."""

    NAME: ClassVar = "fedex"

    client_id: str
    client_secret: str = field(repr=False, metadata=SECRET)
    account_number: str
    url: str = "https://apis.fedex.com"


@dataclass(frozen=True, kw_only=True)
class UspsSettings:
    """A USPS business account."""

    NAME: ClassVar = "usps"

    client_id: str
    client_secret: str = field(repr=False, metadata=SECRET)
    account_number: str  # of the Enterprise Payment Account
    crid: str  # customer registration id
    mid: str  # mailer id
    manifest_mid: str
    url: str = "https://apis.usps.com"


@dataclass(frozen=True, kw_only=True)
class PlaceSettings:
    """The shop's own address, where returns go."""

    name: str
    phone: str  # ten digits
    line1: str
    line2: str = ""
    city: str
    state: str  # two letters
    postcode: str


@dataclass(frozen=True, kw_only=True)
class ParcelSettings:
    """What a parcel that comes back measures; the catalogue doesn't know."""

    pounds: Decimal = Decimal(5)
    length: int = 14  # inches
    width: int = 12
    height: int = 8


@dataclass(frozen=True, kw_only=True)
class CarriersSettings:
    """Which carriers are asked, and what they need for a label."""

    ups: UpsSettings | None = field(default=None, metadata={"of": UpsSettings})
    fedex: FedexSettings | None = field(default=None, metadata={"of": FedexSettings})
    usps: UspsSettings | None = field(default=None, metadata={"of": UspsSettings})
    return_address: PlaceSettings | None = field(default=None, metadata={"of": PlaceSettings})
    return_parcel: ParcelSettings = field(default=ParcelSettings(), metadata={"of": ParcelSettings})

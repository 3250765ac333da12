"""The carriers that adapters.yml names, ready to be asked."""

from __future__ import annotations

from actions.adapters.carrier_settings import CarriersSettings, ParcelSettings, PlaceSettings
from actions.adapters.fedex import FedexCarrier
from actions.adapters.ups import UpsCarrier
from actions.adapters.usps import UspsCarrier
from actions.carriers.port import Parcel, Place
from actions.commerce.model import Address
from actions.services.clock import Clock

Outside = UpsCarrier | FedexCarrier | UspsCarrier


def made(settings: CarriersSettings, clock: Clock) -> list[Outside]:
    """Make each carrier that has settings."""
    found: list[Outside] = []
    if settings.ups:
        found.append(UpsCarrier(settings.ups, clock=clock))
    if settings.fedex:
        found.append(FedexCarrier(settings.fedex, clock=clock))
    if settings.usps:
        found.append(UspsCarrier(settings.usps, clock=clock))
    return found


def place_of(settings: PlaceSettings) -> Place:
    """Make a place of an address in the settings."""
    address = Address(
        line1=settings.line1,
        line2=settings.line2,
        city=settings.city,
        state=settings.state,
        postcode=settings.postcode,
    )
    return Place(name=settings.name, company=settings.name, phone=settings.phone, address=address)


def parcel_of(settings: ParcelSettings) -> Parcel:
    """Make a parcel of its measures, the longest side first, as carriers want it."""
    length, width, height = sorted((settings.length, settings.width, settings.height), reverse=True)
    return Parcel(pounds=settings.pounds, length=length, width=width, height=height)

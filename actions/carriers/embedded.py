"""What the shop itself knows of its parcels."""

from __future__ import annotations

from sqlalchemy import String, cast, select

from actions.carriers.port import Tracking
from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.model import Shipment
from actions.commerce.rows import shipment_from
from actions.services.clock import Clock, utc_now

NAME = "the shop"
LONGEST_NUMBER = 60


class ShopParcels:
    """The shop's own parcels, as far as it noted where they are."""

    name = NAME

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def track(self, tracking_number: str) -> Tracking | None:
        """Tell what the shop noted of a parcel."""
        number = tracking_number.strip()
        if not number or len(number) > LONGEST_NUMBER or not number.isascii():
            return None
        table = schema.shipments
        # The numbers are a list in JSON; what merely holds this one is sorted out below.
        query = select(table).where(cast(table.c.tracking_numbers, String).contains(number, autoescape=True))
        with self._database.read() as connection:
            found = [shipment_from(row) for row in connection.execute(query).mappings()]
        parcel = next((each for each in found if number in each.tracking_numbers), None)
        return noted(parcel, number, self._clock) if parcel is not None else None


def noted(parcel: Shipment, number: str, clock: Clock) -> Tracking:
    """Tell what the shop's data say of a parcel; they are as old as its newest scan."""
    scan = parcel.last_event
    return Tracking(
        tracking_number=number,
        source=NAME,
        seen_at=scan.at if scan else parcel.shipped_at or clock(),
        status=parcel.status,
        text=scan.text if scan else "",
        events=tuple(sorted(parcel.events, key=lambda event: event.at, reverse=True)),
        expected_on=parcel.expected_on if parcel.delivered_at is None else None,
        delivered_at=parcel.delivered_at,
    )

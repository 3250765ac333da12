"""What the shop itself knows of its parcels, and the label page that it has always had."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from sqlalchemy import String, cast, select

from actions.carriers.port import Label, Parcel, Place, Rate, Tracking, checked_service
from actions.commerce import schema
from actions.commerce.database import Database
from actions.commerce.model import Shipment
from actions.commerce.rows import shipment_from
from actions.services.clock import Clock, utc_now
from actions.services.identity import salt
from actions.services.rulebook import Policies

NAME = "the shop"
LONGEST_NUMBER = 60


class ShopCarrier:
    """The shop's own parcels; a label is a page at an address that nobody can guess.

    The address is made of the key and a secret of the shop, so the same key always gives the same one.
    """

    name = NAME
    repeats = True

    def __init__(self, database: Database, policies: Policies, clock: Clock = utc_now) -> None:
        self._database = database
        self._policies = policies
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

    def label(self, key: str, sender: Place, receiver: Place, parcel: Parcel, service: str) -> Label:
        """Give the address of a label; nothing is bought."""
        checked_service(service)
        policy = self._policies.returns
        with self._database.read() as connection:
            secret = salt(connection)
        number = hmac.new(secret.encode(), f"label {key}".encode(), hashlib.sha256).hexdigest()[:32]
        return Label(
            number=number,
            source=NAME,
            url=f"{policy.label_url}/{number}",
            expires_on=self._clock().date() + timedelta(days=policy.label_valid_days),
        )

    def void(self, number: str) -> bool:
        """Give nothing back, since nothing was bought."""
        return False

    def rates(self, sender: Place, receiver: Place, parcel: Parcel) -> list[Rate]:
        """Name what the shop takes for a return label."""
        fee = self._policies.returns.label_fee
        return [Rate(source=NAME, service="ground", name="return label", amount=fee, currency="USD")]


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

"""The shop's own parcels."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert

from actions.carriers.embedded import ShopParcels
from actions.carriers.port import Tracker
from actions.commerce import schema
from actions.commerce.model import SHIPMENT_STATES
from actions.services.container import Services

from ..adapters.carrier_server import ARRIVED, EXPECTED, Story, scans
from .contract import TrackerContract


class TestShopParcels(TrackerContract):
    states = SHIPMENT_STATES

    @pytest.fixture()
    def carrier(self, shop: Services) -> Tracker:
        self.shop = shop
        return ShopParcels(shop.database, shop.now)

    def send(self, carrier: Tracker, status: str) -> str:
        number = f"1ZTEST{SHIPMENT_STATES.index(status):010d}"
        delivered = status == "delivered"
        events = [
            {"at": at.isoformat(), "status": state, "text": state.title(), "place": "Columbus, OH"}
            for at, state in scans(Story(number, status))
        ]
        row = {
            "order_number": "L204817",
            "position": 90,
            "carrier": "UPS",
            "tracking_numbers": [number, "1ZTEST9999"],
            "item_ids": [],
            "status": status,
            "expected_on": EXPECTED,
            "delivered_at": ARRIVED if delivered else None,
            "events": json.loads(json.dumps(events)),
        }
        with self.shop.database.write() as connection:
            connection.execute(insert(schema.shipments), row)
        return number


def test_a_part_of_a_number_finds_nothing(shop: Services) -> None:
    carrier = ShopParcels(shop.database, shop.now)
    with shop.database.read() as connection:
        (number, *_) = connection.execute(schema.shipments.select()).mappings().first()["tracking_numbers"]
    assert carrier.track(number) is not None
    assert carrier.track(number[:8]) is None
    assert carrier.track("%") is None

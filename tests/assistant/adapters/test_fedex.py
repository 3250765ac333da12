"""FedEx: what it is told and what is read; the contract of every carrier."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from actions.adapters.carrier_settings import FedexSettings
from actions.adapters.errors import BadAnswer, Failed
from actions.adapters.fedex import FedexCarrier
from actions.adapters.fedex_wire import STATES, read_tracking
from actions.adapters.http import Rules
from actions.carriers.port import TRACKING_STATES, Carrier

from ..carriers.conftest import fedex as fedex
from ..carriers.contract import ANNA, BOX, SHOP
from ..carriers.outside import RULES, OutsideContract
from .carrier_server import ACCOUNT, CLIENT_ID, CLIENT_SECRET, Story
from .fedex_server import FedexServer, parcel
from .serving import Told

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


class TestFedex(OutsideContract):
    @pytest.fixture()
    def server(self, fedex: FedexServer) -> FedexServer:
        return fedex

    def made(self, url: str, rules: Rules = RULES, secret: str = CLIENT_SECRET) -> Any:
        settings = FedexSettings(client_id=CLIENT_ID, client_secret=secret, account_number=ACCOUNT, url=url)
        return FedexCarrier(settings, rules, lambda: NOW)

    def test_what_fedex_is_told(self, server: FedexServer, carrier: Carrier) -> None:
        label = carrier.label("k1", ANNA, SHOP, BOX, "ground")
        assert (label.cost, label.media_type) == (Decimal("11.40"), "application/pdf")
        shipment = server.sold[0].body
        assert shipment["shipper"]["contact"]["personName"] == "Anna Bennett"
        assert shipment["shipper"]["address"]["streetLines"] == ["1420 SE Alder Street", "Apt 5"]
        assert shipment["shipmentSpecialServices"]["specialServiceTypes"] == ["RETURN_SHIPMENT"]
        assert shipment["requestedPackageLineItems"][0]["weight"] == {"units": "LB", "value": 2.5}

    def test_a_purchase_is_never_sent_twice_by_itself(self, server: FedexServer, carrier: Carrier) -> None:
        carrier.track("794600000000")
        server.local.faults = [Told(503)]
        with pytest.raises(Failed) as caught:
            carrier.label("k1", ANNA, SHOP, BOX, "ground")
        assert caught.value.unsure
        assert server.called("/ship/v1/shipments", server.local) == 1


def test_every_code_has_one_of_our_states() -> None:
    assert set(STATES.values()) == set(TRACKING_STATES)


def test_a_number_that_is_used_again_means_the_newer_parcel() -> None:
    older, newer = parcel(Story("7946", "delivered", "X")), parcel(Story("7946", "in_transit"))
    for scan in older["scanEvents"]:
        scan["date"] = scan["date"].replace("2026", "2021")
    for results in ([older, newer], [newer, older]):
        output = {"completeTrackResults": [{"trackResults": results}]}
        found = read_tracking("7946", {"output": output}, NOW)
        assert found is not None
        assert found.status == "in_transit"


def test_another_error_than_not_found_is_told() -> None:
    results = [{"trackResults": [{"error": {"code": "TRACKING.DATA.UNAVAILABLE"}}]}]
    with pytest.raises(BadAnswer):
        read_tracking("7946", {"output": {"completeTrackResults": results}}, NOW)

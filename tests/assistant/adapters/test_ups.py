"""UPS: what it is told and what is read; the contract of every carrier."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from actions.adapters.carrier_settings import UpsSettings
from actions.adapters.errors import AdapterError, Unreachable
from actions.adapters.http import Rules
from actions.adapters.ups import UpsCarrier
from actions.adapters.ups_wire import STATES, read_tracking
from actions.carriers.port import TRACKING_STATES, Carrier

from ..carriers.conftest import ups as ups
from ..carriers.contract import ANNA, BOX, SHOP
from ..carriers.outside import RULES, OutsideContract
from .carrier_server import ACCOUNT, ARRIVED, CLIENT_ID, CLIENT_SECRET, EXPECTED
from .serving import Told
from .ups_server import UpsServer

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


class TestUps(OutsideContract):
    @pytest.fixture()
    def server(self, ups: UpsServer) -> UpsServer:
        return ups

    def made(self, url: str, rules: Rules = RULES, secret: str = CLIENT_SECRET) -> Any:
        settings = UpsSettings(client_id=CLIENT_ID, client_secret=secret, account_number=ACCOUNT, url=url)
        return UpsCarrier(settings, rules, lambda: NOW)

    def lose_answer(self, server: Any, fault: Told) -> None:
        server.local.faults_after = [None, fault]  # the first one looks whether there is a label

    def test_what_ups_is_told(self, server: UpsServer, carrier: Carrier) -> None:
        label = carrier.label("k1", ANNA, SHOP, BOX, "two_day")
        assert (label.cost, label.media_type) == (Decimal("27.45"), "image/gif")
        shipment = server.sold[0].body
        assert shipment["ReturnService"] == {"Code": "9"}
        assert shipment["Service"] == {"Code": "02"}
        assert shipment["ShipFrom"]["Name"] == "Anna Bennett"
        assert shipment["ShipFrom"]["Address"]["PostalCode"] == "972141234"
        assert (shipment["ShipTo"]["Name"], shipment["ShipTo"]["AttentionName"]) == ("Larkspur", "Returns")
        headers = server.local.asked[-1].headers
        assert headers["transactionsrc"] == "frontdesk"

    def test_a_label_is_not_bought_while_it_cannot_be_looked_up(
        self, server: UpsServer, carrier: Carrier
    ) -> None:
        carrier.track("1Z00000000")
        server.local.faults = [Told(fault="drop")] * 4
        with pytest.raises(Unreachable):
            carrier.label("k1", ANNA, SHOP, BOX, "ground")
        assert server.sold == []

    @pytest.mark.parametrize(("status", "code"), [(400, "9801040"), (400, ""), (404, "404"), (403, "250002")])
    def test_only_ups_word_that_there_is_none_lets_one_be_bought(
        self, server: UpsServer, carrier: Carrier, status: int, code: str
    ) -> None:
        carrier.track("1Z00000000")
        server.local.faults = [server.error(status, code)] * 4
        with pytest.raises(AdapterError):
            carrier.label("k1", ANNA, SHOP, BOX, "ground")
        assert server.sold == []
        server.local.faults = []
        assert carrier.label("k1", ANNA, SHOP, BOX, "ground").number == server.sold[0].number

    def test_a_label_that_is_found_again_can_be_printed(self, carrier: Carrier) -> None:
        carrier.label("k1", ANNA, SHOP, BOX, "ground")
        again = carrier.label("k1", ANNA, SHOP, BOX, "ground")
        assert again.content.startswith(b"%PDF")
        assert again.media_type == "application/pdf"


def test_every_code_has_one_of_our_states() -> None:
    assert set(STATES.values()) == set(TRACKING_STATES)


def test_times_without_greenwich_and_unknown_codes() -> None:
    scan = {
        "date": "20261117",
        "time": "070500",
        "status": {"type": "I", "description": "Departed\x00 from\nFacility"},
        "location": {"address": {"city": "Louisville", "stateProvince": "KY"}},
    }
    found = read_tracking("1Z1", {"currentStatus": {"code": "999"}, "activity": [scan]}, NOW)
    assert found.status == "in_transit"
    (event,) = found.events
    assert (event.at, event.text) == (datetime(2026, 11, 17, 7, 5, tzinfo=UTC), "Departed from Facility")
    assert event.place == "Louisville, KY"
    odd = read_tracking("1Z1", {"currentStatus": {"code": "999", "description": "On a boat"}}, NOW)
    assert (odd.status, odd.text) == (None, "On a boat")
    day = {"type": "DEL", "date": f"{ARRIVED:%Y%m%d}"}
    told = {
        "currentStatus": {"code": "011"},
        "deliveryDate": [day, {"type": "SDD", "date": f"{EXPECTED:%Y%m%d}"}],
    }
    done = read_tracking("1Z1", told | {"deliveryTime": {"endTime": "142000"}}, NOW)
    assert (done.delivered_at, done.expected_on) == (ARRIVED, None)

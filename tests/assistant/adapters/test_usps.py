"""USPS: what it is told and what is read; the contract of every carrier."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from actions.adapters.carrier_settings import UspsSettings
from actions.adapters.http import Rules
from actions.adapters.usps import UspsCarrier
from actions.adapters.usps_wire import STATES
from actions.carriers.port import TRACKING_STATES, Carrier

from ..carriers.conftest import usps as usps
from ..carriers.contract import ANNA, BOX, SHOP
from ..carriers.outside import RULES, OutsideContract
from .carrier_server import CLIENT_ID, CLIENT_SECRET
from .usps_server import CRID, EPS, MANIFEST_MID, MID, UspsServer

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


class TestUsps(OutsideContract):
    @pytest.fixture()
    def server(self, usps: UspsServer) -> UspsServer:
        return usps

    def made(self, url: str, rules: Rules = RULES, secret: str = CLIENT_SECRET) -> Any:
        settings = UspsSettings(
            client_id=CLIENT_ID,
            client_secret=secret,
            account_number=EPS,
            crid=CRID,
            mid=MID,
            manifest_mid=MANIFEST_MID,
            url=url,
        )
        return UspsCarrier(settings, rules, lambda: NOW)

    def test_what_usps_is_told(self, server: UspsServer, carrier: Carrier) -> None:
        label = carrier.label("k1", ANNA, SHOP, BOX, "ground")
        assert (label.cost, label.media_type) == (Decimal("9.95"), "application/pdf")
        sold = server.sold[0].body
        assert sold["fromAddress"]["firstName"] == "Anna"
        assert (sold["fromAddress"]["ZIPCode"], sold["fromAddress"]["ZIPPlus4"]) == ("97214", "1234")
        assert sold["toAddress"]["firm"] == "Larkspur"
        assert sold["packageDescription"]["mailClass"] == "USPS_GROUND_ADVANTAGE_RETURN_SERVICE"

    def test_an_authorization_to_pay_is_kept_and_fetched_anew_when_it_is_refused(
        self, server: UspsServer, carrier: Carrier
    ) -> None:
        for key in ("k1", "k2"):
            carrier.label(key, ANNA, SHOP, BOX, "ground")
        assert len(server.payments) == 1
        server.refused.update(server.payments)
        carrier.label("k3", ANNA, SHOP, BOX, "ground")
        assert len(server.payments) == 2
        assert len(server.sold) == 3

    def test_prices_for_mailers_who_bring_their_mail_elsewhere_do_not_count(
        self, server: UspsServer, carrier: Carrier
    ) -> None:
        assert [rate.amount for rate in carrier.rates(ANNA, SHOP, BOX)] == [
            Decimal("9.85"),
            Decimal("14.10"),
            Decimal("48.25"),
        ]
        assert server.called("/prices", server.local) == 1


def test_every_category_has_one_of_our_states() -> None:
    assert set(STATES.values()) == set(TRACKING_STATES)

"""Where the parcels of an order are: asked, remembered, and told as of when while a carrier is down."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.adapters.carrier_settings import FedexSettings, UpsSettings
from actions.adapters.fedex import FedexCarrier
from actions.adapters.http import Rules
from actions.adapters.ups import UpsCarrier
from actions.commerce.model import Order, Shipment
from actions.services.container import Services
from actions.services.parcels import Parcels, as_told

from ..adapters.carrier_server import ACCOUNT, ARRIVED, CLIENT_ID, CLIENT_SECRET, EXPECTED, Story
from ..adapters.fedex_server import FedexServer
from ..adapters.serving import Told
from ..adapters.ups_server import UpsServer
from ..carriers.conftest import fedex as fedex
from ..carriers.conftest import ups as ups
from ..conftest import NOW, Clock

UPS_NUMBER, FEDEX_NUMBER = "1ZA1B2C30000000042", "794600000042"
RULES = Rules(deadline=60.0, first_wait=0.01, retries=0)


@pytest.fixture()
def parcels(ups: UpsServer, fedex: FedexServer, clock: Clock) -> Iterator[Parcels]:
    login = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "account_number": ACCOUNT}
    carriers = (
        UpsCarrier(UpsSettings(url=ups.url, **login), RULES, clock),
        FedexCarrier(FedexSettings(url=fedex.url, **login), RULES, clock),
    )
    yield Parcels({carrier.name: carrier for carrier in carriers}, clock)
    for carrier in carriers:
        carrier.close()


@pytest.fixture()
def order(shop: Services) -> Order:
    """An order that travels in one UPS parcel."""
    found = shop.commerce.order("L204817")
    assert found is not None
    return replace(found, status="shipped", shipments=(parcel(UPS_NUMBER, "UPS"),))


def parcel(number: str, carrier: str, **more: object) -> Shipment:
    values = {"status": "in_transit", "expected_on": EXPECTED, "item_ids": ("L204817-1",)} | more
    return Shipment(tracking_numbers=(number,), carrier=carrier, **values)


def test_a_parcel_is_told_as_the_carrier_has_it(ups: UpsServer, parcels: Parcels, order: Order) -> None:
    ups.tell(Story(UPS_NUMBER, "delivered", "A BENNETT"))
    look = parcels.look(order)
    (seen,) = look.order.shipments
    assert (look.order.status, seen.status, seen.delivered_at) == ("delivered", "delivered", ARRIVED)
    assert look.silent == ()
    assert seen.last_event is not None
    assert seen.last_event.text == "Delivered"


@pytest.mark.parametrize(
    ("theirs", "status"),
    [("in_transit", "shipped"), ("out_for_delivery", "out_for_delivery"), ("exception", "shipped")],
)
def test_the_order_follows_its_only_parcel(
    ups: UpsServer, parcels: Parcels, order: Order, theirs: str, status: str
) -> None:
    ups.tell(Story(UPS_NUMBER, theirs))
    look = parcels.look(order)
    assert (look.order.status, look.order.shipments[0].status) == (status, theirs)


def test_of_an_order_that_arrived_only_the_day_is_taken(
    ups: UpsServer, parcels: Parcels, order: Order
) -> None:
    arrived = replace(order, status="delivered", shipments=(parcel(UPS_NUMBER, "UPS", status="delivered"),))
    ups.tell(Story(UPS_NUMBER, "in_transit"))
    assert parcels.told(arrived) == arrived
    ups.tell(Story(UPS_NUMBER, "delivered", "A BENNETT"))
    news = {UPS_NUMBER: replace(parcels.news(order)[UPS_NUMBER], status="delivered", delivered_at=ARRIVED)}
    assert (as_told(arrived, news).status, as_told(arrived, news).delivered_at) == ("delivered", ARRIVED)
    assert as_told(order, {}) == order


def test_each_carrier_is_asked_for_its_own(
    ups: UpsServer, fedex: FedexServer, parcels: Parcels, order: Order
) -> None:
    ups.tell(Story(UPS_NUMBER, "delivered", "X"))
    fedex.tell(Story(FEDEX_NUMBER, "out_for_delivery"))
    both = replace(order, shipments=(*order.shipments, parcel(FEDEX_NUMBER, "fedex")))
    look = parcels.look(both)
    assert [each.status for each in look.order.shipments] == ["delivered", "out_for_delivery"]
    assert look.order.status == "shipped"


def test_what_is_not_under_way_is_not_asked(ups: UpsServer, parcels: Parcels, order: Order) -> None:
    for other in (
        replace(order, status="cancelled"),
        replace(order, status="processing"),
        replace(order, status="delivered", shipments=(parcel(UPS_NUMBER, "UPS", delivered_at=NOW),)),
        replace(order, shipments=(parcel(UPS_NUMBER, "DHL"),)),
        replace(order, shipments=(parcel(UPS_NUMBER, "UPS", delivered_at=NOW),)),
        replace(order, shipments=(Shipment(tracking_numbers=(), item_ids=(), carrier="UPS"),)),
    ):
        assert parcels.look(other).order == other
    assert ups.local.asked == []


def test_what_was_just_asked_is_remembered_for_a_while(
    ups: UpsServer, parcels: Parcels, order: Order, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ups.tell(Story(UPS_NUMBER, "in_transit"))
    parcels.look(order)
    ups.tell(Story(UPS_NUMBER, "out_for_delivery"))
    clock.forward(minutes=9)
    assert parcels.look(order).order.shipments[0].status == "in_transit"
    assert "UPS on parcel ...0042, 540 s ago: in_transit" in caplog.text
    clock.forward(minutes=2)
    assert parcels.look(order).order.shipments[0].status == "out_for_delivery"
    assert ups.called("/api/track", ups.local) == 2
    assert UPS_NUMBER not in caplog.text


def test_while_a_carrier_is_down_what_it_said_last_is_told(
    ups: UpsServer, parcels: Parcels, order: Order, clock: Clock
) -> None:
    ups.tell(Story(UPS_NUMBER, "out_for_delivery"))
    parcels.look(order)
    clock.forward(hours=1)
    ups.local.faults = [Told(500)]
    look = parcels.look(order)
    assert (look.silent, look.as_of) == (("UPS",), NOW)
    assert look.order.status == "out_for_delivery"
    clock.forward(days=3)  # by then the shop's own news are as good
    ups.local.faults = [Told(500)]
    look = parcels.look(order)
    assert (look.order.status, look.order.shipments) == ("shipped", order.shipments)
    assert look.silent == ("UPS",)


def test_while_a_carrier_is_down_the_shops_own_news_are_as_old_as_they_are(
    ups: UpsServer, parcels: Parcels, order: Order
) -> None:
    ups.local.faults = [Told(fault="drop")]
    shipped = replace(order, shipments=(parcel(UPS_NUMBER, "UPS", shipped_at=NOW - timedelta(days=2)),))
    look = parcels.look(shipped)
    assert (look.order, look.silent, look.as_of) == (shipped, ("UPS",), NOW - timedelta(days=2))


def test_a_number_that_a_carrier_does_not_know_yet_changes_nothing(
    ups: UpsServer, parcels: Parcels, order: Order, clock: Clock
) -> None:
    for _ in range(3):  # one message asks for several decisions
        look = parcels.look(order)
        assert (look.order, look.silent) == (order, ())
    assert ups.called("/api/track", ups.local) == 1
    clock.forward(minutes=1)
    parcels.look(order)
    assert ups.called("/api/track", ups.local) == 2


def test_an_order_that_is_not_all_packed_stays_so(ups: UpsServer, parcels: Parcels, order: Order) -> None:
    ups.tell(Story(UPS_NUMBER, "delivered", "X"))
    look = parcels.look(replace(order, status="partially_shipped"))
    assert look.order.status == "partially_shipped"
    assert look.order.shipments[0].delivered_at == ARRIVED


def test_without_carriers_the_shop_tells_what_it_knows(shop: Services, order: Order) -> None:
    assert shop.carriers == {}
    assert shop.parcels.look(order).order == order

"""Parcels that come back: the carrier says so, and the policies say who books it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from actions.adapters.carrier_settings import UpsSettings
from actions.adapters.errors import Unreachable
from actions.commerce import schema
from actions.services.container import Services
from actions.services.label_tracking import LabelTracking

from ..adapters.carrier_server import ACCOUNT, Story
from ..adapters.serving import Told
from ..adapters.ups_server import UpsServer
from ..carriers.conftest import ups as ups
from ..conftest import MARCUS, Clock, Letters, count
from .test_return_labels import LOGIN, Make, returned, row
from .test_return_labels import make as make

SIX_HOURS = {"hours": 6, "minutes": 1}


@pytest.fixture()
def shop(make: Make, ups: UpsServer) -> Services:
    return make("UPS", ups=UpsSettings(url=ups.url, account_number=ACCOUNT, **LOGIN))


def bought(shop: Services) -> tuple[str, str]:
    """Start a return and let its label be bought; its reference, and the number under which the parcel travels."""
    reference = returned(shop).reference
    shop.deliver()
    return reference, str(row(shop)["tracking_number"])


def state(shop: Services) -> str:
    order = shop.commerce.order(MARCUS[1])
    assert order is not None
    return order.returns[0].status


def test_what_is_back_becomes_a_ticket_for_who_unpacks_it(
    shop: Services, ups: UpsServer, clock: Clock, letters: Letters
) -> None:
    reference, number = bought(shop)
    ups.tell(Story(number, "in_transit"))
    clock.forward(**SIX_HOURS)
    shop.deliver()
    ups.tell(Story(number, "delivered", "DOCK"))
    shop.deliver()
    assert count(shop, "tickets") == 0  # it isn't asked about all the time
    clock.forward(**SIX_HOURS)
    for _ in range(3):
        shop.deliver()
    assert (state(shop), count(shop, "tickets")) == ("label_sent", 1)
    with shop.database.read() as connection:
        ticket = connection.execute(schema.tickets.select()).mappings().one()
    assert (ticket["subject"], ticket["priority"]) == (f"{reference} is back, says UPS", "normal")
    assert f"python -m actions.services.arrivals {reference}" in ticket["body"]
    assert not any("takes care of it" in letter.get_content() for letter in letters.sent)
    clock.forward(days=3)
    shop.deliver()
    assert count(shop, "tickets") == 1


def test_where_the_policies_say_so_it_is_booked(shop: Services, ups: UpsServer, clock: Clock) -> None:
    policies = replace(shop.policies, returns=replace(shop.policies.returns, arrivals="automatic"))
    LabelTracking(shop.carriers["UPS"], shop.arrivals, policies, shop.sagas).register()
    reference, number = bought(shop)
    ups.tell(Story(number, "delivered", "DOCK"))
    clock.forward(**SIX_HOURS)
    shop.deliver()
    assert (state(shop), count(shop, "tickets")) == ("received", 0)
    assert count(shop, "audit", action="return.due", channel="UPS") == 1
    assert not shop.arrivals.note(reference)


def test_while_the_shop_outside_cannot_say_what_was_paid_back_nothing_is_booked(
    shop: Services, ups: UpsServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = replace(shop.policies, returns=replace(shop.policies.returns, arrivals="automatic"))
    LabelTracking(shop.carriers["UPS"], shop.arrivals, policies, shop.sagas).register()
    _, number = bought(shop)
    ups.tell(Story(number, "delivered", "DOCK"))

    def unreachable(number: str) -> None:
        raise Unreachable("WooCommerce", "no connection.")

    with monkeypatch.context() as down:
        down.setattr(shop.commerce, "order", unreachable)
        clock.forward(**SIX_HOURS)
        shop.deliver()
    assert state(shop) == "label_sent"
    clock.forward(hours=1)
    shop.deliver()
    assert state(shop) == "received"


@pytest.mark.parametrize("ending", ["booked", "withdrawn", "too old"])
def test_what_is_not_awaited_any_more_is_not_asked_about(
    shop: Services, ups: UpsServer, clock: Clock, ending: str
) -> None:
    reference, number = bought(shop)
    ups.tell(Story(number, "in_transit"))
    if ending == "booked":
        shop.arrivals.note(reference)
    elif ending == "withdrawn":
        with shop.database.write() as connection:
            connection.execute(update(schema.returns).values(status="cancelled"))
    else:
        clock.forward(days=90)
    asked = ups.called("/api/track", ups.local)
    clock.forward(**SIX_HOURS)
    shop.deliver()
    assert ups.called("/api/track", ups.local) == asked
    assert count(shop, "sagas", state="under_way") == 0


def test_while_the_carrier_is_down_it_is_asked_again(shop: Services, ups: UpsServer, clock: Clock) -> None:
    _, number = bought(shop)
    ups.tell(Story(number, "delivered", "DOCK"))
    clock.forward(**SIX_HOURS)
    ups.local.faults = [Told(500)] * 20
    shop.deliver()
    assert count(shop, "tickets") == 0
    ups.local.faults = []
    clock.forward(hours=1)
    for _ in range(2):
        shop.deliver()
    assert count(shop, "tickets") == 1

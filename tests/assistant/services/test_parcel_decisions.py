"""What a carrier says decides with the books: whether something is late or lost, and since when it can go back."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from actions.adapters.carrier_settings import CarriersSettings, UpsSettings
from actions.adapters.settings import Adapters
from actions.commerce import schema
from actions.commerce.model import Customer, Order
from actions.services.case_policy import assess
from actions.services.container import Services
from actions.services.errors import Refused
from actions.services.parcels import as_told
from actions.services.remedy_policy import Remedy

from ..adapters.carrier_server import ACCOUNT, ARRIVED, CLIENT_ID, CLIENT_SECRET, EXPECTED, Story
from ..adapters.serving import Told
from ..adapters.ups_server import UpsServer
from ..carriers.conftest import ups as ups
from ..conftest import NOW, POLICIES, Clock, Letters, count, verified, who
from ..flows.talking import DOMAIN

NUMBER = "1ZA1B2C30000000042"
LOST = "L203664"
ELENA = ("elena.marsh@example.com", LOST, "87501")
REFUND = Remedy("refund", "late", (f"{LOST}-1",))


@pytest.fixture()
def shop(
    template: Path, tmp_path: Path, clock: Clock, letters: Letters, ups: UpsServer
) -> Iterator[Services]:
    """A shop that asks UPS about Elena's parcel, which should have been there long ago, going by the books."""
    shutil.copy(template, tmp_path / "shop.db")
    login = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "account_number": ACCOUNT}
    adapters = Adapters(carriers=CarriersSettings(ups=UpsSettings(url=ups.url, **login)))
    url = f"sqlite:///{tmp_path}/shop.db"
    made = Services(url, policies=POLICIES, sink=letters, clock=clock, adapters=adapters)
    noted(made, carrier="UPS", tracking_numbers=[NUMBER], delivered_at=None)
    yield made
    made.close()


@pytest.fixture()
def elena(shop: Services) -> Customer:
    return verified(shop, who(), ELENA)


def noted(shop: Services, **values: object) -> None:
    """Let the books say something else of the parcel."""
    table = schema.shipments
    with shop.database.write() as connection:
        connection.execute(update(table).where(table.c.order_number == LOST).values(**values))


def order_of(shop: Services) -> Order:
    found = shop.commerce.order(LOST)
    assert found is not None
    return found


def told(shop: Services, issue: str) -> str:
    """What is the matter; everything that the customer is told of it is known."""
    found = shop.remedies.assess(order_of(shop), issue, ())
    for variation in DOMAIN["responses"][f"utter_case_{found.rule}"]:
        names = set(re.findall(r"{(\w+)}", variation["text"])) - {"order_number", "items"}
        assert all(found.facts.get(name) for name in names), (found, names)
    return found.rule


def test_what_the_carrier_delivered_is_not_lost(
    shop: Services, elena: Customer, ups: UpsServer, clock: Clock
) -> None:
    assert told(shop, "late") == "lost"  # UPS doesn't know the number yet
    clock.forward(minutes=1)
    ups.tell(Story(NUMBER, "delivered", "E MARSH"))
    assert told(shop, "late") == "came_late"
    assert told(shop, "not_received") == "look_around"
    with pytest.raises(Refused) as refused:
        shop.remedies.give(who(), elena, LOST, REFUND)
    assert refused.value.decision.rule == "not_due"
    assert count(shop, "remedies", order_number=LOST) == 0
    noted(shop, expected_on=ARRIVED.date())
    assert told(shop, "late") == "in_time"


@pytest.mark.parametrize(
    ("theirs", "rule", "later"),
    [
        ("in_transit", "not_late", "lost"),
        ("exception", "exception", "lost"),  # a problem on the way is told, and counts as lost like any other
        ("returned", "coming_back", "coming_back"),
    ],
)
def test_what_the_carrier_reports_is_told(
    shop: Services, elena: Customer, ups: UpsServer, clock: Clock, theirs: str, rule: str, later: str
) -> None:
    ups.tell(Story(NUMBER, theirs))
    noted(shop, expected_on=EXPECTED)
    assert told(shop, "late") == told(shop, "not_received") == rule
    clock.forward(days=18)
    assert told(shop, "late") == later


def test_a_decision_needs_nothing_but_what_was_said(shop: Services, ups: UpsServer) -> None:
    ups.tell(Story(NUMBER, "exception"))
    order = order_of(shop)
    news = shop.parcels.news(order)
    asked = len(ups.local.asked)
    found = assess(as_told(order, news), "late", (), POLICIES, NOW)
    assert (found.rule, assess(order, "late", (), POLICIES, NOW).rule) == ("exception", "lost")
    assert found.facts["said"] == "Delay: Emergency Situation or Severe Weather"
    assert len(ups.local.asked) == asked


def test_a_carrier_that_is_down_changes_nothing_and_is_not_asked_for_each_decision(
    shop: Services, ups: UpsServer, clock: Clock
) -> None:
    ups.local.faults = [Told(400)]
    assert told(shop, "late") == "lost"
    asked = len(ups.local.asked)
    assert shop.remedies.decide(order_of(shop), REFUND).allowed
    assert len(ups.local.asked) == asked > 0
    clock.forward(minutes=2)
    ups.tell(Story(NUMBER, "delivered", "E MARSH"))
    assert told(shop, "late") == "came_late"


def test_the_time_to_return_begins_when_the_carrier_delivered(
    shop: Services, elena: Customer, ups: UpsServer, clock: Clock
) -> None:
    with shop.database.write() as connection:
        mine = update(schema.orders).where(schema.orders.c.number == LOST)
        connection.execute(mine.values(status="delivered"))
    noted(shop, status="delivered")
    items = [f"{LOST}-1"]
    assert shop.returns.decide(order_of(shop), items).rule == "delivery_date_unknown"
    assert shop.swaps.open_items(order_of(shop)) == []
    clock.forward(minutes=1)
    ups.tell(Story(NUMBER, "delivered", "E MARSH"))
    order = order_of(shop)
    assert (order.delivered_at, shop.parcels.told(order).delivered_at) == (None, ARRIVED)
    assert shop.returns.decide(order, items).allowed
    assert [item.id for item in shop.swaps.open_items(order)] == items
    last = ARRIVED.date() + timedelta(days=POLICIES.returns.window_days or 0)
    assert shop.returns.decide(order, items, today=last).allowed
    assert shop.returns.decide(order, items, today=last + timedelta(days=1)).rule == "window_over"
    receipt = shop.returns.start(who(key="r"), elena, LOST, items, "damaged")
    assert order_of(shop).returns[0].reference == receipt.reference


def test_what_the_shop_has_under_way_can_go_back_once_the_carrier_delivered_it(
    shop: Services, elena: Customer, ups: UpsServer, clock: Clock
) -> None:
    items = [f"{LOST}-1"]
    assert shop.returns.decide(order_of(shop), items).rule == "not_delivered"
    clock.forward(minutes=1)
    ups.tell(Story(NUMBER, "delivered", "E MARSH"))
    assert shop.swaps.kind(order_of(shop)) == "exchange"
    assert shop.returns.start(who(), elena, LOST, items, "damaged").refund > 0

"""Order status with a carrier outside: what is told while it answers, and while it doesn't."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from actions.commerce import schema
from actions.flows.order_status import ActionOrderStatus
from actions.services import close_services, services
from actions.services.container import Services

from ..adapters.carrier_server import ACCOUNT, CLIENT_ID, CLIENT_SECRET, Story
from ..adapters.serving import Told
from ..adapters.ups_server import UpsServer
from ..carriers.conftest import ups as ups
from ..conftest import ANNA, verified, who
from .talking import Talk
from .test_order_status import placeholders

NUMBER = "1ZA1B2C30000000042"


@pytest.fixture()
def tracked(
    scratch_shop: Services, ups: UpsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """A shop that asks UPS, with Anna's order under way in one UPS parcel."""
    file = tmp_path / "adapters.yml"
    file.write_text(
        f"carriers:\n  ups:\n    url: {ups.url}\n    client_id: {CLIENT_ID}\n"
        f"    client_secret: ${{TEST_UPS}}\n    account_number: {ACCOUNT}\n"
    )
    monkeypatch.setenv("TEST_UPS", CLIENT_SECRET)
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(file))
    table = schema.shipments
    with scratch_shop.database.write() as connection:
        connection.execute(
            schema.orders.update().where(schema.orders.c.number == ANNA[1]).values(status="shipped")
        )
        mine = update(table).where(table.c.order_number == ANNA[1])
        connection.execute(mine.values(carrier="UPS", tracking_numbers=[NUMBER], delivered_at=None))
    close_services()
    yield services()
    close_services()


def asked(shop: Services) -> Talk:
    verified(shop, who(key="k"), ANNA)
    talk = Talk().within("order_status_form").hear("where is it?")
    talk.set(status_order=ANNA[1]).run(ActionOrderStatus())
    for message in talk.said:
        empty = {name for name in placeholders(message["response"]) if not str(message.get(name) or "")}
        assert not empty, (message["response"], empty)
    return talk


@pytest.mark.parametrize(
    ("theirs", "response"),
    [
        ("out_for_delivery", "utter_order_out_for_delivery"),
        ("delivered", "utter_order_delivered"),
        ("exception", "utter_order_exception"),
        ("ready_for_pickup", "utter_order_ready_for_pickup"),
        ("returned", "utter_order_coming_back"),
    ],
)
def test_the_carriers_state_is_told(tracked: Services, ups: UpsServer, theirs: str, response: str) -> None:
    ups.tell(Story(NUMBER, theirs, "A BENNETT"))
    assert asked(tracked).responses() == [response]


def test_the_newest_scan_is_the_carriers(tracked: Services, ups: UpsServer) -> None:
    ups.tell(Story(NUMBER, "exception"))
    told = asked(tracked).told("utter_order_exception")
    assert told["last_scan"].startswith("Delay: Emergency Situation or Severe Weather in Columbus, OH")


def test_a_carrier_that_is_down_is_told_with_how_old_the_news_is(tracked: Services, ups: UpsServer) -> None:
    ups.local.faults = [Told(500)]
    talk = asked(tracked)
    assert talk.responses()[1:] == ["utter_parcels_as_of"]
    told = talk.told("utter_parcels_as_of")
    assert told["silent_carriers"] == "UPS"
    assert told["as_of"].endswith("Eastern Time")


def test_nobody_else_gets_a_parcel_asked_about(tracked: Services, ups: UpsServer) -> None:
    talk = Talk().within("order_status_form").hear("where is it?")
    talk.set(status_order=ANNA[1]).run(ActionOrderStatus())
    assert NUMBER not in str(talk.said)
    assert ups.local.asked == []

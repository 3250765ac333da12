"""Return labels from a carrier: bought once after the return, whatever happens in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from actions.adapters.carrier_settings import (
    CarriersSettings,
    FedexSettings,
    PlaceSettings,
    UpsSettings,
    UspsSettings,
)
from actions.adapters.settings import Adapters
from actions.commerce import schema
from actions.services.container import Services
from actions.services.return_labels import Unsettled
from actions.services.returns import ReturnReceipt
from actions.services.rulebook import load_policies
from actions.services.swaps import Swap

from ..adapters.carrier_server import ACCOUNT, CLIENT_ID, CLIENT_SECRET, PDF
from ..adapters.fedex_server import FedexServer
from ..adapters.serving import Told
from ..adapters.ups_server import UpsServer
from ..adapters.usps_server import CRID, EPS, MANIFEST_MID, MID, UspsServer
from ..carriers.conftest import fedex as fedex
from ..carriers.conftest import ups as ups
from ..carriers.conftest import usps as usps
from ..conftest import MARCUS, POLICIES, Clock, Letters, count, verified, who

NUMBER = MARCUS[1]
KETTLE, EARBUDS = f"{NUMBER}-1", f"{NUMBER}-2"
HOME = PlaceSettings(
    name="Larkspur Returns",
    phone="6145550100",
    line1="200 Depot Road",
    city="Columbus",
    state="OH",
    postcode="43215",
)
LOGIN: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
Make = Callable[..., Services]


@pytest.fixture()
def make(template: Path, tmp_path: Path, clock: Clock, letters: Letters) -> Iterator[Make]:
    """Make a shop whose returns are carried by a carrier outside."""
    made: list[Services] = []

    def shop(carrier: str, *, url: str = "", **settings: Any) -> Services:
        path = tmp_path / "shop.db"
        if not path.exists():
            shutil.copy(template, path)
        policies = POLICIES
        if carrier != POLICIES.returns.carrier:
            folder = tmp_path / "policies"
            shutil.copytree(Path(__file__).parents[3] / "actions/policies", folder, dirs_exist_ok=True)
            file = folder / "returns.yml"
            file.write_text(file.read_text().replace("\ncarrier: UPS", f"\ncarrier: {carrier}"))
            policies = load_policies(folder)
        carriers = CarriersSettings(**{"return_address": HOME} | settings)
        made.append(
            Services(
                url or f"sqlite:///{path}",
                policies=policies,
                sink=letters,
                clock=clock,
                adapters=Adapters(carriers=carriers),
            )
        )
        return made[-1]

    yield shop
    for each in made:
        each.close()


@pytest.fixture()
def with_ups(make: Make, ups: UpsServer) -> Services:
    return make("UPS", ups=UpsSettings(url=ups.url, account_number=ACCOUNT, **LOGIN))


@pytest.fixture()
def with_fedex(make: Make, fedex: FedexServer) -> Services:
    return make("FedEx", fedex=FedexSettings(url=fedex.url, account_number=ACCOUNT, **LOGIN))


@pytest.fixture()
def with_usps(make: Make, usps: UspsServer) -> Services:
    more = {"account_number": EPS, "crid": CRID, "mid": MID, "manifest_mid": MANIFEST_MID}
    return make("USPS", usps=UspsSettings(url=usps.url, **more, **LOGIN))


def returned(shop: Services, key: str = "k1") -> ReturnReceipt:
    marcus = verified(shop, who(), MARCUS)
    return shop.returns.start(who(key=key), marcus, NUMBER, [KETTLE], "damaged")


def row(shop: Services) -> dict[str, Any]:
    with shop.database.read() as connection:
        return dict(connection.execute(select(schema.labels)).mappings().one())


def page(shop: Services, url: str) -> Any:
    assert shop.labels is not None
    return shop.labels.page(url.rpartition("/")[2])


def test_a_label_is_bought_after_the_return(with_ups: Services, ups: UpsServer, letters: Letters) -> None:
    receipt = returned(with_ups)
    assert ups.sold == []  # nobody waits for it
    assert page(with_ups, receipt.label_url).state == "waiting"
    with_ups.deliver()
    (sold,) = ups.sold
    assert sold.body["ShipFrom"]["Name"] == "Marcus Reed"
    assert sold.body["ShipTo"]["Address"]["City"] == "Columbus"
    bought = row(with_ups)
    assert (bought["tracking_number"], bought["cost"], bought["currency"]) == (
        sold.number,
        Decimal("10.10"),
        "USD",
    )
    shown = page(with_ups, receipt.label_url)
    assert (shown.state, shown.media_type, shown.reference) == ("bought", "image/gif", receipt.reference)
    assert shown.content.startswith(b"GIF89a")
    with_ups.deliver()
    ready = letters.sent[-1]
    assert ready["Subject"] == f"Your return label for {receipt.reference}"
    assert receipt.label_url in ready.get_content()
    assert sold.number in ready.get_content()
    with_ups.deliver()
    assert (len(ups.sold), len(letters.sent)) == (1, 2)


def test_a_label_is_kept_by_postgresql_as_well(make: Make, ups: UpsServer, database: str) -> None:
    shop = make("UPS", url=database, ups=UpsSettings(url=ups.url, account_number=ACCOUNT, **LOGIN))
    receipt = returned(shop)
    shop.deliver()
    assert page(shop, receipt.label_url).content.startswith(b"GIF89a")
    assert row(shop)["cost"] == Decimal("10.10")


def test_the_same_return_again_buys_no_second_label(with_ups: Services, ups: UpsServer) -> None:
    first = returned(with_ups)
    assert returned(with_ups).label_url == first.label_url
    with_ups.deliver()
    assert (len(ups.sold), count(with_ups, "labels")) == (1, 1)


def test_an_exchange_gets_one_too(with_ups: Services, ups: UpsServer) -> None:
    marcus = verified(with_ups, who(), MARCUS)
    receipt = with_ups.swaps.swap(who(), marcus, NUMBER, [Swap(KETTLE, "KI-201-BLACK", 1)])
    with_ups.deliver()
    assert (row(with_ups)["reference"], len(ups.sold)) == (receipt.reference, 1)
    assert page(with_ups, receipt.label_url).state == "bought"


def test_while_the_carrier_is_down_the_label_waits(
    with_ups: Services, ups: UpsServer, clock: Clock, letters: Letters
) -> None:
    receipt = returned(with_ups)
    ups.local.faults = [Told(500)]
    with_ups.deliver()
    assert page(with_ups, receipt.label_url).state == "waiting"
    assert row(with_ups)["asked_at"] is None
    clock.forward(minutes=2)
    with_ups.deliver()
    assert page(with_ups, receipt.label_url).state == "bought"
    assert len(ups.sold) == 1


def test_ups_is_asked_for_a_label_whose_answer_was_lost(
    with_ups: Services, ups: UpsServer, clock: Clock
) -> None:
    receipt = returned(with_ups)
    ups.local.faults_after = [None, None, Told(fault="drop")]  # after the token and the look-up
    with_ups.deliver()
    assert (len(ups.sold), page(with_ups, receipt.label_url).state) == (1, "waiting")
    clock.forward(minutes=2)
    with_ups.deliver()
    assert (len(ups.sold), row(with_ups)["number"]) == (1, ups.sold[0].number)
    assert page(with_ups, receipt.label_url).content == PDF


def test_usps_repeats_itself(with_usps: Services, usps: UspsServer) -> None:
    receipt = returned(with_usps)
    usps.local.faults_after = [None, None, None, Told(fault="drop")]  # two tokens
    with_usps.deliver()
    assert (len(usps.sold), page(with_usps, receipt.label_url).content) == (1, PDF)


@pytest.mark.parametrize("fault", [Told(fault="drop"), Told(503)])
def test_a_label_that_nobody_knows_of_is_left_to_a_person(
    with_fedex: Services, fedex: FedexServer, clock: Clock, letters: Letters, fault: Told
) -> None:
    receipt = returned(with_fedex)
    fedex.local.faults_after = [None, fault]
    for _ in range(3):
        with_fedex.deliver()
        clock.forward(hours=2)
    assert len(fedex.sold) == 1
    assert fedex.called("/ship", fedex.local) == 1
    assert page(with_fedex, receipt.label_url).state == "person"
    assert count(with_fedex, "tickets") == 1
    assert [message["Subject"] for message in letters.sent][1:] == [
        f"About order {NUMBER}: we take care of it"
    ]


def test_after_a_crash_fedex_is_not_asked_again(
    with_fedex: Services, fedex: FedexServer, clock: Clock
) -> None:
    returned(with_fedex)
    assert with_fedex.labels is not None
    with with_fedex.database.write() as connection:  # it was on its way when the process ended
        connection.execute(update(schema.labels).values(asked_at=clock()))
    with pytest.raises(Unsettled):
        with_fedex.labels.return_label(row(with_fedex)["id"])
    for _ in range(2):
        with_fedex.deliver()
    assert (fedex.sold, count(with_fedex, "tickets")) == ([], 1)


def test_a_fedex_that_gives_no_token_was_not_asked_for_a_label(
    with_fedex: Services, fedex: FedexServer, clock: Clock
) -> None:
    receipt = returned(with_fedex)
    fedex.local.faults = [Told(500)]
    with_fedex.deliver()
    clock.forward(minutes=2)
    with_fedex.deliver()
    assert (len(fedex.sold), page(with_fedex, receipt.label_url).state) == (1, "bought")


def test_a_fedex_that_cannot_be_reached_is_tried_again(
    with_fedex: Services, fedex: FedexServer, clock: Clock
) -> None:
    receipt = returned(with_fedex)
    fedex.local.faults = [Told(429, {}, {"Retry-After": "600"})]
    with_fedex.deliver()
    assert (fedex.sold, row(with_fedex)["asked_at"]) == ([], None)
    assert page(with_fedex, receipt.label_url).state == "waiting"


def test_what_a_carrier_refuses_is_left_to_a_person(
    with_ups: Services, ups: UpsServer, letters: Letters
) -> None:
    receipt = returned(with_ups)
    ups.local.faults = [None, None, ups.error(400, "120802")]
    for _ in range(2):
        with_ups.deliver()
    assert page(with_ups, receipt.label_url).state == "person"
    assert (ups.sold, count(with_ups, "tickets")) == ([], 1)


def test_a_label_ends_with_its_days(with_ups: Services, clock: Clock) -> None:
    receipt = returned(with_ups)
    with_ups.deliver()
    clock.forward(days=POLICIES.returns.label_valid_days)
    assert page(with_ups, receipt.label_url) is not None
    clock.forward(days=1)
    assert page(with_ups, receipt.label_url) is None


def test_a_label_that_ran_out_long_ago_is_forgotten(with_ups: Services, clock: Clock) -> None:
    returned(with_ups)
    with_ups.deliver()
    with with_ups.database.write() as connection:
        connection.execute(update(schema.labels).values(expires_on=clock().date().replace(year=2025)))
    marcus = verified(with_ups, who(), MARCUS)
    with_ups.returns.start(who(key="k2"), marcus, NUMBER, [EARBUDS], "damaged")
    with with_ups.database.read() as connection:
        contents = connection.execute(select(schema.labels.c.content).order_by(schema.labels.c.expires_on))
        assert [content for (content,) in contents] == [None, None]


def test_a_return_that_was_withdrawn_gets_none(with_ups: Services, ups: UpsServer, letters: Letters) -> None:
    receipt = returned(with_ups)
    with with_ups.database.write() as connection:
        connection.execute(update(schema.returns).values(status="cancelled"))
    for _ in range(2):
        with_ups.deliver()
    assert (ups.sold, page(with_ups, receipt.label_url)) == ([], None)
    assert len(letters.sent) == 1  # only the one about the return


def test_the_label_of_a_return_that_was_withdrawn_is_not_shown(with_ups: Services) -> None:
    receipt = returned(with_ups)
    with_ups.deliver()
    with with_ups.database.write() as connection:
        connection.execute(update(schema.returns).values(status="rejected"))
    assert page(with_ups, receipt.label_url) is None


def test_nobody_sees_a_label_by_guessing(with_ups: Services) -> None:
    receipt = returned(with_ups)
    with_ups.deliver()
    assert with_ups.labels is not None
    for guess in (receipt.reference, row(with_ups)["id"], row(with_ups)["tracking_number"], "", "%"):
        assert with_ups.labels.page(guess) is None


def test_without_a_place_for_returns_everything_is_as_before(make: Make, ups: UpsServer) -> None:
    shop = make("UPS", ups=UpsSettings(url=ups.url, account_number=ACCOUNT, **LOGIN), return_address=None)
    assert shop.labels is None
    assert returned(shop).label_url.startswith(POLICIES.returns.label_url)
    shop.deliver()
    assert (ups.sold, count(shop, "labels")) == ([], 0)


def test_a_carrier_that_the_policies_do_not_name_sells_none(make: Make, fedex: FedexServer) -> None:
    shop = make("UPS", fedex=FedexSettings(url=fedex.url, account_number=ACCOUNT, **LOGIN))
    assert (set(shop.carriers), shop.labels) == ({"FedEx"}, None)


BEFORE = {"UPS": 2, "FedEx": 1, "USPS": 2}  # requests before the purchase: tokens, and UPS's look-up
REFUSED, LATER = (400, 404, 409, 422), (401, 403, 429, 500, 502, 503)


@pytest.mark.parametrize("carrier", BEFORE)
@pytest.mark.parametrize("status", [*REFUSED, *LATER])
def test_whatever_a_carrier_answers_one_label_is_bought_or_a_person_told(
    request: pytest.FixtureRequest, clock: Clock, letters: Letters, carrier: str, status: int
) -> None:
    """The carrier fails without having sold anything."""
    shop: Services = request.getfixturevalue(f"with_{carrier.lower()}")
    server = request.getfixturevalue(carrier.lower())
    receipt = returned(shop)
    server.local.faults = [*[None] * BEFORE[carrier], Told(status, {})]
    for _ in range(4):
        shop.deliver()
        clock.forward(minutes=20)
    shown = page(shop, receipt.label_url)
    # A FedEx that failed may have sold one, for all we know.
    person = status in REFUSED or (carrier == "FedEx" and status in (500, 502, 503))
    assert (shown.state, len(server.sold)) == (("person", 0) if person else ("bought", 1))
    assert count(shop, "tickets") == int(person)
    assert len(letters.sent) == 2  # about the return, and either the label or who takes care of it

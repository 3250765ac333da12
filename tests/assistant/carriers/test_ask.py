"""The command that asks where a parcel is."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.carriers.ask import main
from actions.commerce import schema
from actions.services.container import Services

from ..adapters.carrier_server import ACCOUNT, CLIENT_ID, CLIENT_SECRET, Story
from ..adapters.serving import Told
from ..adapters.ups_server import UpsServer


@pytest.fixture()
def number(scratch_shop: Services, ups: UpsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A parcel of the demo shop that UPS knows, too."""
    file = tmp_path / "adapters.yml"
    file.write_text(
        f"carriers:\n  ups:\n    url: {ups.url}\n    client_id: {CLIENT_ID}\n"
        f"    client_secret: ${{TEST_UPS}}\n    account_number: {ACCOUNT}\n"
    )
    monkeypatch.setenv("TEST_UPS", CLIENT_SECRET)
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(file))
    with scratch_shop.database.read() as connection:
        row = (
            connection.execute(schema.shipments.select().where(schema.shipments.c.carrier == "UPS"))
            .mappings()
            .first()
        )
    assert row is not None
    found = str(row["tracking_numbers"][0])
    ups.tell(Story(found, "delivered", "A BENNETT"))
    return found


def test_everybody_says_what_they_know(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([number]) == 0
    shop, carrier = capsys.readouterr().out.splitlines()
    assert shop.startswith("the shop, as of ")
    assert carrier.startswith("UPS, as of ")
    assert "delivered 2026-11-18 14:20 UTC, signed for by A BENNETT" in carrier


def test_a_carrier_that_is_down_says_so(
    number: str, ups: UpsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    ups.local.faults = [Told(500)]
    assert main([number]) == 0
    assert "UPS: it failed with status 500." in capsys.readouterr().out


def test_a_parcel_that_nobody_knows(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["1Z0000000000000000"]) == 1
    assert capsys.readouterr().out == "the shop: doesn't know the parcel.\nUPS: doesn't know the parcel.\n"


def test_what_a_return_would_cost(
    number: str, ups: UpsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--rates", "L204817"]) == 1
    assert "names no carrier with a return_address" in capsys.readouterr().out
    file = tmp_path / "adapters.yml"
    home = ("name: Returns", 'phone: "6145550100"', "line1: 200 Depot Road", "city: Columbus", "state: OH")
    lines = "".join(f"    {line}\n" for line in (*home, 'postcode: "43215"'))
    file.write_text(f"{file.read_text()}  return_address:\n{lines}")
    assert main(["--rates", "L204817"]) == 0
    *prices, fee = capsys.readouterr().out.splitlines()
    assert any(price.startswith("UPS ground (") and " USD" in price for price in prices), prices
    assert fee == "the shop takes $5.95 off the refund, $0.00 where it was at fault"
    assert main(["--rates", "L1"]) == 1
    assert capsys.readouterr().out == "There is no order 'L1'.\n"
    ups.local.faults = [Told(500)]
    assert main(["--rates", "L204817"]) == 1


def test_a_mistake_in_the_file_is_told(
    scratch_shop: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "adapters.yml"
    file.write_text("carriers: {dhl: {}}\n")
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(file))
    assert main(["1Z0000000000000000"]) == 1
    assert "adapters.yml:1: the key 'dhl' is unknown" in capsys.readouterr().err

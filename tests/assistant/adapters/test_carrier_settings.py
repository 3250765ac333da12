"""adapters.yml: several carriers side by side, and what is complained of, with the line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from actions.adapters.carrier_settings import CarriersSettings, ParcelSettings, UpsSettings
from actions.adapters.errors import AdapterConfigError
from actions.adapters.settings import Adapters, load_adapters
from actions.services.container import Services

CARRIERS = """\
carriers:
  ups:
    client_id: abc
    client_secret: ${TEST_SECRET}
    account_number: A1B2C3
  usps:
    client_id: abc
    client_secret: ${TEST_SECRET}
    account_number: "1000405525"
    crid: "56982563"
    mid: "904128936"
    manifest_mid: "904128937"
  return_address:
    name: Larkspur Returns
    phone: "6145550100"
    line1: 200 Depot Road
    city: Columbus
    state: OH
    postcode: "43215"
  return_parcel: {pounds: 2.5, length: 14, width: 12, height: 8}
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", "hush")
    monkeypatch.delenv("FRONTDESK_ADAPTERS", raising=False)


def loaded(tmp_path: Path, text: str) -> Adapters:
    path = tmp_path / "adapters.yml"
    path.write_text(text)
    return load_adapters(path)


def test_several_carriers_are_read(tmp_path: Path) -> None:
    found = loaded(tmp_path, CARRIERS).carriers
    assert found is not None
    assert found.ups == UpsSettings(client_id="abc", client_secret="hush", account_number="A1B2C3")
    assert found.fedex is None
    assert found.usps is not None
    assert found.usps.url == "https://apis.usps.com"
    assert found.return_address is not None
    assert (found.return_address.postcode, found.return_address.line2) == ("43215", "")
    assert found.return_parcel == ParcelSettings(pounds=Decimal("2.5"), length=14, width=12, height=8)
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("  ups:", "  upps:", "adapters.yml:2: the key 'upps' is unknown; was 'ups' meant?"),
        ("account_number: A1B2C3", "account: A1B2C3", "adapters.yml:5: the key 'account' is unknown"),
        ("    account_number: A1B2C3\n", "", "adapters.yml:2: the key 'account_number' is missing."),
        ('crid: "56982563"', "crid: 56982563", "adapters.yml:10: 'crid' has to be a text in quotes."),
        (
            "client_secret: ${TEST_SECRET}",
            "client_secret: plain",
            "adapters.yml:4: 'client_secret' is a secret",
        ),
        ("pounds: 2.5", "pounds: heavy", "adapters.yml:20: 'pounds' has to be a number such as 2.5."),
        ("pounds: 2.5", "pounds: -1", "adapters.yml:20: 'pounds' has to be a number such as 2.5."),
        ("length: 14", "length: 14.5", "adapters.yml:20: 'length' has to be a whole number."),
        ("    state: OH\n", "", "adapters.yml:13: the key 'state' is missing."),
        (
            "account_number: A1B2C3",
            "account_number: A1B2C3\n    url: http://ups.example",
            "adapters.yml:6: 'url'",
        ),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in CARRIERS
    with pytest.raises(AdapterConfigError) as caught:
        loaded(tmp_path, CARRIERS.replace(old, new, 1))
    assert str(caught.value).startswith(complaint)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("carriers: ups\n", "adapters.yml:1: 'carriers' has no settings."),
        ("carriers:\n  ups:\n", "adapters.yml:2: 'ups' has no settings."),
        ("carriers:\n  ups: embedded\n", "adapters.yml:2: 'ups' has no settings."),
    ],
)
def test_what_has_no_settings_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(AdapterConfigError) as caught:
        loaded(tmp_path, text)
    assert str(caught.value) == complaint


def test_embedded_is_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, "carriers: embedded\n").carriers is None
    assert loaded(tmp_path, "carriers: {}\n").carriers == CarriersSettings()


def test_the_services_know_the_carriers_by_the_names_of_their_parcels(tmp_path: Path, template: Path) -> None:
    made = Services(f"sqlite:///{template}", adapters=loaded(tmp_path, CARRIERS))
    assert set(made.carriers) == {"UPS", "USPS"}
    made.close()

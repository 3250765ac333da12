"""The services with a help desk outside, as adapters.yml chooses it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.adapters.errors import AdapterConfigError
from actions.adapters.receiving import readers
from actions.adapters.settings import Adapters, StripeSettings, WooCommerceSettings
from actions.adapters.stripe_payments import StripePayments
from actions.adapters.woocommerce import WooCommerceShop
from actions.helpdesk.forwarding import ForwardedTickets
from actions.helpdesk.tickets import EmbeddedTickets
from actions.services import close_services, services
from actions.services.container import Services
from tests.conftest import until

from ..conftest import POLICIES, who
from .zendesk_server import EMAIL, TOKEN, ZendeskServer

ROOT = Path(__file__).parents[3]


@pytest.fixture()
def with_zendesk(
    zendesk: ZendeskServer, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """What `services()` gives where adapters.yml names a Zendesk."""
    shutil.copy(template, tmp_path / "shop.db")
    file = tmp_path / "adapters.yml"
    settings = f"url: {zendesk.url}\n    email: {EMAIL}\n    token: ${{TEST_ZENDESK_TOKEN}}"
    file.write_text(f"tickets:\n  zendesk:\n    {settings}\n")
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(file))
    monkeypatch.setenv("TEST_ZENDESK_TOKEN", TOKEN)
    monkeypatch.setenv("FRONTDESK_SHOP_DB", f"sqlite:///{tmp_path}/shop.db")
    monkeypatch.setenv("FRONTDESK_OUTBOX", "manual")
    yield services()
    close_services()


def test_without_adapters_everything_is_embedded(shop: Services) -> None:
    assert isinstance(shop.tickets, EmbeddedTickets)
    assert shop.provider is shop.outside_shop is None


def test_a_provider_and_another_shop_are_made_as_the_file_says(template: Path) -> None:
    stripe = StripeSettings(api_key="sk_test_1")
    woocommerce = WooCommerceSettings(url="https://shop.example", consumer_key="ck_1", consumer_secret="cs_1")
    made = Services(f"sqlite:///{template}", adapters=Adapters(payments=stripe, commerce=woocommerce))
    assert isinstance(made.provider, StripePayments)
    assert isinstance(made.outside_shop, WooCommerceShop)
    assert set(readers(made.adapters)) == {"stripe", "woocommerce"}
    made.close()


def test_tickets_go_on_to_the_help_desk_that_is_named(zendesk: ZendeskServer, with_zendesk: Services) -> None:
    assert isinstance(with_zendesk.tickets, ForwardedTickets)
    ticket = with_zendesk.tickets.open(who(), "Lamp", "It flickers.", "urgent")
    assert ticket.reply_hours == POLICIES.support.urgent_reply_hours
    with_zendesk.deliver()
    assert [theirs["priority"] for theirs in zendesk.tickets.values()] == ["urgent"]


def test_the_courier_takes_them_there(
    zendesk: ZendeskServer, with_zendesk: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_services()
    monkeypatch.delenv("FRONTDESK_OUTBOX")
    services().tickets.open(who(), "Lamp", "It flickers.")
    until(lambda: len(zendesk.tickets) == 1, "the ticket is there")


def test_a_mistake_in_the_file_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: Path
) -> None:
    file = tmp_path / "adapters.yml"
    file.write_text("tickts: embedded\n")
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(file))
    with pytest.raises(AdapterConfigError, match="adapters.yml:1: the key 'tickts' is unknown"):
        Services(f"sqlite:///{template}")


def test_who_uses_no_adapter_loads_none_of_their_libraries() -> None:
    code = "import sys, actions.services.container; print(sorted({'stripe', 'tenacity', 'circuitbreaker'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

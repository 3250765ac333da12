"""Servers of the systems outside, each on 127.0.0.1 and new for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actions.adapters.woocommerce import WooCommerceShop
from actions.services.container import Services

from .described import running
from .serving import Local
from .stripe_server import StripeServer, localstripe
from .woocommerce_server import WooCommerceServer, connected
from .zendesk_server import ZendeskServer


@pytest.fixture()
def zendesk() -> Iterator[ZendeskServer]:
    """A Zendesk; a test fails when anything was asked or answered that its description doesn't have."""
    with running(ZendeskServer()) as state:
        yield state


@pytest.fixture()
def zendesk_local(zendesk: ZendeskServer) -> Local:
    """The server that it runs on, where faults are ordered."""
    return zendesk.local


@pytest.fixture(scope="session")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a localstripe."""
    with localstripe(tmp_path_factory.mktemp("localstripe")) as url:
        yield url


@pytest.fixture()
def stripe_server(behind: str) -> Iterator[StripeServer]:
    """A Stripe; a test fails when disputes were asked or answered otherwise than described."""
    with running(StripeServer(behind)) as state:
        yield state


@pytest.fixture()
def stripe_local(stripe_server: StripeServer) -> Local:
    """The door of it, where faults are ordered."""
    return stripe_server.local


@pytest.fixture()
def server(shop: Services) -> Iterator[WooCommerceServer]:
    """A WooCommerce that has what the demo shop has."""
    with running(WooCommerceServer(shop.commerce.snapshot())) as state:
        yield state


@pytest.fixture()
def local(server: WooCommerceServer) -> Local:
    """The server that it runs on, where faults are ordered."""
    return server.local


@pytest.fixture()
def outside(server: WooCommerceServer) -> Iterator[WooCommerceShop]:
    """Our side of it."""
    made = connected(server)
    yield made
    made.close()

"""Servers of the systems outside, each on 127.0.0.1 and new for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .serving import Local, served
from .stripe_server import StripeServer, localstripe
from .zendesk_server import ZendeskServer


@pytest.fixture()
def zendesk() -> Iterator[ZendeskServer]:
    """A Zendesk; a test fails when anything was asked or answered that its description doesn't have."""
    state = ZendeskServer()
    with served(state) as local:
        state.url = local.url
        state.local = local  # type: ignore[attr-defined]
        yield state
    assert state.described.wrong == []


@pytest.fixture()
def zendesk_local(zendesk: ZendeskServer) -> Local:
    """The server that it runs on, where faults are ordered."""
    local: Local = zendesk.local  # type: ignore[attr-defined]
    return local


@pytest.fixture(scope="session")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a localstripe."""
    with localstripe(tmp_path_factory.mktemp("localstripe")) as url:
        yield url


@pytest.fixture()
def stripe_server(behind: str) -> Iterator[StripeServer]:
    """A Stripe; a test fails when disputes were asked or answered otherwise than described."""
    state = StripeServer(behind)
    with served(state) as local:
        state.url = local.url
        state.local = local  # type: ignore[attr-defined]
        yield state
    assert state.described.wrong == []


@pytest.fixture()
def stripe_local(stripe_server: StripeServer) -> Local:
    """The door of it, where faults are ordered."""
    local: Local = stripe_server.local  # type: ignore[attr-defined]
    return local

"""Servers of the systems outside, each on 127.0.0.1 and new for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .serving import Local, served
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

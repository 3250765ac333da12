"""Servers of the carriers, each on 127.0.0.1 and new for every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ..adapters.carrier_server import CarrierServer
from ..adapters.fedex_server import FedexServer
from ..adapters.serving import Local, served
from ..adapters.ups_server import UpsServer
from ..adapters.usps_server import UspsServer


def running(state: Any) -> Iterator[Any]:
    """Run a server; a test fails when anything was asked or answered that its description doesn't have."""
    with served(state) as local:
        state.url, state.local = local.url, local
        yield state
    assert state.described.wrong == []


@pytest.fixture()
def ups() -> Iterator[UpsServer]:
    yield from running(UpsServer())


@pytest.fixture()
def fedex() -> Iterator[FedexServer]:
    yield from running(FedexServer())


@pytest.fixture()
def usps() -> Iterator[UspsServer]:
    yield from running(UspsServer())


def local_of(server: CarrierServer) -> Local:
    """The server that it runs on, where faults are ordered."""
    local: Local = server.local  # type: ignore[attr-defined]
    return local

"""Servers of the carriers, each on 127.0.0.1 and new for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..adapters.described import running
from ..adapters.fedex_server import FedexServer
from ..adapters.ups_server import UpsServer
from ..adapters.usps_server import UspsServer


@pytest.fixture()
def ups() -> Iterator[UpsServer]:
    with running(UpsServer()) as state:
        yield state


@pytest.fixture()
def fedex() -> Iterator[FedexServer]:
    with running(FedexServer()) as state:
        yield state


@pytest.fixture()
def usps() -> Iterator[UspsServer]:
    with running(UspsServer()) as state:
        yield state

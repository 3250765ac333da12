"""What the tests of stores share: a PostgreSQL for the session, and the ways to open a SQL store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from frontdesk.testing import servers


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    with servers.postgresql() as server:
        yield server

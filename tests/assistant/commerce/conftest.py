"""A real PostgreSQL server, and an empty database of it for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from frontdesk.testing import servers


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    with servers.postgresql() as server:
        yield server


@pytest.fixture()
def database(postgresql: servers.Server) -> str:
    """The URL of an empty database."""
    return postgresql.new_database().replace("postgresql:", "postgresql+psycopg:", 1)

"""A project whose actions misbehave on command, trained once; every test gets a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frontdesk.testing import servers
from tests.conftest import Server, frontdesk
from tests.faults.probe import Desk, SharedDesk

PROJECT = Path(__file__).parent / "project"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, trained."""
    folder = tmp_path_factory.mktemp("faults") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = frontdesk("train", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained project that a test may change."""
    return Path(shutil.copytree(trained, tmp_path / "project"))


@pytest.fixture
def desk(project: Path, serve: Callable[..., Server]) -> Desk:
    """The project and the function that starts servers on it; nothing runs yet."""
    return Desk(project, serve)


@pytest.fixture
def shared_desk(
    project: Path, serve: Callable[..., Server], postgresql: servers.Server, redis: servers.Server
) -> SharedDesk:
    """The project for several servers; nothing runs yet but the databases."""
    return SharedDesk(project, serve, postgresql, redis)


@pytest.fixture
def steady_desk(
    project: Path, serve: Callable[..., Server], postgresql: servers.Server, redis: servers.Server
) -> SharedDesk:
    """The same for servers that all live on: none loses a lock because the machine stood still for a moment."""
    return SharedDesk(project, serve, postgresql, redis, lifetime=60)


@pytest.fixture(scope="module")
def own_redis() -> Iterator[servers.Server]:
    """A Redis that tests stop and start."""
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="module")
def own_postgresql() -> Iterator[servers.Server]:
    """A PostgreSQL that tests stop and start."""
    with servers.postgresql() as server:
        yield server


@pytest.fixture
def brittle_desk(
    project: Path, serve: Callable[..., Server], own_postgresql: servers.Server, own_redis: servers.Server
) -> Iterator[SharedDesk]:
    """The project for several servers, whose Redis and PostgreSQL a test may stop."""
    yield SharedDesk(project, serve, own_postgresql, own_redis, timeout=1.5)
    for server in (own_postgresql, own_redis):
        if server.process is None:
            server.start()

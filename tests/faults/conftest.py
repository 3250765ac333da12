"""A project whose actions misbehave on command, trained once; every test gets a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Server, frontdesk
from tests.faults.probe import Desk

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

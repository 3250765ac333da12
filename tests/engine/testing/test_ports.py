"""Ports for servers of tests."""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from frontdesk.testing import ports

MANY = "from frontdesk.testing.ports import free_port; print(*(free_port() for _ in range(300)))"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nobody has counted so far."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


async def test_processes_side_by_side_never_get_the_same_one() -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MANY, stdout=asyncio.subprocess.PIPE)
        for _ in range(3)
    ]
    found = [int(port) for one in processes for port in (await one.communicate())[0].split()]
    assert len(found) == len(set(found)) == 900
    assert all(ports.FIRST <= port < ports.LAST for port in found)


def test_one_that_somebody_listens_on_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not ports._is_free(taken.getsockname()[1])
    first = ports.free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.free_port()))
        ports._counter().write_text(str(first))
        assert ports.free_port() != other.getsockname()[1]


def test_after_the_last_it_begins_again() -> None:
    ports._counter().write_text(str(ports.LAST - 1))
    assert ports.FIRST <= ports.free_port() < ports.LAST

"""Training is killed, a model archive is broken: the model before it goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frontdesk.graph.package import newest
from tests.conftest import frontdesk, until
from tests.faults.probe import Desk

PART = '''
from pathlib import Path
import os, time


class Heavy:
    """A component that says when it trains, waits there, and has much to save."""

    def __init__(self, options=None):
        self.options = dict(options or {})

    def train(self, examples, context):
        Path("training").touch()
        while self.options.get("wait") and not Path("go-on").exists():
            time.sleep(0.01)

    def process(self, messages):
        return list(messages)

    def save(self, folder):
        (folder / "much.npy").write_bytes(os.urandom(self.options.get("bytes", 10)))

    def load(self, folder, context):
        assert (folder / "much.npy").stat().st_size == self.options.get("bytes", 10)
'''


@pytest.fixture
def train(desk: Desk) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """A function that begins a training with a heavy part."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(options: str) -> subprocess.Popen[bytes]:
        (desk.folder / "parts.py").write_text(PART)
        config = desk.folder / "config.yml"
        config.write_text(
            config.read_text().replace("policies:", f"- name: parts.Heavy\n  {options}\n\npolicies:")
        )
        command = [sys.executable, "-m", "frontdesk.cli.main", "train", "--quiet"]
        started.append(subprocess.Popen(command, cwd=desk.folder, stderr=subprocess.DEVNULL))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait(60)


def archives(desk: Desk) -> list[Path]:
    return sorted((desk.folder / "models").glob("*.tar.gz"))


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(60)


def test_killed_while_a_part_learns(desk: Desk, train: Callable[[str], subprocess.Popen[bytes]]) -> None:
    before = archives(desk)
    process = train("wait: true")
    until((desk.folder / "training").exists, "training is under way")
    kill(process)
    assert archives(desk) == before
    desk.start()
    assert desk.say("hello") == ["Hello!"]
    (desk.folder / "go-on").touch()
    done = frontdesk("train", cwd=desk.folder)
    assert "1 parts trained, 3 reused" in done.stdout or "2 parts trained, 2 reused" in done.stdout, (
        done.stdout + done.stderr
    )
    assert len(archives(desk)) == len(before) + 1


def test_killed_while_the_archive_is_written(
    desk: Desk, train: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    before = archives(desk)
    models = desk.folder / "models"
    process = train("bytes: 30000000")
    until(
        lambda: any(p.name not in {b.name for b in before} for p in models.iterdir()),
        "the archive is being written",
    )
    kill(process)
    assert archives(desk) == before
    desk.start()
    assert desk.say("hello") == ["Hello!"]
    done = frontdesk("train", cwd=desk.folder)
    assert done.returncode == 0, done.stderr
    assert len(archives(desk)) == len(before) + 1
    desk.server.stop()
    desk.start()
    assert desk.say("hello") == ["Hello!"]


def cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])


def flip(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)


def scrawl(archive: Path) -> None:
    archive.write_text("this is no archive")


def empty(archive: Path) -> None:
    archive.write_bytes(b"")


@pytest.mark.parametrize("spoil", [cut, flip, scrawl, empty])
def test_a_broken_archive_is_told_and_an_older_one_can_be_served(
    desk: Desk, spoil: Callable[[Path], None]
) -> None:
    [good] = archives(desk)
    broken = Path(shutil.copy(good, good.with_name("later.tar.gz")))
    spoil(broken)
    os.utime(good, (1, 1))
    assert newest(good.parent) == broken
    done = frontdesk("run", cwd=desk.folder)
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("frontdesk: ")]
    assert len(told) == 1, done.stderr
    assert str(broken) in told[0]
    assert "refused" in told[0]
    assert "Traceback" not in done.stderr
    if spoil is cut:
        desk.start("-m", str(good))
        assert desk.say("hello") == ["Hello!"]


def test_a_port_that_is_taken_is_told_in_a_sentence(desk: Desk) -> None:
    port = desk.start().url.rpartition(":")[2]
    done = frontdesk("run", "--port", port, cwd=desk.folder)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert f"--port {int(port) + 1}" in done.stderr
    assert "Traceback" not in done.stderr

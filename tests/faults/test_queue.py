"""The queue mode: front servers write messages down, workers answer them; whatever ends, nothing is lost and nothing twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from frontdesk.runtime.agent import APOLOGY
from frontdesk.testing.servers import run_redis
from tests.conftest import PATIENCE, SECRET, Server, frontdesk, start_server, until
from tests.faults.probe import SharedDesk, post, texts
from tests.faults.test_servers import talk, users_and_answers
from tests.widget import widget

QUEUE = """
queue:
  type: redis
  url: {redis}
  lifetime: 2
  limit: {limit}
  timeout: 1
"""


class QueueDesk(SharedDesk):
    """Front servers and workers on one queue."""

    def __init__(self, folder: Path, serve: Callable[..., Server], database: Server, redis: Server) -> None:
        super().__init__(folder, serve, database, redis)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.limit(10_000)
        (folder / "credentials.yml").write_text("rest:\nchat:\nsocketio:\n  session_persistence: true\n")

    def limit(self, most: int) -> None:
        """Let so many messages wait."""
        file = self.folder / "endpoints.yml"
        rest = file.read_text().partition("\nqueue:")[0]
        where = rest.partition("lock_store:")[2].partition("url: ")[2].split()[0]
        file.write_text(rest + QUEUE.format(redis=where, limit=most))
        self.where = where

    def work(self, *, ready: bool = True) -> subprocess.Popen[bytes]:
        """Start a worker."""
        log = self.folder / f"server-worker-{len(self.workers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "frontdesk.cli.main", "worker"],
                cwd=self.folder,
                env={**os.environ, "FRONTDESK_SECRET": SECRET},
                stdout=out,
                stderr=out,
            )
        self.workers.append(process)
        if ready:
            until(lambda: "answering what waits" in log.read_text(), "the worker is ready", log.read_text)
        return process

    def queue(self, *arguments: str) -> str:
        """Ask the command line about the queue."""
        done = frontdesk("queue", *arguments, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                process.terminate()
        for process in self.workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()


@pytest.fixture
def desk(project, serve, postgresql, redis) -> Iterator[QueueDesk]:
    found = QueueDesk(project, serve, postgresql, redis)
    yield found
    found.close()


def test_what_fronts_take_workers_answer_in_order_and_once(desk: QueueDesk) -> None:
    fronts = [desk.start(), desk.start()]
    desk.work()
    desk.work()
    with ThreadPoolExecutor(24) as pool:
        said = list(pool.map(lambda n: texts(post(fronts[n % 2], "/note", "ann", f"m{n}")), range(60)))
        assert sorted(said) == sorted([f"Noted under {n}."] for n in range(1, 61))
        copies = list(pool.map(lambda n: texts(post(fronts[n % 2], "/note", "bob", "m1")), range(10)))
    assert copies == [["Noted under 61."]] * 10
    assert users_and_answers(desk) == talk(1, 60)
    assert len(desk.tries()) == 61
    assert desk.say("/note", "bob", "m1") == ["Noted under 61."], "a repeat"
    assert desk.queue().startswith("0 messages wait or are at work; 0 dead letters.")
    assert httpx.get(f"{fronts[0].url}/").status_code == 200, "the chat page"
    assert "Traceback" not in desk.log()

"""Several processes behind one port: start them, start one again that ended, and let all finish at a signal."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frontdesk.core.ports import Progress
from frontdesk.errors import ConfigError
from frontdesk.formats.credentials import Credentials
from frontdesk.formats.endpoints import Endpoints
from frontdesk.runtime.assembly import lock_store, tracker_store
from frontdesk.server.listening import Listening
from frontdesk.server.peers import Workers

log = logging.getLogger("frontdesk.server")

VARIABLE = "FRONTDESK_WORKER"
"""In the environment of a worker: its number, the process that looks after it, of how many it is one, their folder."""
TOO_SOON = 5.0
"""Seconds; a worker that ends sooner never got to work."""
TRIES = 3
"""That a worker may end too soon, one after the other, before all are stopped."""
LOOK_EVERY = 0.2


def check_shared(
    endpoints: Endpoints,
    credentials: Credentials,
    folder: Path,
    beside: Sequence[str] = (),
    alone: str = "Or run one process (without --workers).",
) -> None:
    """Raise ConfigError where several processes would be in each other's way; `beside` are options that need one.

    A store says itself whether only its own process can see what it keeps. `alone` says how to do with one.
    """
    if beside:
        what = f"{' and '.join(beside)} would train in each of several workers."
        hint = "Train with `frontdesk train` and load the model by PUT /model (--enable-api)."
        raise ConfigError(what, hint=f"{hint} {alone}")
    store = tracker_store(endpoints.tracker_store, folder)
    locks = lock_store(endpoints.lock_store)
    for section, endpoint, kept, better in (
        ("tracker_store", endpoints.tracker_store, store, "a SQL database (`type: sql`)"),
        ("lock_store", endpoints.lock_store, locks, "Redis (`type: redis`)"),
    ):
        if getattr(kept, "local", False):
            what = f"Several processes need a {section} that they share; this one is in the memory of each."
            where = str(endpoint.place) if endpoint and endpoint.place else f"endpoints.yml: {section}"
            raise ConfigError(what, where=where, hint=f"Name {better}. {alone}")
    if "socketio" in credentials.channels and not hasattr(locks, "exchange"):
        what = "Socket.IO keeps each client in one process, and this lock_store lets others not tell it anything."
        raise ConfigError(what, where="credentials.yml: socketio", hint=f"Use `lock_store: redis`. {alone}")


def worker_number() -> int | None:
    """Return which worker this process is, or None where it is none."""
    given = os.environ.get(VARIABLE)
    return int(given.partition(":")[0]) if given else None


def fellow_workers() -> Workers | None:
    """Return this worker among the others, or None where it is none."""
    given = os.environ.get(VARIABLE)
    if not given:
        return None
    number, _, count, folder = given.split(":", 3)
    return Workers(Path(folder), int(number), int(count))


async def end_with_supervisor() -> None:
    """End this worker as a signal would, where the process that looked after it is gone."""
    supervisor = int(os.environ.get(VARIABLE, ":0").split(":")[1])
    while os.getppid() == supervisor:
        await asyncio.sleep(1.0)
    log.error("The process that looked after this worker is gone; it ends.")
    os.kill(os.getpid(), signal.SIGTERM)


@dataclass
class _Worker:
    number: int
    command: Sequence[str]
    others: str
    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    failed: int = 0

    def start(self) -> None:
        # In a session of its own: Ctrl-C in a terminal is told once, by the supervisor.
        environment = {**os.environ, VARIABLE: f"{self.number}:{os.getpid()}:{self.others}"}
        self.process = subprocess.Popen(self.command, env=environment, start_new_session=True)
        self.begun = time.monotonic()

    @property
    def ended(self) -> int | None:
        """The exit code, once it ended."""
        return self.process.poll() if self.process is not None else None

    def tell(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


@dataclass
class Supervisor:
    """Keeps so many workers running until a signal comes.

    `patience` is how many seconds they have for their last turns. `agree` puts into the folder that they share what all
    have to begin with.
    """

    count: int
    at: Listening
    patience: float
    progress: Progress
    agree: Callable[[Path], None] = lambda _: None
    workers: list[_Worker] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, command: Sequence[str] | None = None) -> int:
        """Run; returns the exit code: 0 after a signal, 1 where workers do not come up."""
        command = command or [sys.executable, "-m", "frontdesk.cli.main", *sys.argv[1:]]
        self.at.check()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        self.progress(f"starting {self.count} workers")
        # The address is kept, so that nobody else gets the port while no worker listens. The folder is short, since the
        # path of a socket has to be.
        with self.at.reserved(), tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
            self.agree(Path(folder))
            others = f"{self.count}:{folder}"
            self.workers = [_Worker(number, command, others) for number in range(self.count)]
            for worker in self.workers:
                worker.start()
            code = self._look_after()
            self._end()
        return code

    def _look_after(self) -> int:
        while not self.stopping.wait(LOOK_EVERY):
            for worker in self.workers:
                code = worker.ended
                if code is None:
                    continue
                soon = time.monotonic() - worker.begun < TOO_SOON
                worker.failed = worker.failed + 1 if soon else 0
                if worker.failed >= TRIES or (soon and code == 2):  # 2: wrong options or files, already told
                    log.error(
                        "A worker ended %d times before it got to work; all are stopped.", worker.failed
                    )
                    return code or 1
                log.error("Worker %d ended (%s); it is started again.", worker.number, _how(code))
                worker.start()
        return 0

    def _end(self) -> None:
        for worker in self.workers:
            worker.tell(signal.SIGTERM)
        until = time.monotonic() + self.patience
        for worker in self.workers:
            if worker.process is None:
                continue
            try:
                worker.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("Worker %d did not end in time and is killed.", worker.number)
                worker.tell(signal.SIGKILL)
                worker.process.wait()


def _how(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

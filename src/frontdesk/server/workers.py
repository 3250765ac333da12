"""Several processes behind one port: start them, start one again that ended, and let all finish at a signal."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from frontdesk.core.ports import Progress
from frontdesk.errors import ConfigError
from frontdesk.formats.credentials import Credentials
from frontdesk.formats.endpoints import Endpoint, Endpoints
from frontdesk.server.listening import Listening

log = logging.getLogger("frontdesk.server")

VARIABLE = "FRONTDESK_WORKER"
"""In the environment of a worker: its number, and the process that looks after it."""
IN_MEMORY = frozenset({"", "memory", "in_memory", "inmemorytrackerstore"})
TOO_SOON = 5.0
"""Seconds; a worker that ends sooner never got to work."""
TRIES = 3
"""That a worker may end too soon, one after the other, before all are stopped."""
LOOK_EVERY = 0.2


def check_shared(endpoints: Endpoints, credentials: Credentials, beside: Sequence[str]) -> None:
    """Raise ConfigError where several processes would be in each other's way; `beside` are options that need one."""
    alone = "Or run one process (without --workers)."
    if beside:
        what = f"{' and '.join(beside)} would change one of several workers only."
        hint = "Run a process with it beside them, on another port and without --workers."
        raise ConfigError(what, hint=hint)
    for section, endpoint, better in (
        ("tracker_store", endpoints.tracker_store, "a SQL database (`type: sql`)"),
        ("lock_store", endpoints.lock_store, "Redis (`type: redis`)"),
    ):
        if _kind(endpoint) in IN_MEMORY:
            what = f"Several workers need a {section} that they share; this one is in the memory of each."
            where = str(endpoint.place) if endpoint and endpoint.place else f"endpoints.yml: {section}"
            raise ConfigError(what, where=where, hint=f"Name {better}. {alone}")
    if "socketio" in credentials.channels:
        what = "Socket.IO keeps each client's connection in one process, and its requests would go to any worker."
        hint = "Run it in a process of its own, which opens only it (--connector socketio) on another port. "
        raise ConfigError(what, where="credentials.yml: socketio", hint=hint + alone)


def _kind(endpoint: Endpoint | None) -> str:
    return ((endpoint.type if endpoint else None) or "").lower()


def worker_number() -> int | None:
    """Return which worker this process is, or None where it is none."""
    given = os.environ.get(VARIABLE)
    return int(given.partition(":")[0]) if given else None


async def end_with_supervisor() -> None:
    """End this worker as a signal would, where the process that looked after it is gone."""
    supervisor = int(os.environ.get(VARIABLE, "").partition(":")[2] or 0)
    while os.getppid() == supervisor:
        await asyncio.sleep(1.0)
    log.error("The process that looked after this worker is gone; it ends.")
    os.kill(os.getpid(), signal.SIGTERM)


@dataclass
class _Worker:
    number: int
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    failed: int = 0

    def start(self) -> None:
        # In a session of its own: Ctrl-C in a terminal is told once, by the supervisor.
        environment = {**os.environ, VARIABLE: f"{self.number}:{os.getpid()}"}
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

    `patience` is how many seconds they have for their last turns.
    """

    count: int
    at: Listening
    patience: float
    progress: Progress
    workers: list[_Worker] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, command: Sequence[str] | None = None) -> int:
        """Run; returns the exit code: 0 after a signal, 1 where workers do not come up."""
        command = command or [sys.executable, "-m", "frontdesk.cli.main", *sys.argv[1:]]
        self.at.check()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        self.progress(f"starting {self.count} workers")
        with self.at.reserved():  # so that nobody else gets the port while no worker listens
            self.workers = [_Worker(number, command) for number in range(self.count)]
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

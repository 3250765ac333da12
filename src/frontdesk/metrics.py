"""What is measured, as Prometheus reads it: counted here, and served on a port of its own.

Where several processes answer at one address, each writes its numbers into files of a folder that they share
(prometheus_client's own way), and the process that looks after them serves the sum.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.errors import ConfigError, MissingExtra
from frontdesk.measures import AMOUNTS, COUNTS, LATENCY, STOPS
from frontdesk.telemetry import current

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""In the environment of processes that share their numbers; the client reads it when it is first imported."""
STOP_SECONDS = "frontdesk_stop_seconds"
ACTIVE_FOR = 300.0
"""Seconds after a message for which its conversation counts as active."""
MOST_CHATS = 100_000
STOP_BUCKETS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

_arrived: ContextVar[float] = ContextVar("arrived", default=0.0)


class Metrics:
    """Hears of everything in `frontdesk.measures` and keeps Prometheus's counters, gauges and histograms of it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        client = _client()
        self.registry: CollectorRegistry = client.CollectorRegistry()
        self._clock = clock
        self._counters: dict[str, Any] = {}
        self._counts: dict[tuple[str, str], Any] = {}
        for name, measure in COUNTS.items():
            labels = [measure.label] if measure.label else []
            counter = client.Counter(name, measure.text, labels, registry=self.registry)
            for value in measure.values:  # there from the start, at 0: a rate needs a number before the first
                self._counts[name, value] = counter.labels(value)
            if not labels:
                self._counts[name, ""] = counter
            self._counters[name] = counter
        self._amounts = {
            name: client.Gauge(
                name,
                measure.text,
                registry=self.registry,
                multiprocess_mode="livemax" if measure.shared else "livesum",
            )
            for name, measure in AMOUNTS.items()
        }
        took = client.Histogram(
            STOP_SECONDS,
            "Seconds that a message was at one stop of its path.",
            ["stop"],
            registry=self.registry,
            buckets=STOP_BUCKETS,
        )
        self._stops = {stop: took.labels(stop) for stop in STOPS}
        self._latency = client.Histogram(
            LATENCY,
            "Seconds from the arrival of a message until its replies are committed.",
            registry=self.registry,
            buckets=LATENCY_BUCKETS,
        )
        self._active: OrderedDict[str, float] = OrderedDict()
        self._turns = 0

    def enter(self, stop: str, what: str) -> Any:
        """Hear that a stop begins."""
        if stop == "turn":
            self._turns += 1
        elif stop == "message":
            return _arrived.set(time.perf_counter())
        return None

    def leave(self, stop: str, begun: Any, seconds: float, error: BaseException | None) -> None:
        """Keep what a stop took."""
        found = self._stops.get(stop)
        if found is not None:
            found.observe(seconds)
        elif stop == "turn":
            self._turns -= 1
            if error is None:
                self._answered(seconds)
        elif stop == "message":
            _arrived.reset(begun)

    def _answered(self, seconds: float) -> None:
        """Keep what a message took since it arrived, and that its conversation is active."""
        arrived, conversation = _arrived.get(), current()
        if arrived:  # else it was taken up again, and nobody knows for how long its user has waited
            self._latency.observe(time.perf_counter() - arrived)
        if conversation is not None:
            self._active[conversation.sender_id] = self._clock()
            self._active.move_to_end(conversation.sender_id)
            if len(self._active) > MOST_CHATS:
                self._active.popitem(last=False)

    def count(self, name: str, value: str, amount: float) -> None:
        """Count something."""
        found = self._counts.get((name, value))
        if found is None:
            found = self._counters[name].labels(COUNTS[name].admitted(value))
        found.inc(amount)

    def set(self, name: str, amount: float) -> None:
        """Keep how much there is of something."""
        self._amounts[name].set(amount)

    def arrive(self, headers: Mapping[str, str]) -> None:
        """Make nothing of it."""

    def carried(self) -> Mapping[str, str]:
        """Return nothing: numbers have no trace."""
        return {}

    def refresh(self) -> None:
        """Look how many conversations are active, and how many turns are under way."""
        until = self._clock() - ACTIVE_FOR
        while self._active and next(iter(self._active.values())) < until:
            self._active.popitem(last=False)
        self.set("csr_active_concurrent_chats", len(self._active))
        self.set("frontdesk_turns", self._turns)


@contextlib.contextmanager
def shared_numbers() -> Iterator[CollectorRegistry]:
    """Let processes that are started within share their numbers; yields what sums them up."""
    client = _client()
    with tempfile.TemporaryDirectory(prefix="frontdesk-metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            registry: CollectorRegistry = client.CollectorRegistry()
            registry.register(_Shared(Path(folder)))
            yield registry
        finally:
            del os.environ[FOLDER]


class _Shared:
    """Sums up what several processes wrote into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterable[Metric]:
        forget_ended(self.folder)
        multiprocess: Any = importlib.import_module("prometheus_client.multiprocess")
        found: Iterable[Metric] = multiprocess.MultiProcessCollector(None, path=str(self.folder)).collect()
        return found


def forget_ended(folder: Path) -> None:
    """Take away the amounts of processes that ended; what they counted stays counted."""
    for file in folder.glob("gauge_live*_*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdigit() and not _runs(int(number)):
            file.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def exposed(registry: CollectorRegistry, port: int, interface: str = "127.0.0.1") -> Iterator[int]:
    """Serve numbers at /metrics on an address of its own, on a thread of its own; yields the port."""
    _client()
    from prometheus_client import start_http_server

    try:
        server, thread = start_http_server(port, interface, registry)
    except OSError as error:
        what = f"The metrics cannot be served on {interface}, port {port} ({error.strerror})."
        raise ConfigError(what, hint="Choose another port: --metrics-port.") from error
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _client() -> Any:
    try:
        import prometheus_client
    except ImportError as error:
        raise MissingExtra("Metrics for Prometheus", "metrics") from error
    return prometheus_client

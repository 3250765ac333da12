"""A real Prometheus reads the numbers, and answers the queries of docs/operating.md."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from frontdesk import measures
from frontdesk.metrics import Metrics, exposed
from frontdesk.testing.servers import free_port, require_found
from tests.conftest import ROOT, until

CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
- job_name: frontdesk
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def queries() -> list[str]:
    """The queries of the docs, without what is said beside them."""
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    [block] = [part for part in text.split("```") if "histogram_quantile" in part]
    return [line.partition(" # ")[0].strip() for line in block.strip().splitlines()]


class Prometheus:
    """A Prometheus on a port of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str) -> list[float]:
        """Return the values of a query; none where it has none yet, or Prometheus is not up."""
        try:
            found = httpx.get(f"{self.url}/api/v1/query", params={"query": query})
        except httpx.TransportError:
            return []
        if found.status_code == httpx.codes.SERVICE_UNAVAILABLE:  # it listens, and is not ready yet
            return []
        answer = found.json()
        assert answer["status"] == "success", answer
        return [float(one["value"][1]) for one in answer["data"]["result"]]


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    made = Metrics()
    measures.listen(made)
    yield made
    measures.listen()


@pytest.fixture
def prometheus(tmp_path: Path, metrics: Metrics) -> Iterator[Prometheus]:
    program = shutil.which("prometheus")
    require_found("prometheus", program)
    port = free_port()
    with exposed(metrics.registry, free_port()) as scraped:
        (tmp_path / "prometheus.yml").write_text(CONFIG.format(port=scraped))
        command = [
            str(program),
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path}",
        ]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log, cwd=tmp_path
            )
        try:
            yield Prometheus(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(30)


@measures.stop("message")
async def receive() -> None:
    await turn()


@measures.stop("turn")
async def turn() -> None:
    with measures.passing("load"):
        pass


async def test_the_queries_of_the_docs(prometheus: Prometheus) -> None:
    until(lambda: prometheus.ask("csr_messages_processed_total"), "it has read the numbers once")
    for status, times in (("success", 6), ("error", 2)):
        measures.count("csr_messages_processed", status, times)
    for _ in range(8):
        await receive()
    until(lambda: prometheus.ask("csr_message_latency_seconds_count") == [8], "it has read them again")
    found = {}
    for query in queries():
        short = re.sub(r"\[5m\]", "[1m]", query)
        found[query] = until(
            lambda short=short: [v for v in prometheus.ask(short) if not math.isnan(v)],
            f"{query} has a value",
        )
    assert len(found) == 6
    rates, mean, p95, success, failed, stops = found.values()
    assert sum(rates) > 0
    assert 0 < mean[0] < 5
    assert 0 < p95[0] < 5
    assert success == [pytest.approx(0.75)]
    assert failed == [pytest.approx(0.25)]
    assert stops

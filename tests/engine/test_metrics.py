from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from frontdesk import measures
from frontdesk.errors import ConfigError
from frontdesk.metrics import FOLDER, Metrics, exposed, shared_numbers
from frontdesk.telemetry import about
from frontdesk.testing.fakes import FakeClock
from frontdesk.testing.servers import free_port

PROMISED = {
    "csr_messages_processed_total": "counter",
    "csr_message_latency_seconds": "histogram",
    "csr_active_concurrent_chats": "gauge",
    "csr_sentiment_distribution_total": "counter",
    "csr_llm_tokens_used_total": "counter",
}


def scraped(port: int) -> tuple[dict[str, str], dict[tuple[str, str], float]]:
    """Return the kind of each metric, and each number by its name and the value of its label."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    kinds, numbers = {}, {}
    for family in text_string_to_metric_families(text):
        kinds[family.name + ("_total" if family.type == "counter" else "")] = family.type
        for sample in family.samples:
            label = next((value for key, value in sample.labels.items() if key != "le"), "")
            if "le" not in sample.labels or sample.labels["le"] == "+Inf":
                numbers[sample.name, label] = sample.value
    return kinds, numbers


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    made = Metrics(FakeClock())
    measures.listen(made)
    yield made
    measures.listen()


@measures.stop("message")
async def receive(sender_id: str) -> None:
    await turn(sender_id)


@measures.stop("turn")
async def turn(sender_id: str) -> None:
    about(sender_id)
    with measures.passing("load"):
        pass


async def test_what_prometheus_reads(metrics: Metrics) -> None:
    for sender_id in ("ann", "bob", "ann"):
        await receive(sender_id)
    measures.count("csr_messages_processed", "success", 3)
    measures.count("csr_sentiment_distribution", "anna.bennett@example.com")
    measures.count("frontdesk_repeats")
    measures.level("frontdesk_turns_owed", 4)
    measures.refresh()
    with exposed(metrics.registry, free_port()) as port:
        kinds, numbers = scraped(port)
        assert "anna" not in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert PROMISED.items() <= kinds.items()
    assert numbers["csr_messages_processed_total", "success"] == 3
    assert numbers["csr_messages_processed_total", "error"] == 0, (
        "a rate needs a number before the first error"
    )
    assert numbers["csr_sentiment_distribution_total", "other"] == 1
    assert numbers["frontdesk_repeats_total", ""] == 1
    assert numbers["frontdesk_turns_owed", ""] == 4
    assert numbers["csr_active_concurrent_chats", ""] == 2
    assert numbers["csr_message_latency_seconds_count", ""] == 3
    assert numbers["frontdesk_stop_seconds_count", "load"] == 3
    assert numbers["frontdesk_turns", ""] == 0


async def test_a_conversation_is_active_for_five_minutes(metrics: Metrics) -> None:
    clock = metrics._clock
    assert isinstance(clock, FakeClock)
    await receive("ann")
    clock.forward(200)
    await receive("bob")
    clock.forward(150)
    measures.refresh()
    assert metrics.registry.get_sample_value("csr_active_concurrent_chats") == 1
    clock.forward(200)
    measures.refresh()
    assert metrics.registry.get_sample_value("csr_active_concurrent_chats") == 0


async def test_a_turn_that_is_taken_up_again_tells_no_latency(metrics: Metrics) -> None:
    await turn("ann")
    assert metrics.registry.get_sample_value("csr_message_latency_seconds_count") == 0
    assert metrics.registry.get_sample_value("frontdesk_stop_seconds_count", {"stop": "load"}) == 1


WORKER = """
import sys
from frontdesk import measures
from frontdesk.metrics import Metrics
measures.listen(Metrics())
measures.count("csr_messages_processed", "success", float(sys.argv[1]))
measures.level("frontdesk_turns_owed", 2)
with measures.passing("load"):
    pass
print("ready", flush=True)
sys.stdin.read()
"""


def test_several_processes_are_one_number_and_what_ended_stays_counted() -> None:
    with shared_numbers() as registry, exposed(registry, free_port()) as port:
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            for n in (5, 7)
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"ready\n"
        _, numbers = scraped(port)
        assert numbers["csr_messages_processed_total", "success"] == 12
        assert numbers["frontdesk_turns_owed", ""] == 4
        assert numbers["frontdesk_stop_seconds_count", "load"] == 2
        workers[0].communicate()
        _, numbers = scraped(port)
        assert numbers["csr_messages_processed_total", "success"] == 12
        assert numbers["frontdesk_turns_owed", ""] == 2, "what a process has is gone with it"
        workers[1].communicate()
        folder = Path(os.environ[FOLDER])
    assert not folder.exists()
    assert FOLDER not in os.environ


def test_a_port_that_is_taken_is_told(metrics: Metrics) -> None:
    with (
        exposed(metrics.registry, free_port()) as port,
        pytest.raises(ConfigError, match=f"port {port}"),
        exposed(metrics.registry, port),
    ):
        pass


def test_without_the_switch_the_client_is_not_imported() -> None:
    code = "import frontdesk.server.serve, frontdesk.cli.observing, sys; print('prometheus_client' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"

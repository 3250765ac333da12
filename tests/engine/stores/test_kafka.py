"""The event broker over Kafka's protocol, against Tansu: the contract, options, and a server that does not answer."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from frontdesk.core.ports import Announcement
from frontdesk.errors import ConfigError, StoreError
from frontdesk.registry import resolve
from frontdesk.stores.kafka import KafkaEventBroker, _settings
from frontdesk.testing.broker_servers import kafka
from frontdesk.testing.contracts.event_broker import EventBrokerContract, Received
from frontdesk.testing.servers import Server, free_port


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with kafka() as server:
        yield server


@pytest.fixture
def given(server: Server) -> dict[str, Any]:
    """Options with a topic of their own."""
    url, topic = f"127.0.0.1:{server.port}", f"topic-{next(server._numbers)}"
    return {"url": [url], "topic": topic, "security_protocol": "plaintext"}


def take(given: Mapping[str, Any], count: int) -> list[Any]:
    """Read messages from all partitions of a topic, as a consumer does."""
    consumer = Consumer({"bootstrap.servers": given["url"][0], "group.id": "tests"})
    try:
        partitions = consumer.list_topics(given["topic"], timeout=60).topics[given["topic"]].partitions
        consumer.assign([TopicPartition(given["topic"], number, 0) for number in partitions])
        found: list[Any] = []
        until = time.monotonic() + 60
        while len(found) < count and time.monotonic() < until:
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                found.append(message)
        return found
    finally:
        consumer.close()


class TestKafka(EventBrokerContract):
    @pytest.fixture
    async def broker(self, given: dict[str, Any]) -> AsyncIterator[KafkaEventBroker]:
        broker = KafkaEventBroker(given)
        yield broker
        await broker.close()

    @pytest.fixture
    def received(self, given: dict[str, Any]) -> Received:
        async def values(count: int) -> list[Mapping[str, Any]]:
            return [json.loads(message.value()) for message in await asyncio.to_thread(take, given, count)]

        return values


@pytest.mark.parametrize("keyed", [True, False])
async def test_keys_and_headers(given: dict[str, Any], keyed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASA_ENVIRONMENT", "staging")
    broker = KafkaEventBroker({**given, "partition_by_sender": keyed})
    batch = [Announcement(f"{n}-0", f"user {n % 5}", {"event": "slot", "value": n}) for n in range(20)]
    await broker.publish_all(batch)
    await broker.close()
    found = await asyncio.to_thread(take, given, 20)
    ids = {("RASA_ENVIRONMENT", b"staging")} | {("id", one.id.encode()) for one in batch}
    assert {header for message in found for header in message.headers()} == ids
    if not keyed:
        assert {message.key() for message in found} == {None}
        return
    places: dict[bytes, set[int]] = {}
    for message in found:
        places.setdefault(message.key(), set()).add(message.partition())
    assert {key: len(where) for key, where in places.items()} == {f"user {n}".encode(): 1 for n in range(5)}


async def test_a_server_that_is_away(given: dict[str, Any]) -> None:
    broker = KafkaEventBroker({**given, "url": f"127.0.0.1:{free_port()}", "timeout": 0.5})
    with pytest.raises(StoreError, match="Kafka does not take events"):
        await broker.publish("ann", {"event": "restart"})
    with pytest.raises(StoreError, match="127.0.0.1"):
        await broker.check()
    await broker.close()


async def test_a_server_that_does_not_answer_for_a_while(server: Server, given: dict[str, Any]) -> None:
    broker = KafkaEventBroker({**given, "timeout": 60})
    batch = [Announcement(f"{n}", "ann", {"event": "slot", "value": n}) for n in range(6)]
    await broker.publish_all(batch[:2])
    broker._timeout = 1
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreError, match="no answer for 1 seconds"):
            await broker.publish_all(batch[2:])
    finally:
        server.process.send_signal(signal.SIGCONT)
    patient = KafkaEventBroker({**given, "timeout": 60})
    await patient.publish_all(batch[2:])
    found = [json.loads(message.value())["value"] for message in await asyncio.to_thread(take, given, 6)]
    first = [n for k, n in enumerate(found) if n not in found[:k]]
    assert first == [0, 1, 2, 3, 4, 5], "some may have come twice, none too early"
    await patient.close()
    await broker.close()


async def test_too_large_for_kafka(given: dict[str, Any]) -> None:
    broker = KafkaEventBroker(given)
    with pytest.raises(StoreError, match="(?i)size"):
        await broker.publish("ann", {"event": "slot", "value": "x" * 2_000_000})
    await broker.publish("ann", {"event": "restart"})
    await broker.close()


def test_rasas_options() -> None:
    given = {"url": ["a:9092", "b:9092"], "client_id": "me", "sasl_username": "user", "sasl_password": "word",
             "sasl_mechanism": "SCRAM-SHA-256", "ssl_cafile": "ca.pem", "queue_size": 7, "ssl_check_hostname": True}  # fmt: skip
    found = _settings({**given, "security_protocol": "sasl_ssl"})
    expected = {
        "bootstrap.servers": "a:9092,b:9092", "client.id": "me", "security.protocol": "SASL_SSL",
        "sasl.username": "user", "sasl.password": "word", "sasl.mechanism": "SCRAM-SHA-256", "ssl.ca.location": "ca.pem",
        "ssl.endpoint.identification.algorithm": "https", "queue.buffering.max.messages": 7,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    plain = _settings({**given, "security_protocol": "SASL_PLAINTEXT"})
    assert not any(name.startswith("ssl") for name in plain)
    assert _settings({"url": "a"})["security.protocol"] == "SASL_PLAINTEXT"
    assert not any(name.startswith("sasl") for name in _settings({**given, "security_protocol": "SSL"}))


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, "'url'"),
        ({"url": "a", "security_protocol": "TLS"}, "'TLS'"),
        ({"url": "a", "timeout": "x"}, "'timeout'"),
    ],
)
async def test_options_that_cannot_be_meant(given: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong) as caught:
        KafkaEventBroker(given)
    assert caught.value.where == "endpoints.yml: event_broker"
    assert resolve("event broker", "kafka") is KafkaEventBroker

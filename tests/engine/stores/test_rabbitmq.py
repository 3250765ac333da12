"""The event broker in a real RabbitMQ: the contract, what Rasa's consumers find there, and a server that goes away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import aio_pika
import pytest

from frontdesk.core.ports import Announcement
from frontdesk.errors import ConfigError, StoreError
from frontdesk.registry import resolve
from frontdesk.stores.rabbitmq import RabbitMqEventBroker
from frontdesk.testing.broker_servers import rabbitmq
from frontdesk.testing.contracts.event_broker import EventBrokerContract, Received
from frontdesk.testing.servers import Server, free_port


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with rabbitmq() as server:
        yield server


def options(server: Server, **more: Any) -> dict[str, Any]:
    """Options with a queue and an exchange of their own."""
    name = f"q{next(server._numbers)}"
    given = {"url": "127.0.0.1", "port": server.port, "username": "guest", "password": "guest"}
    return {**given, "queues": [name], "exchange_name": f"exchange-{name}", **more}


async def take(server: Server, queue: str, count: int) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Take messages from a queue, as a consumer does."""
    async with await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{server.port}/") as connection:
        channel = await connection.channel()
        found = []
        async with asyncio.timeout(60), (await channel.get_queue(queue)).iterator() as messages:
            async for message in messages:
                await message.ack()
                found.append(message)
                if len(found) == count:
                    break
        return found


class TestRabbitMq(EventBrokerContract):
    @pytest.fixture
    def given(self, server: Server) -> dict[str, Any]:
        return options(server)

    @pytest.fixture
    async def broker(self, given: dict[str, Any]) -> AsyncIterator[RabbitMqEventBroker]:
        broker = RabbitMqEventBroker(given)
        yield broker
        await broker.close()

    @pytest.fixture
    def received(self, server: Server, given: dict[str, Any]) -> Received:
        async def bodies(count: int) -> list[Mapping[str, Any]]:
            return [json.loads(message.body) for message in await take(server, given["queues"][0], count)]

        return bodies


async def test_each_queue_gets_each_event_and_keeps_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RASA_ENVIRONMENT", "staging")
    given = options(server)
    other = f"{given['queues'][0]}-too"
    broker = RabbitMqEventBroker({**given, "queues": [*given["queues"], other]})
    await broker.publish_all([Announcement("17-0", "ann", {"event": "restart"})])
    await broker.close()
    for name in (given["queues"][0], other):
        (message,) = await take(server, name, 1)
        assert (message.app_id, message.message_id) == ("staging", "17-0")
        assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
        assert json.loads(message.body) == {"sender_id": "ann", "event": "restart"}


async def test_a_queue_that_takes_no_more_is_told_and_nothing_overtakes(server: Server) -> None:
    given = options(server)
    limits = {"x-max-length": 2, "x-overflow": "reject-publish"}
    async with await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{server.port}/") as connection:
        channel = await connection.channel()
        full = await channel.declare_queue("full", durable=True, arguments=limits)
        exchange = await channel.declare_exchange(given["exchange_name"], aio_pika.ExchangeType.FANOUT)
        await full.bind(exchange, "")
    broker = RabbitMqEventBroker(given)
    batch = [Announcement(f"{n}", "ann", {"event": "slot", "value": n}) for n in range(5)]
    with pytest.raises(StoreError, match="RabbitMQ does not take events"):
        await broker.publish_all(batch)
    assert [json.loads(m.body)["value"] for m in await take(server, "full", 2)] == [0, 1]
    await broker.close()


async def test_a_wrong_password_is_told_without_it(server: Server) -> None:
    broker = RabbitMqEventBroker(options(server, password="s3cret"))
    with pytest.raises(StoreError) as caught:
        await broker.publish("ann", {"event": "restart"})
    assert "s3cret" not in str(caught.value)
    assert f"127.0.0.1:{server.port}" in str(caught.value)


async def test_a_server_that_is_away_and_comes_back(server: Server) -> None:
    given = options(server, timeout=60)
    away = RabbitMqEventBroker({**given, "port": free_port()})
    with pytest.raises(StoreError, match="does not take events"):
        await away.check()
    broker = RabbitMqEventBroker(given)
    await broker.publish("ann", {"event": "slot", "value": 1})
    server.stop()
    with pytest.raises(StoreError):
        await broker.publish("ann", {"event": "slot", "value": 2})
    server.start()
    await broker.publish("ann", {"event": "slot", "value": 2})
    found = await take(server, given["queues"][0], 2)  # the first was on its disk
    assert [json.loads(message.body)["value"] for message in found] == [1, 2]
    await broker.close()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "amqp://localhost:5672/"),
        (
            {"url": "mq.local", "username": "me", "password": "p@ss/word"},
            "amqp://me:p%40ss%2Fword@mq.local:5672/",
        ),
        ({"host": "mq.local:5673"}, "amqp://mq.local:5673/"),
        (
            {"url": "amqp://mq.local", "port": "5673", "username": "me", "password": "x"},
            "amqp://me:x@mq.local:5673/",
        ),
        (
            {"url": "amqps://a:b@mq.local:5671/chat?name=x", "username": "me"},
            "amqps://a:b@mq.local:5671/chat?name=x",
        ),
    ],
)
async def test_addresses(given: dict[str, Any], expected: str) -> None:
    broker = RabbitMqEventBroker(given)
    assert broker._url == expected
    assert "@" not in broker.place


async def test_options(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    for given, wrong in (({"port": "x"}, "port is 'x'"), ({"timeout": 0}, "'timeout'")):
        with pytest.raises(ConfigError, match=wrong) as caught:
            RabbitMqEventBroker(given)
        assert caught.value.where == "endpoints.yml: event_broker"
    RabbitMqEventBroker({"exchange": "x"})
    assert "Did you mean 'exchange_name'?" in caplog.text
    assert resolve("event broker", "pika") is RabbitMqEventBroker
    monkeypatch.setenv("RABBITMQ_SSL_CLIENT_CERTIFICATE", "/nowhere/client.pem")
    monkeypatch.setenv("RABBITMQ_SSL_CLIENT_KEY", "/nowhere/client.key")
    with pytest.raises(ConfigError, match="certificate"):
        RabbitMqEventBroker({"url": "amqps://mq.local"})

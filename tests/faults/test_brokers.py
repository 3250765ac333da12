"""Events reach RabbitMQ and Kafka: none is lost and none too early, whichever side is killed."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frontdesk.testing.broker_servers import kafka, rabbitmq
from frontdesk.testing.servers import Server as OwnServer
from tests.conftest import PATIENCE, frontdesk, until
from tests.faults.probe import Desk


class Rabbit:
    """A RabbitMQ that can be stopped, and what is in the queue."""

    def __init__(self, server: OwnServer) -> None:
        self.server = server
        self.options = (
            f"type: pika\n  url: 127.0.0.1\n  port: {server.port}\n  username: guest\n  password: guest\n"
        )
        self.options += "  queues: [told]\n  timeout: 2"
        self.gone, self.back = server.stop, server.start

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """All events that arrived so far, with their ids, in order of arrival."""
        import asyncio

        return asyncio.run(self._taken())

    async def _taken(self) -> list[tuple[str, dict[str, Any]]]:
        import aio_pika

        found = []
        async with await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{self.server.port}/") as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("told", durable=True)
            while (message := await queue.get(fail=False)) is not None:
                found.append((message.message_id, json.loads(message.body)))
            await channel.close()  # not acknowledged: all of it is there again
        return found


class Kafka:
    """A server of Kafka's protocol that can be halted, and what is in the topic."""

    def __init__(self, server: OwnServer) -> None:
        self.server = server
        self.options = (
            f"type: kafka\n  url: 127.0.0.1:{server.port}\n  topic: told\n  security_protocol: PLAINTEXT\n"
        )
        self.options += "  timeout: 2"

    def gone(self) -> None:
        assert self.server.process is not None
        self.server.process.send_signal(signal.SIGSTOP)

    def back(self) -> None:
        assert self.server.process is not None
        self.server.process.send_signal(signal.SIGCONT)

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """All events that arrived so far, with their ids, in the order of each partition."""
        from confluent_kafka import Consumer, TopicPartition

        at = {"bootstrap.servers": f"127.0.0.1:{self.server.port}", "group.id": "tests"}
        consumer = Consumer({**at, "enable.partition.eof": True})
        try:
            unread = set(consumer.list_topics("told", timeout=PATIENCE).topics["told"].partitions)
            consumer.assign([TopicPartition("told", number, 0) for number in unread])
            found = []
            while unread:
                message = consumer.poll(PATIENCE)
                assert message is not None, f"the ends of {unread} are not told"
                if message.error() is None:
                    ids = dict(message.headers())
                    found.append((ids["id"].decode(), json.loads(message.value())))
                elif message.error().name() == "_PARTITION_EOF":
                    unread.discard(message.partition())
            return found
        finally:
            consumer.close()


@pytest.fixture(params=["rabbitmq", "kafka"])
def broker(request: pytest.FixtureRequest) -> Iterator[Rabbit | Kafka]:
    if request.param == "rabbitmq":
        with rabbitmq() as server:
            yield Rabbit(server)
    else:
        with kafka() as server:
            yield Kafka(server)


def stored(desk: Desk, sender: str) -> list[dict[str, Any]]:
    query = f"SELECT data FROM events WHERE sender_id = '{sender}' ORDER BY id"
    return [{"sender_id": sender, **json.loads(data)} for (data,) in desk.stored(query)]


def first(events: list[tuple[str, dict[str, Any]]], sender: str) -> list[dict[str, Any]]:
    """A conversation's events as they arrived, without repeats."""
    return list({name: event for name, event in events[::-1] if event["sender_id"] == sender}.values())[::-1]


def until_told(desk: Desk, broker: Rabbit | Kafka, *senders: str) -> None:
    def told() -> bool:
        events = broker.events()
        return all(len(first(events, sender)) >= len(stored(desk, sender)) for sender in senders)

    until(told, "all events arrived", desk.log)


def test_nothing_is_lost_whoever_ends(desk: Desk, broker: Rabbit | Kafka) -> None:
    endpoints = desk.folder / "endpoints.yml"
    endpoints.write_text(f"{endpoints.read_text()}\nevent_broker:\n  {broker.options}\n")
    desk.start()
    for sender in ("ann", "bob"):
        assert desk.say("hello", sender) == ["Hello!"]
    until_told(desk, broker, "ann", "bob")
    broker.gone()
    for number in range(1, 4):  # clients notice nothing
        assert desk.say("/note", "ann", f"m{number}") == [f"Noted under {number}."]
    until(lambda: "cannot be published at the moment" in desk.log(), "the log tells of it")
    desk.server.kill()
    broker.back()
    desk.start()
    until_told(desk, broker, "ann", "bob")
    desk.server.kill()  # perhaps between the broker's word and the forgetting
    desk.start()
    assert desk.say("hello", "bob") == ["Hello!"]
    until_told(desk, broker, "ann", "bob")
    events = broker.events()
    for sender in ("ann", "bob"):
        assert first(events, sender) == stored(desk, sender)
    desk.server.stop()
    assert desk.stored("SELECT count(*) FROM frontdesk_outbox") == [(0,)]

    done = frontdesk("export", "--conversation-ids", "bob", cwd=desk.folder)
    assert done.returncode == 0, done.stderr
    exported = [event for name, event in broker.events() if not re.fullmatch(r"\d+-\d+", name)]
    assert exported == stored(desk, "bob")


def test_a_server_that_must_have_its_broker_does_not_start_without(
    desk: Desk, serve: Callable[..., Any]
) -> None:
    endpoints = desk.folder / "endpoints.yml"
    options = "type: pika\n  url: 127.0.0.1:1\n  raise_on_failure: true\n  timeout: 1"
    endpoints.write_text(f"{endpoints.read_text()}\nevent_broker:\n  {options}\n")
    with pytest.raises(RuntimeError, match="RabbitMQ does not take events"):
        desk.start()

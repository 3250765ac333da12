"""Tell Kafka what happened, as Rasa's `kafka` broker does: each event to a topic."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from frontdesk.core.options import tell_unknown
from frontdesk.core.ports import Announcement, Options
from frontdesk.errors import ConfigError, MissingExtra, StoreError
from frontdesk.stores.brokers import WHERE, body
from frontdesk.stores.sections import positive

if TYPE_CHECKING:
    from confluent_kafka import Producer

TOPIC = "rasa_core_events"
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL = {
    "sasl_username": "sasl.username",
    "sasl_password": "sasl.password",
    "sasl_mechanism": "sasl.mechanism",
}
SSL = {
    "ssl_cafile": "ssl.ca.location",
    "ssl_certfile": "ssl.certificate.location",
    "ssl_keyfile": "ssl.key.location",
}
KNOWN = frozenset(
    [
        "type",
        "url",
        "topic",
        "client_id",
        "partition_by_sender",
        "security_protocol",
        "ssl_check_hostname",
        "queue_size",
        "should_keep_unpublished_messages",
        "raise_on_failure",
        "timeout",
        *SASL,
        *SSL,
    ]
)


class KafkaEventBroker:
    """Publishes events to a `topic` (rasa_core_events) of a Kafka, and waits until all its replicas in sync have them.

    >>> broker = KafkaEventBroker({"url": "localhost:9092", "security_protocol": "PLAINTEXT"})

    Options as in Rasa's endpoints.yml: `url` (host:port, or a list of them), `topic`, `client_id`,
    `partition_by_sender`, `security_protocol` (SASL_PLAINTEXT; PLAINTEXT, SSL, SASL_SSL), `sasl_username`,
    `sasl_password`, `sasl_mechanism` (PLAIN), `ssl_cafile`, `ssl_certfile`, `ssl_keyfile`, `ssl_check_hostname`,
    `queue_size`; also `raise_on_failure` (false: a server starts without it), `timeout` (10 seconds).

    A conversation's events go to one partition, since only there they stay in order; Rasa does that only where
    `partition_by_sender` says so, and false asks for as much here. The producer is idempotent: within a batch a repeat
    after a lost answer is not a second event, and none overtakes another.
    """

    def __init__(self, options: Options) -> None:
        tell_unknown(WHERE, sorted(options), KNOWN)
        self._settings = _settings(options)
        self.place = str(self._settings["bootstrap.servers"])
        self._topic = str(options.get("topic") or TOPIC)
        self._keyed = options.get("partition_by_sender", True) is not False
        self.should_keep_unpublished_messages = (
            options.get("should_keep_unpublished_messages", True) is not False
        )
        self.raise_on_failure = options.get("raise_on_failure") is True
        self._timeout = positive(options, "timeout", 10.0, WHERE)
        self._producer: Producer | None = None
        self._one_at_a_time = asyncio.Lock()

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        """Publish one event."""
        await self.publish_all([Announcement("", sender_id, event)])

    async def publish_all(self, batch: Sequence[Announcement]) -> None:
        """Publish events."""
        async with self._one_at_a_time:
            await asyncio.to_thread(self._send, batch)

    async def check(self) -> None:
        """Raise StoreError where Kafka does not answer."""
        async with self._one_at_a_time:
            await asyncio.to_thread(self._ask)

    async def close(self) -> None:
        """Let go of connections."""
        async with self._one_at_a_time:
            await asyncio.to_thread(self._let_go)

    def _ask(self) -> None:
        try:
            self._opened().list_topics(timeout=self._timeout)
        except Exception as error:
            raise self._failed(error) from error

    def _send(self, batch: Sequence[Announcement]) -> None:
        producer, done, errors = self._opened(), 0, list[object]()

        def told(error: object, _message: object) -> None:
            nonlocal done
            done += 1
            if error is not None:
                errors.append(error)

        environment = os.environ.get("RASA_ENVIRONMENT", "RASA_ENVIRONMENT_NOT_SET").encode()
        try:
            for one in batch:
                headers: list[tuple[str, str | bytes | None]] = [
                    ("RASA_ENVIRONMENT", environment),
                    ("id", one.id.encode()),
                ]
                key = one.sender_id.encode() if self._keyed else None
                value = body(one.sender_id, one.event).encode()
                producer.produce(self._topic, value, key, headers=headers, on_delivery=told)
            until = time.monotonic() + self._timeout
            while done < len(batch) and not errors and time.monotonic() < until:
                producer.poll(0.1)
        except Exception as error:
            self._let_go()
            raise self._failed(error) from error
        if done < len(batch) or errors:
            # What is still on its way is given up with the producer: the whole batch comes again, in order.
            why = errors[0] if errors else f"no answer for {self._timeout:g} seconds"
            self._let_go()
            raise self._failed(why)

    def _opened(self) -> Producer:
        if self._producer is None:
            try:
                from confluent_kafka import KafkaException, Producer
            except ImportError as error:
                raise MissingExtra("An event broker in Kafka", "kafka") from error
            try:
                self._producer = Producer(self._settings)
            except KafkaException as error:
                raise ConfigError(f"Kafka's options cannot be meant ({error}).", where=WHERE) from error
        return self._producer

    def _let_go(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.flush(1.0)

    def _failed(self, error: object) -> StoreError:
        hint = "Check that Kafka is there, and the options of event_broker."
        return StoreError(f"Kafka does not take events: {error}.", where=self.place, hint=hint)


def _settings(options: Options) -> dict[str, Any]:
    """Return Rasa's options under librdkafka's names. Raises ConfigError."""
    url = options.get("url")
    servers = ",".join(str(one) for one in url) if isinstance(url, list | tuple) else str(url or "")
    if not servers:
        raise ConfigError("'url', where Kafka is, is missing.", where=WHERE, hint="Write `url: host:9092`.")
    protocol = str(options.get("security_protocol") or "SASL_PLAINTEXT").upper()
    if protocol not in PROTOCOLS:
        hint = f"Use one of {', '.join(PROTOCOLS)}."
        raise ConfigError(f"'security_protocol' is '{protocol}'.", where=WHERE, hint=hint)
    names = {**(SASL if "SASL" in protocol else {}), **(SSL if "SSL" in protocol.split("_") else {})}
    given = {"sasl_mechanism": "PLAIN", **options}
    settings: dict[str, Any] = {ours: given[name] for name, ours in names.items() if given.get(name)}
    if "SSL" in protocol.split("_"):
        checked = options.get("ssl_check_hostname") is True
        settings["ssl.endpoint.identification.algorithm"] = "https" if checked else "none"
    if options.get("client_id"):
        settings["client.id"] = str(options["client_id"])
    if options.get("queue_size"):
        settings["queue.buffering.max.messages"] = int(positive(options, "queue_size", 1, WHERE))
    return {
        **settings,
        "bootstrap.servers": servers,
        "security.protocol": protocol,
        "enable.idempotence": True,
        # A message that ran out of time alone would leave a gap that those after it get past.
        "message.timeout.ms": 0,
        "linger.ms": 2,
    }

"""Tell RabbitMQ what happened, as Rasa's `pika` broker does: each event to a fanout exchange, and so to every queue."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from frontdesk.core.options import tell_unknown
from frontdesk.core.ports import Announcement, Options
from frontdesk.errors import ConfigError, MissingExtra, StoreError
from frontdesk.stores.brokers import WHERE, body
from frontdesk.stores.sections import host_and_port, positive

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection, AbstractExchange

EXCHANGE = "rasa-exchange"
QUEUE = "rasa_core_events"
KNOWN = frozenset(
    [
        "type",
        "url",
        "host",
        "port",
        "username",
        "password",
        "queues",
        "exchange_name",
        "should_keep_unpublished_messages",
        "raise_on_failure",
        "connection_attempts",
        "retry_delay_in_seconds",
        "timeout",
    ]
)
CERTIFICATE, KEY = "RABBITMQ_SSL_CLIENT_CERTIFICATE", "RABBITMQ_SSL_CLIENT_KEY"


class RabbitMqEventBroker:
    """Publishes events to the durable `queues` (rasa_core_events) of a RabbitMQ, and waits for its confirmation.

    >>> broker = RabbitMqEventBroker({"url": "localhost", "username": "me", "password": "...", "queues": ["events"]})

    Options as in Rasa's endpoints.yml: `url` or `host` (a host, or amqp://, amqps://), `port`, `username`, `password`,
    `queues`, `exchange_name` (rasa-exchange), `should_keep_unpublished_messages` (true), `raise_on_failure` (false: a
    server starts without it); also `timeout` (10 seconds). A client certificate comes from the variables
    RABBITMQ_SSL_CLIENT_CERTIFICATE and RABBITMQ_SSL_CLIENT_KEY; RASA_ENVIRONMENT is each message's `app_id`.

    An event counts as published once RabbitMQ has confirmed that every queue has it. The next event of its conversation
    is sent only then, so that none overtakes another whatever fails.
    """

    def __init__(self, options: Options) -> None:
        tell_unknown(WHERE, sorted(options), KNOWN)
        self._url = _address(options)
        self._tls = _tls(self._url)
        self.place = urlunsplit(
            urlsplit(self._url)._replace(netloc=self._url.rpartition("@")[2].partition("/")[0])
        )
        given = options.get("queues") or [QUEUE]
        self._queues = [given] if isinstance(given, str) else [str(name) for name in given]
        self._exchange_name = str(options.get("exchange_name") or EXCHANGE)
        self.should_keep_unpublished_messages = (
            options.get("should_keep_unpublished_messages", True) is not False
        )
        self.raise_on_failure = options.get("raise_on_failure") is True
        self._timeout = positive(options, "timeout", 10.0, WHERE)
        self._connection: AbstractConnection | None = None
        self._exchange: AbstractExchange | None = None
        self._opening = asyncio.Lock()

    async def publish(self, sender_id: str, event: Mapping[str, Any]) -> None:
        """Publish one event."""
        await self.publish_all([Announcement("", sender_id, event)])

    async def publish_all(self, batch: Sequence[Announcement]) -> None:
        """Publish events, those of one conversation one after the other."""
        exchange = await self._opened()
        lines: dict[str, list[Announcement]] = {}
        for one in batch:
            lines.setdefault(one.sender_id, []).append(one)
        sending = [asyncio.create_task(self._send(exchange, line)) for line in lines.values()]
        try:
            await asyncio.gather(*sending)
        except Exception as error:
            await self._let_go()
            raise self._failed(error) from error
        finally:  # else the rest would go on while the batch is sent again
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def _send(self, exchange: AbstractExchange, line: Sequence[Announcement]) -> None:
        from aio_pika import DeliveryMode, Message

        for one in line:
            message = Message(
                body(one.sender_id, one.event).encode(),
                app_id=os.environ.get("RASA_ENVIRONMENT"),
                message_id=one.id or None,
                content_type="application/json",
                delivery_mode=DeliveryMode.PERSISTENT,
            )
            await exchange.publish(message, "", mandatory=True, timeout=self._timeout)

    async def check(self) -> None:
        """Raise StoreError where RabbitMQ cannot be used."""
        await self._opened()

    async def close(self) -> None:
        """Close the connection."""
        await self._let_go()

    async def _opened(self) -> AbstractExchange:
        async with self._opening:
            if self._exchange is not None and self._connection is not None and not self._connection.is_closed:
                return self._exchange
            await self._let_go()
            try:
                async with asyncio.timeout(self._timeout):
                    self._exchange = await self._connect()
            except ImportError as error:
                raise MissingExtra("An event broker in RabbitMQ", "rabbitmq") from error
            except Exception as error:
                await self._let_go()
                raise self._failed(error) from error
            return self._exchange

    async def _connect(self) -> AbstractExchange:
        import aio_pika

        self._connection = await aio_pika.connect(self._url, ssl_context=self._tls)
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        # As Rasa declares them: another kind under the same name is refused by RabbitMQ.
        exchange = await channel.declare_exchange(self._exchange_name, aio_pika.ExchangeType.FANOUT)
        for name in self._queues:
            queue = await channel.declare_queue(name, durable=True)
            await queue.bind(exchange, "")
        return exchange

    async def _let_go(self) -> None:
        connection, self._connection, self._exchange = self._connection, None, None
        if connection is not None:
            with suppress(Exception):  # it may be broken already
                async with asyncio.timeout(2.0):
                    await connection.close()

    def _failed(self, error: Exception) -> Exception:
        said = str(error) or type(error).__name__
        hint = "Check that RabbitMQ is there, and the options of event_broker."
        return StoreError(f"RabbitMQ does not take events: {said}.", where=self.place, hint=hint)


def _address(options: Options) -> str:
    host = str(options.get("url") or options.get("host") or "localhost")
    user, password = options.get("username"), options.get("password")
    login = f"{quote(str(user), safe='')}:{quote(str(password or ''), safe='')}@" if user else ""
    if not host.startswith("amqp"):
        name, port = host_and_port(host, options, 5672, WHERE)
        return f"amqp://{login}{name}:{port or 5672}/"
    parts = urlsplit(host)
    if parts.scheme not in ("amqp", "amqps"):
        raise ConfigError(
            "The address of RabbitMQ cannot be read.", where=WHERE, hint="Write amqp://host:5672."
        )
    there = parts.netloc.rpartition("@")[2]
    _, port = host_and_port(there, options, 5672, WHERE)
    if port and f":{port}" not in there:
        there = f"{there}:{port}"
    given = parts.netloc.rpartition("@")[0]
    return urlunsplit(
        parts._replace(netloc=(f"{given}@" if given else login) + there, path=parts.path or "/")
    )


def _tls(url: str) -> ssl.SSLContext | None:
    """Return how to speak over TLS; None where the address is not amqps. Raises ConfigError."""
    certificate, key = os.environ.get(CERTIFICATE), os.environ.get(KEY)
    parts = urlsplit(url)
    if parts.scheme != "amqps":
        return None
    asked = parse_qs(parts.query)
    authority = next((asked[name][0] for name in ("cacertfile", "cafile", "ca_certs") if name in asked), None)
    try:
        context = ssl.create_default_context(cafile=authority)
        if certificate and key:
            context.load_cert_chain(certificate, key)
    except OSError as error:
        what = f"A certificate for RabbitMQ cannot be read ({error})."
        raise ConfigError(
            what, where=WHERE, hint=f"Check cacertfile in the address, {CERTIFICATE} and {KEY}."
        ) from error
    return context

"""What `endpoints.yml` says about a Redis server, checked: Rasa's options, and a few more."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from frontdesk.core.options import tell_unknown
from frontdesk.errors import ConfigError, MissingExtra, StoreError
from frontdesk.stores.sections import host_and_port, positive

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger("frontdesk.stores")

_TLS = ("ssl_certfile", "ssl_keyfile", "ssl_ca_certs")
KNOWN = frozenset(
    {"type", "url", "host", "port", "db", "username", "password", "use_ssl", "key_prefix", "timeout"}
    | {"socket_timeout", *_TLS}
)
PORT = 6379
_KEPT_ALIVE: Mapping[str, Any] = {
    "socket_keepalive": True,
    "socket_keepalive_options": {
        getattr(socket, name): seconds
        for name, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    },
}
"""A connection that nobody uses is neither forgotten by what stands between, nor taken for alive for hours."""
CONNECTIONS = 16
"""To one Redis, of one store: commands are short, and more would only wait there instead of here."""


@dataclass(frozen=True, slots=True)
class RedisOptions:
    """Where a Redis server is and how to speak to it.

    `timeout` is how many seconds an operation waits for a server that is away; `place` names the server in errors,
    without the password.
    """

    place: str
    prefix: str
    timeout: float
    url: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    encrypted: bool = False


def read_redis_options(
    options: Mapping[str, Any],
    section: str,
    prefix: str,
    more: frozenset[str] = frozenset(),
    *,
    database: int = 0,
) -> RedisOptions:
    """Return the options of a section of endpoints.yml. Raises ConfigError naming the option and what it may hold.

    As in Rasa, `url` (or `host`) is a host name; a whole address (redis://, rediss://, unix://) does as well. `prefix`
    stands before every key, behind `key_prefix` where that is given; `more` are options beside those of the server;
    `database` is the number of the one that is taken where none is named.
    """
    where = f"endpoints.yml: {section}"
    tell_unknown(where, sorted(options), KNOWN | more)
    host = str(options.get("url") or options.get("host") or "localhost")
    given = {name: options.get(name) for name in ("username", "password") if options.get(name) is not None}
    arguments: dict[str, Any] = {name: str(value) for name, value in given.items()}
    arguments["socket_timeout"] = positive(options, "socket_timeout", 4.5, where)
    encrypted = str(options.get("use_ssl")).lower() == "true" or host.startswith("rediss://")
    if encrypted:
        arguments |= {name: str(options[name]) for name in _TLS if options.get(name)}
    found = RedisOptions(
        place=host,
        prefix=_prefix(options.get("key_prefix"), prefix, where),
        timeout=positive(options, "timeout", 4.5, where),
        arguments=arguments,
        encrypted=encrypted,
    )
    return _addressed(found, {"db": database, **options}, host, where)


def _addressed(found: RedisOptions, options: Mapping[str, Any], host: str, where: str) -> RedisOptions:
    database = _database(options.get("db"), where)
    if "://" in host:
        parts = urlsplit(host)
        if parts.scheme not in ("redis", "rediss", "unix"):
            hint = "Write it like redis://:password@host:6379/0, or name a host."
            raise ConfigError("The address of Redis cannot be read.", where=where, hint=hint)
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return replace(found, url=host, place=place, arguments={**found.arguments, "db": database})
    name, port = host_and_port(host, options, PORT, where)
    address = {"host": name, "port": port or PORT, "db": database}
    place = f"{name}:{address['port']}/{database}"
    return replace(found, place=place, arguments={**found.arguments, **address})


def _database(value: object, where: str) -> int:
    text = "0" if value is None or value == "" else str(value)
    if not text.isdigit():
        raise ConfigError(f"'db' is '{value}'.", where=where, hint="Redis numbers its databases: 0 to 15.")
    return int(text)


def _prefix(value: object, prefix: str, where: str) -> str:
    if value is None or value == "":
        return prefix
    if not str(value).isalnum():
        log.warning("%s: 'key_prefix' may hold letters and digits only; as in Rasa it is left out.", where)
        return prefix
    return f"{value}:{prefix}"


def connect(options: RedisOptions, part: str) -> Redis:
    """Return a client that connects when it is first used. Raises MissingExtra, naming `part`."""
    try:
        from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError as error:
        raise MissingExtra(part, "redis") from error
    common: dict[str, Any] = {
        "max_connections": CONNECTIONS,
        "timeout": options.timeout,
        "socket_connect_timeout": 3.0,
        "decode_responses": True,
        "retry": Retry(NoBackoff(), 0),  # who calls knows what may be repeated, and for how long
        **options.arguments,
    }
    if not (options.url or "").startswith("unix://"):
        common |= _KEPT_ALIVE
    if options.url is not None:
        return Redis.from_pool(BlockingConnectionPool.from_url(options.url, **common))
    kind = SSLConnection if options.encrypted else Connection
    return Redis.from_pool(BlockingConnectionPool(connection_class=kind, **common))


def failures() -> tuple[type[Exception], ...]:
    """Return the errors that a client raises where Redis is away, is full, or says no."""
    from redis.exceptions import RedisError

    return (RedisError, OSError, asyncio.TimeoutError)


async def end(*tasks: asyncio.Task[Any]) -> None:
    """End tasks that speak with Redis: its client may take a cancellation for its own time limit, and go on."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.5)


def as_store_error(error: Exception, what: str, place: str, section: str) -> StoreError:
    """Return a StoreError for what Redis or its client said; keys and values stay out of the sentence."""
    reason = str(error).strip().partition("\n")[0].partition(" script:")[0] or type(error).__name__
    hint = f"Check that Redis is there, that it has memory left, and the options of {section}."
    found = StoreError(f"{what} failed: {reason}.", where=place, hint=hint)
    found.__cause__ = error
    return found

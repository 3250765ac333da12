"""What processes tell each other over a real Redis."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from frontdesk.stores import exchange as module
from frontdesk.stores.exchange import NoExchange, RedisExchange, exchange_of
from frontdesk.stores.locks import MemoryLockStore
from frontdesk.stores.redis_locks import RedisLockStore
from frontdesk.stores.redis_options import connect, read_redis_options
from frontdesk.testing import servers
from tests.conftest import PATIENCE

Heard = asyncio.Queue[Any]


@pytest.fixture(scope="module")
def own_redis() -> Iterator[servers.Server]:
    with servers.redis() as server:
        yield server


@pytest.fixture
async def three(own_redis: servers.Server) -> AsyncIterator[list[tuple[RedisExchange, Heard]]]:
    """Three processes on one database that listen to news."""
    url = own_redis.new_database()
    made = []
    for _ in range(3):
        exchange, heard = RedisExchange({"url": url, "timeout": PATIENCE}), Heard()
        exchange.listen("news", heard.put)
        await exchange.start()
        made.append((exchange, heard))
    yield made
    for exchange, _ in made:
        await exchange.close()


class Nat:
    """Stands between a process and Redis, and may forget its connections: nothing passes, and nobody is told."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.forgotten: list[asyncio.Task[None]] = []
        self._passing: list[asyncio.Task[None]] = []

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1")
        return int(self._server.sockets[0].getsockname()[1])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, to = await asyncio.open_connection("127.0.0.1", self.port)
        self._passing += [asyncio.create_task(self._pass(reader, to))]
        self._passing += [asyncio.create_task(self._pass(theirs, writer))]

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while part := await reader.read(65_536):
                if asyncio.current_task() not in self.forgotten:
                    writer.write(part)
        finally:
            writer.close()

    def forget(self) -> None:
        """Let nothing pass any more over the connections that there are."""
        self.forgotten += self._passing
        self._passing = []

    async def stop(self) -> None:
        self._server.close()
        tasks = [*self._passing, *self.forgotten]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def nat(own_redis: servers.Server) -> AsyncIterator[tuple[Nat, str, str]]:
    """What may forget connections, and how a database is reached through it and without it."""
    found = Nat(own_redis.port)
    port = await found.start()
    direct = own_redis.new_database()
    yield found, direct.replace(f":{own_redis.port}", f":{port}"), direct
    await found.stop()


async def next_of(heard: Heard) -> Any:
    return await asyncio.wait_for(heard.get(), PATIENCE)


async def test_all_others_hear_in_order(three: list[tuple[RedisExchange, Heard]]) -> None:
    (one, own), *others = three
    for number in range(20):
        await one.tell("news", {"number": number})
    await one.tell("weather", {"rain": True})
    for _, heard in others:
        assert [await next_of(heard) for _ in range(20)] == [{"number": n} for n in range(20)]
        assert heard.empty()
    assert own.empty(), "who tells does not hear itself"


async def test_another_database_is_another_installation(
    three: list[tuple[RedisExchange, Heard]], own_redis: servers.Server
) -> None:
    stranger = RedisExchange({"url": own_redis.new_database()})
    await stranger.tell("news", {"number": 1})
    await three[0][0].tell("news", {"number": 2})
    assert await next_of(three[1][1]) == {"number": 2}
    await stranger.close()


async def test_it_listens_again_after_redis_was_away_and_nobody_waits_for_it(
    three: list[tuple[RedisExchange, Heard]],
    own_redis: servers.Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "PAUSE", PATIENCE)
    (one, _), (_, heard), _ = three
    own_redis.stop()
    await one.tell("news", {"number": 1})
    await one.tell("news", {"number": 2})
    assert caplog.text.count("could not be told") == 1
    own_redis.start()
    one._quiet_until = 0.0  # after the pause
    number = 2
    while heard.empty():
        number += 1
        await one.tell("news", {"number": number})
        await asyncio.sleep(0.05)
    assert (await next_of(heard))["number"] > 2


async def test_what_was_told_while_a_connection_was_dead_is_heard_once_and_in_order(
    nat: tuple[Nat, str, str],
) -> None:
    between, url, direct = nat
    cut, teller, heard = (
        RedisExchange({"url": url, "socket_timeout": 0.4}),
        RedisExchange({"url": direct}),
        Heard(),
    )
    cut.listen("news", heard.put)
    await cut.start()
    await teller.tell("news", {"number": 0})
    assert await next_of(heard) == {"number": 0}
    for turn in range(2):
        between.forget()
        for number in range(3):
            await teller.tell("news", {"turn": turn, "number": number})
        assert [await next_of(heard) for _ in range(3)] == [{"turn": turn, "number": n} for n in range(3)]
    assert heard.empty()
    await cut.close()
    await teller.close()


async def test_who_tells_over_a_dead_connection_does_so_anew(
    nat: tuple[Nat, str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    between, url, direct = nat
    one, two, heard = RedisExchange({"url": url}), RedisExchange({"url": direct}), Heard()
    two.listen("news", heard.put)
    await two.start()
    await asyncio.gather(*(one.tell("news", {"number": 0}) for _ in range(5)))  # over several connections
    assert [await next_of(heard) for _ in range(5)] == [{"number": 0}] * 5
    between.forget()
    assert one._client is not None
    for connection in one._client.connection_pool._available_connections:
        connection.socket_timeout = 0.4  # only of those that are dead, so that it shows soon
    await one.tell("news", {"number": 1})
    assert caplog.text.count("could not be told") == 1
    await one.tell("news", {"number": 2})
    assert await next_of(heard) == {"number": 2}
    assert caplog.text.count("could not be told") == 1
    await one.close()
    await two.close()


async def test_what_was_told_is_kept_for_a_minute_only(
    three: list[tuple[RedisExchange, Heard]], own_redis: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, _), (_, heard), _ = three
    url = own_redis.new_database().rpartition("/")
    client = connect(read_redis_options({"url": f"{url[0]}/{int(url[2]) - 1}"}, "x", ""), "A test")
    monkeypatch.setattr(module, "KEPT", 0.2)
    await one.tell("news", {"number": 1})
    assert await next_of(heard) == {"number": 1}
    await asyncio.sleep(0.3)
    assert await client.keys("*") == []
    monkeypatch.setattr(module, "KEPT", 60.0)
    await one.tell("news", {"number": 2})
    assert await next_of(heard) == {"number": 2}
    kept: Any = await client.xrange("exchange:news")
    assert [json.loads(entry["told"])[1] for _, entry in kept] == [{"number": 2}]
    assert 0 < await client.ttl("exchange:news") <= 60
    await client.aclose()


async def test_one_listener_that_fails_ends_nothing(three: list[tuple[RedisExchange, Heard]]) -> None:
    (one, _), (two, heard), _ = three

    async def broken(content: Any) -> None:
        if content["number"] == 1:
            raise ValueError(content)
        await heard.put(content)

    await two.close()
    two.listen("news", broken)
    await two.start()
    for number in (1, 2):
        await one.tell("news", {"number": number})
    assert await next_of(heard) == {"number": 2}


async def test_a_lock_store_says_how_its_processes_tell_each_other() -> None:
    assert isinstance(exchange_of(RedisLockStore({})), RedisExchange)
    alone = exchange_of(MemoryLockStore())
    assert isinstance(alone, NoExchange)
    alone.listen("news", Heard().put)
    await alone.start()
    await alone.tell("news", {})
    await alone.close()

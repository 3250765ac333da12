"""What processes tell each other over a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from frontdesk.stores.exchange import NoExchange, RedisExchange, exchange_of
from frontdesk.stores.locks import MemoryLockStore
from frontdesk.stores.redis_locks import RedisLockStore
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
        exchange, heard = RedisExchange({"url": url, "timeout": 1}), Heard()
        exchange.listen("news", heard.put)
        await exchange.start()
        made.append((exchange, heard))
    yield made
    for exchange, _ in made:
        await exchange.close()


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
    caplog: pytest.LogCaptureFixture,
) -> None:
    (one, _), (_, heard), _ = three
    own_redis.stop()
    await one.tell("news", {"number": 1})
    await one.tell("news", {"number": 2})
    assert caplog.text.count("could not be told") == 1
    own_redis.start()
    number = 2
    while heard.empty():
        number += 1
        await one.tell("news", {"number": number})
        await asyncio.sleep(0.05)
    assert (await next_of(heard))["number"] > 2


async def test_one_listener_that_fails_ends_nothing(three: list[tuple[RedisExchange, Heard]]) -> None:
    (one, _), (two, heard), _ = three

    async def broken(content: Any) -> None:
        if content["number"] == 1:
            raise ValueError(content)
        await heard.put(content)

    two.listen("news", broken)
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

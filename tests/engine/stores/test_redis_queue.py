"""The queue on a real Redis: each message to one worker, to another one where that ends, and none twice in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from frontdesk.core.ports import Delivery
from frontdesk.errors import ConfigError, Overloaded, StoreError
from frontdesk.stores.redis_queue import GROUP, RedisQueue, Ticket
from frontdesk.testing import servers

LIFETIME = 60.0


def message(number: int) -> Delivery:
    return Delivery("rest", "ann: {}", f"m{number}")


@pytest.fixture
async def queue(redis: servers.Server) -> AsyncIterator[RedisQueue]:
    where = redis.new_database()
    servers.run_redis(where, "FLUSHDB")
    found = RedisQueue({"url": where, "limit": 3, "lifetime": LIFETIME})
    assert await found.prepare()
    yield found
    await found.close()


def let_time_pass(queue: RedisQueue, worker: str, tickets: list[Ticket]) -> None:
    """Let it be as long ago that a worker gave signs of life as its messages are kept for it."""
    ids, idle = [ticket.id for ticket in tickets], int(1000 * LIFETIME)
    url = str(queue.options["url"])
    servers.run_redis(url, "XCLAIM", queue._stream, GROUP, worker, 0, *ids, "IDLE", idle, "JUSTID")


async def deliveries(queue: RedisQueue, worker: str = "one") -> list[Delivery]:
    return [ticket.delivery for ticket in await queue.take(worker, 10)]


async def test_first_in_first_out_each_once(queue: RedisQueue) -> None:
    assert [await queue.put(message(n), "front-1") for n in (1, 2, 1)] == [True, True, False]
    [first] = await queue.take("one", 1)
    assert (first.delivery, first.front) == (message(1), "front-1")
    assert await deliveries(queue, "two") == [message(2)]
    assert await queue.length() == 2, "until they are done"
    await queue.done(first)
    assert await queue.length() == 1
    assert await queue.missing([message(1), message(2), message(3)]) == [message(1), message(3)]
    assert await queue.put(message(1)), "it may come again"
    assert not await queue.prepare()


async def test_it_takes_no_more_than_its_limit(queue: RedisQueue) -> None:
    for number in range(3):
        await queue.check_room()
        await queue.put(message(number))
    with pytest.raises(Overloaded):
        await queue.check_room()
    [first] = await queue.take("one", 1)
    await queue.done(first)
    await queue.check_room()


async def test_messages_of_a_worker_that_gives_no_sign_of_life_go_to_another_one(queue: RedisQueue) -> None:
    for number in (1, 2):
        await queue.put(message(number))
    mine: list[Ticket] = await queue.take("one", 2)
    assert await queue.claim("two", 5) == [], "it has just begun"
    let_time_pass(queue, "one", mine)
    await queue.keep("one", mine[:1])
    assert [ticket.delivery for ticket in await queue.claim("two", 5)] == [message(2)]
    assert await queue.claim("three", 5) == []
    await queue.leave("one")
    await queue.done(mine[0])
    await queue.done(mine[1])
    for worker in ("one", "two"):
        await queue.leave(worker)
    assert await queue.length() == 0


async def test_a_place_of_before_is_not_taken_for_the_one_of_now(queue: RedisQueue) -> None:
    await queue.put(message(1))
    [old] = await queue.take("one", 1)
    await queue.done(old)
    await queue.put(message(1))
    await queue.done(old)
    assert await deliveries(queue) == [message(1)]
    assert await queue.missing([message(1)]) == []


async def test_dead_letters(queue: RedisQueue) -> None:
    for number in (1, 2):
        await queue.bury(message(number))
    letters = await queue.dead()
    assert [letter.delivery for letter in letters] == [message(1), message(2)]
    await queue.forget(letters[0])
    assert [letter.delivery for letter in await queue.dead()] == [message(2)]


async def test_something_is_done_by_one_in_a_while(queue: RedisQueue) -> None:
    assert [await queue.first("refilling", 60) for _ in range(3)] == [True, False, False]


async def test_a_redis_that_is_away_or_came_back_empty_is_told(queue: RedisQueue) -> None:
    servers.run_redis(str(queue.options["url"]), "FLUSHDB")
    with pytest.raises(StoreError, match="NOGROUP"):
        await queue.take("one", 1)
    assert await queue.prepare()
    assert await queue.take("one", 1) == []
    away = RedisQueue({"url": "127.0.0.1", "port": 1})
    with pytest.raises(StoreError, match="The queue failed"):
        await away.put(message(1))
    await away.close()


def test_options_that_cannot_be_meant() -> None:
    with pytest.raises(ConfigError, match="'limit' is '0'"):
        RedisQueue({"limit": 0})

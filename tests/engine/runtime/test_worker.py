"""A front server and a worker of the queue mode, over a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import AuthError, LimitError, Overloaded, StoreError
from frontdesk.runtime import front as fronts
from frontdesk.runtime import worker as workers
from frontdesk.runtime.agent import APOLOGY, STARTS
from frontdesk.runtime.front import Front
from frontdesk.runtime.outlets import Outlets
from frontdesk.runtime.worker import QueueWorker
from frontdesk.settings import Settings
from frontdesk.stores.exchange import RedisExchange
from frontdesk.stores.redis_queue import RedisQueue
from frontdesk.testing import servers
from tests.conftest import PATIENCE
from tests.engine.runtime.conftest import Desk, fill_disk
from tests.engine.runtime.test_accepting import Pigeons


def message(text: str, number: str = "m1", channel: str = "rest", **more: Any) -> UserMessage:
    return UserMessage(text, "ann", channel, number, **more)


@dataclass
class Office:
    """A front server and a worker that has not begun."""

    front: Front
    worker: QueueWorker
    queue: RedisQueue
    desk: Desk

    async def receive(self, *given: Any, **more: Any) -> list[str]:
        said = await asyncio.wait_for(self.front.receive(message(*given, **more)), PATIENCE)
        return [reply["text"] for reply in said]

    async def emptied(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.queue.length():
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Let the worker answer."""
        running = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            self.worker.stop()
            await running
            await self.worker.finish(PATIENCE)
            await self.worker.queue.close()

    async def claimed(self) -> list[str]:
        """Let a worker that went silent have a message; returns what the other one answers."""
        await self.queue.prepare()
        asking = asyncio.create_task(self.receive("count"))
        async with asyncio.timeout(PATIENCE):
            while not await self.queue.take("gone", 1):
                await asyncio.sleep(0.02)
        async with self.at_work():
            return await asking


@pytest.fixture
async def office(desk: Desk, redis: servers.Server) -> AsyncIterator[Office]:
    where = redis.new_database()
    servers.run_redis(where, "FLUSHDB")
    options = {"url": where, "limit": 2, "lifetime": 0.6}
    queue = RedisQueue(options)
    desk.agent.exchange = RedisExchange({"url": where})
    front = Front(desk.store, queue, RedisExchange({"url": where}), Settings(max_message=100))
    await front.exchange.start()
    yield Office(front, QueueWorker(desk.agent, RedisQueue(options)), queue, desk)
    await desk.agent.exchange.close()
    await front.exchange.close()
    await queue.close()


@pytest.fixture
async def open_office(office: Office) -> AsyncIterator[Office]:
    """The same with the worker at work."""
    async with office.at_work():
        yield office


async def test_the_worker_answers_and_a_repeat_gets_the_same(
    open_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fronts, "LOOK_FIRST", PATIENCE)  # told, and not looked up
    heard: list[Any] = []

    async def hear(reply: Mapping[str, Any]) -> None:
        heard.append(reply["text"])

    said = await open_office.front.receive(message("twice"), hear)
    assert heard == [reply["text"] for reply in said] == ["Number 1", "Number 2"]
    assert await open_office.receive("twice") == heard
    both = await asyncio.gather(*(open_office.receive("count", "m2") for _ in range(2)))
    assert both == [["Number 3"]] * 2
    await open_office.emptied()
    assert len(open_office.desk.server.calls) == 3
    for tracker in (await open_office.front.latest("ann"), await open_office.front.tracker("ann")):
        assert tracker.latest_message is not None
        assert tracker.latest_message.text == "count"


async def test_an_answer_that_was_not_heard_of_is_looked_up(
    open_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fronts, "LOOK_FIRST", 0.1)
    await open_office.front.exchange.close()
    assert await open_office.receive("hello") == ["Hello!"]


async def test_what_is_refused_is_not_written_down(office: Office) -> None:
    with pytest.raises(LimitError):
        await office.receive("x" * 101)
    for number in ("m1", "m2"):
        await office.queue.put(Delivery("rest", "bob", number))
    with pytest.raises(Overloaded):
        await office.receive("hello")
    with pytest.raises(Overloaded):
        await office.front.accept(message("hello"), Pigeons().bring)
    assert await office.desk.store.unfinished(0) == []


async def test_somebody_else_is_refused_by_the_worker_too(open_office: Office) -> None:
    assert await open_office.receive("hello", authenticated=True) == ["Hello!"]
    with pytest.raises(AuthError):
        await open_office.receive("count", "m2")
    with pytest.raises(AuthError):
        await open_office.receive("hello")
    await open_office.emptied()
    assert open_office.desk.server.calls == []


async def test_channels_whose_clients_do_not_wait_are_served_by_the_worker(open_office: Office) -> None:
    at_worker, at_front = Pigeons(), Pigeons()
    open_office.desk.agent.outlets = Outlets([at_worker])
    open_office.front.outlets = Outlets([at_front])
    assert await open_office.front.accept(message("hello", channel="pigeon"), at_front.bring)
    await open_office.emptied()
    assert not await open_office.front.accept(message("hello", channel="pigeon"), at_front.bring)
    said = await open_office.front.receive(message("count", "m2", channel="pigeon"), at_front.bring)
    assert [reply["text"] for reply in said] == ["Number 1"]
    assert (at_worker.brought, at_front.brought) == (["Hello!", "Number 1"], [])


async def test_what_cannot_be_stored_stays_in_the_queue(
    open_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(open_office.desk, monkeypatch, 2)
    assert await open_office.receive("count") == ["Number 1"]
    assert len({call.idempotency_key for call in open_office.desk.server.calls}) == 1


async def test_what_another_worker_answers_meanwhile_is_owed_no_more(
    open_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, save = open_office.desk, open_office.desk.store.save

    async def answered_elsewhere(commit: Commit) -> None:
        await save(commit)
        if commit.delivery is not None:
            raise StoreError("The answer of the database was lost.")

    monkeypatch.setattr(desk.store, "save", answered_elsewhere)
    assert await open_office.receive("count") == ["Number 1"]
    monkeypatch.undo()
    await open_office.emptied()
    assert len(desk.server.calls) == 1
    assert desk.agent._line.owed.all() == []


async def test_a_database_that_fails_gives_up_no_message_that_was_claimed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(office.desk, monkeypatch, STARTS + 1)
    monkeypatch.setattr(workers, "AGAIN_AFTER", 0.01)
    assert await office.claimed() == ["Number 1"]


async def test_a_failed_turn_is_a_dead_letter(open_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr(type(open_office.desk.agent.processor), "handle", broken)
    assert await open_office.receive("hello") == [APOLOGY]
    await open_office.emptied()
    assert [letter.delivery for letter in await open_office.queue.dead()] == [Delivery("rest", "ann", "m1")]


async def test_an_empty_queue_is_filled_from_the_inbox(office: Office) -> None:
    for number in ("m1", "m2", "m3"):
        given = message("count", number)
        assert await office.desk.store.begin(Delivery("rest", "ann", number), given) is None
    async with office.at_work(), asyncio.timeout(PATIENCE):
        while await office.desk.store.unfinished(0):
            await asyncio.sleep(0.02)
        await office.emptied()
    assert [call.message_id for call in office.desk.server.calls] == ["m1", "m2", "m3"]


async def test_messages_of_a_worker_that_went_silent_are_claimed(office: Office) -> None:
    assert await office.claimed() == ["Number 1"]

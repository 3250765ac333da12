"""The tracker store in Redis: the contract, what Rasa kept there, and a Redis that goes away."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import ConfigError, StaleConversation, StoreError
from frontdesk.stores import rows
from frontdesk.stores.redis_options import connect, read_redis_options
from frontdesk.stores.redis_tracker import RedisTrackerStore
from frontdesk.testing import servers
from frontdesk.testing.contracts.erasure import ErasureContract, SharedErasureContract
from frontdesk.testing.contracts.noticing import NoticingContract
from frontdesk.testing.contracts.outbox import OutboxContract
from frontdesk.testing.contracts.tracker_store import (
    OpenStore,
    SharedTrackerStoreContract,
    TrackerStoreContract,
    all_senders,
    opening,
    said,
    session,
    stored,
    texts,
)
from frontdesk.testing.servers import Server, run_redis
from tests.engine.stores.test_sql import RASA_EVENTS


@pytest.fixture
def redis_url(redis: Server) -> str:
    """An empty database."""
    url = redis.new_database()
    run_redis(url, "FLUSHDB")
    return url


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisTrackerStore]:
    store = RedisTrackerStore({"url": redis_url})
    yield store
    await store.close()


class TestRedisTrackerStore(TrackerStoreContract, OutboxContract, ErasureContract, NoticingContract):
    pass


async def test_what_rasa_kept_of_a_conversation_is_erased_too(
    store: RedisTrackerStore, redis_url: str
) -> None:
    client = connect(read_redis_options({"url": redis_url}, "x", ""), "A test")
    await client.set("tracker:ann", json.dumps({"events": [{"event": "slot", "name": "a", "value": 1}]}))
    assert (await store.load("ann")).events
    assert await store.erase("ann") is True
    assert not (await store.load("ann")).events
    assert await client.keys("*ann*") == []
    await client.aclose()


@pytest.mark.parametrize("odd", ["message:hello", "message:1", 'message:["rest"]'])
async def test_rasas_conversations_may_be_called_anything(
    store: RedisTrackerStore, redis_url: str, odd: str
) -> None:
    run_redis(redis_url, "SET", f"tracker:{odd}", '{"sender_id": "", "events": []}')
    await store.save(Commit("ann", [said("secret")], 0))
    assert await store.erase("ann") is True
    assert await store.erase(odd) is True
    assert await all_senders(store) == []


class TestSharedRedis(SharedTrackerStoreContract, SharedErasureContract):
    @pytest.fixture
    async def open_store(self, redis_url: str) -> AsyncIterator[OpenStore]:
        async with opening(lambda: RedisTrackerStore({"url": redis_url})) as open_one:
            yield open_one


class TestWhatRasaKept:
    def keep(self, url: str, sender_id: str, value: Any) -> None:
        run_redis(url, "SET", f"tracker:{sender_id}", value if isinstance(value, str) else json.dumps(value))

    async def test_it_goes_on(self, store: RedisTrackerStore, redis_url: str) -> None:
        kept = {"events": RASA_EVENTS, "name": "ann"}
        self.keep(redis_url, "ann", kept)
        self.keep(redis_url, "bob", {"events": RASA_EVENTS[:3], "name": "bob"})
        assert await all_senders(store) == ["ann", "bob"]
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (3, ["new"])
        assert texts(await store.load("bob")) == ["old"]
        await store.save(Commit("ann", [said("next")], stored(found)))
        assert texts(await store.load("ann", whole=True)) == ["old", "new", "next"]
        assert await all_senders(store) == ["ann", "bob"]
        assert json.loads(run_redis(redis_url, "GET", "tracker:ann")) == kept, "Rasa finds its own as it was"

    async def test_many_look_at_once(self, store: RedisTrackerStore, redis_url: str) -> None:
        self.keep(redis_url, "ann", {"events": RASA_EVENTS, "name": "ann"})
        found = await asyncio.gather(*(store.load("ann") for _ in range(20)))
        assert {stored(conversation) for conversation in found} == {7}

    @pytest.mark.parametrize("value", ["{", "[]", '"text"', '{"name": "ann"}', "\\x80\\x03pickle"])
    async def test_what_cannot_be_read_is_told(
        self, store: RedisTrackerStore, redis_url: str, caplog: pytest.LogCaptureFixture, value: str
    ) -> None:
        self.keep(redis_url, "ann", value)
        with caplog.at_level(logging.ERROR, "frontdesk.stores"):
            assert texts(await store.load("ann")) == []
        assert "what Rasa kept of a conversation cannot be read" in caplog.text
        found = await store.load("ann")
        await store.save(Commit("ann", [said("hi")], stored(found)))
        assert texts(await store.load("ann")) == ["hi"]


async def test_an_event_that_cannot_be_read_costs_itself_only(
    store: RedisTrackerStore, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await store.save(Commit("zoe", session(said("one")), 0))
    run_redis(redis_url, "RPUSH", "tracker:events:zoe", "{not json")
    await store.save(Commit("zoe", [said("two")], 4))
    found = await store.load("zoe")
    assert (stored(found), texts(found)) == (5, ["one", "two"])
    assert "event 3 cannot be read" in caplog.text
    assert "zoe" not in caplog.text


async def test_what_was_read_before_is_not_read_again(
    store: RedisTrackerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.save(Commit("ann", [said(str(n)) for n in range(2_000)], 0))
    await store.save(Commit("ann", session(said("new")), 2_000))
    read: list[str] = []
    before = rows.event_from_json
    monkeypatch.setattr(rows, "event_from_json", lambda text: (read.append(text), before(text))[1])
    for n, text in enumerate(("next", "last")):
        assert (await store.load("ann")).offset == 2_000
        await store.save(Commit("ann", [said(text)], 2_003 + n))
    assert texts(await store.load("ann")) == ["new", "next", "last"]
    assert len(read) == 3 + 2 + 2, "the last one that was read comes again"
    assert stored(await store.load("ann", whole=True)) == 2_005
    await store.save(Commit("ann", session(said("another")), 2_005))
    assert texts(await store.load("ann")) == ["another"]


async def test_a_conversation_that_was_forgotten_and_began_anew(
    store: RedisTrackerStore, redis_url: str
) -> None:
    for texts_before, texts_now in ((2, 5), (5, 3), (3, 3), (3, 0)):
        await store.save(Commit("ann", [said(f"old {n}") for n in range(texts_before)], 0))
        assert stored(await store.load("ann")) == texts_before
        run_redis(redis_url, "FLUSHDB")
        await store.save(Commit("ann", [said(f"new {n}") for n in range(texts_now)], 0))
        assert texts(await store.load("ann")) == [f"new {n}" for n in range(texts_now)]
        run_redis(redis_url, "FLUSHDB")


async def test_conversations_expire_where_that_is_asked_for(redis_url: str) -> None:
    store = RedisTrackerStore({"url": redis_url, "record_exp": 600.0})
    await store.save(Commit("ann", session(said("hi")), 0))
    await store.save(Commit("bob", [said("hi")], 0))
    for key in ("tracker:events:ann", "tracker:state:ann", "tracker:events:bob"):
        assert 0 < run_redis(redis_url, "TTL", key) <= 600
        run_redis(redis_url, "PEXPIRE", key, 1)  # ten minutes later
    async with asyncio.timeout(30):
        while run_redis(redis_url, "EXISTS", "tracker:events:ann", "tracker:state:ann", "tracker:events:bob"):
            await asyncio.sleep(0.01)
    assert await store.newest(10) == []
    assert await all_senders(store) == []
    await store.save(Commit("ann", [said("again")], 0))
    assert texts(await store.load("ann")) == ["again"]
    await store.close()


async def test_answered_messages_are_forgotten_after_some_days(
    store: RedisTrackerStore, redis_url: str
) -> None:
    delivery = Delivery("rest", "ann", "m1")
    await store.begin(delivery, UserMessage("hi", "ann", "rest", "m1"))
    (key,) = run_redis(redis_url, "KEYS", "tracker:message:*")
    assert run_redis(redis_url, "TTL", key) == -1, "never while it waits"
    await store.save(Commit("ann", [], 0, delivery, []))
    assert 0 < run_redis(redis_url, "TTL", key) <= 7 * 86_400
    assert run_redis(redis_url, "EXISTS", "tracker:open", "tracker:open:ann") == 0


class TestRedisThatFails:
    @pytest.fixture
    def server(self) -> Iterator[Server]:
        with servers.redis() as server:
            yield server

    async def test_away_and_back(self, server: Server) -> None:
        store = RedisTrackerStore({"url": server.new_database(), "timeout": 0.5})
        server.stop()
        with pytest.raises(StoreError, match="database of conversations failed") as caught:
            await store.load("ann")
        assert str(server.port) in str(caught.value)
        server.start()
        await store.save(Commit("ann", [said("hi")], 0))
        assert texts(await store.load("ann")) == ["hi"]
        await store.close()

    async def test_full(self, server: Server) -> None:
        store = RedisTrackerStore({"url": server.new_database()})
        url = str(store.options["url"])
        delivery, message = Delivery("rest", "ann", "m1"), UserMessage("hi", "ann", "rest", "m1")
        await store.begin(delivery, message)
        await store.save(Commit("ann", [said("one")], 0))
        run_redis(url, "CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreError, match="memory"):
            await store.save(Commit("ann", [said("two")], 1, delivery, [{"text": "Hello"}]))
        run_redis(url, "CONFIG", "SET", "maxmemory", "0")
        assert stored(await store.load("ann")) == 1, "nothing was half-written"
        await store.save(Commit("ann", [said("two")], 1, delivery, [{"text": "Hello"}]))
        with pytest.raises(StaleConversation):
            await store.save(Commit("ann", [said("late")], 1))
        await store.close()


@pytest.mark.parametrize(
    ("options", "wrong"), [({"record_exp": "soon"}, "'record_exp'"), ({"db": "x"}, "'db' is 'x'")]
)
def test_options_that_cannot_be_meant(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong) as caught:
        RedisTrackerStore(options)
    assert "endpoints.yml: tracker_store" in str(caught.value)

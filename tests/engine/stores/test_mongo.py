"""The tracker store in MongoDB: the contract, what Rasa kept there, and a MongoDB that goes away."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pymongo
import pytest

from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import ConfigError, StoreError
from frontdesk.registry import resolve
from frontdesk.stores.mongo import MongoTrackerStore
from frontdesk.testing import cloud_servers
from frontdesk.testing.contracts.erasure import ErasureContract, SharedErasureContract
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
from frontdesk.testing.servers import Server
from tests.engine.stores.test_sql import RASA_EVENTS

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def mongo() -> Iterator[Server]:
    with cloud_servers.secantus("--enable-test-commands") as server:
        yield server


@pytest.fixture
def options(mongo: Server) -> dict[str, Any]:
    """Options that name an empty database."""
    return {"url": f"mongodb://127.0.0.1:{mongo.port}", "db": f"test_{next(NUMBERS)}", "timeout": 30}


@pytest.fixture
async def open_store(options: dict[str, Any]) -> AsyncIterator[OpenStore]:
    async with opening(lambda: MongoTrackerStore(options)) as open_one:
        yield open_one


@pytest.fixture
async def store(open_store: OpenStore) -> Any:
    return await open_store()


class TestMongoTrackerStore(TrackerStoreContract, OutboxContract, ErasureContract):
    pass


class TestSharedMongo(SharedTrackerStoreContract, SharedErasureContract):
    pass


@pytest.fixture
def base(options: dict[str, Any]) -> Iterator[Any]:
    """The database as others see it."""
    with pymongo.MongoClient(options["url"]) as client:
        yield client[options["db"]]


RASAS, OURS = "conversations", "frontdesk_conversations"


class TestWhatRasaKept:
    async def test_it_goes_on(self, store: MongoTrackerStore, base: Any) -> None:
        base[RASAS].insert_many(
            [
                {"sender_id": "ann", "events": RASA_EVENTS, "slots": {}, "latest_message": {}},
                {"sender_id": "bob", "events": RASA_EVENTS[:3]},
            ]
        )
        before = list(base[RASAS].find())
        assert await all_senders(store) == ["ann", "bob"]
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (3, ["new"])
        assert texts(await store.load("bob")) == ["old"]
        await store.save(Commit("ann", [said("next")], stored(found)))
        assert texts(await store.load("ann", whole=True)) == ["old", "new", "next"]
        assert await all_senders(store) == ["ann", "bob"]
        assert stored(await store.load("cem")) == 0
        assert list(base[RASAS].find()) == before, "Rasa finds its own as it was"

    async def test_it_is_erased_too(self, store: MongoTrackerStore, base: Any) -> None:
        base[RASAS].insert_many([{"sender_id": name, "events": RASA_EVENTS} for name in ("ann", "bob", 47)])
        await store.load("ann")
        assert await store.erase("ann") is True
        assert await store.erase("47") is True
        assert stored(await store.load("ann")) == 0
        assert await all_senders(store) == ["bob"]
        assert [one["key"] for one in base[OURS].find() if one["of"].startswith("c:")] == []
        assert await store.erase("ann") is False

    async def test_many_look_at_once(self, store: MongoTrackerStore, base: Any) -> None:
        base[RASAS].insert_one({"sender_id": 4711, "events": RASA_EVENTS})  # an old Rasa's number
        found = await asyncio.gather(*(store.load("4711") for _ in range(20)))
        assert {stored(conversation) for conversation in found} == {7}
        assert await all_senders(store) == ["4711"]

    async def test_another_collection(self, options: dict[str, Any], base: Any) -> None:
        base["talks"].insert_many([{"sender_id": f"u{n:04}", "events": RASA_EVENTS} for n in range(1_100)])
        store = MongoTrackerStore({**options, "collection": "talks"})
        assert await all_senders(store) == [f"u{n:04}" for n in range(1_100)]
        await store.load("u0007")
        assert sorted(item["key"] for item in base["frontdesk_talks"].find({"of": "c:u0007"})) == [
            "e:000000000000",
            "head",
        ]
        await store.close()

    async def test_what_cannot_be_read_is_told(
        self, store: MongoTrackerStore, base: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        base[RASAS].insert_many(
            [
                {"sender_id": "ann", "events": "no list"},
                {"sender_id": "bob", "events": [*RASA_EVENTS[:3], "no event"]},
                {"sender_id": "cem"},
            ]
        )
        with caplog.at_level(logging.ERROR, "frontdesk.stores"):
            found = await store.load("ann")
            assert texts(await store.load("bob")) == ["old"]
            assert texts(await store.load("cem")) == []
        assert "what Rasa kept of a conversation cannot be read" in caplog.text
        assert "event 3 of Rasa's cannot be read" in caplog.text
        await store.save(Commit("ann", [said("hi")], stored(found)))
        assert texts(await store.load("ann")) == ["hi"]


async def test_an_event_that_cannot_be_read_costs_itself_only(
    store: MongoTrackerStore, base: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await store.save(Commit("zoe", session(said("one")), 0))
    which = {"_id": "c:zoe e:000000000000"}
    lines = base[OURS].find_one(which)["text"].split("\n")
    base[OURS].update_one(which, {"$set": {"text": "\n".join([*lines[:2], "{not json"])}})
    await store.save(Commit("zoe", [said("two")], 3))
    found = await store.load("zoe")
    assert (stored(found), texts(found)) == (4, ["two"])
    assert "event 2 cannot be read" in caplog.text
    assert "zoe" not in caplog.text


async def test_a_long_conversation_in_documents_of_a_bearable_size(
    store: MongoTrackerStore, base: Any
) -> None:
    await store.save(Commit("ann", [*session(said("x" * 100_000)), *[said(str(n)) for n in range(2_000)]], 0))
    await store.save(Commit("ann", [*session(said("y")), said("z" * 2_000_000)], 2_003))
    sizes = [len(item["text"]) for item in base[OURS].find({"of": "c:ann", "key": {"$gte": "e:"}})]
    assert len(sizes) > 3
    assert sorted(sizes)[-2] <= 300_000, "only an event that is longer by itself has a longer one"
    found = await store.load("ann")
    assert (found.offset, texts(found)) == (2_003, ["y", "z" * 2_000_000])
    assert stored(await store.load("ann", whole=True)) == 2_007


async def test_answered_messages_are_forgotten_after_some_days(store: MongoTrackerStore, base: Any) -> None:
    delivery = Delivery("rest", "ann", "m1")
    await store.begin(delivery, UserMessage("hi", "ann", "rest", "m1"))
    (expires,) = (one for one in base[OURS].index_information().values() if "expireAfterSeconds" in one)
    assert (expires["key"], expires["expireAfterSeconds"]) == ([("until", 1)], 0)
    assert "until" not in base[OURS].find_one({"key": {"$gte": "m:", "$lt": "m;"}}), "never while it waits"
    store._clock = lambda: 1_000.0
    await store.save(Commit("ann", [], 0, delivery, []))
    kept = base[OURS].find_one({"key": {"$gte": "m:", "$lt": "m;"}})
    assert kept is None or kept["until"].timestamp() == 1_000 + 7 * 86_400  # it may be gone: that is long ago


class TestMongoThatFails:
    @pytest.mark.parametrize(
        "fails",
        [
            {"failCommands": ["commitTransaction"], "closeConnection": True},
            {"failCommands": ["insert"], "closeConnection": True},
            {"failCommands": ["insert"], "errorCode": 112, "errorLabels": ["TransientTransactionError"]},
            {"failCommands": ["find"], "errorCode": 189},
            {"failCommands": ["find"], "closeConnection": True},
        ],
    )
    async def test_in_the_middle_of_a_commit(
        self, store: MongoTrackerStore, base: Any, fails: dict[str, Any]
    ) -> None:
        delivery = Delivery("rest", "ann", "m1")
        await store.save(Commit("ann", [said("one")], 0))
        await store.begin(delivery, UserMessage("hi", "ann", "rest", "m1"))
        admin = base.client["admin"]
        admin.command({"configureFailPoint": "failCommand", "mode": {"times": 2}, "data": fails})
        try:
            await store.save(Commit("ann", [said("two")], 1, delivery, [{"text": "Hello"}], announced=True))
        finally:
            admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        assert texts(await store.load("ann")) == ["one", "two"]
        assert await store.unfinished(0) == []
        assert await store.depth() == 1

    async def test_away_and_back(self) -> None:
        with cloud_servers.secantus() as server:
            address = f"mongodb://127.0.0.1:{server.port}"
            store = MongoTrackerStore({"url": address, "timeout": 30})
            hasty = MongoTrackerStore({"url": address, "timeout": 0.5})
            assert await store.there() is False
            await store.save(Commit("ann", [said("hi")], 0))
            assert await store.there() is True
            assert server.process is not None
            server.process.send_signal(signal.SIGSTOP)  # it hangs
            with pytest.raises(StoreError, match="database of conversations failed"):
                await hasty.save(Commit("ann", [said("late")], 1))
            server.process.send_signal(signal.SIGCONT)
            assert texts(await store.load("ann")) == ["hi"]
            server.stop()
            with pytest.raises(StoreError, match="database of conversations failed") as caught:
                await hasty.load("ann")
            assert f"{address}/rasa" in str(caught.value)
            server.start()
            await store.save(Commit("ann", [said("ho")], 1))
            assert texts(await store.load("ann")) == ["hi", "ho"]
            await store.close()
            await hasty.close()

    async def test_who_somebody_is(self) -> None:
        with cloud_servers.secantus() as server:
            address = f"mongodb://127.0.0.1:{server.port}"
            with pymongo.MongoClient(address) as client:
                roles = [{"role": "readWrite", "db": "rasa"}]
                client["admin"].command("createUser", "desk", pwd="p@ss/word", roles=roles)
            server.stop()
            server.command = [*server.command, "--auth"]
            server.start()
            given = {"url": address, "username": "desk", "password": "p@ss/word", "auth_source": "admin"}
            store = MongoTrackerStore(given)
            await store.save(Commit("ann", [said("hi")], 0))
            assert texts(await store.load("ann")) == ["hi"]
            await store.close()
            for wrong in ({**given, "password": "secret-1"}, {"url": address}):
                store = MongoTrackerStore({**wrong, "timeout": 0.5})
                with pytest.raises(StoreError, match="database of conversations failed") as caught:
                    await store.load("ann")
                assert "secret-1" not in str(caught.value)
                await store.close()

    async def test_without_transactions_it_says_what_to_do(self) -> None:
        with cloud_servers.secantus("--standalone") as server:
            store = MongoTrackerStore({"url": f"mongodb://127.0.0.1:{server.port}"})
            for _ in range(2):
                with pytest.raises(StoreError, match="no replica set") as caught:
                    await store.load("ann")
                assert "rs.initiate()" in str(caught.value)
            await store.close()


def test_its_name_in_endpoints_yml() -> None:
    assert resolve("tracker store", "mongod") is MongoTrackerStore


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"url": "postgresql://here"}, "address of MongoDB"),
        ({"db": "a b"}, "'db'"),
        ({"collection": "a$b"}, "'collection'"),
        ({"timeout": "soon"}, "'timeout'"),
    ],
)
def test_options_that_cannot_be_meant(given: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong) as caught:
        MongoTrackerStore(given)
    assert "endpoints.yml: tracker_store" in str(caught.value)

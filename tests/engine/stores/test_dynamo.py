"""The tracker store in DynamoDB: the contract, what Rasa kept there, its limits, and a DynamoDB that goes away."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from frontdesk.core import events as ev
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import ConfigError, StoreError
from frontdesk.registry import resolve
from frontdesk.stores import dynamo as dynamo_module
from frontdesk.stores import dynamo_items
from frontdesk.stores.documents import Item, place_of
from frontdesk.stores.dynamo import DynamoTrackerStore
from frontdesk.testing import cloud_servers
from frontdesk.testing.contracts.erasure import ErasureContract, SharedErasureContract
from frontdesk.testing.contracts.outbox import OutboxContract
from frontdesk.testing.contracts.reminders import reminder
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
from tests.conftest import PATIENCE
from tests.engine.stores.test_sql import RASA_EVENTS

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def dynamo() -> Iterator[Server]:
    with cloud_servers.ministack() as server:
        yield server


@pytest.fixture
def options(dynamo: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Options that name a table which is not there yet."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "word")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{dynamo.port}")
    return {"table_name": f"states-{next(NUMBERS)}", "region": "eu-central-1", "timeout": 30}


@pytest.fixture
async def open_store(options: dict[str, Any]) -> AsyncIterator[OpenStore]:
    async with opening(lambda: DynamoTrackerStore(options)) as open_one:
        yield open_one


@pytest.fixture
async def store(open_store: OpenStore) -> Any:
    return await open_store()


class TestDynamoTrackerStore(TrackerStoreContract, OutboxContract, ErasureContract):
    pass


class TestSharedDynamo(SharedTrackerStoreContract, SharedErasureContract):
    pass


def client(dynamo: Server) -> Any:
    return boto3.client(
        "dynamodb", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{dynamo.port}"
    )


class TestWhatRasaKept:
    def keep(self, dynamo: Server, name: str, *kept: dict[str, Any], ranged: bool = False) -> None:
        """Make the table as Rasa 3 does (as Rasa 1 did, where `ranged`), and fill it."""
        keys = [("sender_id", "HASH", "S"), *([("session_date", "RANGE", "N")] if ranged else [])]
        client(dynamo).create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind, _ in keys],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": of} for key, _, of in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        table = boto3.resource(
            "dynamodb", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{dynamo.port}"
        ).Table(name)
        for item in kept:
            table.put_item(Item=item)

    async def test_it_goes_on(
        self, store: DynamoTrackerStore, dynamo: Server, options: dict[str, Any]
    ) -> None:
        name = options["table_name"]
        events = decimals(RASA_EVENTS)
        self.keep(
            dynamo,
            name,
            {"sender_id": "ann", "name": "ann", "events": events},
            {"sender_id": "bob", "name": "bob", "events": events[:3]},
        )
        before = client(dynamo).get_item(TableName=name, Key={"sender_id": {"S": "ann"}})["Item"]
        assert await all_senders(store) == ["ann", "bob"]
        found = await store.load("ann")
        assert (found.offset, texts(found)) == (3, ["new"])
        assert (await store.load("ann", whole=True)).events[1].timestamp == 1.1
        assert texts(await store.load("bob")) == ["old"]
        await store.save(Commit("ann", [said("next")], stored(found)))
        assert texts(await store.load("ann", whole=True)) == ["old", "new", "next"]
        assert await all_senders(store) == ["ann", "bob"]
        assert stored(await store.load("cem")) == 0
        after = client(dynamo).get_item(TableName=name, Key={"sender_id": {"S": "ann"}})["Item"]
        assert after == before, "Rasa finds its own as it was"

    async def test_of_what_an_old_rasa_kept_several_times_the_last_counts(
        self, store: DynamoTrackerStore, dynamo: Server, options: dict[str, Any]
    ) -> None:
        events = decimals(RASA_EVENTS)
        kept = [{"sender_id": "ann", "session_date": 100 + n, "events": events[:n]} for n in (3, 7, 2)]
        self.keep(dynamo, options["table_name"], *kept, ranged=True)
        found = await asyncio.gather(*(store.load("ann") for _ in range(5)))
        assert {stored(conversation) for conversation in found} == {7}
        assert await all_senders(store) == ["ann"]

    @pytest.mark.parametrize("ranged", [False, True])
    async def test_it_is_erased_too(
        self, store: DynamoTrackerStore, dynamo: Server, options: dict[str, Any], ranged: bool
    ) -> None:
        kept = [
            {"sender_id": name, "session_date": date, "events": decimals(RASA_EVENTS)}
            for name in ("ann", "bob")
            for date in (1, 2)
        ]
        self.keep(dynamo, options["table_name"], *kept, ranged=ranged)
        found = await store.load("ann")
        long = [said("x" * 500_000)]  # in more than one item, too
        await store.save(Commit("ann", long, stored(found), Delivery("rest", "ann", "m"), [{"text": "Hi"}]))
        assert await store.erase("ann") is True
        assert stored(await store.load("ann")) == 0
        assert await all_senders(store) == ["bob"]
        assert client(dynamo).scan(TableName=f"frontdesk_{options['table_name']}")["Items"] == []
        assert await store.erase("ann") is False

    async def test_what_cannot_be_read_is_told(
        self, store: DynamoTrackerStore, dynamo: Server, options: dict[str, Any],
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        self.keep(dynamo, options["table_name"], {"sender_id": "ann", "events": "no list"},
                  {"sender_id": "bob", "events": [*decimals(RASA_EVENTS[:3]), "no event"]})  # fmt: skip
        with caplog.at_level(logging.ERROR, "frontdesk.stores"):
            found = await store.load("ann")
            assert texts(await store.load("bob")) == ["old"]
        assert "what Rasa kept of a conversation cannot be read" in caplog.text
        assert "event 3 of Rasa's cannot be read" in caplog.text
        await store.save(Commit("ann", [said("hi")], stored(found)))
        assert texts(await store.load("ann")) == ["hi"]


def decimals(value: Any) -> Any:
    """Return it as Rasa gives it to DynamoDB."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {key: decimals(one) for key, one in value.items()}
    return [decimals(one) for one in value] if isinstance(value, list) else value


class TestLimits:
    def test_the_server_has_them(self, dynamo: Server, options: dict[str, Any]) -> None:
        """Without this the tests below would show nothing."""
        made = client(dynamo)
        made.create_table(TableName="limits", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                          AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
                          BillingMode="PAY_PER_REQUEST")  # fmt: skip

        def put(name: str, size: int) -> dict[str, Any]:
            return {"Put": {"TableName": "limits", "Item": {"k": {"S": name}, "v": {"S": "x" * size}}}}

        for items, wrong in (
            ([put("a", 410_000)], "maximum allowed size"),
            ([put(str(n), 380_000) for n in range(12)], "4MB"),
            ([put(str(n), 1) for n in range(101)], "less than or equal to 100"),
            ([put("a", 1), put("a", 2)], "multiple operations on one item"),
        ):
            with pytest.raises(made.exceptions.ClientError, match=wrong):
                made.transact_write_items(TransactItems=items)
        assert made.scan(TableName="limits")["Count"] == 0

    async def test_what_is_too_long_for_one_item_is_kept_in_several(self, store: DynamoTrackerStore) -> None:
        long = "x" * 1_000_000 + "\N{WAVING HAND SIGN}\n" * 20_000
        await store.save(Commit("ann", [*session(said(long)), said("b")], 0, announced=True))
        await store.save(Commit("ann", [said("c"), ev.SlotSet("s", long)], 4))
        found = await store.load("ann")
        assert texts(found) == [long, "b", "c"]
        assert found.events[-1] == ev.SlotSet("s", long, timestamp=found.events[-1].timestamp)
        (waiting,) = await store.outgoing(9)
        assert [event.get("text") for event in waiting.events] == [None, None, long, "b"]

    async def test_a_long_message_with_long_replies(self, store: DynamoTrackerStore) -> None:
        delivery, message = Delivery("rest", "ann", "m1"), UserMessage("hi " * 200_000, "ann", "rest", "m1")
        assert await store.begin(delivery, message) is None
        assert await store.unfinished(0) == [(delivery, message)]
        replies = [{"text": "y" * 900_000}]
        await store.save(Commit("ann", [said("hi")], 0, delivery, replies))
        assert await store.begin(delivery, message) == replies
        assert await store.reopen(delivery)  # it is shorter now
        assert await store.unfinished(0, "ann") == [(delivery, message)]
        await store.save(Commit("ann", [said("hi")], 1, delivery, [{"text": "short"}]))
        assert await store.begin(delivery, message) == [{"text": "short"}]

    async def test_what_is_too_much_for_one_transaction_is_refused_whole(
        self, store: DynamoTrackerStore
    ) -> None:
        delivery = Delivery("rest", "ann", "m1")
        await store.begin(delivery, UserMessage("hi", "ann", "rest", "m1"))
        for much in (
            Commit("ann", [said("x" * 4_000_000)], 0, delivery, []),
            Commit("ann", [said("hi")], 0, delivery, [], reminders=[reminder(f"r{n}") for n in range(60)]),
        ):
            with pytest.raises(StoreError, match="One step of a conversation takes"):
                await store.save(much)
        assert stored(await store.load("ann")) == 0
        assert await store.next_reminder() is None
        assert [one.message_id for one, _ in await store.unfinished(0)] == ["m1"]

    def test_parts_of_two_times_are_not_taken_for_one(self) -> None:
        def wire(key: str, rev: int, further: int = 0) -> dict[str, Any]:
            more = {"further": {"N": str(further)}} if further else {}
            return {"of": {"S": "o"}, "key": {"S": key}, "rev": {"N": str(rev)}, "text": {"S": key}, **more}

        whole = [wire("a", 2, 1), wire("a~0001", 2), wire("a~0002", 1), wire("b", 1)]
        assert dynamo_items.as_documents(whole) == [Item("o", "a", "aa~0001", 2), Item("o", "b", "b", 1)]
        for torn in (
            [wire("a", 2, 1), wire("a~0001", 1)],
            [wire("a", 2, 1)],
            [wire("a", 2, 1), wire("b", 1)],
        ):
            with pytest.raises(dynamo_items.TornRead):
                dynamo_items.as_documents(torn)
            assert [item.key for item in dynamo_items.as_documents(torn, passing=True)] in ([], ["b"])

    async def test_what_dynamodb_took_away_in_part_holds_up_nobody(
        self, store: DynamoTrackerStore, dynamo: Server, options: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        """Its time to live is each item's own."""
        delivery = Delivery("rest", "ann", "m1")
        await store.begin(delivery, UserMessage("hi", "ann", "rest", "m1"))
        await store.save(Commit("ann", [said("hi")], 0, delivery, [{"text": "x" * 900_000}]))
        name, made = f"frontdesk_{options['table_name']}", client(dynamo)
        of, key = place_of(delivery)
        made.delete_item(TableName=name, Key={"of": {"S": of}, "key": {"S": f"{key}~0001"}})
        # How long it waits for the rest of a document is over after some looks, however slow the server is.
        seconds = itertools.count(step=10)
        monkeypatch.setattr(dynamo_module, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
        async with asyncio.timeout(PATIENCE):
            assert await store.reopen(delivery) is False
            assert await store.erase("ann") is True
        assert not [item for item in made.scan(TableName=name)["Items"] if item["of"]["S"] == of]


async def test_an_event_that_cannot_be_read_costs_itself_only(
    store: DynamoTrackerStore, dynamo: Server, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await store.save(Commit("zoe", session(said("one")), 0))
    name = f"frontdesk_{options['table_name']}"
    of = {"of": {"S": "c:zoe"}, "key": {"S": "e:000000000000"}}
    kept = client(dynamo).get_item(TableName=name, Key=of)["Item"]
    lines = kept["text"]["S"].split("\n")
    kept["text"] = {"S": "\n".join([*lines[:2], "{not json"])}
    client(dynamo).put_item(TableName=name, Item=kept)
    await store.save(Commit("zoe", [said("two")], 3))
    found = await store.load("zoe")
    assert (stored(found), texts(found)) == (4, ["two"])
    assert "event 2 cannot be read" in caplog.text
    assert "zoe" not in caplog.text


async def test_answered_messages_are_forgotten_after_some_days(
    store: DynamoTrackerStore, dynamo: Server, options: dict[str, Any]
) -> None:
    name, made = f"frontdesk_{options['table_name']}", client(dynamo)

    def kept() -> list[Any]:
        return [item for item in made.scan(TableName=name)["Items"] if item["key"]["S"].startswith("m:")]

    delivery = Delivery("rest", "ann", "m1")
    await store.begin(delivery, UserMessage("hi", "ann", "rest", "m1"))
    assert made.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "until"
    assert "until" not in kept()[0], "never while it waits"
    store._clock = lambda: 1_000.0
    await store.save(Commit("ann", [], 0, delivery, []))
    assert kept()[0]["until"] == {"N": str(1_000 + 7 * 86_400)}
    assert await store.reopen(delivery)
    assert "until" not in kept()[0]


class TestDynamoThatFails:
    async def test_an_answer_that_got_lost(
        self, store: DynamoTrackerStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same transaction is sent again, under the same token, and DynamoDB does it once."""
        from botocore.exceptions import ConnectionClosedError

        await store.save(Commit("ann", [said("one")], 0))
        made = store._table._client
        real, tokens = made.transact_write_items, list[str]()

        def lost(**asked: Any) -> Any:
            tokens.append(asked["ClientRequestToken"])
            answer = real(**asked)
            if len(tokens) == 1:
                raise ConnectionClosedError(endpoint_url="http://there")
            return answer

        monkeypatch.setattr(made, "transact_write_items", lost)
        await store.save(Commit("ann", [said("two")], 1))
        assert len(tokens) == 2
        assert len(set(tokens)) == 1
        assert texts(await store.load("ann")) == ["one", "two"]

    @pytest.mark.parametrize(
        ("codes", "same"), [(["None", "TransactionConflict"], False), (["ThrottlingError", "None"], True)]
    )
    async def test_a_transaction_that_was_in_another_ones_way(
        self, store: DynamoTrackerStore, monkeypatch: pytest.MonkeyPatch, codes: list[str], same: bool
    ) -> None:
        """The server of these tests does one thing at a time, and is never busy: said here in its place."""
        await store.save(Commit("ann", [said("one")], 0))
        made = store._table._client
        real, tokens = made.transact_write_items, list[str]()

        def busy(**asked: Any) -> Any:
            tokens.append(asked["ClientRequestToken"])
            if len(tokens) == 1:
                reasons = [{"Code": code} for code in codes]
                said = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
                raise made.exceptions.TransactionCanceledException(said, "TransactWriteItems")
            return real(**asked)

        monkeypatch.setattr(made, "transact_write_items", busy)
        await store.save(Commit("ann", [said("two")], 1))
        assert [token == tokens[0] for token in tokens] == [True, same]
        assert texts(await store.load("ann")) == ["one", "two"]

    async def test_away(self, options: dict[str, Any]) -> None:
        with cloud_servers.ministack() as server:
            address = f"http://127.0.0.1:{server.port}"
            store = DynamoTrackerStore({**options, "endpoint_url": address, "timeout": 30})
            hasty = DynamoTrackerStore({**options, "endpoint_url": address, "timeout": 0.5})
            assert await store.there() is False
            await store.save(Commit("ann", [said("hi")], 0))
            assert await store.there() is True
            assert server.process is not None
            server.process.send_signal(signal.SIGSTOP)  # it hangs
            with pytest.raises(StoreError, match="database of conversations failed"):
                await hasty.load("ann")
            server.process.send_signal(signal.SIGCONT)
            assert texts(await store.load("ann")) == ["hi"]
            server.stop()
            with pytest.raises(StoreError, match="database of conversations failed") as caught:
                await hasty.load("ann")
            assert address in str(caught.value)
            server.start()  # what it had is gone, with the table
            with pytest.raises(StoreError, match="ResourceNotFoundException"):
                await store.load("ann")
            await store.close()
            await hasty.close()

    async def test_without_credentials(
        self, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        store = DynamoTrackerStore(options)
        with pytest.raises(StoreError, match="redentials"):
            await store.load("ann")
        await store.close()


def test_its_name_in_endpoints_yml() -> None:
    assert resolve("tracker store", "dynamo") is DynamoTrackerStore


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"table_name": "my table"}, "'table_name'"),
        ({"endpoint_url": "localhost:8000"}, "'endpoint_url'"),
        ({"timeout": "soon"}, "'timeout'"),
        ({"inbox_retention_days": -1}, "'inbox_retention_days'"),
    ],
)
def test_options_that_cannot_be_meant(given: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong) as caught:
        DynamoTrackerStore(given)
    assert "endpoints.yml: tracker_store" in str(caught.value)

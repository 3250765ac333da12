"""Two servers over DynamoDB or MongoDB: one dies in a turn, the other finishes it; each message counts once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import httpx
import pymongo
import pytest

from frontdesk.core.codec import to_wire
from frontdesk.core.ports import TrackerStore
from frontdesk.registry import resolve
from frontdesk.testing import cloud_servers, servers
from tests.conftest import Server
from tests.faults.probe import Desk, post, short, texts

ENDPOINTS = """
action_endpoint:
  actions_module: actions

tracker_store: {store}

lock_store:
  type: redis
  url: {redis}
  lifetime: 2
  timeout: 40
"""


class DocumentDesk(Desk):
    """A project whose conversations are documents, and their locks in Redis."""

    def __init__(
        self, folder: Path, serve: Callable[..., Server], store: dict[str, Any], redis: servers.Server
    ) -> None:
        super().__init__(folder, serve)
        self._store = store
        where = redis.new_database()
        servers.run_redis(where, "FLUSHDB")
        (folder / "endpoints.yml").write_text(ENDPOINTS.format(store=json.dumps(store), redis=where))

    def inbox(self) -> list[tuple[str, bool]]:
        kept = [json.loads(text) for text in self._messages()]
        kept.sort(key=lambda one: int(one["begun"]))
        return [(one["delivery"][2], one["finished"]) for one in kept]

    def _messages(self) -> list[str]:
        if self._store["type"] == "mongod":
            with pymongo.MongoClient(self._store["url"]) as client:
                found = client[self._store["db"]]["frontdesk_conversations"].find(
                    {"key": {"$gte": "m:", "$lt": "m;"}}
                )
                return [one["text"] for one in found]
        client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=self._store["endpoint_url"])
        try:
            items = client.scan(TableName=f"frontdesk_{self._store['table_name']}", ConsistentRead=True)[
                "Items"
            ]
        except client.exceptions.ResourceNotFoundException:
            return []
        return [item["text"]["S"] for item in items if item["key"]["S"].startswith("m:")]

    def history(self, sender: str = "ann") -> list[str]:
        async def read() -> list[Any]:
            options = {name: value for name, value in self._store.items() if name != "type"}
            store: TrackerStore = resolve("tracker store", self._store["type"])(options)
            try:
                return list((await store.load(sender, whole=True)).events)
            finally:
                await store.close()

        return [line for event in asyncio.run(read()) if (line := short(to_wire(event)))]


@pytest.fixture(scope="module", params=["dynamo", "mongod"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[str, servers.Server]]:
    """A server that stands for DynamoDB, and one for MongoDB."""
    kind = str(request.param)
    with cloud_servers.ministack() if kind == "dynamo" else cloud_servers.secantus() as server:
        yield kind, server


@pytest.fixture
def desk(
    project: Path,
    serve: Callable[..., Server],
    place: tuple[str, servers.Server],
    redis: servers.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> DocumentDesk:
    kind, server = place
    name = f"talks_{next(server._numbers)}"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "word")
    store = (
        {"type": kind, "table_name": name, "endpoint_url": f"http://127.0.0.1:{server.port}"}
        if kind == "dynamo"
        else {"type": kind, "url": f"mongodb://127.0.0.1:{server.port}", "db": name}
    )
    return DocumentDesk(project, serve, store, redis)


def talk(desk: Desk) -> list[str]:
    return [line for line in desk.history() if line.startswith(("user", "bot"))]


def test_one_dies_the_other_finishes_and_copies_count_once(desk: DocumentDesk) -> None:
    one, two = desk.start(), desk.start()
    request = desk.send_to_gate("/gate_last", message_id="m1", to=one)
    waiting = desk.send("/note", message_id="m2", to=one)
    one.kill()
    desk.open_gate()
    assert desk.say("/note", message_id="m3", to=two) == ["Noted under 3."]
    for lost in (request, waiting):
        with pytest.raises(httpx.TransportError):
            lost.result(60)
    assert desk.effects() == ["m1", "m2", "m3"]
    assert desk.say("/gate_last", message_id="m1", to=two) == ["Done under 1."]
    one = desk.start()
    both, names = (one, two), [f"n{n % 12}" for n in range(24)]  # each twice, once at either
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda n: texts(post(both[n // 12], "/note", "ann", names[n])), range(24)))
    number = {name: n + 1 for n, name in enumerate(desk.effects())}
    assert said == [[f"Noted under {number[name]}."] for name in names]
    assert len(number) == 3 + 12
    expected = ["user: /gate_last", "bot: Done under 1."]
    assert talk(desk) == [*expected, *(f"{who}: {what}" for n in range(2, 16) for who, what in
                          (("user", "/note"), ("bot", f"Noted under {n}.")))]  # fmt: skip
    assert desk.inbox()[:3] == [("m1", True), ("m2", True), ("m3", True)]
    assert all(answered for _, answered in desk.inbox())
    assert "Traceback" not in desk.log()
    for server in both:
        server.stop()

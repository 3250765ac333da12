"""The tracker store in MongoDB: the contract, what Rasa kept there, and a MongoDB that goes away."""

from __future__ import annotations

import asyncio
import itertools
import logging
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
from frontdesk.testing.contracts.outbox import OutboxContract
from frontdesk.testing.contracts.tracker_store import (
    OpenStore,
    SharedTrackerStoreContract,
    TrackerStoreContract,
    all_senders,
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
    with cloud_servers.secantus() as server:
        yield server


@pytest.fixture
def options(mongo: Server) -> dict[str, Any]:
    """Options that name an empty database."""
    return {"url": f"mongodb://127.0.0.1:{mongo.port}", "db": f"test_{next(NUMBERS)}"}


@pytest.fixture
async def open_store(options: dict[str, Any]) -> AsyncIterator[OpenStore]:
    opened: list[MongoTrackerStore] = []

    async def open_one() -> MongoTrackerStore:
        opened.append(MongoTrackerStore(options))
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(options: dict[str, Any]) -> AsyncIterator[MongoTrackerStore]:
    store = MongoTrackerStore(options)
    yield store
    await store.close()


class TestMongoTrackerStore(TrackerStoreContract, OutboxContract):
    pass


class TestSharedMongo(SharedTrackerStoreContract):
    pass

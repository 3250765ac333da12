"""The tracker store in DynamoDB: the contract, what Rasa kept there, its limits, and a DynamoDB that goes away."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest

from frontdesk.core import events as ev
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Commit, Delivery
from frontdesk.errors import ConfigError, StoreError
from frontdesk.registry import resolve
from frontdesk.stores import dynamo_items
from frontdesk.stores.documents import Item
from frontdesk.stores.dynamo import DynamoTrackerStore
from frontdesk.testing import cloud_servers
from frontdesk.testing.contracts.outbox import OutboxContract
from frontdesk.testing.contracts.reminders import reminder
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
def dynamo() -> Iterator[Server]:
    with cloud_servers.ministack() as server:
        yield server


@pytest.fixture
def options(dynamo: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Options that name a table which is not there yet."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "word")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{dynamo.port}")
    return {"table_name": f"states-{next(NUMBERS)}", "region": "eu-central-1"}


@pytest.fixture
async def open_store(options: dict[str, Any]) -> AsyncIterator[OpenStore]:
    opened: list[DynamoTrackerStore] = []

    async def open_one() -> DynamoTrackerStore:
        opened.append(DynamoTrackerStore(options))
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(options: dict[str, Any]) -> AsyncIterator[DynamoTrackerStore]:
    store = DynamoTrackerStore(options)
    yield store
    await store.close()


class TestDynamoTrackerStore(TrackerStoreContract, OutboxContract):
    pass


class TestSharedDynamo(SharedTrackerStoreContract):
    pass
